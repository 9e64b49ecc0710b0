import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { WorkerPlace } from '../../../src/events/pool.ts'
import { FrameReader } from '../../../src/worker/codec.ts'
import { EMPTY_BODY, type Question } from '../../../src/worker/link.ts'
import { WIRE } from '../../../src/worker/table.ts'
import { atEnd } from '../../kit/ends.ts'
import { within } from '../../kit/wait.ts'

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly aux: number
  readonly id: number
  readonly payload: Buffer
}

/** A REQUEST as a worker reads it. */
export interface AskedRequest {
  readonly id: number
  readonly flags: number
  readonly method: string
  readonly target: string
  readonly address: string
  readonly port: string
  readonly block: string
  readonly body: Buffer
}

const { worker: W, front: F, flags: FLAGS } = WIRE
const DATA = 0
const CONTROL = 1
const MOST_FRONTS = 3

/** One frame, written out by hand: the code under test must not check itself. */
export function frame(type: number, id: number, payload: Buffer | string = '', flags = 0, aux = 0): Buffer {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload
  const header = Buffer.alloc(12)
  header.writeUInt32LE(bytes.length, 0)
  header.writeUInt8(type, 4)
  header.writeUInt8(flags, 5)
  header.writeUInt16LE(aux, 6)
  header.writeUInt32LE(id, 8)
  return Buffer.concat([header, bytes])
}

export function u32(...values: number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  for (const [at, value] of values.entries()) bytes.writeUInt32LE(value, at * 4)
  return bytes
}

/** What a request takes to the worker. */
export function question(target = '/', body: Question['body'] = EMPTY_BODY): Question {
  const own = ['GET', target, '', '127.0.0.1', '', 'r1'].join('\0')
  return { own, block: 'SERVER_NAME\0x', explicitPath: false, http10: false, body }
}

export interface HeadOptions {
  readonly status?: number
  readonly head?: string
  readonly flags?: number
  readonly micros?: number
}

export function headFrame(id: number, body: string | Buffer = '', options: HeadOptions = {}): Buffer {
  const { status = 200, head = '200 OK\r\n', flags = 0, micros = 50 } = options
  const text = Buffer.from(head, 'latin1')
  const payload = Buffer.concat([u32(text.length, micros), text, Buffer.from(body as string)])
  return frame(W.HEAD, id, payload, flags, status)
}

export function wholeFrame(id: number, body: string | Buffer = 'hello', options: HeadOptions = {}): Buffer {
  return headFrame(id, body, { ...options, flags: (options.flags ?? 0) | FLAGS.HEAD.LAST })
}

export function endFrame(id: number, { short = false, micros = 50 } = {}): Buffer {
  return frame(W.END, id, u32(micros), short ? FLAGS.END.SHORT : 0)
}

/** Things that came, for those who wait for the next one. */
class Inbox<T> {
  readonly all: T[] = []
  #read = 0
  #wake: (() => void)[] = []

  push(item: T): void {
    this.all.push(item)
    for (const wake of this.#wake.splice(0)) wake()
  }

  async next(what: string): Promise<T> {
    while (this.#read >= this.all.length) {
      await within(new Promise<void>((resolve) => this.#wake.push(resolve)), what)
    }
    return this.all[this.#read++]!
  }
}

let lastNumber = 0

/** The other side of a WorkerLink: a Unix socket and a state page in a folder of its own, answering as the test says. */
export class FakeWorker {
  readonly place: WorkerPlace
  readonly #folder: string
  readonly #server: Server
  readonly #page: number
  readonly #sockets: (Socket | undefined)[] = []
  readonly #requests = new Inbox<AskedRequest>()
  readonly #told = new Inbox<Frame>()
  readonly #hellos = new Inbox<Frame>()

  private constructor(folder: string, threads: number, inGreenlets: boolean) {
    this.#folder = folder
    this.place = {
      number: ++lastNumber,
      pid: 1_000_000 + lastNumber,
      socketPath: join(folder, 'w.sock'),
      pagePath: join(folder, 'w.page'),
      threads,
      inGreenlets,
    }
    writeFileSync(this.place.pagePath, Buffer.alloc((WIRE.page.sections + MOST_FRONTS * WIRE.page.sectionWords) * 8))
    this.#page = openSync(this.place.pagePath, 'r+')
    this.#server = createServer((socket) => this.#accept(socket))
  }

  static async start(test: Pick<TestContext, 'after'>, { threads = 1, inGreenlets = false } = {}): Promise<FakeWorker> {
    const worker = new FakeWorker(mkdtempSync(join(tmpdir(), 'dram-worker-')), threads, inGreenlets)
    await new Promise<void>((resolve) => worker.#server.listen(worker.place.socketPath, resolve))
    atEnd(test, () => worker.#remove())
    return worker
  }

  /** Both connections are there; their HELLOs, data first. */
  async connected(): Promise<[Frame, Frame]> {
    const both = [await this.#hellos.next('a HELLO'), await this.#hellos.next('the other HELLO')]
    both.sort((a, b) => a.flags - b.flags)
    return both as [Frame, Frame]
  }

  /** Says READY. */
  async ready(): Promise<void> {
    await this.connected()
    await this.send(frame(W.READY, 0, JSON.stringify({ pid: this.place.pid, python: '3.11.7' })))
  }

  /** Every request so far. */
  get asked(): readonly AskedRequest[] {
    return this.#requests.all
  }

  /** Everything so far on the control connection, but for its HELLO. */
  get told(): readonly Frame[] {
    return this.#told.all
  }

  request(): Promise<AskedRequest> {
    return this.#requests.next('a request')
  }

  async requests(count: number): Promise<AskedRequest[]> {
    const all: AskedRequest[] = []
    while (all.length < count) all.push(await this.request())
    return all
  }

  /** The next frame of that type on the control connection; others are passed over. */
  async heard(type: keyof typeof F): Promise<Frame> {
    for (;;) {
      const told = await this.#told.next(type)
      if (told.type === F[type]) return told
    }
  }

  send(...frames: Buffer[]): Promise<void> {
    return new Promise((resolve) => this.#sockets[DATA]!.write(Buffer.concat(frames), () => resolve()))
  }

  /** Answers on the control connection. */
  answer(...frames: Buffer[]): Promise<void> {
    return new Promise((resolve) => this.#sockets[CONTROL]!.write(Buffer.concat(frames), () => resolve()))
  }

  /** Writes into the state page what the serving thread `slot` runs, since when (Infinity: its clock stands still). */
  mark(slot: number, id: number, startMs = 0, front = 0): void {
    const words = Buffer.alloc(WIRE.page.threadWords * 8)
    words.writeUInt32LE(id, 0)
    words.writeUInt32LE(front, 4)
    words.writeDoubleLE(startMs / 1000, 8)
    writeSync(this.#page, words, 0, words.length, (WIRE.page.threads + slot * WIRE.page.threadWords) * 8)
  }

  /** Writes the position of the last request entered into the state page. */
  enter(id: number, front = 0): void {
    const { sections, sectionWords, entered } = WIRE.page
    writeSync(this.#page, u32(id, 0), 0, 8, (sections + front * sectionWords + entered) * 8)
  }

  /** Ends its connections, as a dying process does. */
  hangUp(which: 'both' | 'control' = 'both'): void {
    if (which === 'both') this.#sockets[DATA]?.destroy()
    this.#sockets[CONTROL]?.destroy()
  }

  #accept(socket: Socket): void {
    const reader = new FrameReader()
    let role = -1
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      for (let at = 0; at < bytes.length; ) {
        const count = bytes.copy(reader.target(), 0, at)
        at += count
        reader.received(count)
        while (reader.next()) {
          const { type, flags, aux, id, start, end } = reader
          const told = { type, flags, aux, id, payload: Buffer.from(reader.bytes.subarray(start, end)) }
          if (type === F.HELLO) {
            role = flags
            this.#sockets[role] = socket
            this.#hellos.push(told)
          } else if (role === DATA) this.#requests.push(requestOf(told))
          else this.#told.push(told)
        }
      }
    })
  }

  #remove(): void {
    this.hangUp()
    this.#server.close()
    closeSync(this.#page)
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function requestOf({ id, flags, aux, payload }: Frame): AskedRequest {
  const blockBytes = payload.readUInt32LE(0)
  const [method = '', target = '', , address = '', port = ''] = payload.latin1Slice(4, 4 + aux).split('\0')
  const block = payload.latin1Slice(4 + aux, 4 + aux + blockBytes)
  return { id, flags, method, target, address, port, block, body: payload.subarray(4 + aux + blockBytes) }
}
