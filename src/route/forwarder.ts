import type { HeaderField } from '../events/request.ts'
import { unescaped } from './escapes.ts'
import { Malformed } from './malformed.ts'

/** `//` at the start would make every link that an application builds from it lead to another host. */
export function prefixOf(text: string): string | null {
  const path = text.replace(/\/+$/, '')
  if (path === '' && text !== '') return ''
  return /^\/(?!\/)[\x21-\x7e]*$/.test(path) && !/[?#"<>\\]/.test(path) ? unescaped(path) : null
}

/** Names with an underscore that a trusted proxy may send, in lower case; `*` is any. */
export class ForwarderHeaders {
  readonly #any: boolean
  readonly #names: ReadonlySet<string>

  constructor(list: readonly string[]) {
    this.#any = list.includes('*')
    this.#names = new Set(list.map((name) => name.toLowerCase()))
  }

  has(name: string): boolean {
    return this.#any || this.#names.has(name)
  }
}

/** SCRIPT_NAME as a trusted proxy sent it, percent-decoded; null where it didn't. Throws `Malformed`. */
export function sentScriptName(fields: readonly HeaderField[], headers: ForwarderHeaders): string | null {
  if (!headers.has('script_name')) return null
  const sent = fields.filter(({ name }) => name === 'script_name')
  if (sent.length === 0) return null
  const prefix = sent[0]!.value === '' ? '' : prefixOf(sent[0]!.value)
  if (prefix === null || sent.some(({ value }) => value !== sent[0]!.value)) throw new Malformed('SCRIPT_NAME')
  return prefix
}

/**
 * The scheme as a trusted proxy told it by headers of its own (`headers`: lower-case name → the value that means
 * https; any other means http); null where it sent none of them, 'disagree' where they contradict each other.
 */
export function toldScheme(
  fields: readonly HeaderField[],
  headers: ReadonlyMap<string, string>,
): 'http' | 'https' | 'disagree' | null {
  let told: 'http' | 'https' | null = null
  for (const { name, value } of fields) {
    const secure = headers.get(name)
    if (secure === undefined) continue
    const scheme = value === secure ? 'https' : 'http'
    if (told !== null && told !== scheme) return 'disagree'
    told = scheme
  }
  return told
}
