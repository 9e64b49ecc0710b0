import type { MetricName } from './metrics.ts'
import { PEER_NAMES, type PeerName } from './peers.ts'

/** How much is asked for in one round. */
export type Amount =
  /** For as many seconds as the options say. */
  | { readonly kind: 'time' }
  /** Until so many requests were answered, looking at each mark; a slow server is let off after a while. */
  | { readonly kind: 'requests'; readonly early: number; readonly total: number; readonly maxSeconds: number }

export interface Goal {
  /** Medians compared: dram's by each of these peers', or dram's own. */
  readonly against?: readonly PeerName[]
  readonly metric: MetricName
  readonly atLeast?: number
  readonly atMost?: number
}

export interface Scenario {
  readonly title: string
  /** A module of apps/. */
  readonly module: string
  /** Cores of all processes of the server, and of the load generator: lists as taskset takes them. */
  readonly serverCores: string
  readonly loadCores: string
  readonly connections: number
  /** The most workers a server may have. */
  readonly workers: number
  /** Every row of a peer's grid is tried first, and the best one measured; else the first row is. */
  readonly isTuned: boolean
  readonly amount: Amount
  /** The columns of the result; the first one tells better from worse. */
  readonly metrics: readonly [MetricName, ...MetricName[]]
  readonly peers: readonly PeerName[]
  readonly goals: readonly Goal[]
}

export const SCENARIOS = {
  hello: {
    title: 'The smallest application, one worker, everything of one server on one core',
    module: 'hello',
    serverCores: '0',
    loadCores: '1',
    connections: 64,
    workers: 1,
    isTuned: true,
    amount: { kind: 'time' },
    metrics: ['rate', 'p50', 'p99', 'cpu'],
    peers: PEER_NAMES,
    goals: [{ metric: 'rate', against: ['granian'], atLeast: 0.8 }],
  },
  flask: {
    title: 'Flask on two cores, which the load generator shares',
    module: 'flask_hello',
    serverCores: '0,1',
    loadCores: '0,1',
    connections: 64,
    workers: 2,
    isTuned: true,
    amount: { kind: 'time' },
    metrics: ['rate', 'p50', 'p99', 'cpu'],
    peers: PEER_NAMES,
    goals: [
      {
        metric: 'rate',
        against: ['granian', 'fastwsgi', 'uwsgi', 'gunicorn-sync', 'gunicorn-gthread', 'waitress'],
        atLeast: 1,
      },
    ],
  },
  latency: {
    title: 'The smallest application, one connection in sequence',
    module: 'hello',
    serverCores: '0,1',
    loadCores: '0,1',
    connections: 1,
    workers: 1,
    isTuned: false,
    amount: { kind: 'time' },
    metrics: ['p50', 'p99', 'rate', 'cpu'],
    peers: PEER_NAMES,
    goals: [],
  },
  memory: {
    title: 'Memory after a million requests, the smallest application, two workers',
    module: 'hello',
    serverCores: '0,1',
    loadCores: '0,1',
    connections: 64,
    workers: 2,
    isTuned: false,
    amount: { kind: 'requests', early: 200_000, total: 1_000_000, maxSeconds: 60 },
    metrics: ['rss', 'rssEarly', 'pss', 'requests'],
    peers: PEER_NAMES,
    goals: [{ metric: 'rss', atMost: 90 }],
  },
} satisfies Record<string, Scenario>

export type ScenarioName = keyof typeof SCENARIOS

export const SCENARIO_NAMES = Object.keys(SCENARIOS) as ScenarioName[]
