import type { RequestHead } from '../../events/request.ts'
import { Http1Parser, type ParseLimits } from '../../parse/http1.ts'

const NOTHING = Buffer.alloc(0)

/** What is told of the bytes of one connection, in their order. */
export interface ShareOwner {
  /** Bytes of the request that is coming: a view that holds for the call only. */
  share(bytes: Buffer): void
  /** Its head is whole. */
  head(head: RequestHead): void
  /** Its last byte has come: the next one is of another request. Returns whether one may follow. */
  last(): boolean
}

/**
 * Which of a connection's bytes belong to which of its requests: by a parser of the kind that the server reads them
 * with, which reads one request at a time here, so that each one's end is known to the byte.
 */
export class Shares {
  readonly #parser: Http1Parser
  readonly #owner: ShareOwner
  #hasHead = false
  #isOver = false

  constructor(limits: ParseLimits, owner: ShareOwner) {
    this.#parser = new Http1Parser(limits, null)
    this.#owner = owner
  }

  came(bytes: Buffer): void {
    if (this.#isOver) return
    let given = 0
    let fed = bytes
    do {
      this.#feed(fed)
      fed = NOTHING
      // What the parser holds back is of the next request. It is less than came: else it would have been read before.
      const end = this.#parser.held ? bytes.length - this.#parser.unreadBytes : bytes.length
      if (end > given) this.#owner.share(bytes.subarray(given, end))
      given = Math.max(given, end)
      if (this.#hasHead && this.#parser.state === 'idle') this.#end()
    } while (this.#parser.held && !this.#isOver)
  }

  #feed(bytes: Buffer): void {
    // Within a body no head may be read behind it: where it ends would be lost.
    const mostHeads = this.#parser.state === 'body' ? 0 : 1
    for (const event of this.#parser.feed(bytes, mostHeads)) {
      if (event.kind !== 'head') continue
      this.#hasHead = true
      this.#owner.head(event.head)
    }
  }

  #end(): void {
    this.#hasHead = false
    this.#isOver = !this.#owner.last()
  }
}
