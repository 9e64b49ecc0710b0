import { version, versionLine } from '../../house/version.ts'
import { appGiven, readArguments } from '../../settings/arguments.ts'
import { readAsked, VALUED } from '../explain/asked.ts'
import { commonHelp, paragraph } from '../help.ts'
import { twoColumns } from '../text.ts'
import { COMMON_SWITCHES, type Command } from './command.ts'
import { sourceOf } from './serve.ts'

const SWITCHES = { ...COMMON_SWITCHES, '--json': '--json' } as const

const OPTIONS: readonly (readonly [string, string])[] = [
  ['  -X, --request METHOD', 'The method, where it does not stand before the path.'],
  [
    '  -H, --header "NAME: VALUE"',
    'A header line. "NAME:" leaves one of ours out, "NAME;" sends an empty one. Repeatable.',
  ],
  [
    '  -d, --data DATA',
    'A body; @FILE reads it from a file without its line ends, @- from standard input. Then POST is the method, and a form the type. Several are joined by &.',
  ],
  ['      --data-binary DATA', 'The same, and a file is sent as it is.'],
  [
    '      --raw FILE',
    'Send the bytes of a file instead, - for standard input: whole requests, several, or broken ones.',
  ],
  ['      --split N,…', 'Send what is before byte N apart from what is behind it.'],
  ['      --json', 'Print JSON.'],
]

export const explain: Command = {
  usage: 'explain [APP] [METHOD] /path [options]',
  summary: 'Send one request, and show its way through the server.',

  help: (columns) => `Usage: dram explain [APP] [METHOD] /path [-H 'NAME: VALUE'] [-d DATA]
       dram explain [APP] --raw FILE

${paragraph('Starts the application where nobody else can reach it, sends it one request, shows what became of that, stage by stage, and ends: the bytes as they came, what was read from them and decided, the wait for a worker, environ, the call, the bytes of the answer. Bytes that are no request are shown with the byte that was refused, and the rule.', columns)}

${twoColumns(OPTIONS, 32, columns)}

${paragraph('APP is found as by dram serve, and all options of dram serve count but those of addresses, logs and numbers of workers.', columns)}

${paragraph('Exit codes: 0, the application has answered, with whatever status. 1, it has not: the request was refused, or the answer is an error page of the server. Others: docs/faults.md.', columns)}

Examples:
  dram explain app.py /hello?name=you
  dram explain shop:app POST /orders -H 'Content-Type: application/json' -d '{"id": 3}'
  printf 'GET / HTTP/1.1\\r\\nHost : x\\r\\n\\r\\n' | dram explain app.py --raw -

Other:
${commonHelp()}
`,

  async run(argv, world) {
    const read = readArguments(argv, SWITCHES, { valued: VALUED, takesWords: true })
    if (read.switches.has('--help')) world.out(explain.help(world.columns))
    else if (read.switches.has('--version')) world.out(versionLine())
    else {
      const { explained } = await import('../explain/explained.ts') // no other command needs it
      const asked = readAsked(read)
      const given = asked.app === null ? read.given : [...read.given, appGiven(asked.app)]
      return explained(asked, sourceOf(given, world), world, { isJson: read.switches.has('--json'), agent: agent() })
    }
    return 0
  },
}

function agent(): string {
  return `dram/${version()}`
}
