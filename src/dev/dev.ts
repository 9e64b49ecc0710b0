import type { Attendant, Attended, DressTrace, ReloadOutcome } from '../events/attendant.ts'
import type { SignalName } from '../events/signals.ts'
import { Fault } from '../faults/fault.ts'
import { Deferred } from '../supervisor/deferred.ts'
import { Beside } from './beside.ts'
import { Reload } from './browser/reload.ts'
import { forgetBytecode } from './bytecode.ts'
import { trimmed } from './errors/trace.ts'
import { Imports } from './imports.ts'
import { Lending } from './lending.ts'
import { type Pattern, patternOf } from './patterns.ts'
import type { Sources } from './relevance.ts'
import { Restless } from './restless.ts'
import { Screen } from './screen.ts'
import { changedSince } from './stamps.ts'
import { Warmth } from './warmth/warmth.ts'
import { type Change, Watcher } from './watcher.ts'

export { editorLink } from './errors/editor.ts'
export { Beside, Reload, Screen, Warmth }

export interface DevOptions {
  /** Null: the requests are left alone. */
  readonly beside: Beside | null
  /** The folder the application runs in, absolute. */
  readonly folder: string
  /** Files that count besides what is imported, absolute. */
  readonly named: ReadonlySet<string>
  /** Patterns of files that count as well, absolute. */
  readonly watch: readonly string[]
  /** Null: nothing is shown. */
  readonly screen: Screen | null
  /** Null: every load is cold. */
  readonly warmth: Warmth | null
  /** A browser is to be opened at the start. */
  readonly opens: boolean
}

/** `dram dev`: reloads the application when a file of it changes, and says so. */
export class Dev implements Attendant<Beside> {
  readonly bystander: Beside | null
  readonly dressTrace: DressTrace | null
  readonly showsLoads: boolean
  readonly #options: DevOptions
  readonly #screen: Screen | null
  /** Changes from here on may have been missed until everything is watched. */
  readonly #sinceWallMs = Date.now()
  readonly #lending: Lending
  readonly #patterns: readonly Pattern[]
  #server: Attended | null = null
  #imports: Imports | null = null
  #watcher: Watcher | null = null
  #isBroken = false
  /** The server stops: what changes now is nobody's business. */
  #isLeaving = false
  /** A change has come that was not loaded yet. */
  #isStale = false
  /** Files that have changed since the last load began. */
  readonly #changedPaths: string[] = []
  /** Who wants to hear what comes of the next load. */
  readonly #asking: Deferred<ReloadOutcome>[] = []
  #reloading: Promise<void> | null = null
  readonly #restless = new Restless()
  readonly #restlessAssets = new Restless()
  #refreshedMs = Number.NEGATIVE_INFINITY
  #loadedMs = Number.NEGATIVE_INFINITY

  constructor(options: DevOptions) {
    this.#options = options
    this.#patterns = options.watch.map(patternOf)
    this.#screen = options.screen
    this.bystander = options.beside
    this.dressTrace = options.screen === null ? null : trimmed
    this.showsLoads = options.screen !== null
    const screen = (): Screen | null => this.#screen
    const server = (): Attended => this.#server!
    this.#lending = new Lending({
      get refusal() {
        return screen()?.hasTerminal ? null : 'the server has no terminal to lend'
      },
      lend: async () => {
        await server().silence(true)
        screen()?.lend()
      },
      takeBack: async (isAsItWas) => {
        screen()?.takeBack(isAsItWas)
        await server().silence(false)
      },
    })
  }

  async arrive(server: Attended): Promise<void> {
    this.#server = server
    if (this.#screen !== null) await this.#lending.open(server.runtimeFolder)
  }

  /** Ctrl-C is the debugger's while that has the terminal. */
  diverts(signal: SignalName): boolean {
    return signal === 'SIGINT' && this.#lending.isLent
  }

  async begin(server: Attended, fault: Fault | null): Promise<void> {
    const { beside, folder, screen, opens } = this.#options
    if (beside !== null) beside.recorder.worker = () => server.facts
    this.#imports = new Imports(server.runtimeFolder)
    this.#isBroken = fault !== null
    this.#options.warmth?.begin(server.runtimeFolder)
    const sources = (): Sources => this.#sources()
    this.#watcher = new Watcher(folder, sources, (...told) => this.#changed(...told))
    await this.#watcher.ready
    if (this.#isLeaving) return // it took so long that somebody has stopped it
    const { imported, named } = this.#sources()
    const linkTo = (address: string, path: string): string => beside?.linkTo(address, path) ?? address + path
    const linkOnce = (address: string, path: string): string => beside?.linkOnce(address, path) ?? address + path
    screen?.ready({ server, isBroken: this.#isBroken, watched: imported.size, linkTo, linkOnce })
    screen?.listen({ reload: () => this.#reloadAll(), quit: () => server.stop() })
    if (opens) screen?.openBrowser()
    if (fault === null) this.#options.warmth?.learn()
    const missed = changedSince([...imported, ...named], this.#sinceWallMs)
    if (missed.length > 0) this.#reload(missed)
  }

  /** As the key does: a signal or an operator that asks for it is to make no other difference. */
  reload(): Promise<ReloadOutcome> {
    const asking = new Deferred<ReloadOutcome>()
    this.#asking.push(asking)
    this.#reloadAll()
    return asking.promise
  }

  leave(): void {
    this.#isLeaving = true
    void this.#watcher?.close()
    this.bystander?.leave()
  }

  async end(): Promise<void> {
    await this.#lending.close()
    this.#screen?.close()
    await this.#watcher?.close()
    await this.#reloading
    const stops = new Fault('RELOAD_CANCELLED', { detail: 'the server stops' })
    for (const asking of this.#asking.splice(0)) asking.reject(stops)
    this.#options.warmth?.end()
  }

  #sources(): Sources {
    const { folder, named } = this.#options
    return {
      folder,
      imported: new Set(this.#imports?.read()),
      isBroken: this.#isBroken || (this.bystander?.hasFailed ?? false),
      named,
      patterns: this.#patterns,
    }
  }

  #changed({ relevance, paths }: Change, sources: Sources): void {
    if (relevance === 'reload') return this.#filesChanged(paths, sources)
    this.#refresh(paths)
  }

  /** Nothing that a page view writes each time it is refreshed (images, bundles) may keep a browser busy. */
  #refresh(paths: readonly string[]): void {
    const nowMs = performance.now()
    const { counted, given } = this.#restlessAssets.judge(paths, nowMs, nowMs - this.#refreshedMs)
    this.#refreshedMs = nowMs
    if (given.length > 0) this.#screen?.gaveUp(given)
    if (counted.length === 0) return
    this.#screen?.changed(counted)
    this.bystander?.reload?.refreshed(counted)
  }

  #filesChanged(paths: readonly string[], { imported, named }: Sources): void {
    const nowMs = performance.now()
    const isCode = (path: string): boolean => imported.has(path) || named.has(path)
    const code = paths.filter(isCode)
    const others = paths.filter((path) => !isCode(path))
    const sinceLoadMs = this.#reloading === null ? nowMs - this.#loadedMs : 0
    const { counted, given } = this.#restless.judge(others, nowMs, sinceLoadMs)
    if (given.length > 0) this.#screen?.gaveUp(given)
    if (code.length + counted.length > 0) this.#reload([...code, ...counted])
  }

  /** Everything from the files, also what was kept warm. */
  #reloadAll(): void {
    this.#options.warmth?.forget()
    this.#reload([])
  }

  /** One at a time; what changes meanwhile is loaded after it, and requests wait for the last. */
  #reload(paths: readonly string[]): void {
    if (this.#isLeaving) return
    const server = this.#server!
    if (paths.length > 0) this.#screen?.changed(paths)
    if (!this.#lending.isLent) server.hold(true)
    this.#isStale = true
    this.#changedPaths.push(...paths)
    this.#reloading ??= this.#reloadUntilFresh(server).finally(() => {
      this.#reloading = null
      this.#loadedMs = performance.now()
      server.hold(false)
    })
  }

  async #reloadUntilFresh(server: Attended): Promise<void> {
    while (this.#isStale) {
      await this.#lending.free() // what a debugger stands in is not to be ended
      if (this.#isLeaving) return
      server.hold(true)
      this.#isStale = false
      const begunMs = performance.now()
      const fault = await this.#load(server, this.#asking.splice(0))
      if (this.#isLeaving || fault?.code === 'RELOAD_CANCELLED') return
      this.#isBroken = fault !== null
      if (this.bystander !== null) this.bystander.hasFailed = false
      server.standIn(fault)
      this.#watcher?.watchOutside()
      if (fault === null) this.#screen?.loaded(performance.now() - begunMs)
      else this.#screen?.broken()
    }
    this.bystander?.reload?.changed()
  }

  /** `asking` hear what came of it, or of its last attempt. */
  async #load(server: Attended, asking: readonly Deferred<ReloadOutcome>[]): Promise<Fault | null> {
    let last: Promise<ReloadOutcome> = Promise.reject(new Fault('INTERNAL', { detail: 'nothing was loaded' }))
    last.catch(() => {})
    const load = (): Promise<Fault | null> => {
      last = server.load()
      return attempt(() => last.then(() => null))
    }
    const fault = await attempt(async () => {
      forgetBytecode(this.#changedPaths.splice(0)) // only now: a load that has just ended may have written some
      return this.#options.warmth?.load(load) ?? load()
    })
    for (const one of asking)
      last.then(
        (outcome) => one.resolve(outcome),
        (error: Error) => one.reject(error),
      )
    return fault
  }
}

/**
 * The fault it ended with, if it did: of a reload, what made it fail. A mistake of ours is one, too: who develops is to
 * see it, and goes on.
 */
async function attempt(deed: () => Promise<Fault | null>): Promise<Fault | null> {
  try {
    return await deed()
  } catch (error) {
    if (error instanceof Fault) return error.cause instanceof Fault ? error.cause : error
    return new Fault('INTERNAL', { detail: String(error) }, error instanceof Error ? error.stack : '')
  }
}
