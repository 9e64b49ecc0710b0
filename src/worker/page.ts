import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { WIRE } from './table.ts'

const { threads, threadWords, mostThreads, sections, sectionWords, entered, flags, flagWords } = WIRE.page
const WORD = 8
const SLOT = threadWords * WORD

/** What one serving thread of a worker runs. */
export interface ThreadMark {
  /** Id of the request. */
  readonly id: number
  /** When it was entered, in CLOCK_MONOTONIC, later by what it has waited for its client; Infinity while it waits. */
  readonly startSeconds: number
}

/**
 * The state page of one worker (wire/README.md), as one of its fronts sees it: a small file the worker maps, read and
 * written here with single system calls.
 */
export class StatePage {
  #descriptor: number
  readonly #front: number
  /** The first word of the front's own section. */
  readonly #section: number
  readonly #word = Buffer.alloc(WORD)

  constructor(path: string, front: number) {
    this.#descriptor = openSync(path, 'r+')
    this.#front = front
    this.#section = sections + front * sectionWords
  }

  /** The id of the last request of this front that the worker entered; 0 before the first. */
  entered(): number {
    readSync(this.#descriptor, this.#word, 0, WORD, (this.#section + entered) * WORD)
    return this.#word.readUInt32LE(0)
  }

  /** What the first `count` serving threads run of this front's; those that run nothing of it are left out. */
  marks(count: number): ThreadMark[] {
    if (this.#descriptor < 0) return []
    const slots = Buffer.alloc(Math.min(count, mostThreads) * SLOT)
    const bytes = readSync(this.#descriptor, slots, 0, slots.length, threads * WORD)
    const marks: ThreadMark[] = []
    for (let at = 0; at + SLOT <= bytes; at += SLOT) {
      const id = slots.readUInt32LE(at)
      const front = slots.readUInt32LE(at + 4)
      if (id !== 0 && front === this.#front) marks.push({ id, startSeconds: slots.readDoubleLE(at + WORD) })
    }
    return marks
  }

  /** Sets what the worker may read of the client of request `id` without a system call. */
  flag(id: number, bits: number): void {
    if (this.#descriptor < 0) return
    this.#word.writeBigUInt64LE(BigInt(id) * 256n + BigInt(bits))
    writeSync(this.#descriptor, this.#word, 0, WORD, (this.#section + flags + (id % flagWords)) * WORD)
  }

  close(): void {
    if (this.#descriptor >= 0) closeSync(this.#descriptor)
    this.#descriptor = -1
  }
}
