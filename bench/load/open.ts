import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type Answer, AnswerReader } from './answers.ts'
import { dueAt, dueBy, isOther, type Quantiles, quantiles } from './timing.ts'

export interface OpenAsk {
  readonly port: number
  readonly path: string
  readonly cookie?: string | undefined
  readonly requestsPerSecond: number
  readonly seconds: number
  /** Before it, at the same rate, without being counted. */
  readonly warmupSeconds: number
  /**
   * So many clients, who ask in turn: connected before the load begins where the server keeps connections. What is due
   * while all of them wait for an answer waits too, and its time runs.
   */
  readonly connections: number
  /** A new connection for each request: for servers that close theirs, which not all of them announce. */
  readonly closes: boolean
  readonly other?: { readonly path: string; readonly oneOf: number } | undefined
}

export interface OpenFigures extends Quantiles {
  /** Of the requests that count. */
  readonly answered: number
  readonly seconds: number
  /** Wrong status, connection lost, or no answer at all; the other requests included. */
  readonly failed: number
  readonly firstFailure: string
  /** Each text that was answered, and when first, milliseconds of the epoch. */
  readonly firstSeen: Readonly<Record<string, number>>
}

/** How long the last answers are waited for. */
const PATIENCE_MS = 10_000
const MOST_TEXTS = 100

interface Due {
  readonly dueMs: number
  readonly isOther: boolean
  readonly isCounted: boolean
}

interface Lane {
  readonly socket: Socket
  readonly reader: AnswerReader
  running: Due | null
  /** It has answered before: a server may close it between two requests. */
  hasServed: boolean
}

/**
 * Requests are sent when they are due, whatever became of those before, and their time counts from then: a server that
 * stalls can't hide it by holding the load back.
 */
export class OpenLoad {
  readonly #ask: OpenAsk
  readonly #plain: Buffer
  readonly #other: Buffer
  readonly #free: Lane[] = []
  readonly #waiting: Due[] = []
  readonly #lanes = new Set<Lane>()
  readonly #tookMs: number[] = []
  readonly #firstSeen: Record<string, number> = {}
  #failed = 0
  #firstFailure = ''
  #sent = 0
  #done = 0
  #beganMs = 0
  #end: (() => void) | null = null

  constructor(ask: OpenAsk) {
    this.#ask = ask
    const bytes = (path: string) => {
      const cookie = ask.cookie ? `Cookie: ${ask.cookie}\r\n` : ''
      const connection = ask.closes ? 'Connection: close\r\n' : ''
      return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${ask.port}\r\n${cookie}${connection}\r\n`)
    }
    this.#plain = bytes(ask.path)
    this.#other = bytes(ask.other?.path ?? ask.path)
  }

  async run(): Promise<OpenFigures> {
    const { requestsPerSecond, seconds, warmupSeconds } = this.#ask
    const total = Math.round(requestsPerSecond * (seconds + warmupSeconds))
    const firstCounted = Math.round(requestsPerSecond * warmupSeconds)
    if (!this.#ask.closes) await this.#connectAll()
    this.#beganMs = performance.now()
    await new Promise<void>((done) => {
      this.#end = done
      const tick = () => {
        const due = dueBy(performance.now() - this.#beganMs, requestsPerSecond, total)
        while (this.#sent < due) this.#send(this.#sent++, firstCounted)
        if (this.#sent < total) setTimeout(tick, 1)
        else setTimeout(done, PATIENCE_MS).unref()
      }
      tick()
    })
    return this.#figures(total)
  }

  /** Those that can't connect are tried again when a request is due. */
  async #connectAll(): Promise<void> {
    const lanes = Array.from({ length: this.#ask.connections }, () => this.#open())
    await Promise.allSettled(lanes.map(({ socket }) => once(socket, 'connect')))
    this.#free.push(...lanes.filter((lane) => this.#lanes.has(lane)))
  }

  #figures(total: number): OpenFigures {
    const nowMs = performance.now() - this.#beganMs
    const open = [...this.#waiting, ...[...this.#lanes].flatMap(({ running }) => running ?? [])]
    // What was never answered took at least until now.
    for (const due of open) if (due.isCounted && !due.isOther) this.#tookMs.push(nowMs - due.dueMs)
    const lost = total - this.#done
    if (lost > 0) this.#fail(`${lost} never answered`, lost)
    for (const { socket } of this.#lanes) socket.destroy()
    const answered = this.#tookMs.length - open.filter((due) => due.isCounted && !due.isOther).length
    const { seconds } = this.#ask
    const firstSeen = this.#firstSeen
    return {
      ...quantiles(this.#tookMs),
      answered,
      seconds,
      failed: this.#failed,
      firstFailure: this.#firstFailure,
      firstSeen,
    }
  }

  #send(index: number, firstCounted: number): void {
    const { requestsPerSecond, other } = this.#ask
    const due: Due = {
      dueMs: dueAt(index, requestsPerSecond),
      isOther: other !== undefined && isOther(index, other.oneOf),
      isCounted: index >= firstCounted,
    }
    this.#waiting.push(due)
    this.#dispatch()
  }

  /** What is due goes out on a connection that is free, the one that was free longest; else on a new one. */
  #dispatch(): void {
    while (this.#waiting.length) {
      const lane = this.#free.shift() ?? (this.#lanes.size < this.#ask.connections ? this.#open() : null)
      if (!lane) return
      lane.running = this.#waiting.shift()!
      lane.socket.write(lane.running.isOther ? this.#other : this.#plain)
    }
  }

  #open(): Lane {
    const socket = connect({ host: '127.0.0.1', port: this.#ask.port, noDelay: true })
    const lane: Lane = { socket, reader: new AnswerReader(), running: null, hasServed: false }
    this.#lanes.add(lane)
    socket.on('data', (bytes) => {
      for (const answer of lane.reader.feed(bytes)) this.#answered(lane, answer)
    })
    socket.on('end', () => {
      const answer = lane.reader.end()
      if (answer) this.#answered(lane, answer)
    })
    socket.on('error', (error) => this.#gone(lane, error.message))
    socket.on('close', () => this.#gone(lane, 'closed without an answer'))
    return lane
  }

  #answered(lane: Lane, { status, text, isLast }: Answer): void {
    const due = lane.running
    lane.running = null
    lane.hasServed = true
    if (due) this.#count(due, status, text)
    if (isLast || this.#ask.closes) this.#drop(lane)
    else this.#free.push(lane)
    this.#dispatch()
  }

  #count(due: Due, status: number, text: string): void {
    this.#finishOne()
    if (status !== 200) return this.#fail(`status ${status}`)
    if (due.isCounted && !due.isOther) this.#tookMs.push(performance.now() - this.#beganMs - due.dueMs)
    if (!(text in this.#firstSeen) && Object.keys(this.#firstSeen).length < MOST_TEXTS)
      this.#firstSeen[text] = Date.now()
  }

  #gone(lane: Lane, why: string): void {
    if (!this.#lanes.has(lane)) return
    const due = lane.running
    lane.running = null
    const isUntouched = lane.hasServed && lane.reader.isBetween
    this.#drop(lane)
    if (due) {
      this.#finishOne()
      this.#fail(isUntouched ? `${why} (a kept connection)` : why)
    }
    this.#dispatch()
  }

  #drop(lane: Lane): void {
    this.#lanes.delete(lane)
    const at = this.#free.indexOf(lane)
    if (at >= 0) this.#free.splice(at, 1)
    lane.socket.destroy()
  }

  #fail(why: string, count = 1): void {
    this.#failed += count
    this.#firstFailure ||= why
  }

  #finishOne(): void {
    this.#done++
    const { requestsPerSecond, seconds, warmupSeconds } = this.#ask
    if (this.#done === Math.round(requestsPerSecond * (seconds + warmupSeconds))) this.#end?.()
  }
}
