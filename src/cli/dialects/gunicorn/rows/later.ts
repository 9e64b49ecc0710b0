import { accepted, refused } from '../../verdict.ts'
import { between, choice, cleartext, hook, integer, list, protocols } from '../kinds.ts'
import { type GunicornRow, section } from '../row.ts'

const H1 = 'HTTP/2 is not spoken here yet'
const ASGI = 'it is for ASGI applications'
const DIRTY = 'there are no dirty workers here'
const NO_DIRTY = 'run such tasks in processes of their own (Celery, RQ, a service of systemd) and leave dirty_apps out'
const STREAMS = { least: 1, most: Number.MAX_SAFE_INTEGER }

/** What is not served here, or not yet. */
export const LATER: readonly GunicornRow[] = [
  ...section('HTTP/2', {
    http_protocols: {
      kind: protocols,
      flags: '--http-protocols',
      metavar: 'STRING',
      default: 'h1',
      help: 'What is spoken: h1, h2, or both with a comma between.',
      verdict: refused('HTTP/2 is not spoken here yet: leave h2 out, or let a proxy speak it'),
    },
    http2_cleartext: {
      kind: cleartext,
      flags: '--http2-cleartext',
      metavar: 'STRING',
      default: 'off',
      help: 'HTTP/2 without TLS: off, prior-knowledge, upgrade or both.',
      verdict: refused('HTTP/2 is not spoken here yet: let the proxy speak HTTP/1.1 to this server'),
    },
    http2_max_concurrent_streams: {
      kind: between(STREAMS.least, STREAMS.most),
      flags: '--http2-max-concurrent-streams',
      metavar: 'INT',
      default: 100,
      help: 'How many requests a connection may have at a time.',
      verdict: accepted(H1),
    },
    http2_initial_window_size: {
      kind: between(0, 2 ** 31 - 1),
      flags: '--http2-initial-window-size',
      metavar: 'INT',
      default: 65_535,
      help: 'How many bytes of a body may be under way.',
      verdict: accepted(H1),
    },
    http2_max_frame_size: {
      kind: between(16_384, 16_777_215),
      flags: '--http2-max-frame-size',
      metavar: 'INT',
      default: 16_384,
      help: 'The largest frame.',
      verdict: accepted(H1),
    },
    http2_max_header_list_size: {
      kind: integer,
      flags: '--http2-max-header-list-size',
      metavar: 'INT',
      default: 65_536,
      help: 'The size of all headers of a request. 0: unlimited.',
      verdict: accepted(H1),
    },
  }),
  ...section('Worker Processes', {
    asgi_loop: {
      kind: choice('auto', 'asyncio', 'uvloop'),
      flags: '--asgi-loop',
      metavar: 'STRING',
      default: 'auto',
      help: 'The event loop of an ASGI application.',
      verdict: accepted(ASGI),
    },
    asgi_lifespan: {
      kind: choice('auto', 'on', 'off'),
      flags: '--asgi-lifespan',
      metavar: 'STRING',
      default: 'auto',
      help: 'Whether an ASGI application hears of its start and end.',
      verdict: accepted(ASGI),
    },
    asgi_disconnect_grace_period: {
      kind: integer,
      flags: '--asgi-disconnect-grace-period',
      metavar: 'INT',
      default: 3,
      help: 'How many seconds an ASGI application has when its client has left.',
      verdict: accepted(ASGI),
    },
    websocket_max_message_size: {
      kind: integer,
      flags: '--websocket-max-message-size',
      metavar: 'INT',
      default: 16_777_216,
      help: 'The largest message of a WebSocket.',
      verdict: accepted(ASGI),
    },
    http_parser: {
      kind: choice('auto', 'fast', 'python'),
      flags: '--http-parser',
      metavar: 'STRING',
      default: 'auto',
      help: 'Which parser reads HTTP: auto, fast or python.',
      verdict: accepted('the server has one parser, its own'),
    },
  }),
  ...section('Dirty Arbiters', {
    dirty_apps: {
      kind: list,
      flags: '--dirty-app',
      metavar: 'STRING',
      default: [],
      help: 'Applications for task workers beside HTTP. Repeatable.',
      verdict: refused(NO_DIRTY),
    },
    dirty_workers: {
      kind: integer,
      flags: '--dirty-workers',
      metavar: 'INT',
      default: 0,
      help: 'How many task workers there are.',
      verdict: refused(NO_DIRTY),
    },
    dirty_timeout: {
      kind: integer,
      flags: '--dirty-timeout',
      metavar: 'INT',
      default: 300,
      help: 'How many seconds a task may take.',
      verdict: accepted(DIRTY),
    },
    dirty_threads: {
      kind: integer,
      flags: '--dirty-threads',
      metavar: 'INT',
      default: 1,
      help: 'How many tasks a task worker runs at a time.',
      verdict: accepted(DIRTY),
    },
    dirty_graceful_timeout: {
      kind: integer,
      flags: '--dirty-graceful-timeout',
      metavar: 'INT',
      default: 30,
      help: 'How many seconds running tasks may take to finish.',
      verdict: accepted(DIRTY),
    },
  }),
  ...section('Dirty Arbiter Hooks', {
    on_dirty_starting: { kind: hook, help: 'on_dirty_starting(arbiter)', verdict: accepted(DIRTY) },
    dirty_post_fork: { kind: hook, help: 'dirty_post_fork(arbiter, worker)', verdict: accepted(DIRTY) },
    dirty_worker_init: { kind: hook, help: 'dirty_worker_init(worker)', verdict: accepted(DIRTY) },
    dirty_worker_exit: { kind: hook, help: 'dirty_worker_exit(arbiter, worker)', verdict: accepted(DIRTY) },
  }),
]
