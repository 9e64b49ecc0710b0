import { stripVTControlCharacters } from 'node:util'

/** A name, and the lines that belong to it, each of pieces that are never parted: a broken link leads nowhere. */
export type Row = readonly [name: string, lines: readonly (readonly string[])[]]

const INDENT = '  '
const GAP = '   '

/**
 * Rows in two columns. A line that would not fit there begins below its name, further left, and goes on in lines of its
 * own where its pieces allow. Rows without lines are left out.
 * @param columns of the terminal; pieces may be colored
 */
export function rowsText(rows: readonly Row[], columns: number, paintName: (name: string) => string): string {
  const filled = rows.filter(([, lines]) => lines.length > 0)
  const nameColumns = Math.max(0, ...filled.map(([name]) => name.length))
  const room = columns - INDENT.length
  const shown = ([name, lines]: Row): string[] =>
    lines.flatMap((pieces, at) => {
      const head = at === 0 ? paintName(name) + ' '.repeat(nameColumns - name.length) : ' '.repeat(nameColumns)
      const line = pieces.join(GAP)
      if (nameColumns + GAP.length + widthOf(line) <= room) return [`${head}${GAP}${line}`]
      return [...(at === 0 ? [paintName(name)] : []), ...wrapped(pieces, room)]
    })
  return filled
    .flatMap(shown)
    .map((line) => `${INDENT}${line}\n`)
    .join('')
}

function wrapped(pieces: readonly string[], columns: number): string[] {
  const lines: string[] = []
  for (const piece of pieces) {
    const longer = `${lines.at(-1) ?? ''}${GAP}${piece}`
    if (lines.length > 0 && widthOf(longer) <= columns) lines[lines.length - 1] = longer
    else lines.push(piece)
  }
  return lines
}

function widthOf(text: string): number {
  return stripVTControlCharacters(text).length
}
