import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The files that an application has imported, as its workers have written them down (python/dram/imports.py). */
export class Imports {
  readonly #path: string
  #last: readonly string[] = []

  /** @param folder the server's runtime folder */
  constructor(folder: string) {
    this.#path = join(folder, 'imports.json')
  }

  /** Absolute paths; what was said before, while nothing new can be read. */
  read(): readonly string[] {
    try {
      this.#last = JSON.parse(readFileSync(this.#path, 'utf8')) as string[]
    } catch {
      // nothing was loaded yet
    }
    return this.#last
  }
}
