import { constants, openSync } from 'node:fs'
import { Socket } from 'node:net'

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

  /**
   * The worker has ended. Its children may hold the other end and go on writing, which would stop them for good if
   * nobody read: that goes on until the last of them has ended, but keeps nobody here alive.
   */
  finish(): void {
    this.#socket.unref()
  }
}
