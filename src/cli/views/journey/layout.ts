import { type Look, painted, type Style } from '../grid.ts'
import { ageText, clipped, widthOf } from '../words.ts'

/** Times stand in it. */
export const GUTTER = 11
/** What does not fit in a line goes on a little to the right. */
const HANG = '  '
/** Less room than this is none: then lines are as long as they are. */
const LEAST_COLUMNS = 30

/** A line to be laid out: the time it belongs to, if it has one, and what happened. */
export interface Row {
  readonly atMs?: number | undefined
  readonly text: string
  readonly style?: Style
  /** Stands before it. */
  readonly margin?: string
  /** The same for its further lines, as wide; left out: the same again. */
  readonly moreMargin?: string
  /** Bytes are broken anywhere, words between them. */
  readonly isBytes?: boolean
  /** From the left edge: what needs the whole width. */
  readonly isWide?: boolean
}

export interface Section {
  readonly name: string
  /** What it is about, in a few words. */
  readonly about: string
  readonly rows: readonly Row[]
}

/** A sentence, as wide as the terminal. */
export function sentenceLines(text: string, style: Style, look: Look): string[] {
  return brokenWords(text, roomOf(look, 0)).map((line, at) =>
    painted(at === 0 ? line : HANG + line, style, look.colors),
  )
}

export function sectionLines({ name, about, rows }: Section, look: Look): string[] {
  const [first = '', ...rest] = brokenWords(about, roomOf(look, name.length + 2))
  const head = `${painted(name, 'bold', look.colors)}  ${painted(first, 'dim', look.colors)}`
  const more = rest.map((line) => ' '.repeat(name.length + 2) + painted(line, 'dim', look.colors))
  return ['', head, ...more, ...rows.flatMap((row) => rowLines(row, look))]
}

function rowLines(
  { atMs, text, style = 'plain', margin = '', moreMargin = margin, isBytes, isWide }: Row,
  look: Look,
): string[] {
  if (isWide) return [look.columns === null ? text : clipped(text, look.columns)]
  const broken = isBytes ? brokenAnywhere : brokenWords
  const lines = broken(text, roomOf(look, GUTTER + widthOf(margin)))
  return lines.map((line, at) => {
    const time = at === 0 && atMs !== undefined ? timeText(atMs) : ''
    const left = time.padStart(GUTTER - 2).padEnd(GUTTER)
    const hang = isBytes || at === 0 ? '' : HANG
    return `${painted(left, 'dim', look.colors)}${at === 0 ? margin : moreMargin}${hang}${painted(line, style, look.colors)}`.trimEnd()
  })
}

/** Columns right of what stands before; Infinity where nothing is broken. */
export function roomOf({ columns }: Look, before: number): number {
  return columns === null ? Number.POSITIVE_INFINITY : Math.max(LEAST_COLUMNS - GUTTER, columns - before)
}

/** `0.21 ms`, `12.3 ms`, `340 ms`, `4.2 s`. */
export function timeText(ms: number): string {
  if (ms < 10) return `${Math.max(0, ms).toFixed(2)} ms`
  return ms < 100 ? `${ms.toFixed(1)} ms` : ageText(ms)
}

/** Between words; a word that is too long is broken where the line ends. Further lines leave room for their hang. */
function brokenWords(text: string, room: number): string[] {
  const lines: string[] = []
  let line = /^ */.exec(text)![0]
  let isFresh = true
  for (const word of text.trimStart().split(' ')) {
    const limit = lines.length === 0 ? room : room - HANG.length
    const joined = isFresh ? line + word : `${line} ${word}`
    if (widthOf(joined) <= limit) {
      line = joined
      isFresh = false
      continue
    }
    if (!isFresh) lines.push(line)
    const pieces = brokenAnywhere(isFresh ? line + word : word, room - HANG.length)
    lines.push(...pieces.slice(0, -1))
    line = pieces.at(-1) ?? ''
    isFresh = false
  }
  return [...lines, line]
}

/** What is written out for one byte stays together. */
const PIECES = /\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|[rnt])|./gsu

function brokenAnywhere(text: string, room: number): string[] {
  if (widthOf(text) <= room) return [text]
  const lines: string[] = []
  let line = ''
  for (const [piece] of text.matchAll(PIECES)) {
    if (widthOf(line + piece) > room) {
      lines.push(line)
      line = ''
    }
    line += piece
  }
  return [...lines, line]
}
