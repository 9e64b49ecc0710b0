import { type Option, parseLine } from '../argparse.ts'
import type { Told, Value } from '../verdict.ts'
import { type GunicornRow, origin } from './row.ts'
import { GUNICORN } from './table.ts'

/** A command line of Gunicorn, or GUNICORN_CMD_ARGS, taken apart. */
export interface GunicornLine {
  /** As argparse leaves it: not checked yet. */
  readonly told: ReadonlyMap<GunicornRow, Told>
  readonly words: readonly string[]
  /** `help`, `version`, or `explain`, which is ours. */
  readonly switches: ReadonlySet<string>
}

interface RowOption extends Option {
  readonly row: GunicornRow
}

interface SwitchOption extends Option {
  readonly name: string
}

const SWITCH = { takes: 'none', convert: () => undefined, typeName: '' } as const

const SWITCHES: readonly SwitchOption[] = [
  { name: 'help', flags: ['-h', '--help'], ...SWITCH, isLast: true },
  { name: 'version', flags: ['-v', '--version'], ...SWITCH, isLast: true },
  { name: 'explain', flags: ['--explain'], ...SWITCH },
]

const OPTIONS: readonly (RowOption | SwitchOption)[] = [
  ...SWITCHES,
  ...GUNICORN.filter(({ flags }) => flags.length > 0).map((row) => ({
    row,
    flags: row.flags,
    takes: row.kind.takes === 'append' ? ('one' as const) : row.kind.takes,
    convert: row.kind.convert,
    typeName: row.kind.typeName,
  })),
]

/** @param source whose line it is. Faults: USAGE. */
export function readLine(argv: readonly string[], source: string): GunicornLine {
  const { found, words } = parseLine(argv, OPTIONS, 'see dram gunicorn --help')
  const told = new Map<GunicornRow, Told>()
  const switches = new Set<string>()
  for (const { option, flag, value } of found) {
    if ('name' in option) {
      switches.add(option.name)
      continue
    }
    const { row } = option
    const given = value === undefined ? row.kind.fixed : (value as Value)
    const before = row.kind.takes === 'append' ? ((told.get(row)?.value ?? []) as readonly Value[]) : null
    told.set(row, { value: before ? [...before, given] : given, origin: origin(source, flag) })
  }
  return { told, words, switches }
}
