import { refuse } from '../../translate.ts'
import { accepted, type Give, gift, isThing, mapped, same, type Value } from '../../verdict.ts'
import { cls, integer } from '../kinds.ts'
import { type GunicornRow, section } from '../row.ts'

const seconds = (value: Value): string => `${value}s`

/** Names of worker classes that are served; 'sync' with threads is gthread there, too. */
const SERVED = ['sync', 'gthread', 'gunicorn.workers.sync.SyncWorker', 'gunicorn.workers.gthread.ThreadWorker']

const workerClass: Give = (value, _all, told) => {
  const name = isThing(value) ? (value.name ?? '') : String(value)
  if (SERVED.includes(name)) return []
  throw refuse(told, 'use sync or gthread (threads = N)')
}

export const WORKERS: readonly GunicornRow[] = section('Worker Processes', {
  workers: {
    kind: integer,
    flags: '-w --workers',
    metavar: 'INT',
    default: 1,
    help: 'How many processes run the application.',
    verdict: same('`--workers`. With WEB_CONCURRENCY=N in the environment: N', (value) => [
      gift('workers', value as number),
    ]),
  },
  worker_class: {
    kind: cls,
    flags: '-k --worker-class',
    metavar: 'STRING',
    default: 'sync',
    help: 'How a worker works.',
    verdict: mapped('sync and gthread: `--threads`. Others are refused', workerClass),
  },
  threads: {
    kind: integer,
    flags: '--threads',
    metavar: 'INT',
    default: 1,
    help: 'How many requests a worker runs at a time.',
    verdict: same('`--threads`', (value) => [gift('threads', Math.max(1, value as number))]),
  },
  worker_connections: {
    kind: integer,
    flags: '--worker-connections',
    metavar: 'INT',
    default: 1000,
    help: 'How many clients a worker may have (gthread, gevent).',
    verdict: accepted('the server has the connections, not the workers: DRAM_MAX_CONNECTIONS bounds them all'),
  },
  max_requests: {
    kind: integer,
    flags: '--max-requests',
    metavar: 'INT',
    default: 0,
    help: 'Replace a worker after so many requests. 0: never.',
    verdict: same('`--max-requests`; the replacement is ready before the worker leaves', (value, all) => {
      const [least, jitter] = [value as number, all.max_requests_jitter as number]
      // Ours take away from the most; a percentage of it is near enough.
      const percent = least === 0 ? 0 : Math.min(100, Math.round((100 * jitter) / (least + jitter)))
      return [gift('maxRequests', least === 0 ? 0 : least + jitter), gift('recycleJitter', percent)]
    }),
  },
  max_requests_jitter: {
    kind: integer,
    flags: '--max-requests-jitter',
    metavar: 'INT',
    default: 0,
    help: 'Up to so many requests more, by chance.',
    verdict: mapped('`--max-requests` and `--recycle-jitter`, with max_requests', () => []),
  },
  timeout: {
    kind: integer,
    flags: '-t --timeout',
    metavar: 'INT',
    default: 30,
    help: 'How many seconds a worker may be silent. 0: any time.',
    verdict: mapped('`--timeout`: of each request, not of the worker', (value) => [gift('timeoutMs', seconds(value))]),
  },
  graceful_timeout: {
    kind: integer,
    flags: '--graceful-timeout',
    metavar: 'INT',
    default: 30,
    help: 'How many seconds running requests may take to finish at a stop or reload.',
    verdict: same('`--graceful-timeout`', (value) => [gift('gracefulTimeoutMs', seconds(value))]),
  },
  keepalive: {
    kind: integer,
    flags: '--keep-alive',
    metavar: 'INT',
    default: 2,
    help: 'How many seconds an idle connection stays open. 0: closed after each answer.',
    verdict: same('`--keep-alive`, with sync, too: an idle connection holds no worker here', (value) => [
      gift('keepAliveMs', seconds(value)),
    ]),
  },
})
