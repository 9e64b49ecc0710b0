import { Buffer } from 'node:buffer'
import type { HeaderBlock, HeaderField, RequestHead } from '../events/request.ts'
import { readBlock } from './block.ts'
import { readField } from './field.ts'
import { isTokenByte, TCHAR } from './grammar.ts'
import { type HeaderCache, MAX_SHARED_BLOCK_BYTES } from './headerCache.ts'
import type { Input } from './input.ts'
import type { ParseLimits } from './limits.ts'
import { Refusal } from './refusal.ts'
import { type RequestLine, readRequestLine } from './requestLine.ts'

const CR = 0x0d
const LF = 0x0a
const HEAD_END = Buffer.from('\r\n\r\n')
const TLS_HANDSHAKE = 0x16

/** A request line with an origin-form target, which nearly all have, and all that `readRequestLine` would say of it. */
const USUAL_LINE = new RegExp(`^([${TCHAR}]+) (/[!"$-~]*) HTTP/1\\.([01])\r\n`)

// RFC 9112 §2.2 wants one to be taken: old clients send it after a POST. Some send more; none sends many.
const MAX_EMPTY_LINES = 8

/** The heads of one connection, one after the other. */
export class HeadReader {
  readonly #input: Input
  readonly #limits: ParseLimits
  readonly #cache: HeaderCache | null

  // The head as far as it came.
  #begun = false
  #emptyLines = 0
  #line: RequestLine | null = null
  #lines: string[] = []
  #fields: HeaderField[] = []

  /** The block of the last head: clients seldom change theirs. */
  #last: HeaderBlock | null = null
  #lastMinor: 0 | 1 = 1

  constructor(input: Input, limits: ParseLimits, cache: HeaderCache | null) {
    this.#input = input
    this.#limits = limits
    this.#cache = cache
  }

  /** Has a first byte of one come, but not its last? */
  get begun(): boolean {
    return this.#begun
  }

  /** Nothing of the next one has come, not even an empty line before it. */
  get isFresh(): boolean {
    return !this.#begun && this.#emptyLines === 0
  }

  /** The next head, or null while it isn't whole. */
  read(): RequestHead | null {
    if (this.#begun) return this.#readLines()
    return this.#readWhole() ?? (this.#begin() ? this.#readLines() : null)
  }

  /**
   * Hot (bench/parse.ts): a head that came whole, is usual in its request line and right in all the rest. Whatever
   * else comes is left to the plain way, line by line, which has to say the same (tests compare).
   */
  #readWhole(): RequestHead | null {
    if (this.#cache === null) return null
    const { bytes, at } = this.#input
    const { maxRequestLineBytes } = this.#limits
    const end = bytes.indexOf(HEAD_END, at)
    if (end < 0 || end - at > maxRequestLineBytes + MAX_SHARED_BLOCK_BYTES) return null
    const text = bytes.toString('latin1', at, end)
    const parts = USUAL_LINE.exec(text)
    if (!parts) return null
    const [lineAndEnd, method = '', target = '', digit] = parts
    if (method === 'CONNECT' || lineAndEnd.length - 2 > maxRequestLineBytes) return null
    const minor = digit === '1' ? 1 : 0
    const block = this.#isLast(text.slice(lineAndEnd.length), minor)
      ? this.#last
      : this.#readWholeBlock(at + lineAndEnd.length, end, minor)
    if (block === null) return null
    this.#input.at = end + HEAD_END.length
    this.#emptyLines = 0
    return { method, target, origin: null, minor, block }
  }

  /** Null if anything is wrong with it: the plain way finds out what is wrong first. */
  #readWholeBlock(start: number, end: number, minor: 0 | 1): HeaderBlock | null {
    const { maxHeaderBytes, maxHeaders, maxHeaderLineBytes } = this.#limits
    if (end - start > MAX_SHARED_BLOCK_BYTES || end - start + 2 > maxHeaderBytes) return null
    // Where all lines together are no longer than one may be, none is.
    if (maxHeaderLineBytes > 0 && end - start > maxHeaderLineBytes) return null
    // Not a slice of the head's text: that would keep the target in memory for as long as the block is kept.
    const raw = this.#input.bytes.toString('latin1', start, end)
    const block = this.#cache?.get(minor, raw) ?? this.#readRightBlock(raw, minor)
    if (block === null || block.fields.length > maxHeaders) return null
    this.#remember(block, minor)
    return block
  }

  #readRightBlock(raw: string, minor: 0 | 1): HeaderBlock | null {
    try {
      return this.#newBlock(raw, raw.split('\r\n').map(readField), minor)
    } catch (error) {
      if (error instanceof Refusal) return null
      throw error
    }
  }

  #begin(): boolean {
    const input = this.#input
    while (input.leftBytes > 1 && input.bytes[input.at] === CR && input.bytes[input.at + 1] === LF) {
      if (++this.#emptyLines > MAX_EMPTY_LINES) throw new Refusal('REQUEST_LINE_MALFORMED')
      input.at += 2
    }
    const byte = input.bytes[input.at]
    if (byte === undefined || (byte === CR && input.leftBytes === 1)) return false
    checkFirstByte(byte)
    this.#begun = true
    return true
  }

  #readLines(): RequestHead | null {
    if (this.#line === null && !this.#readRequestLine()) return null
    for (;;) {
      const line = this.#input.readSectionLine(this.#limits.maxHeaderBytes, 'HEADERS_TOO_LARGE')
      if (line === null) return null
      if (line === '') return this.#end()
      this.#addField(line)
    }
  }

  #readRequestLine(): boolean {
    const line = this.#input.readLine(this.#limits.maxRequestLineBytes, 'REQUEST_LINE_TOO_LONG')
    this.#line = line === null ? null : readRequestLine(line)
    return line !== null
  }

  #addField(line: string): void {
    const { maxHeaders, maxHeaderLineBytes } = this.#limits
    if (maxHeaderLineBytes > 0 && line.length > maxHeaderLineBytes)
      throw new Refusal('HEADER_TOO_LONG', maxHeaderLineBytes)
    if (this.#fields.length === maxHeaders) throw new Refusal('HEADERS_TOO_MANY', maxHeaders)
    this.#fields.push(readField(line))
    this.#lines.push(line)
  }

  #end(): RequestHead {
    const { method, target, origin, authority, minor } = this.#line!
    const block = this.#endBlock(this.#lines.join('\r\n'), minor)
    this.#begun = false
    this.#emptyLines = 0
    this.#line = null
    this.#lines = []
    this.#fields = []
    return { method, target, origin, minor, block: authority === null ? block : withHost(block, authority) }
  }

  #endBlock(raw: string, minor: 0 | 1): HeaderBlock {
    if (this.#isLast(raw, minor)) return this.#last!
    const block = this.#cache?.get(minor, raw) ?? this.#newBlock(raw, this.#fields, minor)
    if (raw.length <= MAX_SHARED_BLOCK_BYTES) this.#remember(block, minor)
    return block
  }

  #newBlock(raw: string, fields: HeaderField[], minor: 0 | 1): HeaderBlock {
    const block = readBlock(raw, fields, minor)
    this.#cache?.offer(minor, block)
    return block
  }

  #isLast(raw: string, minor: 0 | 1): boolean {
    return this.#last !== null && minor === this.#lastMinor && raw === this.#last.raw
  }

  #remember(block: HeaderBlock, minor: 0 | 1): void {
    if (this.#cache === null) return
    this.#last = block
    this.#lastMinor = minor
  }
}

/** Not left to the line's end, which may never come. */
function checkFirstByte(byte: number): void {
  if (byte === LF) throw new Refusal('LINE_BARE_LF')
  if (byte === TLS_HANDSHAKE) throw new Refusal('TLS_UNEXPECTED')
  if (!isTokenByte(byte)) throw new Refusal('METHOD_MALFORMED')
}

/** RFC 9112 §3.2.2: an absolute target overrules Host. The block is shared by those that agree with it alone. */
function withHost(block: HeaderBlock, host: string): HeaderBlock {
  return host === block.host ? block : { ...block, host, environ: null }
}
