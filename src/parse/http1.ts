import { Buffer } from 'node:buffer'
import type { HeaderBlock, HeaderField, RequestEvent } from '../events/request.ts'
import type { FaultCode } from '../faults/table.ts'
import { readBlock } from './block.ts'
import { readChunkLine } from './chunk.ts'
import { readField } from './field.ts'
import { isTokenByte, TCHAR } from './grammar.ts'
import { type HeaderCache, MAX_SHARED_BLOCK_BYTES } from './headerCache.ts'
import { HeldBytes } from './heldBytes.ts'
import { Refusal } from './refusal.ts'
import { type RequestLine, readRequestLine } from './requestLine.ts'

/** All in bytes but `maxHeaders`; lines are counted without their CRLF, sections with. */
export interface ParseLimits {
  readonly maxRequestLineBytes: number
  /** Field lines. */
  readonly maxHeaders: number
  /** The whole header section. */
  readonly maxHeaderBytes: number
  readonly maxBodyBytes: number
  readonly maxTrailerBytes: number
  /** A chunk's size with its extensions. */
  readonly maxChunkLineBytes: number
}

const CR = 0x0d
const LF = 0x0a
const TLS_HANDSHAKE = 0x16
const EMPTY: Buffer = Buffer.alloc(0)

// RFC 9112 §2.2 wants one to be taken: old clients send it after a POST. Some send more; none sends many.
const MAX_EMPTY_LINES = 8

const HEAD_END = Buffer.from('\r\n\r\n')
/** A request line with an origin-form target, which nearly all have, and all that `readRequestLine` would say of it. */
const USUAL_LINE = new RegExp(`^([${TCHAR}]+) (/[!"$-~]*) HTTP/1\\.([01])\r\n`)

type Stage =
  | 'between'
  | 'requestLine'
  | 'fields'
  | 'body'
  | 'chunkLine'
  | 'chunkData'
  | 'chunkEnd'
  | 'trailers'
  | 'refused'

/**
 * One connection's bytes → its requests. However the bytes are cut, the events are the same, but that the bytes of
 * a body may come in more pieces. What RFC 9110 and 9112 let a server read in two ways is refused.
 */
export class Http1Parser {
  readonly #limits: ParseLimits
  readonly #cache: HeaderCache | null

  #stage: Stage = 'between'
  readonly #waiting = new HeldBytes()
  #held = false

  // The bytes of this feed, and how far they are read.
  #bytes = EMPTY
  #at = 0
  /** How many bytes from #at on are known to hold no LF. */
  #searched = 0
  #headsLeft = 0

  // The head as far as it came.
  #emptyLines = 0
  #line: RequestLine | null = null
  #lines: string[] = []
  #fields: HeaderField[] = []
  #sectionBytes = 0

  /** The block of the last head; clients seldom change theirs. */
  #lastBlock: HeaderBlock | null = null
  #lastMinor: 0 | 1 = 1

  // The body as far as it came.
  #dataLeft = 0
  #bodyBytes = 0

  /** Without a cache every head is read line by line. */
  constructor(limits: ParseLimits, cache: HeaderCache | null) {
    this.#limits = limits
    this.#cache = cache
  }

  /** `head`: one has begun and is not whole. `idle`: between requests, though bytes may be held. */
  get state(): 'idle' | 'head' | 'body' | 'refused' {
    switch (this.#stage) {
      case 'between':
        return this.#waiting.length > 0 && !this.#held ? 'head' : 'idle'
      case 'requestLine':
      case 'fields':
        return 'head'
      case 'refused':
        return 'refused'
      default:
        return 'body'
    }
  }

  /** Bytes were kept back because `maxHeads` was reached: `feed` again, with no bytes if none came. */
  get held(): boolean {
    return this.#held
  }

  /**
   * Reads on until the bytes or `maxHeads` heads (with their bodies) are used up; the rest is kept. Body events
   * are views into `bytes` or into memory that the next call overwrites. After `refused` nothing more comes.
   */
  feed(bytes: Buffer, maxHeads = Number.POSITIVE_INFINITY): RequestEvent[] {
    const events: RequestEvent[] = []
    if (this.#stage === 'refused') return events
    const waited = this.#open(bytes)
    this.#headsLeft = maxHeads
    this.#held = false
    try {
      while (this.#step(events));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      events.push(error.event)
      this.#stage = 'refused'
      this.#at = this.#bytes.length
    }
    this.#close(waited)
    return events
  }

  /** The client sends nothing more: was anything begun? To be asked once nothing is held. */
  eof(): 'clean' | 'midHead' | 'midBody' {
    const { state } = this
    if (state === 'head') return 'midHead'
    return state === 'body' ? 'midBody' : 'clean'
  }

  /** Did bytes wait? Then these are read behind them, in one piece. */
  #open(bytes: Buffer): boolean {
    const waited = this.#waiting.length > 0
    if (waited) this.#waiting.append(bytes)
    this.#bytes = waited ? this.#waiting.view() : bytes
    this.#at = 0
    return waited
  }

  #close(waited: boolean): void {
    if (waited) this.#waiting.drop(this.#at)
    else if (this.#at < this.#bytes.length) this.#waiting.append(this.#bytes.subarray(this.#at))
    this.#bytes = EMPTY
  }

  /** True if it got on, false if it wants more bytes or may read no more heads. */
  #step(events: RequestEvent[]): boolean {
    switch (this.#stage) {
      case 'between':
        return this.#mayReadHead() && (this.#readWholeHead(events) || this.#begin())
      case 'requestLine':
        return this.#mayReadHead() && this.#readRequestLine()
      case 'fields':
        return this.#mayReadHead() && this.#readFieldLine(events)
      case 'body':
        return this.#readData(events) && this.#endBody(events)
      case 'chunkLine':
        return this.#readChunkLine()
      case 'chunkData':
        return this.#readData(events) && this.#enter('chunkEnd')
      case 'chunkEnd':
        return this.#readChunkEnd()
      case 'trailers':
        return this.#readTrailerLine(events)
      case 'refused':
        return false
    }
  }

  #enter(stage: Stage): true {
    this.#stage = stage
    return true
  }

  #mayReadHead(): boolean {
    if (this.#at === this.#bytes.length) return false
    this.#held = this.#headsLeft <= 0
    return !this.#held
  }

  /**
   * Hot (bench/parse.ts): a head that came whole, is usual in its request line and right in all the rest. Whatever
   * else comes is left to the plain way, line by line, which has to say the same (a test compares).
   */
  #readWholeHead(events: RequestEvent[]): boolean {
    const { maxRequestLineBytes } = this.#limits
    const start = this.#at
    const end = this.#cache === null ? -1 : this.#bytes.indexOf(HEAD_END, start)
    if (end < 0 || end - start > maxRequestLineBytes + MAX_SHARED_BLOCK_BYTES) return false
    const head = this.#bytes.toString('latin1', start, end)
    const line = USUAL_LINE.exec(head)
    if (!line) return false
    const [lineAndEnd, method = '', target = '', digit] = line
    if (method === 'CONNECT' || lineAndEnd.length - 2 > maxRequestLineBytes) return false
    const minor = digit === '1' ? 1 : 0
    const blockStart = start + lineAndEnd.length
    if (!this.#isLastBlock(head.slice(lineAndEnd.length), minor)) {
      if (end - blockStart > MAX_SHARED_BLOCK_BYTES) return false
      // Not a slice of `head`: that would keep the target in memory for as long as the block is kept.
      const raw = this.#bytes.toString('latin1', blockStart, end)
      const block = this.#findBlock(raw, minor) ?? this.#readWholeBlock(raw, minor)
      if (!block) return false
      this.#remember(block, minor)
    }
    this.#at = end + HEAD_END.length
    return this.#startRequest({ method, target, minor, origin: null, authority: null }, this.#lastBlock!, events)
  }

  #isLastBlock(raw: string, minor: 0 | 1): boolean {
    return this.#lastBlock !== null && minor === this.#lastMinor && raw === this.#lastBlock.raw
  }

  #findBlock(raw: string, minor: 0 | 1): HeaderBlock | undefined {
    const { maxHeaderBytes, maxHeaders } = this.#limits
    const block = this.#cache?.get(minor, raw)
    // Another parser's limits may have been wider.
    return block && raw.length + 2 <= maxHeaderBytes && block.fields.length <= maxHeaders ? block : undefined
  }

  /** Undefined if anything is wrong with it: the plain way finds out what is wrong first. */
  #readWholeBlock(raw: string, minor: 0 | 1): HeaderBlock | undefined {
    const { maxHeaderBytes, maxHeaders } = this.#limits
    const lines = raw.split('\r\n')
    if (raw.length + 2 > maxHeaderBytes || lines.length > maxHeaders) return undefined
    try {
      return this.#newBlock(raw, lines.map(readField), minor)
    } catch (error) {
      if (error instanceof Refusal) return undefined
      throw error
    }
  }

  #newBlock(raw: string, fields: HeaderField[], minor: 0 | 1): HeaderBlock {
    const block = readBlock(raw, fields, minor)
    this.#cache?.offer(minor, block)
    return block
  }

  #remember(block: HeaderBlock, minor: 0 | 1): void {
    this.#lastBlock = block
    this.#lastMinor = minor
  }

  #begin(): boolean {
    const byte = this.#bytes[this.#at]!
    if (byte === CR) return this.#skipEmptyLine()
    if (byte === LF) throw new Refusal('LINE_BARE_LF')
    // Not left to the line's end: it may never come.
    if (byte === TLS_HANDSHAKE) throw new Refusal('TLS_UNEXPECTED')
    if (!isTokenByte(byte)) throw new Refusal('METHOD_MALFORMED')
    return this.#enter('requestLine')
  }

  #skipEmptyLine(): boolean {
    if (this.#at + 1 === this.#bytes.length) return false
    if (this.#bytes[this.#at + 1] !== LF) throw new Refusal('METHOD_MALFORMED')
    if (++this.#emptyLines > MAX_EMPTY_LINES) throw new Refusal('REQUEST_LINE_MALFORMED')
    this.#at += 2
    return true
  }

  #readRequestLine(): boolean {
    const { maxRequestLineBytes } = this.#limits
    const line = this.#readLine(maxRequestLineBytes, 'REQUEST_LINE_TOO_LONG', maxRequestLineBytes)
    if (line === null) return false
    this.#line = readRequestLine(line)
    return this.#enter('fields')
  }

  #readFieldLine(events: RequestEvent[]): boolean {
    const { maxHeaderBytes, maxHeaders } = this.#limits
    const line = this.#readSectionLine(maxHeaderBytes, 'HEADERS_TOO_LARGE')
    if (line === null) return false
    if (line === '') return this.#endHead(events)
    if (this.#fields.length === maxHeaders) throw new Refusal('HEADERS_TOO_MANY', maxHeaders)
    this.#fields.push(readField(line))
    this.#lines.push(line)
    return true
  }

  #endHead(events: RequestEvent[]): boolean {
    const line = this.#line!
    const raw = this.#lines.join('\r\n')
    const block = this.#cache?.get(line.minor, raw) ?? this.#newBlock(raw, this.#fields, line.minor)
    this.#line = null
    this.#lines = []
    this.#fields = []
    this.#sectionBytes = 0
    if (raw.length <= MAX_SHARED_BLOCK_BYTES) this.#remember(block, line.minor)
    return this.#startRequest(line, block, events)
  }

  #startRequest(line: RequestLine, block: HeaderBlock, events: RequestEvent[]): true {
    const { maxBodyBytes } = this.#limits
    if (block.contentLength > maxBodyBytes) throw new Refusal('BODY_TOO_LARGE', maxBodyBytes)
    const { method, target, origin, minor, authority } = line
    const own = authority === null || authority === block.host ? block : { ...block, host: authority, environ: null }
    events.push({ kind: 'head', head: { method, target, origin, minor, block: own } })
    this.#headsLeft--
    this.#emptyLines = 0
    return this.#startBody(block)
  }

  #startBody(block: HeaderBlock): true {
    if (block.framing === 'none') return this.#enter('between')
    this.#bodyBytes = 0
    this.#dataLeft = block.contentLength
    return this.#enter(block.framing === 'length' ? 'body' : 'chunkLine')
  }

  /** True once no more data is to come. */
  #readData(events: RequestEvent[]): boolean {
    const count = Math.min(this.#dataLeft, this.#bytes.length - this.#at)
    if (count === 0) return false
    events.push({ kind: 'body', bytes: this.#bytes.subarray(this.#at, this.#at + count) })
    this.#at += count
    this.#dataLeft -= count
    return this.#dataLeft === 0
  }

  #endBody(events: RequestEvent[]): true {
    events.push({ kind: 'bodyEnd' })
    return this.#enter('between')
  }

  #readChunkLine(): boolean {
    const { maxChunkLineBytes, maxBodyBytes } = this.#limits
    const line = this.#readLine(maxChunkLineBytes, 'CHUNK_LINE_TOO_LONG', maxChunkLineBytes)
    if (line === null) return false
    this.#dataLeft = readChunkLine(line)
    this.#bodyBytes += this.#dataLeft
    if (this.#bodyBytes > maxBodyBytes) throw new Refusal('BODY_TOO_LARGE', maxBodyBytes)
    return this.#enter(this.#dataLeft === 0 ? 'trailers' : 'chunkData')
  }

  #readChunkEnd(): boolean {
    const first = this.#bytes[this.#at] ?? CR
    const second = this.#bytes[this.#at + 1] ?? LF
    if (first !== CR || second !== LF) throw new Refusal('CHUNK_MALFORMED', 'no CRLF follows its data')
    if (this.#at + 2 > this.#bytes.length) return false
    this.#at += 2
    return this.#enter('chunkLine')
  }

  /** Trailers may go anywhere or nowhere (RFC 9110 §6.5.1); WSGI has no place for them. */
  #readTrailerLine(events: RequestEvent[]): boolean {
    const line = this.#readSectionLine(this.#limits.maxTrailerBytes, 'TRAILERS_TOO_LARGE')
    if (line === null) return false
    if (line !== '') return checkTrailer(line)
    this.#sectionBytes = 0
    return this.#endBody(events)
  }

  /** A line of a section that may hold `maxBytes`, its empty last line aside. */
  #readSectionLine(maxBytes: number, tooLarge: FaultCode): string | null {
    const line = this.#readLine(Math.max(0, maxBytes - this.#sectionBytes - 2), tooLarge, maxBytes)
    if (line !== null) this.#sectionBytes += line.length + 2
    return line
  }

  /**
   * The next line without its CRLF, or null while its end is missing. What is wrong with it depends on its bytes up
   * to the first LF alone, so that the cuts between feeds don't matter.
   */
  #readLine(maxBytes: number, tooLong: FaultCode, limit: number): string | null {
    const start = this.#at
    const lf = this.#bytes.indexOf(LF, start + this.#searched)
    const length = (lf < 0 ? this.#bytes.length : lf) - start
    if (length > maxBytes + 1) throw new Refusal(tooLong, limit)
    this.#searched = lf < 0 ? length : 0
    if (lf < 0) return null
    if (length === 0 || this.#bytes[lf - 1] !== CR) throw new Refusal('LINE_BARE_LF')
    this.#at = lf + 1
    return this.#bytes.toString('latin1', start, lf - 1)
  }
}

function checkTrailer(line: string): true {
  try {
    readField(line)
  } catch (error) {
    throw error instanceof Refusal ? new Refusal('TRAILER_MALFORMED') : error
  }
  return true
}
