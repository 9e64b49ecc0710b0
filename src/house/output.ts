import { LineSplitter } from '../observe/lineSplitter.ts'
import type { Log } from '../observe/log.ts'
import { withRecords } from '../observe/marked.ts'
import type { Sink } from '../observe/sink.ts'
import type { Settings } from '../settings/registry.ts'

/** What a worker runs now, where that is one request. With several fronts another may have to be asked. */
export type RunningOf = (pid: number) => string | undefined | Promise<string | undefined>

export type Stream = 'stdout' | 'stderr'
export type Way = Settings['appOutput']

export interface OutputDoors {
  readonly log: Log
  /** Where the log goes. */
  readonly logSink: Sink
  /** Our own standard output and error. */
  sinkOf(stream: Stream): Sink
  readonly runningOf: RunningOf
}

/** What workers print: into the log, or through to our own standard output and error as it is. */
export class WorkerPrints {
  readonly #doors: OutputDoors
  readonly #splitters = new Map<string, LineSplitter>()
  /** Whose output goes through whatever the way is: it writes the logs. */
  scribePid: number | null = null
  way: Way
  /** Output whose request is asked for, and what came behind it. */
  #asking: Promise<void> | null = null

  constructor(doors: OutputDoors, way: Way) {
    this.#doors = doors
    this.way = way
  }

  /** False: there is no room, and `resume` is called once there is. */
  take(pid: number, stream: Stream, bytes: Buffer, resume: () => void): boolean {
    this.#passOn(pid, stream, this.#splitter(pid, stream).feed(bytes))
    const sink = this.#goesThrough(pid) ? this.#doors.sinkOf(stream) : this.#doors.logSink
    if (!sink.ready) sink.onceReady(resume)
    return sink.ready
  }

  ended(pid: number, stream: Stream): void {
    const rest = this.#splitter(pid, stream).flush()
    if (rest !== null) this.#passOn(pid, stream, [rest])
    this.#splitters.delete(`${pid} ${stream}`)
  }

  /** Nothing is being asked for any more. */
  async settled(): Promise<void> {
    await this.#asking
  }

  #passOn(pid: number, stream: Stream, texts: readonly string[]): void {
    if (texts.length === 0) return
    const found = this.#doors.runningOf(pid)
    if (!(found instanceof Promise)) return this.#write(pid, stream, texts, found)
    const before = this.#asking
    const asking = found.then(async (requestId) => {
      await before
      this.#write(pid, stream, texts, requestId)
      if (this.#asking === asking) this.#asking = null
    })
    this.#asking = asking
  }

  #write(pid: number, stream: Stream, texts: readonly string[], requestId: string | undefined): void {
    const { log } = this.#doors
    const named = requestId === undefined ? {} : { requestId }
    for (const line of stream === 'stderr' ? withRecords(texts) : texts) {
      if (typeof line === 'object') log.record({ pid, ...line, ...named })
      else if (this.#goesThrough(pid)) this.#doors.sinkOf(stream).pass(`${line}\n`)
      else log.output({ pid, text: line, ...named })
    }
  }

  #goesThrough(pid: number): boolean {
    return this.way === 'through' || pid === this.scribePid
  }

  #splitter(pid: number, stream: Stream): LineSplitter {
    const key = `${pid} ${stream}`
    const known = this.#splitters.get(key)
    if (known) return known
    const made = new LineSplitter()
    this.#splitters.set(key, made)
    return made
  }
}
