import { mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The file in which workers say what they have imported (python/dram/dialects/dev.py writes it). */
export class ImportsFile {
  readonly path: string
  readonly #folder: string
  #last: readonly string[] = []

  constructor() {
    this.#folder = mkdtempSync(join(realpathSync(tmpdir()), 'dram-dev-'))
    this.path = join(this.#folder, 'imports.json')
  }

  /** Absolute paths; what was said before, while nothing new can be read. */
  read(): readonly string[] {
    try {
      this.#last = JSON.parse(readFileSync(this.path, 'utf8')) as string[]
    } catch {
      // nothing was loaded yet
    }
    return this.#last
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}
