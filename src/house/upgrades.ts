import { Fault } from '../faults/fault.ts'
import { type Given, type HandedSocket, handedSocket } from '../listen/handed.ts'
import type { Birth } from './birth.ts'
import type { Offspring, Outcome } from './offspring.ts'

const FIRST_FREE = 3

/** Which descriptor of ours becomes which of the successor's. */
export interface Legacy {
  readonly descriptors: readonly (number | null)[]
  readonly sockets: readonly HandedSocket[]
  /** Where the successor reports. */
  readonly report: number
}

/**
 * Sockets that the service manager passed on keep the number that the settings name (fd://N); the rest, and the
 * report, take the first free ones above our own output. Faults: UPGRADE_REFUSED.
 */
export function legacyOf(listeners: readonly Given[]): Legacy {
  const descriptors: (number | null)[] = [0, 1, 2]
  const taken = new Set(listeners.flatMap(({ fd }) => fd ?? []))
  const free = (from: number): number => (taken.has(from) || descriptors[from] != null ? free(from + 1) : from)
  const sockets = listeners.map((listener) => {
    if (listener.descriptor === null)
      throw new Fault('UPGRADE_REFUSED', { detail: `the socket of ${listener.key} cannot be passed on` })
    const number = listener.fd ?? free(FIRST_FREE)
    while (descriptors.length <= number) descriptors.push(null)
    descriptors[number] = listener.descriptor
    return handedSocket(listener, number)
  })
  return { descriptors, sockets, report: free(FIRST_FREE) }
}

/** What an upgrade needs of the house. */
export interface UpgradeDoors {
  /** Why it can't be now; null: it can. */
  obstacle(): string | null
  listeners(): readonly Given[]
  /** What is to be done before it is begun; null: nothing. */
  prepare(): Promise<void> | null
  start(legacy: Legacy): Offspring
  /** It serves: from now on all is its own. */
  handOver(pid: number): void
}

/** Replaces the whole server by a new process with the same sockets, one at a time. */
export class Upgrades {
  readonly #doors: UpgradeDoors
  #offspring: Offspring | null = null
  #isPreparing = false

  constructor(doors: UpgradeDoors) {
    this.#doors = doors
  }

  /** Resolves when the successor serves. Faults: UPGRADE_REFUSED, UPGRADE_FAILED; then ours goes on. */
  async upgrade(): Promise<{ readonly pid: number }> {
    this.#check()
    const prepared = this.#doors.prepare()
    if (prepared !== null) await this.#wait(prepared)
    const offspring = this.#doors.start(legacyOf(this.#doors.listeners()))
    this.#offspring = offspring
    try {
      const outcome = await offspring.outcome
      if (outcome.kind !== 'ready') throw failure(outcome)
      offspring.release()
      this.#doors.handOver(offspring.pid)
      return { pid: offspring.pid }
    } finally {
      this.#offspring = null
    }
  }

  #check(): void {
    const isFree = this.#offspring === null && !this.#isPreparing
    const obstacle = isFree ? this.#doors.obstacle() : 'an upgrade is under way already'
    if (obstacle !== null) throw new Fault('UPGRADE_REFUSED', { detail: obstacle })
  }

  async #wait(prepared: Promise<void>): Promise<void> {
    this.#isPreparing = true
    try {
      await prepared
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      throw new Fault('UPGRADE_FAILED', { detail: `${error.code}: ${error.message}` }, error.trace)
    } finally {
      this.#isPreparing = false
    }
    this.#check()
  }

  /** We stop: a successor that doesn't serve yet is not wanted any more. */
  cancel(): void {
    this.#offspring?.kill('SIGTERM')
  }
}

function failure(outcome: Exclude<Outcome, { kind: 'ready' }>): Fault {
  if (outcome.kind === 'ended') return new Fault('UPGRADE_FAILED', { detail: outcome.why })
  const [first = '', ...rest] = outcome.text.trimEnd().split('\n')
  return new Fault('UPGRADE_FAILED', { detail: first.replace(/^dram: /, '') }, rest.join('\n'))
}

/** What the successor is told of itself. */
export function successorBirth({ sockets, report }: Legacy, pid: number, activated: number): Birth {
  return { kind: 'successor', of: pid, report, sockets, activated }
}
