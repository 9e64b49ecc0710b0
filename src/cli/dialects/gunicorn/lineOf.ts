/** The line of a Python file that sets a name last, as far as a look at the text can tell; null: none does. */
export function lineOf(text: string, name: string): number | null {
  const sets = new RegExp(
    `^(?:\\s*${name}\\s*(?::[^=]*)?=(?!=)|\\s*(?:async\\s+)?def\\s+${name}\\s*\\(|\\s*class\\s+${name}\\b)`,
  )
  const at = text.split('\n').findLastIndex((line) => sets.test(line))
  return at < 0 ? null : at + 1
}
