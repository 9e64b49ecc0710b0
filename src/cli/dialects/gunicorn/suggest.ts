import { nearest } from '../../../kit/nearest.ts'
import { fileKey, rowOf, SETTING_KEYS, variable } from '../../../settings/registry.ts'
import { GUNICORN } from './table.ts'

/** Flags that are called otherwise than their setting, as somebody would write them in a file: `log_level`. */
const BY_FLAG: ReadonlyMap<string, string> = new Map(
  GUNICORN.flatMap(({ name, flags }) =>
    flags
      .filter((flag) => flag.startsWith('--'))
      .map((flag) => [flag.slice(2).replaceAll('-', '_'), name] as const)
      .filter(([written]) => written !== name),
  ),
)

/** Of one word are names of anybody's helpers, too. */
const OURS: ReadonlyMap<string, string> = new Map(
  SETTING_KEYS.filter((key) => rowOf(key).except !== 'variable')
    .map((key) => [fileKey(key).replaceAll('-', '_'), variable(key)] as const)
    .filter(([name]) => name.includes('_')),
)

/** Too short to be anybody's misspelling of anything. */
const LEAST_LETTERS = 4

/**
 * What the names of a configuration file that are no settings may have been meant for. A name is passed over where
 * nothing is like it, and where what is like it is set, too: `worker = 4; workers = worker * 2`.
 * @param set the settings that the file sets
 */
export function suggestions(unknown: readonly string[], set: readonly string[]): [name: string, meant: string][] {
  return unknown.flatMap((name) => {
    const meant = meantBy(name)
    return meant === null || set.includes(meant) ? [] : [[name, meant] as [string, string]]
  })
}

/** Names that are no settings of Gunicorn, whatever was believed when they were written, but are some of ours. */
export function foreignNames(unknown: readonly string[]): [name: string, variable: string][] {
  return unknown.flatMap((name) => {
    const known = OURS.get(name.toLowerCase())
    return known === undefined || meantBy(name) !== null ? [] : [[name, known] as [string, string]]
  })
}

function meantBy(name: string): string | null {
  const plain = name.toLowerCase().replaceAll('-', '_')
  const exact = BY_FLAG.get(plain) ?? GUNICORN.find((row) => row.name === plain)?.name
  if (exact !== undefined) return exact
  return plain.length < LEAST_LETTERS ? null : nearest(plain, candidates(plain))
}

/** Long names may differ in more letters than short ones: a third of them is too much for what isn't known to be meant. */
function candidates(name: string): string[] {
  return GUNICORN.map((row) => row.name).filter((each) => Math.abs(each.length - name.length) <= 2)
}
