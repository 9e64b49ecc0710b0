import { Fault } from '../faults/fault.ts'

const ASSIGNMENT = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*=\s*(.*)$/
const SINGLE = /^'([^']*)'\s*(?:#.*)?$/
const DOUBLE = /^"((?:[^"\\]|\\.)*)"\s*(?:#.*)?$/
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }

/**
 * The variables of a file of KEY=VALUE lines. Blank lines and comments are left out, `export` may come first.
 * Single quotes keep everything, double quotes know backslashes, without quotes ` #` begins a comment.
 */
export function readEnvFile(path: string, text: string): Record<string, string> {
  const pairs = text.split(/\r?\n/).flatMap((line, index) => {
    const trimmed = line.replace(/^\ufeff/, '').trim()
    return trimmed === '' || trimmed.startsWith('#') ? [] : [readLine(trimmed, `${path}, line ${index + 1}`)]
  })
  return Object.fromEntries(pairs)
}

function readLine(line: string, where: string): [name: string, value: string] {
  const [, name, rest] = ASSIGNMENT.exec(line) ?? []
  const value = rest === undefined ? null : readValue(rest)
  if (name === undefined || value === null) {
    const what = name === undefined ? 'this is not KEY=VALUE' : `the value of ${name} is not quoted rightly`
    throw new Fault('SETTING_INVALID', { detail: `${where}: ${what}` }) // the line itself may be a secret
  }
  return [name, value]
}

function readValue(text: string): string | null {
  const single = SINGLE.exec(text)
  if (single) return single[1]!
  const double = DOUBLE.exec(text)
  if (double) return double[1]!.replace(/\\(.)/g, (_, char: string) => ESCAPES[char] ?? char)
  if (/^['"]/.test(text) || text.includes('\0')) return null
  return text.replace(/(?:^|\s+)#.*$/, '').trimEnd()
}
