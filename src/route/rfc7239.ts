/** One hop of a Forwarded header: parameter names in lower case, values without their quotes. */
export type ForwardedElement = ReadonlyMap<string, string>

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const QUOTED = '"((?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t\\x20-\\x7e\\x80-\\xff])*)"'
const PAIR = new RegExp(`(${TOKEN})=(?:(${TOKEN})|${QUOTED})`, 'y')
const SEPARATOR = /[ \t]*([;,])[ \t]*/y

/** Reads a Forwarded header (RFC 7239 §4), its lines joined; null if it is malformed. Empty elements are left out. */
export function parseForwarded(text: string): ForwardedElement[] | null {
  const elements: Map<string, string>[] = []
  let element = new Map<string, string>()
  let at = 0
  while (at < text.length) {
    const pair = match(PAIR, text, at)
    if (pair) {
      const name = pair[1]!.toLowerCase()
      if (element.has(name)) return null
      element.set(name, pair[2] ?? pair[3]!.replace(/\\(.)/g, '$1'))
      at += pair[0].length
      if (at === text.length) break
    }
    const separator = match(SEPARATOR, text, at)
    if (!separator) return null
    at += separator[0].length
    if (separator[1] === ',') {
      if (element.size > 0) elements.push(element)
      element = new Map()
    }
  }
  if (element.size > 0) elements.push(element)
  return elements
}

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at
  return pattern.exec(text)
}
