import { processRow, sendSignal } from '../kit/processes.ts'
import type { LiveServer } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

export interface Blow {
  readonly what: 'reload' | 'two reloads' | 'kill a worker' | 'kill a forker' | 'kill a zygote'
  readonly pid: number | null
}

/** Does to a server what happens to servers, one thing after the other, as a seed has it. */
export class Chaos {
  readonly blows: Blow[] = []
  /** Pids of processes that were sent SIGKILL while they were workers, as far as can be known. */
  readonly killed = new Set<number>()
  readonly #server: LiveServer
  readonly #random: () => number
  /** Who has lately run a request. */
  readonly #runners: () => readonly number[]

  constructor(server: LiveServer, seed: number, runners: () => readonly number[]) {
    this.#server = server
    this.#random = randomOf(seed)
    this.#runners = runners
  }

  /** Pause before the next blow, milliseconds. */
  get pauseMs(): number {
    return 200 + 1600 * this.#random()
  }

  async strike(): Promise<Blow> {
    const blow = this.#pick()
    this.blows.push(blow)
    if (blow.what === 'reload' || blow.what === 'two reloads') {
      sendSignal(this.#server.pid, 'SIGHUP')
      if (blow.what === 'two reloads') await eventually(() => true, 'a turn')
      if (blow.what === 'two reloads') sendSignal(this.#server.pid, 'SIGHUP')
    } else if (blow.pid !== null) {
      this.killed.add(blow.pid)
      sendSignal(blow.pid, 'SIGKILL')
    }
    return blow
  }

  #pick(): Blow {
    const dice = this.#random()
    if (dice < 0.35) return { what: 'reload', pid: null }
    if (dice < 0.45) return { what: 'two reloads', pid: null }
    const worker = this.#anyOf(this.#runners().filter((pid) => this.#isOurs(pid)))
    if (dice < 0.8) return { what: 'kill a worker', pid: worker }
    const parent = worker === null ? null : (processRow(worker)?.parent ?? null)
    if (dice < 0.92) return { what: 'kill a forker', pid: parent !== null && this.#isOurs(parent) ? parent : null }
    return { what: 'kill a zygote', pid: this.#anyOf(this.#server.zygotePids()) }
  }

  /** A Python process of this server, and not a pid that has become somebody else's. */
  #isOurs(pid: number): boolean {
    return pid !== this.#server.pid && this.#server.pythons().some((row) => row.pid === pid)
  }

  #anyOf(pids: readonly number[]): number | null {
    return pids[Math.floor(this.#random() * pids.length)] ?? null
  }
}

/** 0 … 1, the same row for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
