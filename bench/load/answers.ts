/** A response as a load generator needs it. */
export interface Answer {
  readonly status: number
  /** Of the first bytes, latin-1: enough to tell answers apart. */
  readonly text: string
  /** The connection ends with it. */
  readonly isLast: boolean
}

const TEXT_BYTES = 64
const CRLF_BYTES = 2
const HEAD_END = Buffer.from('\r\n\r\n')

interface Head {
  readonly status: number
  readonly isLast: boolean
  /** Bytes of the body; null: in chunks; infinite: until the connection ends. */
  readonly length: number | null
}

/** Bytes of one connection in, responses to GET requests out; without I/O. It believes what it reads. */
export class AnswerReader {
  #held: Buffer = Buffer.alloc(0)
  #head: Head | null = null
  #left = 0
  #inChunks = false
  /** The CRLF that ends a chunk comes before the next one's size. */
  #isBehindChunk = false
  #text = ''

  /** True between answers: a connection that ends here took nothing with it. */
  get isBetween(): boolean {
    return this.#head === null && this.#held.length === 0
  }

  feed(bytes: Buffer): Answer[] {
    this.#held = this.#held.length ? Buffer.concat([this.#held, bytes]) : bytes
    const answers: Answer[] = []
    for (;;) {
      if (!this.#head && !this.#readHead()) return answers
      const isWhole = this.#inChunks ? this.#readChunks() : this.#readBody()
      if (!isWhole) return answers
      answers.push(this.#finish())
    }
  }

  /** The connection ended: the answer that ends with it, if one does. */
  end(): Answer | null {
    return this.#head?.length === Number.POSITIVE_INFINITY ? this.#finish() : null
  }

  #readHead(): boolean {
    const end = this.#held.indexOf(HEAD_END)
    if (end < 0) return false
    const head = this.#held.toString('latin1', 0, end)
    this.#held = this.#held.subarray(end + HEAD_END.length)
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1] ?? 0)
    const isOld = head.startsWith('HTTP/1.0')
    const connection = (/\r\nconnection: *([^\r]*)/i.exec(head)?.[1] ?? '').toLowerCase()
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    const isChunked = /\r\ntransfer-encoding: *chunked/i.test(head)
    const isEndless = !isChunked && length === undefined && status !== 204 && status !== 304
    const isLast = isEndless || connection === 'close' || (isOld && connection !== 'keep-alive')
    this.#head = {
      status,
      isLast,
      length: isChunked ? null : isEndless ? Number.POSITIVE_INFINITY : Number(length ?? 0),
    }
    this.#left = this.#head.length ?? 0
    this.#inChunks = isChunked
    return true
  }

  #readBody(): boolean {
    this.#take(this.#left)
    return this.#left === 0
  }

  #readChunks(): boolean {
    for (;;) {
      this.#take(this.#left)
      if (this.#left > 0) return false
      const end = this.#held.indexOf('\r\n', this.#isBehindChunk ? CRLF_BYTES : 0)
      if (end < 0) return false
      const line = this.#held.toString('latin1', this.#isBehindChunk ? CRLF_BYTES : 0, end)
      const size = Number.parseInt(line, 16)
      const next = end + (size === 0 ? 2 * CRLF_BYTES : CRLF_BYTES)
      if (this.#held.length < next) return false
      this.#held = this.#held.subarray(next)
      this.#isBehindChunk = size > 0
      if (size === 0) return true
      this.#left = size
    }
  }

  #take(count: number): void {
    const bytes = this.#held.subarray(0, Math.min(count, this.#held.length))
    if (this.#text.length < TEXT_BYTES) this.#text += bytes.toString('latin1', 0, TEXT_BYTES - this.#text.length)
    this.#held = this.#held.subarray(bytes.length)
    this.#left -= bytes.length
  }

  #finish(): Answer {
    const { status, isLast } = this.#head!
    const answer = { status, isLast, text: this.#text }
    this.#head = null
    this.#inChunks = false
    this.#text = ''
    return answer
  }
}
