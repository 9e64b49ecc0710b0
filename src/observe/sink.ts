import { closeSync, constants, fchownSync, fstatSync, openSync, type Stats, write, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { isatty } from 'node:tty'
import { Fault } from '../faults/fault.ts'
import { LineQueue } from './lineQueue.ts'
import type { LineSink } from './log.ts'

const QUEUE_BYTES = 1024 * 1024
const BATCH_BYTES = 64 * 1024
/** A terminal that takes no more (Ctrl-S) is waited for so long. */
const SILENCE_MS = 200
/** Between tries while a pipe is full. */
const LEAST_WAIT_MS = 1
const MOST_WAIT_MS = 50

export interface SinkOptions {
  /** How many bytes wait for a slow reader at most, beyond the batch that is being written. */
  readonly maxBytes?: number
  /** The line that says how many lines were lost, with its newline. */
  readonly sayLost: (lines: number) => string
}

interface Batch {
  readonly bytes: Buffer
  readonly lines: number
  at: number
}

/**
 * The door through which lines leave the process. It never blocks the event loop: writes go through libuv's pool, one
 * at a time. (`process.stderr` is synchronous for pipes: one stuck log reader would stop the server.)
 */
export class Sink implements LineSink {
  readonly #options: SinkOptions
  readonly #queue: LineQueue
  /** '' for a descriptor. */
  readonly #path: string
  #descriptor: number
  /** Opened by `reopen`, to be used from the next batch on. */
  #successor: number | null = null
  #batch: Batch | null = null
  #writing = false
  #closed = false
  #silent = false
  #waitMs = LEAST_WAIT_MS
  #timer: NodeJS.Timeout | null = null
  #whenReady: (() => void)[] = []
  #whenEmpty: (() => void)[] = []

  private constructor(descriptor: number, path: string, options: SinkOptions) {
    this.#descriptor = descriptor
    this.#path = path
    this.#options = options
    this.#queue = new LineQueue(options.maxBytes ?? QUEUE_BYTES)
  }

  /** Onto a descriptor that is open already, 1 or 2 for instance. */
  static onDescriptor(descriptor: number, options: SinkOptions): Sink {
    return new Sink(patient(descriptor), '', options)
  }

  /** Appends to a file, made if it isn't there. Throws LOG_FILE. */
  static onFile(path: string, options: SinkOptions): Sink {
    return new Sink(openFile(path), path, options)
  }

  write(line: string): void {
    this.#queue.offer(line)
    this.#pump()
  }

  pass(text: string): void {
    this.#queue.push(text)
    this.#pump()
  }

  /** Is there room for output of the application's? */
  get ready(): boolean {
    return this.#queue.hasRoom
  }

  /** Calls back once there is room again; for when `ready` is false. */
  onceReady(callback: () => void): void {
    this.#whenReady.push(callback)
  }

  /** Opens the file of that path anew, for log rotation. Throws LOG_FILE, and goes on with the old one then. */
  reopen(): void {
    if (this.#path === '') return
    const opened = openFile(this.#path)
    if (this.#successor !== null) closeSync(this.#successor)
    this.#successor = opened
    if (this.#batch === null) this.#takeSuccessor()
  }

  /** Gives its file to another user, who has to open it anew after a rotation. Descriptors are others' business. */
  own(uid: number, gid: number): void {
    if (this.#path !== '' && fstatSync(this.#descriptor).isFile()) fchownSync(this.#descriptor, uid, gid)
  }

  /** The last lines are written, `limitMs` at most, and its file is closed. What comes later is dropped. */
  async close(limitMs: number): Promise<void> {
    await this.drain(limitMs)
    this.#takeSuccessor()
    this.#closed = true
    if (!this.#writing) this.#closeFile()
  }

  /** Where it writes to a terminal: once it has written what waits, it writes no more, until it is told that it may. */
  async silence(isSilent: boolean): Promise<void> {
    if (!isTerminal(this.#descriptor)) return
    if (isSilent) await this.drain(SILENCE_MS)
    this.#silent = isSilent
    this.#pump()
  }

  /** Waits until all is written, `limitMs` at most. */
  async drain(limitMs: number): Promise<void> {
    if (this.#isIdle) return
    let timer: NodeJS.Timeout | undefined
    const tired = new Promise<void>((resolve) => (timer = setTimeout(resolve, limitMs)))
    await Promise.race([tired, new Promise<void>((resolve) => this.#whenEmpty.push(resolve))])
    clearTimeout(timer)
  }

  /**
   * Writes what waits at once, for a process that is about to end; blocks `limitMs` at most on a full pipe.
   * A write that is in the pool is left to it: Node waits for the pool when it ends.
   */
  flushSync(limitMs: number): void {
    const end = performance.now() + limitMs
    const begun = this.#writing ? null : this.#batch
    if (begun) this.#batch = null
    let batch = begun ?? this.#nextBatch()
    while (batch.bytes.length > 0 && writeWhole(this.#descriptor, batch, end)) batch = this.#nextBatch()
  }

  get #isIdle(): boolean {
    return this.#batch === null && this.#queue.isEmpty
  }

  #pump(): void {
    if (this.#closed || this.#silent || this.#writing || this.#timer !== null || this.#isIdle) return
    if (this.#batch === null) {
      this.#takeSuccessor()
      this.#batch = this.#nextBatch()
    }
    const batch = this.#batch
    this.#writing = true
    write(this.#descriptor, batch.bytes, batch.at, batch.bytes.length - batch.at, null, (error, written) => {
      this.#writing = false
      if (this.#closed)
        this.#closeFile() // not before: another file could get its number meanwhile
      else if (error === null) this.#progress(batch, written)
      else if (error.code === 'EAGAIN') this.#waitForReader()
      else this.#giveUp(batch)
    })
  }

  #nextBatch(): Batch {
    const { text, lines } = this.#queue.take(BATCH_BYTES)
    return { bytes: Buffer.from(text, 'utf8'), lines, at: 0 }
  }

  #progress(batch: Batch, written: number): void {
    this.#waitMs = LEAST_WAIT_MS
    batch.at += written
    if (batch.at >= batch.bytes.length && this.#batch === batch) {
      this.#batch = null
      const lost = this.#queue.takeLost()
      if (lost > 0) this.#queue.push(this.#options.sayLost(lost))
    }
    this.#tell()
    this.#pump()
  }

  /** A pipe can't be watched for room without a handle of libuv's, and that would take the descriptor over: try again. */
  #waitForReader(): void {
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#pump()
    }, this.#waitMs).unref()
    this.#waitMs = Math.min(this.#waitMs * 2, MOST_WAIT_MS)
  }

  /** The reader is gone, or the disk is full. The next line tries again; the lost ones are told of if it arrives. */
  #giveUp(batch: Batch): void {
    this.#queue.lose(batch.lines)
    this.#batch = null
    this.#tell()
    this.#pump()
  }

  #tell(): void {
    if (this.#queue.hasRoom) for (const callback of this.#whenReady.splice(0)) callback()
    if (this.#isIdle) for (const callback of this.#whenEmpty.splice(0)) callback()
  }

  #closeFile(): void {
    if (this.#path !== '') closeSync(this.#descriptor)
  }

  #takeSuccessor(): void {
    if (this.#successor === null) return
    closeSync(this.#descriptor)
    this.#descriptor = this.#successor
    this.#successor = null
  }
}

/** Do colors make sense there? */
export function isTerminal(descriptor: number): boolean {
  return isatty(descriptor)
}

/** Do both descriptors lead to one file, pipe or terminal? */
export function areOne(first: number, second: number): boolean {
  const [one, other] = [fstatSync(first), fstatSync(second)]
  return one.dev === other.dev && one.ino === other.ino
}

function openFile(path: string): number {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK, 0o640)
  } catch (error) {
    throw new Fault('LOG_FILE', { detail: `${path}: ${(error as Error).message}` })
  }
}

/** Sockets are made non-blocking by a handle of libuv's; it must live as long as the descriptor. */
const sockets: Socket[] = []

/**
 * The descriptor, or another for the same place on which a write never waits for a reader. A thread of the pool that
 * hangs in a write would keep the process from ending. Pipes and terminals are opened anew, which changes nothing for
 * other processes that hold them; regular files stay, since their offset is shared with whoever redirected us there.
 */
function patient(descriptor: number): number {
  try {
    const stats = fstatSync(descriptor)
    if (stats.isSocket()) sockets.push(new Socket({ fd: descriptor, readable: false, writable: true }).unref())
    return isStream(stats)
      ? openSync(`/proc/self/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
      : descriptor
  } catch {
    return descriptor
  }
}

function isStream(stats: Stats): boolean {
  return stats.isFIFO() || stats.isCharacterDevice()
}

function writeWhole(descriptor: number, batch: Batch, end: number): boolean {
  while (batch.at < batch.bytes.length) {
    try {
      batch.at += writeSync(descriptor, batch.bytes, batch.at)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || performance.now() > end) return false
      Atomics.wait(NEVER, 0, 0, LEAST_WAIT_MS)
    }
  }
  return true
}

const NEVER = new Int32Array(new SharedArrayBuffer(4))
