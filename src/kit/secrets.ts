/** What may be shown to people of what may hold secrets: names and shapes stay, secrets become `***`. */

const MASK = '***'

/** Rather one too many: what is masked can be looked up at its source. Python reads it, too (python/dram/report.py). */
export const SECRET_NAME =
  /passw|passphrase|(?:^|[_-])pass(?:$|[_-])|pwd|secret|token|key|credential|authorization|auth$|cookie|session_?id|private|signature/i

// Clients choose the texts: each pattern begins only where a word does, or a long one would take the square of its length.

/** `scheme://user:password@` and `scheme://token@`. */
const USER_OF_URL = /(?<![a-z0-9+.-])([a-z0-9+.-]+:\/\/)[^\s/?#"'<>]*@/gi

/** `Authorization: Bearer x` */
const SCHEME_AND_TOKEN = /\b(bearer|basic|digest|negotiate)\s+[\w.~+/=-]+/gi

/** `password="x"`, `token=x`, `'api_key': 'x'`, as in calls, queries, and lists of variables. */
const NAME = /(?<![\w.-])([\w.-]+)["']?\s*[=:]\s*/g
const VALUE = /(?:(?:bearer|basic|digest|negotiate)\s+)?(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^\s"',;&)\]}]+)/iy

export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name)
}

/** The value of a variable, a header or a setting, as it may be shown. */
export function shownValue(name: string, value: string): string {
  return isSecretName(name) && value !== '' ? MASK : withoutSecrets(value)
}

/** Header lines with the values of secrets masked. */
export function shownFields(
  fields: readonly { readonly name: string; readonly value: string }[],
): (readonly [name: string, value: string])[] {
  return fields.map(({ name, value }) => [name, shownValue(name, value)] as const)
}

/** A text with the secrets in it masked, as far as they can be told: users in URLs, values after telling names. */
export function withoutSecrets(text: string): string {
  return namedValuesMasked(text.replace(USER_OF_URL, `$1${MASK}@`).replace(SCHEME_AND_TOKEN, `$1 ${MASK}`))
}

function namedValuesMasked(text: string): string {
  let shown = ''
  let from = 0
  for (const match of text.matchAll(NAME)) {
    const at = match.index + match[0].length
    VALUE.lastIndex = at
    if (match.index < from || !isSecretName(match[1]!) || !VALUE.test(text)) continue
    shown += text.slice(from, at) + MASK
    from = VALUE.lastIndex
  }
  return shown + text.slice(from)
}
