import { ADJUSTMENT, ADJUSTMENTS } from './adjustments.ts'
import { getopt, type Known, usage } from './getopt.ts'

/** A command line of waitress-serve, taken apart. */
export interface CommandLine {
  /** Adjustments by name, as words; a switch is 'true' or 'false'. */
  readonly given: ReadonlyMap<string, string>
  readonly switches: ReadonlySet<Switch>
  /** MODULE:OBJECT; null where none is needed. */
  readonly app: string | null
}

/** `help` and `call` are Waitress's, the others dram's. */
export type Switch = 'help' | 'call' | 'explain' | 'version'

const KNOWN: Known = {
  names: [
    'help',
    'call',
    'app=',
    ...ADJUSTMENTS.flatMap(({ flags, kind }) => flags.map((flag) => flag.slice(2) + (kind === 'bool' ? '' : '='))),
  ],
  whole: ['explain', 'version'],
}

/** @throws Fault DIALECT_USAGE */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const { options, words } = getopt(argv, KNOWN)
  const given = new Map<string, string>()
  const switches = new Set<Switch>()
  const apps: string[] = []
  for (const [option, value] of options) {
    const name = option.replaceAll('-', '_')
    if (isSwitch(option)) switches.add(option)
    else if (option === 'app') apps.push(value)
    else if (name === 'listen') given.set(name, `${given.get(name) ?? ''} ${value}`)
    else if (name.startsWith('no_')) given.set(name.slice('no_'.length), 'false')
    else given.set(name, ADJUSTMENT.get(name)!.kind === 'bool' ? 'true' : value)
  }
  const needsNone = switches.has('help') || switches.has('version')
  return { given, switches, app: needsNone ? null : onlyApp(apps.slice(-1), words) }
}

function isSwitch(option: string): option is Switch {
  return ['help', 'call', 'explain', 'version'].includes(option)
}

function onlyApp(named: readonly string[], words: readonly string[]): string {
  const late = words.find((word, index) => index > 0 && word.startsWith('-'))
  if (late !== undefined) {
    throw usage(`${late} stands behind the application`, `write it before: dram waitress-serve ${late} ${words[0]}`)
  }
  const [app, ...more] = [...named, ...words]
  if (app === undefined) throw usage('no application was named', 'name one: dram waitress-serve MODULE:OBJECT')
  if (more.length > 0) throw usage(`there are several applications: ${[app, ...more].join(', ')}`, 'name one')
  return app
}
