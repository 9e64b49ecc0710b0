import { close, constants, open, read, unlink, writev } from 'node:fs'
import type { Spool } from './spool.ts'
import { spoolFull } from './spoolFull.ts'

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_RDWR } = constants

/** null: it worked. */
export type Done = (error: Error | null) => void

/**
 * One file of the spool: opened at first use, closed when the last operation has ended, its bytes counted.
 * At most one write and one read may be under way. After `dispose` no callback comes any more.
 */
export class SpoolFile {
  readonly path: string
  readonly #spool: Spool
  /** A file with a name is read by others; the others are unlinked as soon as they are open. */
  readonly #named: boolean
  #fd = -1
  #opened: 'no' | 'opening' | 'yes' = 'no'
  #underWay = 0
  #reservedBytes = 0
  #disposed = false

  constructor(spool: Spool, named: boolean) {
    this.#spool = spool
    this.#named = named
    this.path = spool.newPath()
  }

  /** Takes its share of the spool's limit for a file of this size; false: the spool is full. */
  reserve(sizeBytes: number): boolean {
    const more = sizeBytes - this.#reservedBytes
    if (more <= 0) return true
    if (!this.#spool.take(more)) return false
    this.#reservedBytes = sizeBytes
    return true
  }

  /** Writes all of the buffers. Errors: Fault SPOOL_FULL. */
  write(buffers: Buffer[], position: number, done: Done): void {
    if (this.#opened === 'yes') this.#write(buffers, position, done)
    else this.#open((error) => (error === null ? this.#write(buffers, position, done) : done(error)))
  }

  /** Fills the buffer. Errors: the system's; a file that ends early. */
  read(into: Buffer, position: number, done: Done): void {
    this.#underWay++
    read(this.#fd, into, 0, into.length, position, (error, count) => {
      if (this.#ended()) return
      if (error !== null) return done(error)
      if (count === 0) return done(new Error('a spool file ended early'))
      if (count === into.length) return done(null)
      this.read(into.subarray(count), position + count, done)
    })
  }

  /** Closes the descriptor but keeps the file, for others to read. */
  seal(done: Done): void {
    const fd = this.#fd
    this.#fd = -1
    close(fd, () => {
      this.#spool.giveDescriptor()
      if (!this.#disposed) done(null)
    })
  }

  dispose(): void {
    if (this.#disposed) return
    this.#disposed = true
    this.#spool.give(this.#reservedBytes)
    if (this.#named && this.#opened === 'yes') unlink(this.path, ignore)
    if (this.#underWay === 0) this.#close()
  }

  #open(done: Done): void {
    if (!this.#spool.takeDescriptor()) {
      queueMicrotask(() => this.#disposed || done(spoolFull('EMFILE')))
      return
    }
    this.#opened = 'opening'
    this.#underWay++
    open(this.path, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR, 0o600, (error, fd) => {
      if (error !== null) {
        this.#spool.giveDescriptor()
        this.#opened = 'no'
      } else {
        this.#fd = fd
        this.#opened = 'yes'
        if (!this.#named || this.#disposed) unlink(this.path, ignore)
      }
      if (!this.#ended()) done(error === null ? null : spoolFull(error.code))
    })
  }

  #write(buffers: Buffer[], position: number, done: Done): void {
    this.#underWay++
    writev(this.#fd, buffers, position, (error, count) => {
      if (this.#ended()) return
      if (error !== null) return done(spoolFull(error.code))
      const rest = after(buffers, count)
      if (rest.length === 0) return done(null)
      this.#write(rest, position + count, done)
    })
  }

  /** One operation less is under way. True: nobody waits for its result. */
  #ended(): boolean {
    this.#underWay--
    if (this.#disposed && this.#underWay === 0) this.#close()
    return this.#disposed
  }

  #close(): void {
    if (this.#fd < 0) return
    close(this.#fd, () => this.#spool.giveDescriptor())
    this.#fd = -1
  }
}

function after(buffers: Buffer[], count: number): Buffer[] {
  let left = count
  const rest: Buffer[] = []
  for (const buffer of buffers) {
    if (left < buffer.length) rest.push(left === 0 ? buffer : buffer.subarray(left))
    left = Math.max(0, left - buffer.length)
  }
  return rest
}

function ignore(): void {}
