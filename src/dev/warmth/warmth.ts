import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Fault } from '../../faults/fault.ts'
import type { TakeInterpreter } from '../../supervisor/interpreter.ts'
import { type Begun, type Packages, WarmZygote, type WarmZygoteOwner } from './warmZygote.ts'

/** So often may a package turn out to have been no help before it is left alone. */
const MOST_STRAYS = 2
/** So often in a row may all of it have been for nothing. */
const MOST_IN_VAIN = 3

type Environment = Readonly<Record<string, string>>
type BeginZygote = (begun: Begun, owner: WarmZygoteOwner) => Pick<WarmZygote, keyof WarmZygote>

/**
 * Makes reloads short: what an application imports of installed packages is learned from a cold start, and imported
 * beforehand by a warm zygote that the next generation comes from. Whatever shows afterwards that a cold start might
 * have gone otherwise makes it be started again, cold.
 */
export class Warmth {
  /** Packages → how often they were warm for nothing. */
  readonly #strays = new Map<string, number>()
  /** Those that have failed their trials. */
  readonly #refused = new Set<string>()
  /** How many warm zygotes or starts in a row were no help. */
  #inVain = 0
  #packagesPath = ''
  #folder = ''
  /** What the last interpreter was asked for with. */
  #asked: { readonly python: string; readonly environment: Environment } | null = null
  #zygote: ReturnType<BeginZygote> | null = null
  /** What the present warm zygote follows from. */
  #key = ''
  #count = 0
  /** The next interpreter may be warm, … */
  #isOffered = false
  /** … and was, of this warm zygote. */
  #taken: ReturnType<BeginZygote> | null = null
  readonly #begin: BeginZygote

  constructor(begin: BeginZygote = (begun, owner) => new WarmZygote(begun, owner)) {
    this.#begin = begin
  }

  /** @param folder the server's runtime folder */
  begin(folder: string): void {
    this.#folder = folder
    this.#packagesPath = join(folder, 'packages.json')
  }

  /** The supervisor's question for an interpreter. */
  readonly take: TakeInterpreter = (python, environment) => {
    const warm = this.#zygote
    const isSame = this.#asked !== null && same(this.#asked, { python, environment })
    this.#asked = { python, environment }
    if (!this.#isOffered || warm === null || !warm.isWarm || !isSame) return null
    this.#taken = warm
    return warm.fork()
  }

  /** Loads by `load`, warm if that can be; again, cold, if that has shown that it couldn't. */
  async load(load: () => Promise<Fault | null>): Promise<Fault | null> {
    const fault = await this.#attempt(load, true)
    const again = this.#taken !== null && (await this.#isDoubtful(this.#taken))
    return this.#learned(again ? await this.#attempt(load, false) : fault)
  }

  /** The application has been loaded, cold or warm: what it imports is imported beforehand from now on. */
  learn(): void {
    const found = this.#read()
    if (found === null || this.#asked === null || this.#inVain >= MOST_IN_VAIN) return
    const wanted = found.packages.filter((name) => (this.#strays.get(name) ?? 0) < MOST_STRAYS)
    // After a warm start they may stand in another order, which follows from the same imports.
    const key = JSON.stringify([[...wanted].sort(), found.chdir, found.pythonpath, found.beside, this.#asked])
    if (key === this.#key && this.#zygote !== null) return
    this.#retire()
    this.#key = key
    const packages = wanted.filter((name) => !this.#refused.has(name))
    if (packages.length > 0) this.#start(found, packages)
  }

  /** What comes next is cold, and whatever was found out is looked at anew. */
  forget(): void {
    this.#retire()
    this.#strays.clear()
    this.#refused.clear()
    this.#inVain = 0
  }

  end(): void {
    this.#zygote?.kill()
    this.#zygote = null
  }

  async #attempt(load: () => Promise<Fault | null>, isOffered: boolean): Promise<Fault | null> {
    rmSync(this.#packagesPath, { force: true })
    this.#isOffered = isOffered
    this.#taken = null
    try {
      return await load()
    } finally {
      this.#isOffered = false
    }
  }

  #learned(fault: Fault | null): Fault | null {
    if (fault === null) this.learn()
    return fault
  }

  /** May a cold start have gone otherwise? Then the warm zygote is no more. */
  async #isDoubtful(zygote: ReturnType<BeginZygote>): Promise<boolean> {
    const changed = await zygote.changed()
    const strays = Object.keys(this.#read()?.strays ?? {})
    this.#inVain = changed === null && strays.length === 0 ? 0 : this.#inVain + 1
    if (this.#inVain === 0) return false
    for (const name of strays) this.#strays.set(name, (this.#strays.get(name) ?? 0) + 1)
    if (changed !== null) this.#refused.clear() // another version may be better
    this.#retire()
    return true
  }

  #retire(): void {
    this.#zygote?.retire()
    this.#zygote = null
  }

  #read(): Packages | null {
    try {
      return JSON.parse(readFileSync(this.#packagesPath, 'utf8')) as Packages
    } catch {
      return null // nothing was loaded
    }
  }

  #start(known: Packages, packages: readonly string[]): void {
    const begun = { number: ++this.#count, folder: this.#folder, ...this.#asked!, known, packages }
    const zygote = this.#begin(begun, {
      warm: (refused) => {
        for (const name of Object.keys(refused)) this.#refused.add(name)
      },
      ended: () => {
        if (this.#zygote !== zygote) return
        if (!zygote.isWarm) this.#inVain++
        this.#zygote = null
      },
    })
    this.#zygote = zygote
  }
}

function same(one: { python: string; environment: Environment }, other: typeof one): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}
