import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { usage } from '../options.ts'

const STDIN = 0

/** Of a file, relative to `folder`, or of standard input (`-`). @throws Fault USAGE */
export function readBytes(path: string, folder: string): Buffer {
  try {
    return readFileSync(path === '-' ? STDIN : resolve(folder, path))
  } catch (error) {
    throw usage(`cannot read ${path}: ${(error as Error).message}`)
  }
}

/** A log of our own, of which one reads what the application has printed. */
export class PrivateLog {
  readonly #folder = mkdtempSync(join(tmpdir(), 'dram-explain-'))

  constructor() {
    process.once('exit', this.#abandon)
  }

  get path(): string {
    return join(this.#folder, 'log')
  }

  /** All of its lines. */
  read(): readonly string[] {
    return existsSync(this.path) ? readFileSync(this.path, 'utf8').split('\n') : []
  }

  remove(): void {
    process.removeListener('exit', this.#abandon)
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** A bug has ended the process: what was told of it is all that there is to show. */
  readonly #abandon = (): void => {
    process.stderr.write(this.read().join('\n'))
    this.remove()
  }
}
