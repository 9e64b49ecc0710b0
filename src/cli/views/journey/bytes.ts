import type { RecordedBytes } from '../../../dev/inspector/journey.ts'
import { printable } from '../words.ts'
import type { Row } from './layout.ts'

const CR = 0x0d
const LF = 0x0a
/** Stands before each line of bytes, and before what the terminal's edge has cut off of one. */
const EDGE = '| '
const MORE_EDGE = ': '
/** Of one direction more is not shown. */
const MOST_SHOWN_BYTES = 2048
/** In a row of a hex dump: two of them make the 16 that everybody knows, one fits a narrow terminal. */
const HALF_ROW_BYTES = 8
const HEX_ROW_COLUMNS = 6 + 3 * 2 * HALF_ROW_BYTES + 1 + 2 * HALF_ROW_BYTES

const UTF8 = new TextDecoder('utf-8', { fatal: true })
const NAMED: Readonly<Record<string, string>> = { '\r': '\\r', '\n': '\\n', '\t': '\\t' }

/** All of them together. */
export function joined({ pieces }: RecordedBytes): Buffer {
  return Buffer.concat(pieces.map(({ bytes }) => Buffer.from(bytes, 'base64')))
}

/** The bytes as they came or left: a row for each line of each piece. `notes`: what is said beside the line that begins there. */
export function bytesRows(
  recorded: RecordedBytes,
  verb: 'came' | 'left',
  notes: ReadonlyMap<number, string> = new Map(),
): Row[] {
  const rows: Row[] = []
  let offset = 0
  for (const [at, piece] of recorded.pieces.entries()) {
    const bytes = Buffer.from(piece.bytes, 'base64')
    const shown = bytes.subarray(0, Math.max(0, MOST_SHOWN_BYTES - offset))
    const apart = at > 0 ? ', apart from those before' : ''
    rows.push({ atMs: piece.atMs, text: `${countText(bytes.length)} ${verb}${apart}` })
    rows.push(...linesOf(shown, offset, notes))
    if (shown.length < bytes.length)
      rows.push({ text: `… and ${countText(bytes.length - shown.length)} more`, style: 'dim' })
    offset += bytes.length
  }
  if (recorded.dropped > 0) rows.push({ text: `${countText(recorded.dropped)} more were not kept`, style: 'dim' })
  return rows
}

export function countText(bytes: number): string {
  return bytes === 1 ? '1 byte' : `${bytes} bytes`
}

function linesOf(bytes: Buffer, offset: number, notes: ReadonlyMap<number, string>): Row[] {
  const rows: Row[] = []
  for (let start = 0; start < bytes.length; ) {
    const feed = bytes.indexOf(LF, start)
    const end = feed < 0 ? bytes.length : feed + 1
    const note = notes.get(offset + start)
    const text = textOf(bytes.subarray(start, end))
    rows.push({
      margin: EDGE,
      moreMargin: MORE_EDGE,
      text: note === undefined ? text : `${text}   <- ${note}`,
      isBytes: true,
    })
    start = end
  }
  return rows
}

/** Bytes as text: UTF-8 where it is, with all that can't be seen written out. */
export function textOf(bytes: Buffer): string {
  try {
    return visible(UTF8.decode(bytes))
  } catch {
    return Array.from(bytes, byteText).join('')
  }
}

function visible(text: string): string {
  return printable(text.replace(/[\r\n\t]/g, (char) => NAMED[char]!))
}

function byteText(byte: number): string {
  if (byte > 0x7e) return `\\x${byte.toString(16)}`
  return visible(String.fromCharCode(byte))
}

/** The line with the byte at `at` in it and a caret below, then the same as a hex dump. `at` may be where the bytes end. */
export function pointedRows(bytes: Buffer, at: number, columns: number | null): Row[] {
  return [...caretRows(bytes, at, columns), ...hexRows(bytes, at, columns)]
}

/** So much of its line stands on each side of a byte: on a narrow terminal less. */
const AROUND_COLUMNS = 28
const NARROW_AROUND_COLUMNS = 9

function caretRows(bytes: Buffer, at: number, columns: number | null): Row[] {
  const room = columns !== null && columns < HEX_ROW_COLUMNS ? NARROW_AROUND_COLUMNS : AROUND_COLUMNS
  const lineStart = at === 0 ? 0 : bytes.lastIndexOf(LF, at - 1) + 1
  const feed = bytes.indexOf(LF, at)
  const lineEnd = feed < 0 ? bytes.length : feed + 1
  let start = at
  for (let left = room; start > lineStart && left > 0; start--) left -= byteText(bytes[start - 1]!).length
  let end = at
  for (let left = room; end < lineEnd && left > 0; end++) left -= byteText(bytes[end]!).length
  const before = (start > lineStart ? '… ' : '') + spelled(bytes, start, at)
  const after = spelled(bytes, at, end) + (end < lineEnd ? ' …' : '')
  const width = at < bytes.length ? byteText(bytes[at]!).length : 1
  return [
    { margin: EDGE, text: before + after, isBytes: true },
    { margin: EDGE, text: `${' '.repeat(before.length)}${'^'.repeat(width)} byte ${at}`, style: 'red', isBytes: true },
  ]
}

function spelled(bytes: Buffer, start: number, end: number): string {
  return Array.from(bytes.subarray(start, end), byteText).join('')
}

function hexRows(bytes: Buffer, at: number, columns: number | null): Row[] {
  const perRow = columns !== null && columns < HEX_ROW_COLUMNS ? HALF_ROW_BYTES : 2 * HALF_ROW_BYTES
  const middle = Math.floor(at / perRow) * perRow
  const rows: Row[] = []
  for (let start = Math.max(0, middle - perRow); start <= Math.min(bytes.length, middle + perRow); start += perRow) {
    const row = bytes.subarray(start, start + perRow)
    if (row.length > 0) rows.push({ text: hexRow(row, start, perRow), isWide: true })
    if (start === middle) rows.push({ text: `${' '.repeat(6 + 3 * (at - start))}^^`, style: 'red', isWide: true })
  }
  return rows
}

function hexRow(bytes: Buffer, start: number, perRow: number): string {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')
  const text = Array.from(bytes, (byte) => (byte > 0x1f && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
  return `${String(start).padStart(4)}  ${hex.padEnd(3 * perRow)} ${text}`
}

/** Where the lines of chunked framing begin in an answer (RFC 9112 §7.1), and what each says. */
export function chunkNotes(answer: Buffer): Map<number, string> {
  const notes = new Map<number, string>()
  const headEnd = answer.indexOf('\r\n\r\n')
  for (let at = headEnd + 4; headEnd >= 0 && at < answer.length; ) {
    const lineEnd = answer.indexOf('\r\n', at)
    const size = lineEnd < 0 ? Number.NaN : Number.parseInt(answer.latin1Slice(at, lineEnd), 16)
    if (Number.isNaN(size)) break
    notes.set(at, size === 0 ? 'the last chunk' : `a chunk of ${countText(size)}`)
    if (size === 0) break
    at = lineEnd + 2 + size
    // The CRLF behind the data belongs to the line that the data ends in, unless that ended with LF itself.
    if (answer[at - 1] === LF && answer[at] === CR) notes.set(at, 'its end')
    at += 2
  }
  return notes
}
