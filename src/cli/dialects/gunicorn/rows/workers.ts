import { gift, mapped, same, type Value } from '../../verdict.ts'
import { cls, integer } from '../kinds.ts'
import { type GunicornRow, section } from '../row.ts'
import { timeout, warnOfConnections, workerClass, workerConnections } from '../workerClass.ts'

const seconds = (value: Value): string => `${value}s`

export const WORKERS: readonly GunicornRow[] = section('Worker Processes', {
  workers: {
    kind: integer,
    flags: '-w --workers',
    metavar: 'INT',
    default: 1,
    help: 'How many processes run the application.',
    verdict: same('`--workers`, 1 at least. With WEB_CONCURRENCY=N in the environment: N', (value) => [
      gift('workers', value as number),
    ]),
  },
  worker_class: {
    kind: cls,
    flags: '-k --worker-class',
    metavar: 'STRING',
    default: 'sync',
    help: 'How a worker works.',
    verdict: mapped(
      'sync and gthread: `--threads`. gevent, gevent_wsgi, gevent_pywsgi: `--greenlets`. tornado, eventlet, ASGI and classes of your own are refused with what to do instead. See [worker-classes.md](worker-classes.md)',
      workerClass,
    ),
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
    verdict: mapped(
      'with gevent, `--greenlets`: requests at a time, for connections cost no worker here. Else nothing, with a warning: `--max-connections` bounds the connections of the whole server',
      workerConnections,
      warnOfConnections,
    ),
  },
  max_requests: {
    kind: integer,
    flags: '--max-requests',
    metavar: 'INT',
    default: 0,
    help: 'Replace a worker after so many requests. 0: never.',
    verdict: same('`--max-requests`; the replacement is ready before the worker leaves', (value) => [
      gift('maxRequests', value as number),
    ]),
  },
  max_requests_jitter: {
    kind: integer,
    flags: '--max-requests-jitter',
    metavar: 'INT',
    default: 0,
    help: 'Up to so many requests more, by chance.',
    verdict: same('`--max-requests-jitter`', (value) => [gift('maxRequestsJitter', value as number)]),
  },
  timeout: {
    kind: integer,
    flags: '-t --timeout',
    metavar: 'INT',
    default: 30,
    help: 'How many seconds a worker may be silent. 0: any time.',
    verdict: mapped(
      '`--timeout`: of each request, not of the worker. sync: the request ends with 504, and its stack is in the log. gthread and gevent, where Gunicorn bounds no request: `--timeout-action log`, unless a timeout was given',
      timeout,
    ),
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
