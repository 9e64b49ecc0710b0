import { versionLine } from '../../house/version.ts'
import { commonHelp, paragraph } from '../help.ts'
import { type Option, readOptions, usage } from '../options.ts'
import { twoColumns } from '../text.ts'
import type { Look } from '../views/grid.ts'
import type { Command, World } from './command.ts'
import type { Remote } from './remote.ts'

/** A command that asks a running server. */
export interface RemoteSpec {
  /** `scale N [options]` */
  readonly usage: string
  readonly summary: string
  readonly about: string
  readonly options?: Readonly<Record<string, Option>>
  /** How many words it takes. Default: none. */
  readonly words?: readonly [least: number, most: number]
  /** The exit code. Faults of its own and of the server. */
  run(asked: Asked): Promise<number>
}

export interface Asked {
  readonly words: readonly string[]
  has(flag: string): boolean
  /** The server that is meant; looked for at each call. Faults: SERVER_*. */
  remote(): Remote
  readonly look: Look
  readonly world: World
  /** Lines of output. */
  say(lines: readonly string[]): void
}

/** Which server is meant. */
const SERVER_OPTIONS: Readonly<Record<string, Option>> = {
  '--pid': { metavar: 'PID', help: 'The server with this process id.' },
  '--name': { metavar: 'NAME', help: 'The server with this --name.' },
  '--runtime-dir': { metavar: 'FOLDER', help: 'The --runtime-dir it was given, if any.' },
}

const COMMON: Readonly<Record<string, Option>> = {
  '--help': { metavar: '', help: '' },
  '--version': { metavar: '', help: '' },
}

const FIRST_COLUMN = 32

export const JSON_OPTION: Readonly<Record<string, Option>> = { '--json': { metavar: '', help: 'Print JSON.' } }

export function remoteCommand(spec: RemoteSpec): Command {
  const help = (columns: number): string =>
    `Usage: dram ${spec.usage}

${paragraph(spec.about, columns)}

${optionsHelp(spec.options ?? {}, columns)}Which server (else that of the working folder, or the only one that runs):
${optionsHelp(SERVER_OPTIONS, columns)}Other:
${commonHelp()}
`
  return {
    usage: spec.usage,
    summary: spec.summary,
    help,
    async run(argv, world) {
      const all = { ...spec.options, ...SERVER_OPTIONS, ...COMMON }
      const { values, words } = readOptions(argv, all, { '-h': '--help', '-V': '--version' })
      if (values.has('--help')) world.out(help(world.columns))
      else if (values.has('--version')) world.out(versionLine())
      else {
        checkWords(words, spec)
        const { findRemote } = await import('./remote.ts') // only now: help needs no HTTP
        return spec.run({
          words,
          has: (flag) => values.has(flag),
          remote: () => findRemote(values, world),
          look: lookOf(world),
          world,
          say: (lines) => world.out(`${lines.join('\n')}\n`),
        })
      }
      return 0
    },
  }
}

export function lookOf({ terminal }: World): Look {
  return { columns: terminal?.columns ?? null, colors: terminal?.colors ?? false }
}

function optionsHelp(options: Readonly<Record<string, Option>>, columns: number): string {
  const rows = Object.entries(options).map(([flag, { metavar, help }]): [string, string] => [
    `      ${flag} ${metavar}`.trimEnd(),
    help,
  ])
  return rows.length === 0 ? '' : `${twoColumns(rows, FIRST_COLUMN, columns)}\n\n`
}

function checkWords(words: readonly string[], { usage: form, words: [least, most] = [0, 0] }: RemoteSpec): void {
  if (words.length >= least && words.length <= most) return
  const name = form.split(' ')[0]
  const wrong = words.length < least ? 'a word is missing' : `${JSON.stringify(words[most])} is too much`
  throw usage(`${wrong}: dram ${form}`, `see dram ${name} --help`)
}
