/** Lines on their way to a slow reader: bounded in bytes, and honest about what it dropped. */
export class LineQueue {
  readonly #maxBytes: number
  #lines: string[] = []
  #bytes = 0
  #lost = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get isEmpty(): boolean {
    return this.#lines.length === 0
  }

  /** Half of the room is kept for our own lines, so that an application that prints much can't push them out. */
  get hasRoom(): boolean {
    return this.#bytes <= this.#maxBytes / 2
  }

  /** A line that is dropped where there is no room for it. */
  offer(line: string): void {
    if (this.#bytes + Buffer.byteLength(line) > this.#maxBytes) this.#lost++
    else this.push(line)
  }

  /** Text that is never dropped; who brings it asks `hasRoom` first. */
  push(text: string): void {
    this.#lines.push(text)
    this.#bytes += Buffer.byteLength(text)
  }

  /** Lines were taken, and never arrived. */
  lose(lines: number): void {
    this.#lost += lines
  }

  /** Takes what is waiting, up to about `maxBytes` and one line at least. */
  take(maxBytes: number): { readonly text: string; readonly lines: number } {
    let lines = 0
    let bytes = 0
    while (lines < this.#lines.length && bytes < maxBytes) bytes += Buffer.byteLength(this.#lines[lines++]!)
    const text = this.#lines.splice(0, lines).join('')
    this.#bytes -= bytes
    return { text, lines }
  }

  /** How many lines were lost since the last call; 0 while there is no room to say so. */
  takeLost(): number {
    const lost = this.hasRoom ? this.#lost : 0
    this.#lost -= lost
    return lost
  }
}
