import { isLast } from '../../events/request.ts'
import type { SecureFacts } from '../../events/secure.ts'
import type { ClientSocket } from '../../listen/client.ts'
import type { ExchangeFacts } from '../../server/facts.ts'
import type { Connected, ConnectionWitness, RequestWitness } from '../../server/witness.ts'
import { type Onlooker, WatchedClient } from './client.ts'
import { type RecordOwner, RequestRecord } from './request.ts'
import { Shares } from './shares.ts'

/** Who keeps the records. */
export interface Keeper {
  /** Milliseconds of CLOCK_MONOTONIC. */
  readonly now: number
  readonly wallMs: number
  /** A request has come that may be told of; it gets a number if it is. */
  begun(record: RequestRecord, facts: ExchangeFacts | null): void
  changed(record: RequestRecord): void
}

/** One connection: its bytes both ways, and which request each of them belongs to. */
export class Conversation implements ConnectionWitness, Onlooker, RecordOwner {
  readonly client: ClientSocket
  readonly number: number
  readonly connected: Connected
  readonly clientPort: number
  secureFacts: SecureFacts | null = null
  readonly #keeper: Keeper
  readonly #shares: Shares
  #requests = 0
  /** Whose bytes are coming. */
  #arriving: RequestRecord | null = null
  /** Of whom bytes have come, and the server has not said anything yet. */
  readonly #unread: RequestRecord[] = []
  /** Whose answers are to leave, in this order; those behind the first have no byte out. */
  readonly #leaving: RequestRecord[] = []
  /** The answer's last byte is so many bytes from the connection's first. */
  readonly #ends = new Map<RequestRecord, number>()
  #bytesOut = 0
  /** What follows is not read any more. */
  #lastCame = false

  constructor(connected: Connected, number: number, keeper: Keeper) {
    this.connected = connected
    this.number = number
    this.clientPort = connected.client.peer().port
    this.#keeper = keeper
    this.client = new WatchedClient(connected.client, this, (error) => connected.bug(error))
    this.#shares = new Shares(connected.limits, {
      share: (bytes) => this.#arrives().share(bytes),
      head: (head) => this.#arrives().headCame(head),
      last: () => {
        const head = this.#arriving?.head ?? null
        this.#arriving = null
        return !this.#lastCame && (head === null || !isLast(head))
      },
    })
  }

  get now(): number {
    return this.#keeper.now
  }

  changed(record: RequestRecord): void {
    this.#keeper.changed(record)
  }

  // — told by the socket —

  bytesCame(bytes: Buffer): void {
    // What follows the last request is dropped, and there may be much of it.
    if (!this.#lastCame || this.#arriving !== null) this.#shares.came(bytes)
  }

  bytesLeft(bytes: Buffer): void {
    for (let rest = bytes; rest.length > 0; ) {
      const [first] = this.#leaving
      if (first === undefined) break
      const room = (this.#ends.get(first) ?? Number.POSITIVE_INFINITY) - this.#bytesOut
      const its = rest.subarray(0, Math.min(room, rest.length))
      first.wrote(its)
      this.#bytesOut += its.length
      rest = rest.subarray(its.length)
      this.#settle()
    }
  }

  secured(facts: SecureFacts): void {
    this.secureFacts = facts
  }

  /** The connection is over, and with it what was not answered. */
  ended(): void {
    for (const record of this.#leaving.splice(0)) {
      if (!this.#ends.has(record)) record.hasLeft = true
      record.over()
    }
    const [half] = this.#unread
    if (half !== undefined && !this.#lastCame) {
      half.hasLeft = true
      this.#keeper.begun(half, null)
      half.over()
    }
    this.#unread.length = 0
  }

  #arrives(): RequestRecord {
    if (this.#arriving === null) {
      this.#arriving = new RequestRecord(this, ++this.#requests, this.now, this.#keeper.wallMs)
      this.#unread.push(this.#arriving)
    }
    return this.#arriving
  }

  // — told by the server —

  request(facts: ExchangeFacts): RequestWitness {
    // One that is refused before a byte of it was read (it speaks HTTP to TLS, say) has none.
    const record = this.#unread.shift() ?? this.#withoutBytes()
    record.begun(facts, this.connected.settings(), this.#leaving.length > 0)
    this.#leaving.push(record)
    this.#keeper.begun(record, facts)
    return record
  }

  #withoutBytes(): RequestRecord {
    return new RequestRecord(this, ++this.#requests, this.now, this.#keeper.wallMs)
  }

  answered(record: RequestRecord, gathered: number): void {
    this.#ends.set(record, this.#bytesOut + gathered)
    const asked = record.answer?.asked
    if (asked === undefined || asked.mustClose || !asked.keepAlive || record.answer?.head?.wantsClose)
      this.#lastCame = true
    this.#settle()
  }

  abandoned(record: RequestRecord): void {
    const at = this.#leaving.indexOf(record)
    if (at < 0) return
    this.#leaving.splice(at, 1)
    this.#ends.delete(record)
    record.over()
  }

  /** Those whose last byte is out are over. */
  #settle(): void {
    for (let first = this.#leaving[0]; first !== undefined; first = this.#leaving[0]) {
      const end = this.#ends.get(first)
      if (end === undefined || end > this.#bytesOut) return
      this.#leaving.shift()
      this.#ends.delete(first)
      first.over()
    }
  }
}
