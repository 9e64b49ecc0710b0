import { join } from 'node:path'

/** One way to run a server. */
export interface Configuration {
  readonly workers: number
  readonly threads: number
  /** Further options, where a server has several doors. */
  readonly options?: readonly string[]
}

/** What a command line is made of. */
export interface Launch extends Configuration {
  readonly port: number
  /** The module of bench/apps/ that is served; its callable is `application`. */
  readonly module: string
  /** What the scenario asks of this server beside its configuration. */
  readonly extra: readonly string[]
  readonly folders: Folders
}

export interface Folders {
  readonly apps: string
  /** What the applications read: files and a database. */
  readonly data: string
  /** Launchers of servers without a command. */
  readonly servers: string
  /** `bin/` of the virtual environment. */
  readonly bin: string
  /** The command that starts dram. */
  readonly dram: readonly string[]
  /** The same for another checkout of it that is measured beside. */
  readonly beside: readonly string[]
}

export interface Peer {
  /** The distribution that has to be there, null for dram itself. */
  readonly distribution: string | null
  /** False: nobody looks after it any more (bjoern's last release is of 2022, FastWSGI's of early 2023). */
  readonly isMaintained: boolean
  /** What is worth trying with so many workers each; the first is the plainest. */
  readonly grid: (workers: readonly number[]) => Configuration[]
  readonly command: (launch: Launch) => string[]
}

/** In the order they run in a round. Logs are off and keep-alive is on wherever a server lets one choose. */
export const PEERS = {
  dram: {
    distribution: null,
    isMaintained: true,
    grid: ([workers = 1]) => [{ workers, threads: 1 }],
    command: (launch) => dram(launch.folders.dram, launch),
  },
  beside: {
    distribution: null,
    isMaintained: true,
    grid: ([workers = 1]) => [{ workers, threads: 1 }],
    command: (launch) => dram(launch.folders.beside, launch),
  },
  granian: {
    distribution: 'granian',
    isMaintained: true,
    grid: (workers) => product(workers, [1, 2]),
    command: ({ folders, module, port, workers, threads, extra }) => [
      ...[join(folders.bin, 'granian'), '--interface', 'wsgi', '--host', '127.0.0.1', '--port', `${port}`],
      ...['--workers', `${workers}`, '--blocking-threads', `${threads}`, '--log-level', 'error'],
      ...extra,
      `${module}:application`,
    ],
  },
  fastwsgi: {
    distribution: 'fastwsgi',
    isMaintained: false,
    grid: (workers) => product(workers, [1]),
    command: (launch) => byLauncher('run_fastwsgi.py', launch),
  },
  // Its --http11-socket keeps connections alive but gives each process one connection until that is closed:
  // with more clients than processes the others starve. Its router keeps them alive for a hop more.
  uwsgi: {
    distribution: 'uwsgi',
    isMaintained: true,
    grid: (workers) => [
      ...product(workers, [1], ['--http-socket']),
      ...product(workers.slice(0, 1), [1, 4], ['--http-keepalive', '--http']),
    ],
    command: ({ folders, module, port, workers, threads, options = ['--http-socket'], extra }) => [
      ...[join(folders.bin, 'uwsgi'), '--master', '--need-app', '--disable-logging'],
      ...['--module', `${module}:application`, '--pythonpath', folders.apps, '--home', join(folders.bin, '..')],
      ...['--processes', `${workers}`, ...(threads > 1 ? ['--threads', `${threads}`] : [])],
      ...[...extra, ...options, `127.0.0.1:${port}`],
    ],
  },
  'gunicorn-sync': {
    distribution: 'gunicorn',
    isMaintained: true,
    grid: (workers) => product(workers, [1]),
    command: (launch) => gunicorn('sync', launch),
  },
  'gunicorn-gthread': {
    distribution: 'gunicorn',
    isMaintained: true,
    grid: (workers) => product(workers, [4, 1]),
    command: (launch) => gunicorn('gthread', launch),
  },
  waitress: {
    distribution: 'waitress',
    isMaintained: true,
    grid: () => product([1], [4, 1]),
    command: ({ folders, module, port, threads, extra }) => [
      ...[join(folders.bin, 'waitress-serve'), `--listen=127.0.0.1:${port}`, `--threads=${threads}`, ...extra],
      `${module}:application`,
    ],
  },
  // Its backlog of 5 would make most of the clients wait for a second try of the kernel's.
  cheroot: {
    distribution: 'cheroot',
    isMaintained: true,
    grid: () => product([1], [10, 1]),
    command: ({ folders, module, port, threads }) => [
      ...[join(folders.bin, 'cheroot'), `${module}:application`, '--chdir', folders.apps],
      ...['--bind', `127.0.0.1:${port}`, '--threads', `${threads}`, '--request-queue-size', '128'],
    ],
  },
  bjoern: {
    distribution: 'bjoern',
    isMaintained: false,
    grid: (workers) => product(workers, [1]),
    command: (launch) => byLauncher('run_bjoern.py', launch),
  },
} satisfies Record<string, Peer>

export type PeerName = keyof typeof PEERS

export const PEER_NAMES = Object.keys(PEERS) as PeerName[]

/** All but ourselves that somebody looks after. */
export const MAINTAINED: readonly PeerName[] = PEER_NAMES.filter(
  (name) => PEERS[name].distribution !== null && PEERS[name].isMaintained,
)

/** `2 workers × 4 threads --http`. */
export function configurationText({ workers, threads, options = [] }: Configuration): string {
  return [`${workers}w × ${threads}t`, ...options].join(' ')
}

function dram(command: readonly string[], { folders, module, port, workers, threads, extra }: Launch): string[] {
  return [
    ...command,
    `${module}:application`,
    ...['--chdir', folders.apps, '--python', join(folders.bin, 'python'), '--log-level', 'warning'],
    ...['--bind', `127.0.0.1:${port}`, '--workers', `${workers}`, '--threads', `${threads}`],
    ...extra,
  ]
}

function gunicorn(kind: string, { folders, module, port, workers, threads, extra }: Launch): string[] {
  return [
    ...[join(folders.bin, 'gunicorn'), '--worker-class', kind, '--bind', `127.0.0.1:${port}`],
    ...['--workers', `${workers}`, '--threads', `${threads}`, '--keep-alive', '75'],
    ...['--log-level', 'error', '--no-control-socket', ...extra, `${module}:application`],
  ]
}

function byLauncher(script: string, { folders, module, port, workers }: Launch): string[] {
  return [join(folders.bin, 'python'), join(folders.servers, script), module, `${port}`, `${workers}`]
}

function product(
  workers: readonly number[],
  threads: readonly number[],
  options: readonly string[] = [],
): Configuration[] {
  return workers.flatMap((workers) => threads.map((threads) => ({ workers, threads, options })))
}
