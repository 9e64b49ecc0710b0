import { dirname } from 'node:path'

/** Files by name, or by patterns of names. */
export interface Pattern {
  /** The innermost folder, or the file, that has all of them in it. */
  readonly base: string
  matches(path: string): boolean
}

const WILD = /[*?]/
/** Longest first: a folder at any depth, anything, what stays within a name. */
const PARTS: Readonly<Record<string, string>> = { '**/': '(?:.*/)?', '**': '.*', '*': '[^/]*', '?': '[^/]' }

/**
 * `*` and `?` are parts of a name, `**` goes through folders. What lies in a folder of that name counts, too.
 * @param text absolute
 */
export function patternOf(text: string): Pattern {
  const source = text.replace(/\*\*\/|\*\*|[*?]|[.+^${}()|[\]\\]/g, (part) => PARTS[part] ?? `\\${part}`)
  const expression = new RegExp(`^${source}(?:/.*)?$`, 's')
  return { base: baseOf(text), matches: (path) => expression.test(path) }
}

function baseOf(text: string): string {
  const at = text.search(WILD)
  return at < 0 ? text : dirname(`${text.slice(0, at)}x`)
}
