import { Fault } from '../../../faults/fault.ts'

/** What Python's getopt makes of a command line: options in their order, and the words from the first that is none. */
export interface Parsed {
  readonly options: readonly (readonly [name: string, value: string])[]
  readonly words: readonly string[]
}

/** Names of options, without dashes. */
export interface Known {
  /** As getopt takes them: one that has a value ends in `=`, and any beginning that only one has will do. */
  readonly names: readonly string[]
  /** Written out alone, so that they take no beginning away from the others. */
  readonly whole: readonly string[]
}

/**
 * Long options as Python's `getopt.getopt` takes them.
 * @throws Fault DIALECT_USAGE
 */
export function getopt(argv: readonly string[], known: Known): Parsed {
  const options: [string, string][] = []
  const waiting = [...argv]
  while (waiting.length > 0 && waiting[0]!.length > 1 && waiting[0]!.startsWith('-')) {
    const argument = waiting.shift()!
    if (argument === '--') break
    if (!argument.startsWith('--')) throw usage(`there is no option ${argument.slice(0, 2)}`)
    const [, written, value] = /^--([^=]*)(?:=(.*))?$/s.exec(argument)!
    const { name, takesValue } = find(written!, known)
    if (!takesValue && value !== undefined) throw usage(`--${name} takes no value`)
    const given = takesValue ? (value ?? waiting.shift()) : ''
    if (given === undefined) throw usage(`--${name} needs a value`)
    options.push([name, given])
  }
  return { options, words: waiting }
}

function find(written: string, { names, whole }: Known): { name: string; takesValue: boolean } {
  const all = whole.some((name) => bare(name) === written) ? whole : names
  const possible = all.filter((name) => name.startsWith(written))
  const found = possible.find((name) => bare(name) === written) ?? possible[0]
  if (found === undefined) throw usage(`there is no option --${written}`)
  if (possible.length > 1 && bare(found) !== written) {
    throw usage(`--${written} may be ${possible.map((name) => `--${bare(name)}`).join(' or ')}`)
  }
  return { name: bare(found), takesValue: found.endsWith('=') }
}

function bare(name: string): string {
  return name.replace(/=$/, '')
}

export function usage(detail: string, hint = ''): Fault {
  return new Fault('DIALECT_USAGE', { detail }, '', hint)
}
