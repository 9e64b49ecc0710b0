import { isDefault } from '../../../settings/given.ts'
import type { SettingKey } from '../../../settings/registry.ts'
import { accepted, type ForeignRow, type Gift, type Give, gift, mapped, same } from '../verdict.ts'
import { giveCount, giveHeaders, giveTrustedProxy } from './proxies.ts'

/** How Waitress reads a word: `int()`, its own list of true words, octal digits, words with white space between. */
export type Kind = 'text' | 'int' | 'bool' | 'octal' | 'words' | 'sockets'

/** One of Waitress's adjustments: its keyword, its option (`--max-request-body-size`), and what becomes of it. */
export interface Adjustment extends ForeignRow {
  readonly kind: Kind
}

const SECTIONS = {
  listening: 'Listening',
  proxies: 'Proxies',
  answers: 'Requests and answers',
  tuning: 'Tuning',
} as const

type Spec = Omit<Adjustment, 'name' | 'section' | 'flags'>

/** `--max-request-body-size` */
export function optionOf(name: string): string {
  return `--${name.replaceAll('_', '-')}`
}

function section(title: string, specs: Readonly<Record<string, Spec>>): Adjustment[] {
  return Object.entries(specs).map(([name, spec]) => {
    const option = optionOf(name)
    const flags = spec.kind === 'bool' ? [option, `--no-${option.slice(2)}`] : [option]
    return { name, section: title, flags, ...spec }
  })
}

/** The value as it is. */
function as(key: SettingKey): Give {
  return (value) => [gift(key, String(value))]
}

/** They have no meaning one by one: see binds.ts. */
const BIND = same('bind', () => [])

/** The longest our settings can say. */
const LONGEST_SECONDS = 86_400
/** The wire's limit of a request target. */
const LONGEST_REQUEST_LINE = 32_000

const giveChannelTimeout: Give = (value) => {
  const seconds = Math.min(value as number, LONGEST_SECONDS)
  const least = (key: SettingKey): Gift => gift(key, `${seconds || 1}s`)
  return [
    gift('keepAliveMs', `${seconds}s`),
    ...(['headTimeoutMs', 'bodyTimeoutMs', 'writeTimeoutMs'] as const).map(least),
  ]
}

const giveHeaderSize: Give = (value) => [
  gift('maxHeaderBytes', String(value)),
  gift('maxRequestLineBytes', Math.min(value as number, LONGEST_REQUEST_LINE)),
]

/** Without it dram says its own name; empty, none. */
const giveIdent: Give = (value, _, { origin }) => {
  if (isDefault(origin)) return []
  return value === '' ? [{ key: 'serverHeader', words: [], off: true }] : [gift('serverHeader', String(value))]
}

const giveConnectionLimit: Give = (value, _, { origin }) =>
  isDefault(origin) ? [] : [gift('maxConnections', String(value))]

/** One slash before it, none behind; percent-encoded as a path is. */
const givePrefix: Give = (value) => {
  const bare = String(value)
    .trim()
    .replace(/^\/+|\/+$/g, '')
  return [gift('scriptName', bare === '' ? '' : `/${encodeURI(bare).replace(/[?#]/g, encodeURIComponent)}`)]
}

/** All of Waitress 3.0.2; tests/guests/waitress.test.ts holds names, kinds and defaults against the installed one. */
export const ADJUSTMENTS: readonly Adjustment[] = [
  ...section(SECTIONS.listening, {
    host: {
      kind: 'text',
      default: '0.0.0.0',
      help: 'The address to listen on. Not together with --listen.',
      verdict: BIND,
    },
    port: { kind: 'int', default: 8080, help: 'The port to listen on. Not together with --listen.', verdict: BIND },
    listen: {
      kind: 'words',
      default: ['0.0.0.0:8080'],
      help: 'ADDRESS:PORT to listen on; *:8080 is every address of both families. Repeatable.',
      verdict: BIND,
    },
    ipv4: { kind: 'bool', default: true, help: 'Whether * and names stand for IPv4 addresses.', verdict: BIND },
    ipv6: { kind: 'bool', default: true, help: 'Whether * and names stand for IPv6 addresses.', verdict: BIND },
    unix_socket: { kind: 'text', default: null, help: 'A Unix socket to listen on, instead of a port.', verdict: BIND },
    unix_socket_perms: {
      kind: 'octal',
      default: '600',
      help: 'The permissions of the Unix socket, in octal.',
      verdict: same('unix-mode', as('unixMode')),
    },
    sockets: {
      kind: 'sockets',
      default: [],
      help: 'Sockets that are bound already, from Python.',
      verdict: mapped(
        'bind: dram.serve() passes them on as descriptors; on the command line they are fd://N',
        () => [],
      ),
    },
    backlog: {
      kind: 'int',
      default: 1024,
      help: 'How many connections the kernel holds until they are accepted.',
      verdict: same('backlog', as('backlog')),
    },
    connection_limit: {
      kind: 'int',
      default: 100,
      help: 'How many clients may be connected.',
      verdict: mapped(
        'max-connections. Without it the limit follows from ulimit -n, since a client that idles or trickles costs no thread here. Given, clients beyond it get 503 with Retry-After at once, where Waitress leaves them without an answer until others have gone',
        giveConnectionLimit,
      ),
    },
    channel_timeout: {
      kind: 'int',
      default: 120,
      help: 'Seconds after which a connection is closed on which nothing moves.',
      verdict: mapped(
        'keep-alive, head-timeout, body-timeout, write-timeout. A request head must be whole within it, so a client that trickles one byte after the other is let go, too',
        giveChannelTimeout,
      ),
    },
  }),
  ...section(SECTIONS.proxies, {
    url_scheme: {
      kind: 'text',
      default: 'http',
      help: 'The scheme of requests no trusted proxy told one for.',
      verdict: same('url-scheme: http or https', as('urlScheme')),
    },
    url_prefix: {
      kind: 'text',
      default: '',
      help: 'The path the application is mounted at (SCRIPT_NAME).',
      verdict: same('script-name', givePrefix),
    },
    server_name: {
      kind: 'text',
      default: 'waitress.invalid',
      help: 'SERVER_NAME, unless a trusted proxy told a host.',
      verdict: same('server-name', as('serverName')),
    },
    trusted_proxy: {
      kind: 'text',
      default: null,
      help: 'The proxy whose forwarding headers are believed: an address, *, or localhost for the peers of Unix sockets.',
      verdict: same('trusted-proxies', giveTrustedProxy),
    },
    trusted_proxy_count: {
      kind: 'int',
      default: 1,
      help: 'How many trusted proxies stand in a row.',
      verdict: same('proxy-hops', giveCount),
    },
    trusted_proxy_headers: {
      kind: 'words',
      default: [],
      help: 'Which headers of the proxy count: forwarded, or x-forwarded-for, -host, -proto, -port, -by.',
      verdict: same('forwarded-headers, with forwarded-rules = counted', giveHeaders),
    },
    log_untrusted_proxy_headers: {
      kind: 'bool',
      default: false,
      help: 'Log forwarding headers that do not count.',
      verdict: same('log-untrusted-forwarded', (value) => [gift('logUntrustedForwarded', String(value))]),
    },
    clear_untrusted_proxy_headers: {
      kind: 'bool',
      default: true,
      help: 'Take forwarding headers that do not count out of the request.',
      verdict: same('untrusted-forwarded', (value) => [gift('untrustedForwarded', value ? 'drop' : 'keep')]),
    },
  }),
  ...section(SECTIONS.answers, {
    threads: {
      kind: 'int',
      default: 4,
      help: 'How many requests run at a time.',
      verdict: same('threads: those of one process, unless DRAM_WORKERS says to have more', as('threads')),
    },
    ident: {
      kind: 'text',
      default: 'waitress',
      help: 'The Server header of answers that have none, and SERVER_SOFTWARE.',
      verdict: mapped(
        'server-header. Without it dram says its own name, for that is what answers; empty: no header',
        giveIdent,
      ),
    },
    max_request_header_size: {
      kind: 'int',
      default: 262_144,
      help: 'The size of a request head; more gets 431.',
      verdict: mapped(
        'max-header-size (from 1 KiB to 1 MiB), and max-request-line: that has a limit of its own here, at most 32000 bytes, beyond which it gets 414',
        giveHeaderSize,
      ),
    },
    max_request_body_size: {
      kind: 'int',
      default: 1_073_741_824,
      help: 'The size of a request body; more gets 413.',
      verdict: same('max-body', as('maxBodyBytes')),
    },
    expose_tracebacks: {
      kind: 'bool',
      default: false,
      help: 'Show the traceback in the page of a 500.',
      verdict: same('expose-errors', as('exposeErrors')),
    },
    channel_request_lookahead: {
      kind: 'int',
      default: 0,
      help: 'How many requests of a connection are read ahead, so that a client that leaves is noticed.',
      verdict: mapped(
        "nothing that has to be set: dram always reads ahead, and environ['waitress.client_disconnected']() always tells the truth",
        () => [],
      ),
    },
    log_socket_errors: {
      kind: 'bool',
      default: true,
      help: 'Log clients that leave early.',
      verdict: accepted(
        'a client that leaves is no error: it is in the metrics, and in the access log (DRAM_ACCESS_LOG)',
      ),
    },
  }),
  ...section(SECTIONS.tuning, {
    inbuf_overflow: {
      kind: 'int',
      default: 524_288,
      help: 'A request body beyond this goes to a file.',
      verdict: same('body-buffer', as('bodyBufferBytes')),
    },
    outbuf_overflow: {
      kind: 'int',
      default: 1_048_576,
      help: 'An answer beyond this goes to a file.',
      verdict: accepted('all bodies share one budget of memory, and go to disk beyond it (DRAM_BODY_MEMORY)'),
    },
    outbuf_high_watermark: {
      kind: 'int',
      default: 16_777_216,
      help: 'The application waits when so much of its answer has not gone out.',
      verdict: same('response-spool', as('responseSpoolBytes')),
    },
    recv_bytes: {
      kind: 'int',
      default: 8192,
      help: 'How much is read from a socket at a time.',
      verdict: accepted('as much as there is is read, into one buffer that all connections share'),
    },
    send_bytes: {
      kind: 'int',
      default: 1,
      help: 'How much is gathered before it is sent.',
      verdict: accepted('what is ready at one moment leaves together; Waitress itself has given this up'),
    },
    cleanup_interval: {
      kind: 'int',
      default: 30,
      help: 'How often idle connections are looked for.',
      verdict: accepted('each connection has a timer of its own, so none outlives --channel-timeout'),
    },
    asyncore_loop_timeout: {
      kind: 'int',
      default: 1,
      help: 'How long one wait for sockets takes.',
      verdict: accepted('nothing waits in steps: what happens is seen at once'),
    },
    asyncore_use_poll: {
      kind: 'bool',
      default: false,
      help: 'Wait with poll() instead of select().',
      verdict: accepted('epoll is used, which has no limit of 1024 connections'),
    },
  }),
]

export const ADJUSTMENT: ReadonlyMap<string, Adjustment> = new Map(ADJUSTMENTS.map((row) => [row.name, row]))
