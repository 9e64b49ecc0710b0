import { Fault } from '../../faults/fault.ts'

/** The words of a line as Python's shlex.split finds them. Faults: USAGE, where a quote is left open. `name`: whose line it is. */
export function shellWords(line: string, name: string): string[] {
  const words: string[] = []
  let word: string | null = null
  let quote = ''
  for (let at = 0; at < line.length; at++) {
    const char = line[at]!
    if (quote === "'") {
      if (char === "'") quote = ''
      else word += char
    } else if (char === '\\') {
      const next = line[++at]
      if (next === undefined) throw new Fault('USAGE', { detail: `${name} ends with a backslash` })
      // In double quotes it is a backslash unless it hides a quote or itself.
      word = (word ?? '') + (quote === '"' && next !== '"' && next !== '\\' ? `\\${next}` : next)
    } else if (quote === '"') {
      if (char === '"') quote = ''
      else word += char
    } else if (char === '"' || char === "'") {
      quote = char
      word ??= ''
    } else if (/[ \t\r\n]/.test(char)) {
      if (word !== null) words.push(word)
      word = null
    } else word = (word ?? '') + char
  }
  if (quote !== '') throw new Fault('USAGE', { detail: `${name} has no closing ${quote}` })
  return word === null ? words : [...words, word]
}
