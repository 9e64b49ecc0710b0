import { createServer, type ListenOptions, type Server, type Socket } from 'node:net'

// A client that vanished without a word is found while its request runs; idle and writing ones have timers.
const KEEP_ALIVE_PROBE_MS = 60_000

/** A socket that listens, and takes connections from the first moment: what comes before the handler is kept for it. */
export class Acceptor {
  readonly server: Server
  /** Connections so far. */
  accepted = 0
  #handler: ((socket: Socket) => void) | null = null
  #early: Socket[] = []

  constructor() {
    this.server = createServer(
      { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_PROBE_MS },
      (socket) => this.#accept(socket),
    )
  }

  /** Errors: the system's. A path is bound within this call, a host may be later. */
  listen(options: ListenOptions | { fd: number; backlog: number }): Promise<this> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject)
      this.server.listen({ exclusive: true, ...options }, () => {
        this.server.removeListener('error', reject)
        this.server.on('error', ignore) // of one accept: that client is lost, the next one may not be
        resolve(this)
      })
    })
  }

  /** Listens on a socket that came as a handle, of which nobody else has this descriptor. */
  adopt(handle: object, backlog: number): Promise<this> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject)
      this.server.listen(handle, backlog, () => {
        this.server.removeListener('error', reject)
        this.server.on('error', ignore)
        resolve(this)
      })
    })
  }

  /** Its number in this process (decisions/0005); null where there is none. */
  get descriptor(): number | null {
    const { _handle: handle } = this.server as Server & { _handle: { fd?: number } | null }
    return handle?.fd !== undefined && handle.fd >= 0 ? handle.fd : null
  }

  onConnection(handler: (socket: Socket) => void): void {
    this.#handler = handler
    const early = this.#early
    this.#early = []
    for (const socket of early) {
      socket.removeListener('error', ignore)
      if (!socket.destroyed) handler(socket)
    }
  }

  /** The descriptor is closed at once; connections live on. */
  close(): void {
    this.server.close()
    for (const socket of this.#early) socket.destroy()
  }

  #accept(socket: Socket): void {
    this.accepted++
    if (this.#handler !== null) {
      this.#handler(socket)
    } else {
      socket.on('error', ignore)
      this.#early.push(socket)
    }
  }
}

function ignore(): void {}
