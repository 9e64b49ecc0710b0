import { closeSync, openSync, readSync, writeSync } from 'node:fs'
import { WIRE } from './table.ts'

const { entered, flags, flagWords } = WIRE.page
const WORD = 8

/** The state page of one worker (wire/README.md): a small file it maps, read and written here with single system calls. */
export class StatePage {
  #descriptor: number
  readonly #word = Buffer.alloc(WORD)

  constructor(path: string) {
    this.#descriptor = openSync(path, 'r+')
  }

  /** The id of the last request the worker entered; 0 before the first. */
  entered(): number {
    readSync(this.#descriptor, this.#word, 0, WORD, entered * WORD)
    return this.#word.readUInt32LE(0)
  }

  /** Sets what the worker may read of the client of request `id` without a system call. */
  flag(id: number, bits: number): void {
    if (this.#descriptor < 0) return
    this.#word.writeBigUInt64LE(BigInt(id) * 256n + BigInt(bits))
    writeSync(this.#descriptor, this.#word, 0, WORD, (flags + (id % flagWords)) * WORD)
  }

  close(): void {
    if (this.#descriptor >= 0) closeSync(this.#descriptor)
    this.#descriptor = -1
  }
}
