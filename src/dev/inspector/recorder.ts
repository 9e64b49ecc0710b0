import type { WorkerFacts } from '../../events/worker.ts'
import type { ExchangeFacts } from '../../server/facts.ts'
import type { Connected, ConnectionWitness } from '../../server/witness.ts'
import { Conversation, type Keeper } from './conversation.ts'
import type { Journey, JourneySummary } from './journey.ts'
import { journeyOf } from './journeyOf.ts'
import type { RequestRecord } from './request.ts'
import { Store } from './store.ts'

export interface RecorderOptions {
  /** Requests that are not to be recorded: those of our own pages. */
  readonly isOwn: (request: ExchangeFacts) => boolean
  /** Milliseconds of CLOCK_MONOTONIC, on which the workers write down their times. */
  readonly now?: () => number
  readonly mostJourneys?: number
  readonly mostBytes?: number
}

/** One of our own listeners. */
export type Door = Pick<Connected, 'where' | 'isSecure'>

export type Told =
  | { readonly kind: 'journey'; readonly summary: JourneySummary }
  | { readonly kind: 'paused'; readonly isPaused: boolean }
  | { readonly kind: 'cleared' }

/** What is sent again, or was written by hand. */
interface Replay {
  /** The number of the journey that it repeats. */
  readonly of: number | null
  /** Is told the number that it got. */
  readonly took: (number: number) => void
}

const MOST_JOURNEYS = 200
const MOST_BYTES = 32 * 1024 * 1024

/**
 * Records each request's whole way through the server. A Bystander hands it every connection (`connected`), and a
 * server whose workers were asked to tell of calls (`Aids.tellsCalls`) gives the rest:
 *
 *     const recorder = new Recorder({ isOwn: () => false })
 *     const bystander: Bystander = { deskFor: …, finish: …, faultPage: …, connected: (one) => recorder.connected(one) }
 *     recorder.worker = () => attended.facts      // from Attendant.begin(attended)
 *     const journey = await recorder.over(1)      // the first request's, once its answer's last byte is out
 */
export class Recorder implements Keeper {
  /** What the workers have said of themselves; null: nothing yet. */
  worker: () => WorkerFacts | null = () => null
  readonly #isOwn: (request: ExchangeFacts) => boolean
  readonly #now: () => number
  readonly #store: Store<RequestRecord>
  readonly #listeners = new Set<(told: Told) => void>()
  /** Whose requests repeat others: by the port that they come from. */
  readonly #replays = new Map<number, Replay>()
  /** Where the last connection came in. */
  #door: Door | null = null
  #connections = 0
  #journeys = 0
  #isPaused = false

  constructor({ isOwn, now = monotonicMs, mostJourneys = MOST_JOURNEYS, mostBytes = MOST_BYTES }: RecorderOptions) {
    this.#isOwn = isOwn
    this.#now = now
    this.#store = new Store(mostJourneys, mostBytes)
  }

  get now(): number {
    return this.#now()
  }

  get wallMs(): number {
    return Date.now()
  }

  connected(connected: Connected): ConnectionWitness {
    this.#door = connected
    return new Conversation(connected, ++this.#connections, this)
  }

  begun(record: RequestRecord, facts: ExchangeFacts | null): void {
    const replay = this.#replayOf(record)
    const isOwn = facts !== null && this.#isOwn(facts)
    if (isOwn || (this.#isPaused && replay === undefined)) {
      record.bytesIn.turnOff()
      record.bytesOut.turnOff()
      return
    }
    record.number = ++this.#journeys
    record.replayOf = replay?.of ?? null
    this.#store.add(record)
    this.#tell({ kind: 'journey', summary: record.summary() })
    replay?.took(record.number)
  }

  changed(record: RequestRecord): void {
    if (!this.#store.has(record)) return
    this.#store.trim()
    this.#tell({ kind: 'journey', summary: record.summary() })
  }

  #replayOf(record: RequestRecord): Replay | undefined {
    const port = record.conversation.clientPort
    const replay = this.#replays.get(port)
    this.#replays.delete(port)
    return replay
  }

  /** Null: none has come. */
  get door(): Door | null {
    return this.#door
  }

  /** The next request that comes from this port of ours (0: from a Unix socket) repeats that one; `took` is told its number. */
  expect(port: number, of: number | null, took: (number: number) => void): void {
    this.#replays.set(port, { of, took })
  }

  expectNoMore(port: number): void {
    this.#replays.delete(port)
  }

  // — what is known —

  /** In the order they came. */
  list(): JourneySummary[] {
    return this.#store.all().map((record) => record.summary())
  }

  record(number: number): RequestRecord | null {
    return this.#store.get(number)
  }

  /** Null: it isn't kept, or never was. */
  journey(number: number): Journey | null {
    const record = this.#store.get(number)
    return record === null ? null : journeyOf(record, this.worker())
  }

  /** The journey of that number, once it is over, in whatever way. Never, if it isn't kept until then. */
  async over(number: number): Promise<Journey> {
    return journeyOf(await this.ended(number), this.worker())
  }

  /** The same as it was told. */
  ended(number: number): Promise<RequestRecord> {
    return new Promise((resolve) => {
      const look = (): void => {
        const record = this.#store.get(number)
        const isOver = record !== null && record.overAt !== null
        if (isOver || this.#store.isGone(number)) this.#listeners.delete(look)
        if (isOver) resolve(record)
      }
      this.#listeners.add(look)
      look()
    })
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  /** While it pauses, only what is sent again is recorded. */
  pause(isPaused: boolean): void {
    this.#isPaused = isPaused
    this.#tell({ kind: 'paused', isPaused })
  }

  clear(): void {
    for (const record of this.#store.all()) record.forgotten()
    this.#store.clear()
    this.#tell({ kind: 'cleared' })
  }

  /** Returns what ends it. */
  listen(listener: (told: Told) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #tell(told: Told): void {
    for (const listener of this.#listeners) listener(told)
  }
}

/** The clock of Python's time.monotonic(), on Linux; performance.now() counts from another start. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
