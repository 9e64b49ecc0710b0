/** The characters of RFC 9110 §5.6.2, for use inside a character class. */
export const TCHAR = "!#$%&'*+\\-.^_`|~0-9A-Za-z"

const TOKEN = new RegExp(`^[${TCHAR}]+$`)
const TOKEN_CHAR = new RegExp(`[${TCHAR}]`)

// RFC 9110 §5.5: field-vchar, SP and HTAB. Its other control characters may be taken, but some reader behind us
// may end a line at them, so they are refused.
const NOT_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/

export function isToken(text: string): boolean {
  return TOKEN.test(text)
}

export function isTokenByte(byte: number): boolean {
  return TOKEN_CHAR.test(String.fromCharCode(byte))
}

export function isFieldValue(text: string): boolean {
  return !NOT_IN_VALUE.test(text)
}

/** Without the optional whitespace (RFC 9110 §5.6.3) around it; `trim` would take U+00A0 too. */
export function withoutOuterSpace(text: string, from = 0): string {
  let start = from
  let end = text.length
  while (start < end && isSpace(text.charCodeAt(start))) start++
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x09
}
