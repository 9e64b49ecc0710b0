import { integer, octal, texts } from '../readers.ts'
import { row } from '../row.ts'

export const LISTENING = {
  bind: row({
    section: 'listening',
    flag: '--bind',
    short: '-b',
    reader: texts('ADDRESS', 'HOST:PORT, [V6]:PORT, :PORT, unix:PATH or fd://N'),
    default: ['127.0.0.1:8000'],
    help: 'Where to listen: HOST:PORT, [V6]:PORT, :PORT, unix:PATH or fd://N. Repeatable.',
    why: 'The default can be reached from this machine only. The variable PORT=N, as platforms set it, means 0.0.0.0:N and [::]:N where nothing else is set. With --certfile TCP addresses speak TLS, but those with http:// before them.',
    applies: 'restart',
  }),
  backlog: row({
    section: 'listening',
    flag: '--backlog',
    reader: integer(1, 65_535),
    default: '2048',
    help: 'How many connections the kernel holds until they are accepted.',
    why: 'The kernel cuts it to net.core.somaxconn without a word.',
    applies: 'restart',
  }),
  unixMode: row({
    section: 'listening',
    flag: '--unix-mode',
    reader: octal,
    default: '660',
    help: 'The permissions of Unix sockets, in octal.',
    why: 'User and group: a proxy joins the group, nobody else gets in.',
    applies: 'restart',
  }),
  maxConnections: row({
    section: 'listening',
    flag: '--max-connections',
    reader: integer(1, 1_000_000, { auto: 0 }),
    default: 'auto',
    help: 'How many clients may be connected; beyond it they get 503.',
    why: 'auto: the limit of open descriptors (ulimit -n) less a reserve, so that nobody is turned away without an answer.',
    applies: 'restart',
  }),
  fronts: row({
    section: 'listening',
    flag: '--fronts',
    reader: integer(1, 64),
    default: '1',
    help: 'How many threads of the server do the work of HTTP; they share all workers.',
    why: 'One takes many tens of thousands of requests a second: more help only where its core is full and others are free. The limits of connections and of the queue are those of all together; --body-memory and --spool-limit are divided among them. See docs/decisions/0011-several-fronts.md.',
    applies: 'restart',
  }),
} as const
