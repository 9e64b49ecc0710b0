import type { RequestEvent } from '../events/request.ts'
import { BodyReader } from './body.ts'
import { HeadReader } from './head.ts'
import type { HeaderCache } from './headerCache.ts'
import { Input } from './input.ts'
import type { ParseLimits } from './limits.ts'
import { Refusal } from './refusal.ts'

export type { ParseLimits } from './limits.ts'

/**
 * One connection's bytes → its requests. However the bytes are cut, the events are the same, but that the data of
 * a body may come in more pieces. What RFC 9110 and 9112 let a server read in two ways is refused.
 */
export class Http1Parser {
  readonly #input = new Input()
  readonly #head: HeadReader
  readonly #body: BodyReader
  #held = false
  #refused = false

  /** Without a cache every head is read line by line. */
  constructor(limits: ParseLimits, cache: HeaderCache | null) {
    this.#head = new HeadReader(this.#input, limits, cache)
    this.#body = new BodyReader(this.#input, limits)
  }

  /** `head`: one has begun and is not whole. `idle`: between requests, though bytes may be held. */
  get state(): 'idle' | 'head' | 'body' | 'refused' {
    if (this.#refused) return 'refused'
    if (this.#body.reading) return 'body'
    return this.#head.begun || (this.#input.waitingBytes > 0 && !this.#held) ? 'head' : 'idle'
  }

  /** Would a new one say the same of all that comes? */
  get isFresh(): boolean {
    return this.state === 'idle' && !this.#held && this.#head.isFresh
  }

  /** Bytes were kept back because `maxHeads` was reached: `feed` again, with no bytes if none came. */
  get held(): boolean {
    return this.#held
  }

  /** Bytes that came and are not read: held back, or a part of a line. */
  get unreadBytes(): number {
    return this.#input.waitingBytes
  }

  /**
   * Reads on until the bytes or `maxHeads` heads (with their bodies) are used up; the rest is kept. Body events
   * are views into `bytes` or into bytes kept from before, which the next call overwrites. After `refused` nothing more comes.
   */
  feed(bytes: Buffer, maxHeads = Number.POSITIVE_INFINITY): RequestEvent[] {
    const events: RequestEvent[] = []
    if (this.#refused) return events
    this.#input.open(bytes)
    try {
      this.#read(maxHeads, events)
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      this.#refuse(error, events)
    }
    this.#input.close()
    return events
  }

  /** The client sends nothing more: was anything begun? To be asked once nothing is held. */
  eof(): 'clean' | 'midHead' | 'midBody' {
    const { state } = this
    if (state === 'head') return 'midHead'
    return state === 'body' ? 'midBody' : 'clean'
  }

  #read(maxHeads: number, events: RequestEvent[]): void {
    this.#held = false
    this.#body.read(events)
    for (let heads = 0; !this.#body.reading && this.#input.leftBytes > 0; heads++) {
      this.#held = heads >= maxHeads
      if (this.#held) return
      const head = this.#head.read()
      if (head === null) return
      this.#body.begin(head.block)
      events.push({ kind: 'head', head })
      this.#body.read(events)
    }
  }

  #refuse(refusal: Refusal, events: RequestEvent[]): void {
    this.#refused = true
    this.#input.skip()
    events.push(refusal.event)
  }
}
