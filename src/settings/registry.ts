import {
  choice,
  choices,
  duration,
  headerName,
  headerValue,
  integer,
  octal,
  pairs,
  path,
  paths,
  peers,
  type Reader,
  size,
  text,
  texts,
  toggle,
} from './readers.ts'

/** One setting. The row is its flag, variable, file key, type, default, help and docs. */
export interface Row<T> {
  readonly section: Section
  /** `--max-body`; the variable (`DRAM_MAX_BODY`) and the file key (`max-body`) follow from it. '' for APP, which has none. */
  readonly flag: string
  readonly short?: string
  readonly reader: Reader<T>
  /** As it would be written; null: not set. */
  readonly default: string | readonly string[] | null
  /** What `--no-FLAG`, `false` in a file and `off` in a variable mean. */
  readonly off?: T
  /** Where it can't be given. */
  readonly except?: 'file' | 'variable'
  readonly help: string
  readonly why: string
  /** What has to happen before a change of it counts. */
  readonly applies: 'reload' | 'restart'
}

type Spec<T> = Omit<Row<T>, 'default'>

function row<T>(spec: Spec<T> & { readonly default: string | readonly string[] }): Row<T> {
  return spec
}

/** A setting that may be left unset: null then. */
function unset<T>(spec: Spec<T | null>): Row<T | null> {
  return { ...spec, default: null }
}

export const SECTIONS = {
  application: 'Application',
  listening: 'Listening',
  workers: 'Workers',
  clients: 'Clients',
  limits: 'Limits of a request',
  headers: 'Headers',
  bodies: 'Bodies',
  proxies: 'Proxies',
  logs: 'Logs',
} as const

export type Section = keyof typeof SECTIONS

export const REGISTRY = {
  app: unset({
    section: 'application',
    flag: '',
    reader: text('APP', 'MODULE[:NAME] or PATH.py[:NAME]'),
    help: 'The application: MODULE, MODULE:NAME, MODULE:FACTORY("x", key=1) or PATH.py[:NAME].',
    why: 'Without NAME: application, app, create_app() or make_app(). Without APP: wsgi.py, app.py, main.py or manage.py of the working folder.',
    applies: 'reload',
  }),
  config: unset({
    section: 'application',
    flag: '--config',
    short: '-c',
    except: 'file',
    reader: path('PATH'),
    help: 'The settings file to read.',
    why: 'Without it dram.toml of the working folder, else [tool.dram] of its pyproject.toml, is read.',
    applies: 'reload',
  }),
  chdir: unset({
    section: 'application',
    flag: '--chdir',
    reader: path('FOLDER'),
    help: 'The folder the application runs in and is imported from.',
    why: 'The server itself stays where it was started, so other relative paths do not change their meaning.',
    applies: 'reload',
  }),
  pythonpath: row({
    section: 'application',
    flag: '--pythonpath',
    reader: paths,
    default: [],
    help: 'A folder to import from, before all others. Repeatable.',
    why: 'For code that is not installed and not beside the application.',
    applies: 'reload',
  }),
  env: row({
    section: 'application',
    flag: '--env',
    short: '-e',
    except: 'variable',
    reader: pairs,
    default: [],
    help: "A variable for the application's environment. Repeatable.",
    why: 'Stronger than --env-file. Those of a settings file and of the command line add up.',
    applies: 'reload',
  }),
  envFile: unset({
    section: 'application',
    flag: '--env-file',
    reader: path('PATH'),
    help: "A file of KEY=VALUE lines for the application's environment.",
    why: 'For the application alone: the settings of the server are not read from it. A variable of the file replaces one that was inherited.',
    applies: 'reload',
  }),
  python: unset({
    section: 'application',
    flag: '--python',
    reader: path('PATH', /^[^/.][^/]*$/),
    help: 'The Python interpreter, or the folder of its virtual environment.',
    why: 'Without it the active virtual environment, else .venv or venv beside the application, else python3 or python on PATH.',
    applies: 'reload',
  }),

  bind: row({
    section: 'listening',
    flag: '--bind',
    short: '-b',
    reader: texts('ADDRESS', 'HOST:PORT, [V6]:PORT, :PORT, unix:PATH or fd://N'),
    default: ['127.0.0.1:8000'],
    help: 'Where to listen: HOST:PORT, [V6]:PORT, :PORT, unix:PATH or fd://N. Repeatable.',
    why: 'The default can be reached from this machine only. The variable PORT=N, as platforms set it, means 0.0.0.0:N and [::]:N where nothing else is set.',
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

  workers: row({
    section: 'workers',
    flag: '--workers',
    short: '-w',
    reader: integer(1, 1024, { auto: 0 }),
    default: 'auto',
    help: 'How many Python processes run the application.',
    why: 'auto: the least of the processors it may use, its CPU quota, and its memory by 128 MiB. The variable WEB_CONCURRENCY is read too.',
    applies: 'reload',
  }),
  threads: row({
    section: 'workers',
    flag: '--threads',
    short: '-t',
    reader: integer(1, 1024),
    default: '1',
    help: 'How many requests one worker runs at a time.',
    why: 'More than one helps applications that wait (for a database, for other services) and that are safe for threads.',
    applies: 'reload',
  }),
  queue: row({
    section: 'workers',
    flag: '--queue',
    reader: integer(1, 1_000_000),
    default: '2048',
    help: 'How many requests may wait for a worker; beyond it they get 503.',
    why: 'A queue that grows without end serves only clients that have left.',
    applies: 'reload',
  }),
  queueTimeoutMs: row({
    section: 'workers',
    flag: '--queue-timeout',
    reader: duration(),
    default: '30s',
    help: 'How long a request may wait for a worker before it gets 503.',
    why: 'Longer than that its client has mostly given up.',
    applies: 'reload',
  }),
  lookAhead: row({
    section: 'workers',
    flag: '--look-ahead',
    reader: integer(0, 1024, { auto: -1 }),
    default: 'auto',
    help: 'How many requests may be sent to a worker beyond those it runs.',
    why: 'auto: as many as it runs in about three milliseconds, none while requests are slow. What was sent and not begun is taken back when another worker is free.',
    applies: 'reload',
  }),
  gracefulTimeoutMs: row({
    section: 'workers',
    flag: '--graceful-timeout',
    reader: duration('0s'),
    default: '30s',
    help: 'How long running and queued requests may take to finish at a stop.',
    why: 'Service managers usually kill after 90 s (systemd) or 30 s (Kubernetes): stay below.',
    applies: 'reload',
  }),
  bootTimeoutMs: row({
    section: 'workers',
    flag: '--boot-timeout',
    reader: duration(),
    default: '1m',
    help: 'How long a worker may take to import the application.',
    why: 'An import that waits for a network that never answers should be seen, not waited for.',
    applies: 'reload',
  }),

  keepAliveMs: row({
    section: 'clients',
    flag: '--keep-alive',
    reader: duration('0s'),
    default: '75s',
    help: 'How long an idle connection stays open. 0: closed after each answer.',
    why: 'Longer than the 60 s of the usual balancer, which otherwise sends a request into a closing connection.',
    applies: 'reload',
  }),
  headTimeoutMs: row({
    section: 'clients',
    flag: '--head-timeout',
    reader: duration(),
    default: '20s',
    help: 'How long a client may take to send a whole request head.',
    why: 'A slow head costs a socket but no worker, so patience is cheap here.',
    applies: 'reload',
  }),
  bodyTimeoutMs: row({
    section: 'clients',
    flag: '--body-timeout',
    reader: duration(),
    default: '30s',
    help: 'How long a request body may stall.',
    why: 'It counts from the last byte that came, so large bodies on slow lines pass.',
    applies: 'reload',
  }),
  writeTimeoutMs: row({
    section: 'clients',
    flag: '--write-timeout',
    reader: duration(),
    default: '30s',
    help: 'How long a client may take no byte of its answer.',
    why: 'It counts from the last byte that was taken.',
    applies: 'reload',
  }),
  minBodyRateBytes: row({
    section: 'clients',
    flag: '--min-body-rate',
    reader: size({ zero: 'any' }),
    default: '240',
    help: 'The least rate of a body, in bytes a second, both ways. 0: any.',
    why: 'One byte a second passes every stall timer; over time it does not pass this.',
    applies: 'reload',
  }),
  pipeline: row({
    section: 'clients',
    flag: '--pipeline',
    reader: integer(1, 1024),
    default: '32',
    help: 'How many requests of one connection are read ahead.',
    why: 'Only safe ones run at the same time (RFC 9112 §9.3.2).',
    applies: 'reload',
  }),

  maxRequestLineBytes: row({
    section: 'limits',
    flag: '--max-request-line',
    reader: size({ least: '64', most: '32000' }),
    default: '8190',
    help: 'The longest request line; a longer one gets 414.',
    why: 'RFC 9112 §3 asks for 8000 at least. The upper bound follows from a field of the wire to the workers, which may hold the target twice.',
    applies: 'reload',
  }),
  maxHeaders: row({
    section: 'limits',
    flag: '--max-headers',
    reader: integer(1, 10_000),
    default: '100',
    help: 'The most header lines of a request; more get 431.',
    why: 'Browsers behind several proxies send about thirty.',
    applies: 'reload',
  }),
  maxHeaderBytes: row({
    section: 'limits',
    flag: '--max-header-size',
    reader: size({ least: '1KiB', most: '1MiB' }),
    default: '64KiB',
    help: 'The size of all header lines together; more gets 431.',
    why: 'Sessions and tokens in cookies come to some 16 KiB.',
    applies: 'reload',
  }),
  maxBodyBytes: row({
    section: 'limits',
    flag: '--max-body',
    reader: size({ zero: 'unlimited' }),
    default: '1GiB',
    help: 'The largest request body; a larger one gets 413. 0: unlimited.',
    why: 'An announced length is refused before it is sent.',
    applies: 'reload',
  }),
  maxTrailerBytes: row({
    section: 'limits',
    flag: '--max-trailer-size',
    reader: size({ most: '1MiB' }),
    default: '8KiB',
    help: 'The size of the trailers of a chunked body; more gets 431.',
    why: 'Trailers are read and dropped: WSGI has no place for them.',
    applies: 'reload',
  }),
  maxChunkLineBytes: row({
    section: 'limits',
    flag: '--max-chunk-line',
    reader: size({ least: '16', most: '64KiB' }),
    default: '256',
    help: 'The longest line before a chunk, its extensions included.',
    why: 'Extensions mean nothing here; long ones are only good for hiding things.',
    applies: 'reload',
  }),

  headerUnderscores: row({
    section: 'headers',
    flag: '--header-underscores',
    reader: choice('drop', 'keep', 'refuse'),
    default: 'drop',
    help: 'What to do with request headers that have an underscore in their name.',
    why: "WSGI can't tell X_User from X-User, so a client could forge what a proxy sets.",
    applies: 'reload',
  }),
  proxyHeader: row({
    section: 'headers',
    flag: '--proxy-header',
    reader: choice('drop', 'keep'),
    default: 'drop',
    help: 'What to do with a request header named Proxy.',
    why: 'It would become HTTP_PROXY, which many libraries take for the address of a proxy (httpoxy).',
    applies: 'reload',
  }),
  serverHeader: row({
    section: 'headers',
    flag: '--server-header',
    reader: headerValue,
    off: '',
    default: 'dram',
    help: 'The Server header of answers that have none.',
    why: 'Without a version: it helps nobody but attackers.',
    applies: 'reload',
  }),
  dateHeader: row({
    section: 'headers',
    flag: '--date-header',
    reader: toggle,
    default: 'true',
    help: 'Add a Date header to answers that have none.',
    why: 'RFC 9110 §6.6.1 asks for it.',
    applies: 'reload',
  }),
  strictHeaders: row({
    section: 'headers',
    flag: '--strict-headers',
    reader: toggle,
    default: 'false',
    help: 'Refuse hop-by-hop headers of the application with a 500 instead of dropping them.',
    why: 'PEP 3333 forbids them, but many applications set them.',
    applies: 'reload',
  }),
  requestIdHeader: row({
    section: 'headers',
    flag: '--request-id-header',
    reader: headerName,
    off: '',
    default: 'X-Request-ID',
    help: 'The header that carries the request id: taken from trusted proxies, set on every answer.',
    why: "One id in the proxy's log, in this log, and with the client.",
    applies: 'reload',
  }),

  streamRequests: row({
    section: 'bodies',
    flag: '--stream-requests',
    reader: toggle,
    default: 'false',
    help: 'Hand request bodies to the application as they come.',
    why: "Off, a body is taken in whole before a worker is bothered; on, a slow client holds a worker's thread.",
    applies: 'reload',
  }),
  bodyMemoryBytes: row({
    section: 'bodies',
    flag: '--body-memory',
    reader: size(),
    default: '32MiB',
    help: 'The memory for all buffered bodies together, both ways; beyond it they go to disk.',
    why: 'One budget: memory stays flat however many clients come.',
    applies: 'restart',
  }),
  bodyBufferBytes: row({
    section: 'bodies',
    flag: '--body-buffer',
    reader: size(),
    default: '64KiB',
    help: 'A request body up to this size stays in memory while the budget lasts.',
    why: 'A file for a small body costs more than the body.',
    applies: 'reload',
  }),
  spoolDir: unset({
    section: 'bodies',
    flag: '--spool-dir',
    reader: path('FOLDER'),
    help: 'The folder for bodies on disk.',
    why: "Without it the system's folder for temporary files. On tmpfs, spooled bodies would use memory all the same.",
    applies: 'restart',
  }),
  spoolLimitBytes: row({
    section: 'bodies',
    flag: '--spool-limit',
    reader: size(),
    default: '16GiB',
    help: 'The disk space for all spooled bodies together; beyond it requests get 507.',
    why: 'A full disk hurts others than this server.',
    applies: 'restart',
  }),
  responseSpoolBytes: row({
    section: 'bodies',
    flag: '--response-spool',
    reader: size(),
    default: '1GiB',
    help: 'How much of one answer is taken from the application ahead of its client.',
    why: 'Beyond it the application waits: an endless stream must not fill the disk.',
    applies: 'reload',
  }),
  runtimeDir: unset({
    section: 'bodies',
    flag: '--runtime-dir',
    reader: path('FOLDER'),
    help: 'The folder for the sockets and small files between server and workers.',
    why: 'Without it a private one is made (0700) and removed at the end.',
    applies: 'restart',
  }),

  trustedProxies: row({
    section: 'proxies',
    flag: '--trusted-proxies',
    reader: peers,
    off: [],
    default: ['unix'],
    help: 'Whose forwarding headers are believed: addresses, networks, unix (peers of Unix sockets), * (everybody).',
    why: "Who is believed decides what the application takes for the client's address, host and scheme.",
    applies: 'reload',
  }),
  proxyHops: row({
    section: 'proxies',
    flag: '--proxy-hops',
    reader: integer(1, 100),
    default: '1',
    help: 'How many trusted proxies stand in a row before this server.',
    why: "Each adds itself to the forwarding headers; what stands before their entries is the client's own word.",
    applies: 'reload',
  }),
  forwardedHeaders: row({
    section: 'proxies',
    flag: '--forwarded-headers',
    reader: choices('x-forwarded', 'forwarded'),
    default: ['x-forwarded', 'forwarded'],
    help: 'Which headers of a trusted proxy count: x-forwarded (X-Forwarded-*), forwarded (RFC 7239).',
    why: 'A proxy that writes one family hands on what a client wrote into the other: name the one yours writes.',
    applies: 'reload',
  }),
  scriptName: row({
    section: 'proxies',
    flag: '--script-name',
    reader: text('PREFIX', 'a path such as /shop, without a slash at its end', /^(?:\/[^/\0-\x20?#\x7f-\uffff]+)*$/),
    default: '',
    help: 'The path prefix the application is mounted at (SCRIPT_NAME).',
    why: 'For a proxy that hands on the full path.',
    applies: 'reload',
  }),
  urlScheme: row({
    section: 'proxies',
    flag: '--url-scheme',
    reader: choice('http', 'https'),
    default: 'http',
    help: 'The scheme of requests no trusted proxy told one for (wsgi.url_scheme).',
    why: "For a proxy that ends TLS and doesn't say so.",
    applies: 'reload',
  }),

  logLevel: row({
    section: 'logs',
    flag: '--log-level',
    reader: choice('debug', 'info', 'warning', 'error'),
    default: 'info',
    help: 'The least level of the lines that are logged.',
    why: "The application's own output is logged at any level.",
    applies: 'reload',
  }),
  logFormat: row({
    section: 'logs',
    flag: '--log-format',
    reader: choice('auto', 'text', 'json'),
    default: 'auto',
    help: 'How log lines look.',
    why: 'auto is text.',
    applies: 'reload',
  }),
  color: row({
    section: 'logs',
    flag: '--color',
    reader: choice('auto', 'always', 'never'),
    default: 'auto',
    help: 'Colors in log lines.',
    why: 'auto: on a terminal, unless the variable NO_COLOR is set.',
    applies: 'reload',
  }),
  accessLog: unset({
    section: 'logs',
    flag: '--access-log',
    reader: path('PATH', /^-$/),
    off: null,
    help: 'The file for a line per request; - is standard output.',
    why: 'Off unless asked for: mostly the proxy has one.',
    applies: 'reload',
  }),
  accessLogFormat: row({
    section: 'logs',
    flag: '--access-log-format',
    reader: text('FORMAT', 'common, combined, json or a text of atoms such as %(h)s'),
    default: 'combined',
    help: 'common, combined, json, or a text with the atoms Gunicorn knows, such as %(h)s.',
    why: 'Log readers know the first two by heart.',
    applies: 'reload',
  }),
  exposeErrors: row({
    section: 'logs',
    flag: '--expose-errors',
    reader: toggle,
    default: 'false',
    help: 'Show the traceback in the page of a 500.',
    why: 'For development alone: tracebacks tell secrets.',
    applies: 'reload',
  }),
} as const satisfies Record<string, Row<unknown>>

export type SettingKey = keyof typeof REGISTRY
export type Settings = { readonly [K in SettingKey]: (typeof REGISTRY)[K] extends Row<infer T> ? T : never }

export const SETTING_KEYS = Object.keys(REGISTRY) as SettingKey[]

/** The row with its type forgotten, for code that treats all alike. */
export function rowOf(key: SettingKey): Row<unknown> {
  return REGISTRY[key] as Row<unknown>
}

/** `max-body`: its key in a settings file. */
export function fileKey(key: SettingKey): string {
  return rowOf(key).flag.slice(2) || key
}

/** `DRAM_MAX_BODY`: its variable. */
export function variable(key: SettingKey): string {
  return `DRAM_${fileKey(key).toUpperCase().replaceAll('-', '_')}`
}

/** Has it a `--no-…` form? */
export function canTurnOff(key: SettingKey): boolean {
  return rowOf(key).off !== undefined || rowOf(key).reader.shape === 'switch'
}
