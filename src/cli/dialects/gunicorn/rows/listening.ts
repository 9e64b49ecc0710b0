import { accepted, type Gift, gift, same } from '../../verdict.ts'
import { integer, list, off, toggle } from '../kinds.ts'
import { within } from '../places.ts'
import { type GunicornRow, section } from '../row.ts'

export const LISTENING: readonly GunicornRow[] = [
  ...section('Server Socket', {
    bind: {
      kind: list,
      flags: '-b --bind',
      metavar: 'ADDRESS',
      default: ['127.0.0.1:8000'],
      help: 'Where to listen: HOST[:PORT], [V6]:PORT, :PORT, unix:PATH or fd://N. Repeatable.',
      verdict: same('`--bind`. With PORT=N in the environment: 0.0.0.0:N', (value, all): Gift[] => {
        const words = (value as readonly string[]).map((word) => bindWord(word, (path) => within(all, path)))
        return [gift('bind', ...words)]
      }),
    },
    backlog: {
      kind: integer,
      flags: '--backlog',
      metavar: 'INT',
      default: 2048,
      help: 'How many connections the kernel holds until they are accepted.',
      verdict: same('`--backlog`; what is in it is served when the server stops', (value) => [
        gift('backlog', value as number),
      ]),
    },
  }),
  ...section('Server Mechanics', {
    reuse_port: {
      kind: toggle,
      flags: '--reuse-port',
      default: false,
      help: 'Open a socket for each worker (SO_REUSEPORT).',
      verdict: accepted(
        'the server has the sockets and gives each request to the least busy worker; a second server takes over with dram upgrade or SIGUSR2',
      ),
    },
    sendfile: {
      kind: off,
      flags: '--no-sendfile',
      help: 'Never use sendfile(2).',
      verdict: same('never used towards clients; neither is the variable SENDFILE', () => []),
    },
  }),
]

const DEFAULT_PORT = 8000

/** Gunicorn's way to write an address in ours. */
export function bindWord(word: string, path: (path: string) => string): string {
  const unix = /^unix:(?:\/\/)?(.*)$/s.exec(word)
  if (unix) return `unix:${path(unix[1]!)}`
  const tcp = word.replace(/^tcp:\/\//, '').toLowerCase()
  if (tcp === '') return `0.0.0.0:${DEFAULT_PORT}`
  return tcp.startsWith(':') ? `0.0.0.0${tcp}` : tcp
}
