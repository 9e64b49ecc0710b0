import { constants, openSync } from 'node:fs'
import { Socket } from 'node:net'

/** After a worker's end its children may still hold its descriptors: what they say is read this much longer. */
const AFTERLIFE_MS = 1_000

/**
 * Reads a worker's stdout or stderr: a FIFO of its own (design §4, Output). `take` gets the bytes as they come and
 * may answer false to have the reading wait for `resume`.
 */
export class WorkerOutput {
  readonly #socket: Socket

  constructor(path: string, take: (bytes: Buffer) => boolean, end: () => void) {
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    this.#socket = new Socket({ fd: descriptor, readable: true, writable: false })
    this.#socket.on('data', (bytes) => {
      if (!take(bytes)) this.#socket.pause()
    })
    this.#socket.on('error', () => {})
    this.#socket.on('close', end)
    this.#socket.resume()
  }

  resume(): void {
    this.#socket.resume()
  }

  /** The worker has ended: what is in the pipe is still read, then it is closed. */
  finish(): void {
    const timer = setTimeout(() => this.#socket.destroy(), AFTERLIFE_MS)
    this.#socket.on('close', () => clearTimeout(timer))
  }
}
