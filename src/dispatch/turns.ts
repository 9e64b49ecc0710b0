/** Fewer that send singly are no crowd: what they leave free is for whoever asks. */
const LEAST_CROWD = 8
/** Of the capacity, by which a crowd is known to be busy. */
const BUSY_SHARE = 0.02
/** What a request costs the front at least, microseconds. */
const FRONT_MICROS = 10
/** How many requests of a crowd come before the next of one that pipelines, by the size of the crowd. */
const TURN_SHARE = 2 / 3

/**
 * Those that send singly set the pace for those that pipeline: between two requests of one that pipelines, two thirds
 * of the crowd have had theirs taken, so that it comes to one and a half times their rate. Bounding what it has with
 * the workers is not enough: while the others read their answers and write their next requests, it could go round
 * many times (measured with hello: 15 to 40 times, one at a time). Who has pipelined in this window or the last is not
 * one of the crowd: where all pipeline, nobody waits for anybody. The owner turns the windows.
 */
export class Turns {
  /** Number of the window that runs. */
  window = 1
  #startMs: number
  /** Requests that were sent singly, ever, and before this window. */
  #singles = 0
  #before = 0
  /** Connections that sent one in this window. */
  #crowd = 0
  #need = 0

  constructor(nowMs: number) {
    this.#startMs = nowMs
  }

  /** Requests that were sent singly, ever: a mark for `mayGo`. */
  get singles(): number {
    return this.#singles
  }

  /** Hot. Takes note of a request that was sent singly; `window`: what this returned for the connection's last one. */
  single(window: number): number {
    this.#singles++
    if (window !== this.window) this.#crowd++
    return this.window
  }

  /** May one that pipelines submit, whose last submission was at `mark`? */
  mayGo(mark: number): boolean {
    return this.#singles - mark >= this.#need
  }

  /** The window ends. `open`: connections there are; `requestMicros`: what a request takes of all workers together. */
  turn(nowMs: number, open: number, requestMicros: number): void {
    const count = this.#singles - this.#before
    const busyMicros = count * Math.max(FRONT_MICROS, requestMicros)
    // Connections that come and go with each request are fewer at a time than over a window.
    const crowd = Math.min(this.#crowd, open)
    const isCrowd = crowd >= LEAST_CROWD && busyMicros >= BUSY_SHARE * 1000 * (nowMs - this.#startMs)
    const need = isCrowd ? Math.ceil(crowd * TURN_SHARE) : 0
    // One silent window may be a client's machine that was busy: the crowd is forgotten by and by.
    this.#need = open < LEAST_CROWD ? 0 : Math.max(need, this.#need >> 2)
    this.window++
    this.#startMs = nowMs
    this.#before = this.#singles
    this.#crowd = 0
  }
}
