/** Workers that can be known at a time, those of generations that drain included. */
export const MOST_SLOTS = 4096

/** A head of another queue that came so much earlier goes first; less is not worth waking anybody. */
const OLDER_MS = 2

const CONNECTIONS = 0
const BUSY = 1
const BUSIEST = 2
const QUEUED = 3
const FRONTS = 4
/** Of each front. */
const WAITING = 0
const NUDGED = 1
const FRONT_CELLS = 2

/** What a front tells of itself now and then. */
const REPORT = ['connections', 'accepted', 'memoryBytes', 'bytesRead', 'bytesWritten'] as const
export type Report = Readonly<Record<(typeof REPORT)[number], number>>

/** Since when the head of its queue waits; then its report; then what it counts of each worker. */
const SINCE = 0
const REPORTED = 1
const COUNTED = REPORTED + REPORT.length
const ANSWERED = 0
const BUSY_MICROS = 1
const SLOT_FACTS = 2
const FRONT_FACTS = COUNTED + MOST_SLOTS * SLOT_FACTS

/** Cells of each of the two rows in which clients' addresses are counted. */
const CLIENT_CELLS = 1 << 15

/** The memory that the fronts of one server share. */
export interface CommonMemory {
  readonly fronts: number
  readonly cells: SharedArrayBuffer
  readonly facts: SharedArrayBuffer
  readonly clients: SharedArrayBuffer
  /** So that nobody outside knows which addresses share a cell. */
  readonly seed: number
}

export function commonMemory(fronts: number, seed: number): CommonMemory {
  return {
    fronts,
    cells: new SharedArrayBuffer(4 * (FRONTS + fronts * FRONT_CELLS + MOST_SLOTS)),
    facts: new SharedArrayBuffer(8 * fronts * FRONT_FACTS),
    clients: new SharedArrayBuffer(4 * 2 * CLIENT_CELLS),
    seed,
  }
}

/**
 * What one front knows of the others, and tells them: how busy each worker is, who waits for one, how many clients
 * there are. Cells that several write are changed by Atomics; a fact has one writer.
 */
export class Commons {
  readonly fronts: number
  readonly front: number
  readonly #cells: Int32Array
  readonly #facts: Float64Array
  readonly #clients: Int32Array
  readonly #seed: number
  readonly #loads: number
  /** What QUEUED has of our queue. */
  #queuedHere = 0

  constructor(memory: CommonMemory, front: number) {
    this.fronts = memory.fronts
    this.front = front
    this.#cells = new Int32Array(memory.cells)
    this.#facts = new Float64Array(memory.facts)
    this.#clients = new Int32Array(memory.clients)
    this.#seed = memory.seed
    this.#loads = FRONTS + memory.fronts * FRONT_CELLS
  }

  // Workers

  /** Hot. Requests that the worker in this slot has of all fronts. */
  loadOf(slot: number): number {
    return Atomics.load(this.#cells, this.#loads + slot)
  }

  /** Requests that all workers have. */
  get running(): number {
    let sum = 0
    for (let slot = 0; slot < MOST_SLOTS; slot++) sum += this.loadOf(slot)
    return sum
  }

  /** So many more of ours, or fewer. */
  load(slot: number, more: number): void {
    const before = Atomics.add(this.#cells, this.#loads + slot, more)
    if (before === 0 && more > 0) this.#raise(BUSIEST, Atomics.add(this.#cells, BUSY, 1) + 1)
    else if (before > 0 && before + more === 0) Atomics.sub(this.#cells, BUSY, 1)
  }

  #raise(cell: number, value: number): void {
    for (let seen = Atomics.load(this.#cells, cell); seen < value; ) {
      const found = Atomics.compareExchange(this.#cells, cell, seen, value)
      if (found === seen) return
      seen = found
    }
  }

  /** The most workers that were busy at one time since this was last asked. */
  takeBusiest(): number {
    return Atomics.exchange(this.#cells, BUSIEST, Atomics.load(this.#cells, BUSY))
  }

  /** What this front has counted of the worker in a slot. */
  count(slot: number, answered: number, busyMicros: number): void {
    const at = this.#slotFacts(this.front, slot)
    this.#facts[at + ANSWERED] = answered
    this.#facts[at + BUSY_MICROS] = busyMicros
  }

  /** A slot that nobody uses is to be another worker's. */
  clear(slot: number): void {
    for (let front = 0; front < this.fronts; front++)
      this.#facts.fill(0, this.#slotFacts(front, slot), this.#slotFacts(front, slot) + SLOT_FACTS)
  }

  answeredOf(slot: number): number {
    return this.#sum(slot, ANSWERED)
  }

  busyMicrosOf(slot: number): number {
    return this.#sum(slot, BUSY_MICROS)
  }

  #sum(slot: number, fact: number): number {
    let sum = 0
    for (let front = 0; front < this.fronts; front++) sum += this.#facts[this.#slotFacts(front, slot) + fact]!
    return sum
  }

  #slotFacts(front: number, slot: number): number {
    return front * FRONT_FACTS + COUNTED + slot * SLOT_FACTS
  }

  // Queues

  /** Takes one of so many places in all queues together, for one that is in ours next; false: there is none. */
  enters(places: number): boolean {
    if (Atomics.add(this.#cells, QUEUED, 1) >= places) {
      Atomics.sub(this.#cells, QUEUED, 1)
      return false
    }
    this.#queuedHere++
    return true
  }

  /** Ours has so many, the first of which came at `sinceMs` (CLOCK_MONOTONIC). */
  queued(length: number, sinceMs: number): void {
    Atomics.add(this.#cells, QUEUED, length - this.#queuedHere)
    this.#queuedHere = length
    this.#facts[this.front * FRONT_FACTS + SINCE] = sinceMs
    Atomics.store(this.#cells, this.#frontCell(this.front) + WAITING, length)
  }

  /** Requests that wait in all queues. */
  get waiting(): number {
    return Atomics.load(this.#cells, QUEUED)
  }

  /** The front whose queue's head has waited longest, and clearly longer than since `sinceMs`; −1: there is none but ours. */
  olderThan(sinceMs: number): number {
    let oldest = -1
    let leastMs = sinceMs - OLDER_MS
    for (let front = 0; front < this.fronts; front++) {
      if (front === this.front || Atomics.load(this.#cells, this.#frontCell(front) + WAITING) === 0) continue
      const since = this.#facts[front * FRONT_FACTS + SINCE]!
      if (since > leastMs) continue
      oldest = front
      leastMs = since
    }
    return oldest
  }

  /** True for the first who wants to wake this front; it wakes once for all. */
  nudge(front: number): boolean {
    return Atomics.exchange(this.#cells, this.#frontCell(front) + NUDGED, 1) === 0
  }

  /** We are awake: who frees a worker from now on wakes us anew. */
  awake(): void {
    Atomics.store(this.#cells, this.#frontCell(this.front) + NUDGED, 0)
  }

  #frontCell(front: number): number {
    return FRONTS + front * FRONT_CELLS
  }

  // Clients

  /** Open connections of all fronts. */
  get connections(): number {
    return Atomics.load(this.#cells, CONNECTIONS)
  }

  connected(more: 1 | -1): void {
    Atomics.add(this.#cells, CONNECTIONS, more)
  }

  report(report: Report): void {
    const at = this.front * FRONT_FACTS + REPORTED
    for (const [index, name] of REPORT.entries()) this.#facts[at + index] = report[name]
  }

  reportOf(front: number): Report {
    const at = front * FRONT_FACTS + REPORTED
    return Object.fromEntries(REPORT.map((name, index) => [name, this.#facts[at + index]!])) as Report
  }

  /**
   * How many connections an address has, never too few. Each address is counted in a cell of each of two rows: it is
   * said to have too many only where others share both its cells (with 10,000 clients, one in ten).
   */
  connectionsOf(address: string): number {
    const hash = this.#hash(address)
    return Math.min(Atomics.load(this.#clients, first(hash)), Atomics.load(this.#clients, second(hash)))
  }

  connectedOf(address: string, more: 1 | -1): void {
    const hash = this.#hash(address)
    Atomics.add(this.#clients, first(hash), more)
    Atomics.add(this.#clients, second(hash), more)
  }

  /** FNV-1a, begun with the seed. */
  #hash(text: string): number {
    let hash = this.#seed | 0
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
    return hash ^ (hash >>> 13)
  }
}

const first = (hash: number): number => hash & (CLIENT_CELLS - 1)
const second = (hash: number): number => CLIENT_CELLS + ((hash >>> 15) & (CLIENT_CELLS - 1))
