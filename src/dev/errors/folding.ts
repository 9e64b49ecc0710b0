/** Where packages are installed, and Python's own library. */
const INSTALLED = /(?<=[\\/])(?:site-packages|dist-packages|lib(?:64)?[\\/]python\d[\d.]*t?)[\\/]+(?=([^\\/]+))/g
const FROZEN = /^<frozen ([\w]+)/

/** The package that a file belongs to, `flask`; null: it is the application's own. */
export function packageOf(file: string): string | null {
  const frozen = FROZEN.exec(file)
  if (frozen !== null) return frozen[1]!
  const found = [...file.matchAll(INSTALLED)].at(-1)
  return found === undefined ? null : found[1]!.replace(/\.\w+$/, '')
}

/** `14 frames in flask, werkzeug` */
export function foldedText(files: readonly string[], count = files.length): string {
  const packages = [...new Set(files.map((file) => packageOf(file) ?? file))]
  return `${count} frame${count === 1 ? '' : 's'} in ${packages.join(', ')}`
}

/** Neighbors of one kind, together. */
export function runsOf<T>(items: readonly T[], kindOf: (item: T) => unknown): T[][] {
  const runs: T[][] = []
  for (const item of items) {
    const last = runs.at(-1)
    if (last !== undefined && kindOf(last[0]!) === kindOf(item)) last.push(item)
    else runs.push([item])
  }
  return runs
}
