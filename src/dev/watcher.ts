import { type FSWatcher, watch } from 'chokidar'
import { ownOutput } from './ownOutput.ts'
import { isInside, isNamed, isWatched, type Relevance, relevanceOf, type Sources } from './relevance.ts'
import { Settling } from './settling.ts'
import { stampOf } from './stamps.ts'

/** chokidar says nothing of another change of the same file so soon after one; what formats on saving is as fast. */
const DEAF_MS = 50

/** Changes that came together, and what follows from the weightiest of them. */
export interface Change {
  readonly relevance: 'reload' | 'refresh'
  /** Those that matter, absolute. */
  readonly paths: readonly string[]
}

/** Watches the files of an application, and tells of changes that matter. */
export class Watcher {
  readonly #sources: () => Sources
  readonly #told: (change: Change, sources: Sources) => void
  readonly #watcher: FSWatcher
  readonly #isOwnOutput = ownOutput()
  readonly #settling = new Settling<string>()
  #timer: NodeJS.Timeout | null = null
  readonly #second = new Set<NodeJS.Timeout>()

  /** `sources` is asked anew at each change, which is told with what it was judged by. */
  constructor(folder: string, sources: () => Sources, told: (change: Change, sources: Sources) => void) {
    this.#sources = sources
    this.#told = told
    const { patterns } = sources()
    const ignored = (path: string): boolean => !isWatched(folder, path) && !isNamed(path, patterns)
    // Once: what appears in a folder while it is added again is taken for old.
    const elsewhere = patterns.map(({ base }) => base).filter((base) => !isInside(folder, base))
    this.#watcher = watch([folder, ...elsewhere], { ignoreInitial: true, ignored })
    this.#watcher.on('all', (event, path) => {
      if (event !== 'addDir' && event !== 'unlinkDir') this.#changed(path)
    })
    this.#watcher.on('error', () => {}) // a folder that can't be read holds nothing that could be loaded
    this.watchOutside()
  }

  /** Resolves once everything is watched. */
  get ready(): Promise<void> {
    return new Promise((resolve) => this.#watcher.once('ready', () => resolve()))
  }

  /** The files that lie elsewhere, by what is known now. */
  watchOutside(): void {
    const { folder, imported, named } = this.#sources()
    const outside = [...imported, ...named].filter((path) => !isInside(folder, path))
    if (outside.length > 0) this.#watcher.add(outside)
  }

  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    for (const timer of this.#second) clearTimeout(timer)
    await this.#watcher.close()
  }

  #changed(path: string): void {
    const nowMs = performance.now()
    this.#settling.add(path, nowMs)
    this.#timer ??= setTimeout(this.#look, this.#settling.dueMs - nowMs)
  }

  readonly #look = (): void => {
    this.#timer = null
    const nowMs = performance.now()
    const paths = this.#settling.take(nowMs)
    if (paths.length > 0) this.#judge(paths)
    else this.#timer = setTimeout(this.#look, this.#settling.dueMs - nowMs)
  }

  #judge(paths: readonly string[]): void {
    const sources = this.#sources()
    const judged = paths.map((path): [string, Relevance] => [path, relevanceOf(path, sources)])
    const relevant = judged.filter(([path, relevance]) => relevance !== 'none' && !this.#isOwnOutput(path))
    if (relevant.length === 0) return
    this.#lookAgain(relevant.map(([path]) => path))
    const relevance = relevant.some(([, one]) => one === 'reload') ? 'reload' : 'refresh'
    this.#told({ relevance, paths: relevant.map(([path]) => path) }, sources)
  }

  /** For what changes after these have been read, while nothing is said of it. */
  #lookAgain(paths: readonly string[]): void {
    const stamps = paths.map((path): [string, string] => [path, stampOf(path)])
    const timer = setTimeout(() => {
      this.#second.delete(timer)
      for (const [path, stamp] of stamps) if (stampOf(path) !== stamp) this.#changed(path)
    }, DEAF_MS)
    this.#second.add(timer)
  }
}
