import type { MetricName } from './metrics.ts'
import { type Configuration, MAINTAINED, PEER_NAMES, type PeerName } from './peers.ts'

/** What a server is asked for, and how its answer is known to be right. */
export interface Exchange {
  readonly path: string
  readonly cookie?: string
  /** The body that is sent: so many times `x`. */
  readonly bodyBytes?: number
  readonly answer:
    | { readonly text: string }
    /** The body that is wanted: so many times `x`. */
    | { readonly bytes: number }
    | { readonly includes: readonly string[] }
}

/** What is done to a server in one round: each kind is a file of kinds/. */
export type Load =
  /** wrk, as fast as it goes, for as many seconds as the options say. */
  | {
      readonly kind: 'closed'
      readonly pipeline?: number
      readonly closes?: boolean
      /** Where a second has few requests. */
      readonly leastSeconds?: number
      /** A compiler at run time needs requests, not seconds: where they are slow, more of those. */
      readonly leastWarmupSeconds?: number
    }
  /** wrk, until so many requests were answered, looking at each mark; a slow server is let off after a while. */
  | { readonly kind: 'count'; readonly early: number; readonly total: number; readonly maxSeconds: number }
  /** So many requests a second, sent when they are due, whether or not those before were answered. */
  | {
      readonly kind: 'open'
      readonly requestsPerSecond: number | { readonly shareOfBest: number; readonly in: 'django' }
      readonly seconds: number
      /** Each of so many requests is for another path, and its time isn't counted. */
      readonly other?: { readonly path: string; readonly oneOf: number }
    }
  /** wrk before, beside and after so many clients who read slowly, or send slowly. */
  | {
      readonly kind: 'slow'
      readonly clients: number
      readonly bytesPerSecond: number
      readonly act: { readonly read: string } | { readonly send: string }
    }
  | { readonly kind: 'idle'; readonly connections: number }
  /** Started so many times. */
  | { readonly kind: 'start'; readonly times: number }
  | { readonly kind: 'footprint' }
  /** One worker is killed under an open load. */
  | { readonly kind: 'respawn'; readonly requestsPerSecond: number; readonly seconds: number }
  /** So many reloads under an open load. */
  | { readonly kind: 'reload'; readonly requestsPerSecond: number; readonly seconds: number; readonly reloads: number }

export interface Scenario {
  readonly title: string
  /** In a plot. */
  readonly short: string
  /** True: part of a run without options. */
  readonly isDefault: boolean
  /** A module of apps/. */
  readonly module: string
  readonly exchange: Exchange
  readonly load: Load
  /** Cores of all processes of the server, and of the load generator: lists as taskset takes them. */
  readonly serverCores: string
  readonly loadCores: string
  readonly connections: number
  /** Numbers of workers worth trying, the plainest first: that is dram's. */
  readonly workers: readonly number[]
  /** All run like this. */
  readonly fixed?: Configuration
  /** The scenario whose choice from a peer's grid is taken; null: the first row of the grid. */
  readonly gridOf: string | null
  /** Further options that a peer needs for this. */
  readonly options?: Readonly<Partial<Record<PeerName, readonly string[]>>>
  /** The columns of the result; the first one tells better from worse. */
  readonly metrics: readonly [MetricName, ...MetricName[]]
  /** Without --all. */
  readonly peers: readonly PeerName[]
  /** With --all; all of them where nothing is said. */
  readonly allPeers?: readonly PeerName[]
  /** A single round is enough for those whom no goal names: what counts is what dram keeps of its own. */
  readonly isOnceForPeers?: boolean
}

const HELLO: Exchange = { path: '/', answer: { text: 'Hello, world!' } }
const DJANGO: Exchange = {
  path: '/',
  cookie: 'sessionid=bench00000000000000000000000000000',
  answer: { includes: ['<h1>Welcome back, Ada</h1>', 'Entry 24</a>', '</html>'] },
}
const KIB = 1024
const MIB = 1024 * KIB
const GOAL_PEERS: readonly PeerName[] = ['dram', ...MAINTAINED, 'bjoern']

/** It takes so many connections a worker; by default it shares 1,024 among them. */
const GRANIAN_CROWD = ['--backlog', '16384', '--backpressure', '8192'] as const

/** Beyond a descriptor of 1,024 its select() fails, and it ends. */
const WAITRESS_CROWD = ['--connection-limit=6000', '--asyncore-use-poll', '--channel-timeout=3600'] as const

/** Server and load share both cores. */
const SHARED = { serverCores: '0,1', loadCores: '0,1' } as const
const PINNED = { serverCores: '0', loadCores: '1' } as const
const THROUGHPUT = ['rate', 'p50', 'p99', 'cpu', 'pss'] as const
const BULK = ['rate', 'gbit', 'p99', 'cpu', 'pss'] as const

export const SCENARIOS = {
  hello: {
    title: 'The smallest application, one worker, everything of one server on one core',
    short: 'hello, one core',
    isDefault: true,
    module: 'hello',
    exchange: HELLO,
    load: { kind: 'closed' },
    ...PINNED,
    connections: 64,
    workers: [1],
    gridOf: 'hello',
    metrics: THROUGHPUT,
    peers: ['dram', 'granian', 'bjoern'],
  },
  'hello-free': {
    title: 'The smallest application, both cores, which server and load share',
    short: 'hello, all cores',
    isDefault: true,
    module: 'hello',
    exchange: HELLO,
    load: { kind: 'closed' },
    ...SHARED,
    connections: 64,
    workers: [2, 1],
    gridOf: 'hello-free',
    metrics: THROUGHPUT,
    peers: ['dram', 'granian', 'bjoern'],
  },
  flask: {
    title: 'Flask on two cores, which server and load share',
    short: 'Flask hello',
    isDefault: true,
    module: 'flask_hello',
    exchange: HELLO,
    load: { kind: 'closed' },
    ...SHARED,
    connections: 64,
    workers: [2, 4],
    gridOf: 'flask',
    metrics: THROUGHPUT,
    peers: [...GOAL_PEERS, 'fastwsgi'],
  },
  'flask-json': {
    title: 'Flask, JSON with a parameter in the path',
    short: 'Flask JSON',
    isDefault: true,
    module: 'flask_json',
    exchange: { path: '/items/4711', answer: { text: '{"id":4711,"name":"item 4711","tags":["a","b","c"]}\n' } },
    load: { kind: 'closed' },
    ...SHARED,
    connections: 64,
    workers: [2, 4],
    gridOf: 'flask',
    metrics: THROUGHPUT,
    peers: GOAL_PEERS,
  },
  django: {
    title: 'Django: a page by a template, with the ORM on SQLite and sessions',
    short: 'Django page',
    isDefault: true,
    module: 'django_page',
    exchange: DJANGO,
    load: { kind: 'closed', leastWarmupSeconds: 8 },
    ...SHARED,
    connections: 64,
    workers: [2, 4],
    gridOf: 'django',
    metrics: THROUGHPUT,
    peers: GOAL_PEERS,
  },
  'django-paced': {
    title: 'The same page at an equal load for all: half of what the best maintained peer can do',
    short: 'Django p99 at equal load',
    isDefault: true,
    module: 'django_page',
    exchange: DJANGO,
    load: { kind: 'open', requestsPerSecond: { shareOfBest: 0.5, in: 'django' }, seconds: 5 },
    ...SHARED,
    connections: 64,
    workers: [2, 4],
    gridOf: 'django',
    metrics: ['p99', 'p50', 'p999', 'longest', 'rate', 'cpu', 'failed'],
    peers: GOAL_PEERS,
  },
  mixed: {
    title: 'One request of a hundred takes 300 ms of CPU; times are those of the others. 150 requests/s, four workers',
    short: 'mixed: p99 of the fast',
    isDefault: true,
    module: 'mixed',
    exchange: HELLO,
    load: { kind: 'open', requestsPerSecond: 150, seconds: 8, other: { path: '/slow', oneOf: 100 } },
    ...SHARED,
    connections: 64,
    workers: [4],
    gridOf: 'mixed',
    metrics: ['p99', 'p50', 'p999', 'longest', 'rate', 'failed'],
    peers: ['dram', 'granian', 'gunicorn-gthread', 'bjoern'],
  },
  sleep: {
    title: 'An application that sleeps for 10 ms, one worker with 64 threads',
    short: '64 threads that sleep',
    isDefault: true,
    module: 'sleeping',
    exchange: HELLO,
    load: { kind: 'closed' },
    ...SHARED,
    connections: 128,
    workers: [1],
    fixed: { workers: 1, threads: 64 },
    gridOf: null,
    options: { waitress: ['--connection-limit=2000'] },
    metrics: THROUGHPUT,
    peers: ['dram', 'granian', 'gunicorn-gthread'],
    allPeers: ['dram', 'beside', 'granian', 'gunicorn-gthread', 'waitress', 'cheroot', 'uwsgi'],
  },
  'slow-readers': {
    title: 'Flask, beside 500 clients that read an answer of 5 MiB at 10 KB/s each',
    short: 'kept beside slow readers',
    isDefault: true,
    module: 'flask_big',
    exchange: HELLO,
    load: { kind: 'slow', clients: 500, bytesPerSecond: 10_000, act: { read: '/big' } },
    ...SHARED,
    connections: 64,
    workers: [2, 4],
    gridOf: 'flask',
    options: { waitress: WAITRESS_CROWD, granian: GRANIAN_CROWD },
    metrics: ['kept', 'rateAlone', 'rate', 'pss'],
    peers: GOAL_PEERS,
    isOnceForPeers: true,
  },
  'out-1m': {
    title: 'Answers of 1 MiB, made by the application',
    short: '1 MiB out',
    isDefault: true,
    module: 'bodies',
    exchange: { path: `/out/${MIB}`, answer: { bytes: MIB } },
    load: { kind: 'closed' },
    ...SHARED,
    connections: 16,
    workers: [2, 1],
    gridOf: 'out-1m',
    metrics: BULK,
    peers: GOAL_PEERS,
  },
  'in-100m': {
    title: 'Requests of 100 MiB, which the application reads',
    short: '100 MiB in',
    isDefault: true,
    module: 'bodies',
    exchange: { path: '/in', bodyBytes: 100 * MIB, answer: { text: `${100 * MIB}` } },
    load: { kind: 'closed', leastSeconds: 5 },
    ...SHARED,
    connections: 2,
    workers: [2, 1],
    gridOf: 'in-100m',
    options: {
      uwsgi: ['--buffer-size', '65535'],
      waitress: ['--max-request-body-size=2000000000'],
    },
    metrics: BULK,
    peers: GOAL_PEERS,
  },
  'file-1m': {
    title: 'A file of 1 MiB by wsgi.file_wrapper',
    short: '1 MiB file',
    isDefault: true,
    module: 'bodies',
    exchange: { path: '/file/1', answer: { bytes: MIB } },
    load: { kind: 'closed' },
    ...SHARED,
    connections: 16,
    workers: [2, 1],
    gridOf: 'out-1m',
    metrics: BULK,
    peers: ['dram', 'gunicorn-sync', 'gunicorn-gthread'],
  },
  'file-100m': {
    title: 'A file of 100 MiB by wsgi.file_wrapper',
    short: '100 MiB file',
    isDefault: true,
    module: 'bodies',
    exchange: { path: '/file/100', answer: { bytes: 100 * MIB } },
    load: { kind: 'closed', leastSeconds: 5 },
    ...SHARED,
    connections: 4,
    workers: [2, 1],
    gridOf: 'out-1m',
    metrics: BULK,
    peers: ['dram', 'gunicorn-sync', 'gunicorn-gthread'],
  },
  start: {
    title: 'From the start of the command to the first right answer, the smallest application, one worker',
    short: 'cold start',
    isDefault: true,
    module: 'hello',
    exchange: HELLO,
    load: { kind: 'start', times: 5 },
    ...SHARED,
    connections: 1,
    workers: [1],
    gridOf: null,
    metrics: ['startMs'],
    peers: ['dram', 'gunicorn-sync', 'granian'],
  },
  footprint: {
    title: 'Memory of Flask with four workers (gunicorn without preload), after a load',
    short: 'memory of the Pythons',
    isDefault: true,
    module: 'flask_hello',
    exchange: HELLO,
    load: { kind: 'footprint' },
    ...SHARED,
    connections: 64,
    workers: [4],
    gridOf: null,
    metrics: ['pssPython', 'pss'],
    peers: ['dram', 'gunicorn-sync', 'granian'],
  },
  idle: {
    title: '5,000 idle connections that have had an answer: memory of all processes for each of them',
    short: 'idle connections',
    isDefault: true,
    module: 'hello',
    exchange: HELLO,
    load: { kind: 'idle', connections: 5000 },
    ...SHARED,
    connections: 64,
    workers: [2],
    gridOf: null,
    options: {
      waitress: WAITRESS_CROWD,
      granian: GRANIAN_CROWD,
    },
    metrics: ['idleBytes', 'pss'],
    peers: ['dram', 'waitress', 'granian'],
  },
  'out-10k': {
    title: 'Answers of 10 KiB, made by the application',
    short: '10 KiB out',
    isDefault: false,
    module: 'bodies',
    exchange: { path: `/out/${10 * KIB}`, answer: { bytes: 10 * KIB } },
    load: { kind: 'closed' },
    ...SHARED,
    connections: 64,
    workers: [2, 1],
    gridOf: 'hello-free',
    metrics: BULK,
    peers: GOAL_PEERS,
  },
  'in-100k': {
    title: 'Requests of 100 KiB, which the application reads',
    short: '100 KiB in',
    isDefault: false,
    module: 'bodies',
    exchange: { path: '/in', bodyBytes: 100 * KIB, answer: { text: `${100 * KIB}` } },
    load: { kind: 'closed' },
    ...SHARED,
    connections: 64,
    workers: [2, 1],
    gridOf: 'hello-free',
    metrics: BULK,
    peers: GOAL_PEERS,
  },
  stream: {
    title: 'An answer of 16 × 4 KiB without a length, as a generator makes it',
    short: 'chunked stream',
    isDefault: false,
    module: 'bodies',
    exchange: { path: '/stream', answer: { bytes: 64 * KIB } },
    load: { kind: 'closed' },
    ...SHARED,
    connections: 64,
    workers: [2, 1],
    gridOf: 'hello-free',
    metrics: BULK,
    peers: GOAL_PEERS,
  },
  connections: {
    title: 'A new connection for each request',
    short: 'new connections',
    isDefault: false,
    module: 'hello',
    exchange: HELLO,
    load: { kind: 'closed', closes: true },
    ...SHARED,
    connections: 64,
    workers: [2, 1],
    gridOf: 'hello-free',
    metrics: THROUGHPUT,
    peers: GOAL_PEERS,
  },
  pipelining: {
    title: 'Sixteen requests at a time on each connection',
    short: 'pipelining',
    isDefault: false,
    module: 'hello',
    exchange: HELLO,
    load: { kind: 'closed', pipeline: 16 },
    ...SHARED,
    connections: 64,
    workers: [2, 1],
    gridOf: 'hello-free',
    metrics: ['rate', 'cpu', 'pss'],
    peers: GOAL_PEERS,
  },
  latency: {
    title: 'The smallest application, one connection in sequence',
    short: 'one in sequence',
    isDefault: false,
    module: 'hello',
    exchange: HELLO,
    load: { kind: 'closed' },
    ...SHARED,
    connections: 1,
    workers: [1],
    gridOf: null,
    metrics: ['p50', 'p99', 'rate', 'cpu', 'pss'],
    peers: GOAL_PEERS,
  },
  'slow-senders': {
    title: 'Flask, beside 1,000 clients that send a byte a second of a head or a body',
    short: 'kept beside slow senders',
    isDefault: false,
    module: 'flask_big',
    exchange: HELLO,
    load: { kind: 'slow', clients: 1000, bytesPerSecond: 1, act: { send: '/' } },
    ...SHARED,
    connections: 64,
    workers: [2, 4],
    gridOf: 'flask',
    options: { waitress: WAITRESS_CROWD, granian: GRANIAN_CROWD },
    metrics: ['kept', 'rateAlone', 'rate', 'pss'],
    peers: GOAL_PEERS,
    isOnceForPeers: true,
  },
  respawn: {
    title: 'One of two workers is killed, under 1,000 requests/s',
    short: 'a worker is killed',
    isDefault: false,
    module: 'process_id',
    exchange: { path: '/', answer: { includes: ['pid '] } },
    load: { kind: 'respawn', requestsPerSecond: 1000, seconds: 8 },
    ...SHARED,
    connections: 64,
    workers: [2],
    gridOf: null,
    options: { granian: ['--respawn-failed-workers'] },
    metrics: ['replacedMs', 'failed', 'longest', 'p99'],
    peers: ['dram', 'gunicorn-sync', 'gunicorn-gthread', 'uwsgi', 'granian'],
    allPeers: ['dram', 'beside', 'gunicorn-sync', 'gunicorn-gthread', 'uwsgi', 'granian'],
  },
  reload: {
    title: 'Three reloads by SIGHUP under 1,000 requests/s, Flask, two workers',
    short: 'reload under load',
    isDefault: false,
    module: 'flask_hello',
    exchange: HELLO,
    load: { kind: 'reload', requestsPerSecond: 1000, seconds: 9, reloads: 3 },
    ...SHARED,
    connections: 64,
    workers: [2],
    gridOf: null,
    options: { granian: ['--respawn-interval', '0.1'] },
    metrics: ['failed', 'p99', 'longest', 'reloads'],
    peers: ['dram', 'gunicorn-sync', 'gunicorn-gthread', 'uwsgi', 'granian'],
    allPeers: ['dram', 'beside', 'gunicorn-sync', 'gunicorn-gthread', 'uwsgi', 'granian'],
  },
  memory: {
    title: 'Memory after a million requests, the smallest application, two workers',
    short: 'a million requests',
    isDefault: false,
    module: 'hello',
    exchange: HELLO,
    load: { kind: 'count', early: 200_000, total: 1_000_000, maxSeconds: 60 },
    ...SHARED,
    connections: 64,
    workers: [2],
    gridOf: null,
    metrics: ['rss', 'rssEarly', 'pss', 'requests'],
    peers: GOAL_PEERS,
  },
} satisfies Record<string, Scenario>

export type ScenarioName = keyof typeof SCENARIOS

export const SCENARIO_NAMES = Object.keys(SCENARIOS) as ScenarioName[]

export function scenarioOf(name: ScenarioName): Scenario {
  return SCENARIOS[name]
}

export const DEFAULT_NAMES = SCENARIO_NAMES.filter((name) => SCENARIOS[name].isDefault)

export function peersOf(name: ScenarioName, isAll: boolean): readonly PeerName[] {
  const { peers, allPeers = PEER_NAMES } = scenarioOf(name)
  return isAll ? PEER_NAMES.filter((peer) => allPeers.includes(peer)) : peers
}
