import { clipped, widthOf } from './words.ts'

/** How a view is shown. */
export interface Look {
  /** Width of the terminal; null: it is none, and nothing is cut. */
  readonly columns: number | null
  readonly colors: boolean
}

/** A file or a pipe. */
export const PLAIN: Look = { columns: null, colors: false }

export type Style = 'plain' | 'bold' | 'dim' | 'green' | 'yellow' | 'red'

export type Cell = string | { readonly text: string; readonly style: Style }

const CODES: Readonly<Record<Exclude<Style, 'plain'>, number>> = { bold: 1, dim: 2, green: 32, yellow: 33, red: 31 }
const GAP = '  '

export interface Column {
  readonly title: string
  /** Figures stand to the right. */
  readonly right?: boolean
}

/** A table with its titles. Columns are as wide as their widest cell; what is too wide for the terminal is cut. */
export function grid(columns: readonly Column[], rows: readonly (readonly Cell[])[], look: Look): string[] {
  const titles = columns.map(({ title }): Cell => ({ text: title, style: 'bold' }))
  const all = [titles, ...rows]
  const widths = columns.map((_, at) => Math.max(...all.map((row) => widthOf(textOf(row[at]!)))))
  return all.map((row) => rowLine(row, columns, widths, look))
}

function rowLine(row: readonly Cell[], columns: readonly Column[], widths: readonly number[], look: Look): string {
  const cells = row.map((cell, at): Cell => {
    const text = aligned(textOf(cell), widths[at]!, columns[at]!.right === true, at === row.length - 1)
    return { text, style: styleOf(cell) }
  })
  return styledLine(cells, look, GAP).trimEnd()
}

/** Pieces of one line, cut where the terminal ends. */
export function styledLine(cells: readonly Cell[], { columns, colors }: Look, gap = ''): string {
  let room = columns ?? Number.POSITIVE_INFINITY
  let line = ''
  for (const [at, cell] of cells.entries()) {
    const before = at === 0 ? '' : gap
    const text = clipped(textOf(cell), Math.max(0, room - before.length))
    room -= before.length + widthOf(text)
    line += before + painted(text, styleOf(cell), colors)
  }
  return line
}

function aligned(text: string, width: number, right: boolean, last: boolean): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)))
  return right ? space + text : last ? text : text + space
}

export function painted(text: string, style: Style, colors: boolean): string {
  return !colors || style === 'plain' || text.trim() === '' ? text : `\x1b[${CODES[style]}m${text}\x1b[0m`
}

function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text
}

function styleOf(cell: Cell): Style {
  return typeof cell === 'string' ? 'plain' : cell.style
}

/** A line of text without colors, cut to the terminal. */
export function clipLine(text: string, { columns }: Look): string {
  return columns === null ? text : clipped(text, columns)
}
