import { TCHAR } from './grammar.ts'
import { Refusal } from './refusal.ts'

// RFC 9112 §7.1 and §7.1.1: whitespace stands only around the ; and = of an extension.
const TOKEN = `[${TCHAR}]+`
const QUOTED = '"(?:[\\t \\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t\\x20-\\x7e\\x80-\\xff])*"'
const EXTENSION = `[ \\t]*;[ \\t]*${TOKEN}(?:[ \\t]*=[ \\t]*(?:${TOKEN}|${QUOTED}))?`
const EXTENSIONS = new RegExp(`^(?:${EXTENSION})*$`)
const SIZE = /^[0-9A-Fa-f]{1,16}(?=[ \t;]|$)/

/** The size in bytes that a chunk's first line, given without its CRLF, announces. Extensions are checked and dropped. */
export function readChunkLine(line: string): number {
  const [digits] = SIZE.exec(line) ?? []
  const size = digits === undefined ? Number.NaN : Number.parseInt(digits, 16)
  if (!Number.isSafeInteger(size)) throw new Refusal('CHUNK_MALFORMED', 'its size is not a hexadecimal number')
  if (digits!.length < line.length && !EXTENSIONS.test(line.slice(digits!.length))) {
    throw new Refusal('CHUNK_MALFORMED', 'its extension is not ;NAME=VALUE')
  }
  return size
}
