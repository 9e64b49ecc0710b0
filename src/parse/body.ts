import type { HeaderBlock, RequestEvent } from '../events/request.ts'
import { readChunkLine } from './chunk.ts'
import { readField } from './field.ts'
import type { Input } from './input.ts'
import type { ParseLimits } from './limits.ts'
import { Refusal } from './refusal.ts'

const CR = 0x0d
const LF = 0x0a

type Stage = 'data' | 'chunkLine' | 'chunkData' | 'chunkEnd' | 'trailers' | 'done'

/** The bodies of one connection, one after the other. */
export class BodyReader {
  readonly #input: Input
  readonly #limits: ParseLimits
  #stage: Stage = 'done'
  /** Of the body, or of this chunk. */
  #leftBytes = 0
  /** Announced by the chunks until now. */
  #chunkedBytes = 0

  constructor(input: Input, limits: ParseLimits) {
    this.#input = input
    this.#limits = limits
  }

  /** Is one begun and not ended? */
  get reading(): boolean {
    return this.#stage !== 'done'
  }

  begin({ framing, contentLength }: HeaderBlock): void {
    const { maxBodyBytes } = this.#limits
    if (contentLength > maxBodyBytes) throw new Refusal('BODY_TOO_LARGE', maxBodyBytes)
    if (framing === 'none') return
    this.#stage = framing === 'length' ? 'data' : 'chunkLine'
    this.#leftBytes = contentLength
    this.#chunkedBytes = 0
  }

  /** Reads as far as the bytes go. */
  read(events: RequestEvent[]): void {
    while (this.#step(events));
  }

  /** True if it got on, false if it wants more bytes or has ended. */
  #step(events: RequestEvent[]): boolean {
    switch (this.#stage) {
      case 'data':
        return this.#readData(events) && this.#end(events)
      case 'chunkLine':
        return this.#readChunkLine()
      case 'chunkData':
        return this.#readData(events) && this.#enter('chunkEnd')
      case 'chunkEnd':
        return this.#readChunkEnd()
      case 'trailers':
        return this.#readTrailerLine(events)
      case 'done':
        return false
    }
  }

  #enter(stage: Stage): true {
    this.#stage = stage
    return true
  }

  #end(events: RequestEvent[]): true {
    events.push({ kind: 'bodyEnd' })
    return this.#enter('done')
  }

  /** True once no more of it is to come. */
  #readData(events: RequestEvent[]): boolean {
    const { bytes, at, leftBytes } = this.#input
    const count = Math.min(this.#leftBytes, leftBytes)
    if (count === 0) return false
    events.push({ kind: 'body', bytes: bytes.subarray(at, at + count) })
    this.#input.at += count
    this.#leftBytes -= count
    return this.#leftBytes === 0
  }

  #readChunkLine(): boolean {
    const { maxChunkLineBytes, maxBodyBytes } = this.#limits
    const line = this.#input.readLine(maxChunkLineBytes, 'CHUNK_LINE_TOO_LONG')
    if (line === null) return false
    this.#leftBytes = readChunkLine(line)
    this.#chunkedBytes += this.#leftBytes
    if (this.#chunkedBytes > maxBodyBytes) throw new Refusal('BODY_TOO_LARGE', maxBodyBytes)
    return this.#enter(this.#leftBytes === 0 ? 'trailers' : 'chunkData')
  }

  #readChunkEnd(): boolean {
    const { bytes, at, leftBytes } = this.#input
    const first = leftBytes > 0 ? bytes[at] : CR
    const second = leftBytes > 1 ? bytes[at + 1] : LF
    if (first !== CR || second !== LF) throw new Refusal('CHUNK_MALFORMED', 'no CRLF follows its data')
    if (leftBytes < 2) return false
    this.#input.at += 2
    return this.#enter('chunkLine')
  }

  /** Trailers may be dropped (RFC 9110 §6.5.1), and WSGI has no place for them. */
  #readTrailerLine(events: RequestEvent[]): boolean {
    const line = this.#input.readSectionLine(this.#limits.maxTrailerBytes, 'TRAILERS_TOO_LARGE')
    if (line === null) return false
    if (line === '') return this.#end(events)
    checkTrailer(line)
    return true
  }
}

function checkTrailer(line: string): void {
  try {
    readField(line)
  } catch (error) {
    throw error instanceof Refusal ? new Refusal('TRAILER_MALFORMED') : error
  }
}
