/** Words in lines of at most `width` characters; a longer word has a line to itself. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

/** Two columns, the second wrapped; a first cell that is too wide has a line to itself. */
export function twoColumns(rows: readonly (readonly [string, string])[], first: number, width: number): string {
  const margin = ' '.repeat(first)
  return rows
    .map(([left, right]) => {
      const [head, ...rest] = wrap(right, Math.max(30, width - first))
      const start = left.length + 2 <= first ? left.padEnd(first) + head : `${left}\n${margin}${head}`
      return [start, ...rest.map((line) => margin + line)].join('\n')
    })
    .join('\n')
}

/** Cells in columns as wide as their widest cell. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
