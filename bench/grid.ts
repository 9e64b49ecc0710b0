import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Configuration, PeerName } from './peers.ts'

/** What did best for a peer in a scenario, kept for the next run on this machine. */
export class GridStore {
  readonly #path: string
  /** What a choice depends on beside peer and scenario. */
  readonly #machine: string
  readonly #kept: Record<string, Configuration>

  constructor(path: string, machine: string) {
    this.#path = path
    this.#machine = machine
    this.#kept = read(path)
  }

  find(scenario: string, peer: PeerName, version: string): Configuration | null {
    return this.#kept[this.#key(scenario, peer, version)] ?? null
  }

  keep(scenario: string, peer: PeerName, version: string, configuration: Configuration): void {
    this.#kept[this.#key(scenario, peer, version)] = configuration
    mkdirSync(dirname(this.#path), { recursive: true })
    writeFileSync(`${this.#path}.new`, `${JSON.stringify(this.#kept, null, 2)}\n`)
    renameSync(`${this.#path}.new`, this.#path)
  }

  #key(scenario: string, peer: PeerName, version: string): string {
    return [this.#machine, scenario, `${peer} ${version}`].join(' | ')
  }
}

/** What can't be read is found anew. */
function read(path: string): Record<string, Configuration> {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return {}
  }
}
