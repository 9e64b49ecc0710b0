const MAX_LINE_BYTES = 8 * 1024
const NEWLINE = 0x0a

/** Bytes that an application wrote → its lines, without their newlines. Pure; a longer line comes in pieces. */
export class LineSplitter {
  readonly #held: Buffer
  #length = 0

  constructor(maxLineBytes = MAX_LINE_BYTES) {
    this.#held = Buffer.allocUnsafe(maxLineBytes)
  }

  feed(bytes: Buffer): string[] {
    const lines: string[] = []
    let start = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, start)) {
      if (this.#length === 0 && end - start <= this.#held.length) lines.push(text(bytes, start, end))
      else this.#finish(bytes.subarray(start, end), lines)
      start = end + 1
    }
    this.#hold(bytes.subarray(start), lines)
    return lines
  }

  /** What has no newline yet; null if there is nothing. At the stream's end, or when a prompt should be seen. */
  flush(): string | null {
    if (this.#length === 0) return null
    const line = text(this.#held, 0, this.#length)
    this.#length = 0
    return line
  }

  #finish(bytes: Buffer, lines: string[]): void {
    this.#hold(bytes, lines)
    lines.push(this.flush() ?? '')
  }

  #hold(bytes: Buffer, lines: string[]): void {
    let from = 0
    while (this.#length + bytes.length - from > this.#held.length) {
      from += bytes.copy(this.#held, this.#length, from)
      this.#emitFull(lines)
    }
    this.#length += bytes.copy(this.#held, this.#length, from)
  }

  /** Not cut inside a character, unless the bytes are no text at all. */
  #emitFull(lines: string[]): void {
    const full = this.#held.length
    const cut = characterStart(this.#held, full)
    lines.push(this.#held.toString('utf8', 0, cut))
    this.#length = this.#held.copy(this.#held, 0, cut, full)
  }
}

/** Without the CR of a line that ended with CRLF. */
function text(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('utf8', start, end > start && bytes[end - 1] === 0x0d ? end - 1 : end)
}

/** Where the last character begins, if its end is missing; else `end`. */
function characterStart(bytes: Buffer, end: number): number {
  for (let back = 1; back <= 3 && back < end; back++) {
    const byte = bytes[end - back]!
    if (byte < 0x80) return end
    if (byte >= 0xc0) return back < utf8Length(byte) ? end - back : end
  }
  return end
}

function utf8Length(first: number): number {
  return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2
}
