/**
 * Text from outside, made fit for one line of a log: control characters, which could start a line of their own or
 * drive a terminal, become `\xHH`; a backslash becomes two, so that nobody can write what we write.
 */
export function escaped(text: string): string {
  return /[\0-\x1f\\\x7f-\x9f\u2028\u2029]/.test(text) ? text.replace(/[\0-\x1f\\\x7f-\x9f\u2028\u2029]/g, code) : text
}

/** The same for text that was bytes and stands between quotes: visible ASCII passes, but for the quote. */
export function escapedBytes(text: string): string {
  return /[^\x20-\x7e]|["\\]/.test(text) ? text.replace(/[^\x20-\x7e]|["\\]/g, code) : text
}

function code(char: string): string {
  if (char === '"' || char === '\\') return `\\${char}`
  const hex = char.charCodeAt(0).toString(16)
  return hex.length > 2 ? `\\u${hex.padStart(4, '0')}` : `\\x${hex.padStart(2, '0')}`
}
