/** The candidate most like `word`, or null if none is near enough to be what was meant. */
export function nearest(word: string, candidates: Iterable<string>): string | null {
  let best: string | null = null
  let bestSteps = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const candidate of candidates) {
    const steps = editDistance(word, candidate)
    if (steps < bestSteps) [best, bestSteps] = [candidate, steps]
  }
  return best
}

/** Insertions, deletions, replacements and swaps of neighbors that turn one word into the other (restricted Damerau–Levenshtein). */
export function editDistance(from: string, to: string): number {
  let before: number[] = []
  let above = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let row = 1; row <= from.length; row++) {
    const current = [row]
    for (let column = 1; column <= to.length; column++) {
      const replaced = above[column - 1]! + (from[row - 1] === to[column - 1] ? 0 : 1)
      let least = Math.min(above[column]! + 1, current[column - 1]! + 1, replaced)
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]
      if (swapped) least = Math.min(least, before[column - 2]! + 1)
      current.push(least)
    }
    ;[before, above] = [above, current]
  }
  return above[to.length]!
}
