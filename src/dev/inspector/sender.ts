import { connect, type Socket } from 'node:net'
import { connect as connectSecurely } from 'node:tls'
import type { Door, Recorder } from './recorder.ts'

/** Of one request, with its body. */
export const MOST_SENT_BYTES = 1024 * 1024
/** At a time. */
const MOST_SENDERS = 16
/** A head that isn't whole by then is ended: what came of it is a journey, too. */
const NUMBER_WITHIN_MS = 5_000
/** An answer may take so long. */
const MOST_MS = 120_000

/** Sends bytes to a listener of our own, as any client does, and drops the answer: the recorder has seen it. */
export class Sender {
  readonly #recorder: Recorder
  readonly #sockets = new Set<Socket>()

  constructor(recorder: Recorder) {
    this.#recorder = recorder
  }

  get isBusy(): boolean {
    return this.#sockets.size >= MOST_SENDERS
  }

  /**
   * The number of the journey that these bytes begin; null: they came to none.
   * @param of the number of the journey that it repeats
   */
  async send(bytes: Buffer, door: Door, of: number | null): Promise<number | null> {
    const socket = open(door)
    this.#sockets.add(socket)
    socket.on('close', () => this.#sockets.delete(socket))
    const end = setTimeout(() => socket.destroy(), MOST_MS)
    socket.on('close', () => clearTimeout(end))
    return new Promise((resolve) => {
      socket.on('error', () => {}) // close follows
      socket.on('close', () => resolve(null))
      socket.resume()
      socket.once(door.isSecure ? 'secureConnect' : 'connect', () => this.#begin(socket, bytes, of, resolve))
    })
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  #begin(socket: Socket, bytes: Buffer, of: number | null, resolve: (number: number) => void): void {
    const port = socket.localPort ?? 0
    const late = setTimeout(() => socket.end(), NUMBER_WITHIN_MS)
    socket.on('close', () => clearTimeout(late))
    socket.on('close', () => this.#recorder.expectNoMore(port))
    this.#recorder.expect(port, of, (number) => {
      clearTimeout(late)
      resolve(number)
      // What is left to come is of requests behind it, if there are any.
      void this.#recorder.ended(number).then(() => socket.end())
    })
    socket.write(bytes)
  }
}

/** Only ever one of ours; a wildcard address is reached as this machine. */
function open({ where, isSecure }: Door): Socket {
  if (where.kind === 'unix') return connect({ path: where.path.replace(/^@/, '\0') })
  const own = where.family === 6 ? '::1' : '127.0.0.1'
  const host = where.address === '0.0.0.0' || where.address === '::' ? own : where.address
  const { port } = where
  // Our own certificate, and this machine: there is nothing to be verified.
  return isSecure ? connectSecurely({ host, port, rejectUnauthorized: false }) : connect({ host, port })
}
