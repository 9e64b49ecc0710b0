import { createServer, type ListenOptions, type Server, Socket, type SocketConstructorOpts } from 'node:net'
import type { ClientSocket } from './client.ts'
import { type Handle, INSIDES, type ListeningHandle } from './insides.ts'
import { NetClient } from './netClient.ts'
import { RawClient } from './rawClient.ts'
import type { Secure } from './tls/secure.ts'
import { TlsClient } from './tls/tlsClient.ts'

// A client that vanished without a word is found while its request runs; idle and writing ones have timers.
const KEEP_ALIVE_PROBE_MS = 60_000

/** Of Linux: an accepted socket has what is set on the listening one, which saves five system calls a connection. */
const INHERITS = process.platform === 'linux'

/** A connection as it was accepted, not read from. */
type Arrival = Handle | Socket

/** A socket that listens, and takes connections from the first moment: what comes before the handler is kept for it. */
export class Acceptor {
  readonly server: Server
  /** Connections so far. */
  accepted = 0
  /** Connections speak TLS; null: they don't. What is set counts for those that come. */
  secure: Secure | null = null
  readonly #takesHandles: boolean
  #handler: ((arrival: Arrival) => void) | null = null
  #early: Arrival[] = []

  /** `takesHandles`: without `net.Socket`; only where Node's insides are there. */
  constructor(takesHandles = true) {
    this.#takesHandles = takesHandles && INSIDES !== null
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
        if (this.#takesHandles) this.#takeHandles()
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
        if (this.#takesHandles) this.#takeHandles()
        resolve(this)
      })
    })
  }

  get #handle(): ListeningHandle | null {
    return (this.server as Server & { _handle: ListeningHandle | null })._handle
  }

  /** Before the turn in which the first connection could come. */
  #takeHandles(): void {
    const listening = this.#handle
    if (listening === null) return
    if (INHERITS) setUp(listening)
    listening.onconnection = (error, handle) => {
      if (error !== 0 || handle === undefined) return
      if (!INHERITS) setUp(handle)
      this.#accept(handle)
    }
  }

  /** Its number in this process (decisions/0005); null where there is none. */
  get descriptor(): number | null {
    const fd = this.#handle?.fd
    return fd !== undefined && fd >= 0 ? fd : null
  }

  /** Sets who gets the connections, those that came before too. */
  onClient(handler: (client: ClientSocket) => void): void {
    this.#handTo((arrival) => {
      if (this.secure !== null) handler(new TlsClient(plainSocket(arrival), this.secure))
      else handler(arrival instanceof Socket ? new NetClient(arrival) : new RawClient(arrival))
    })
  }

  /** The same, as sockets of Node's, which read already: for Node's own HTTP. */
  onSocket(handler: (socket: Socket) => void): void {
    this.#handTo((arrival) => {
      const socket = plainSocket(arrival)
      socket.removeListener('error', ignore)
      if (!socket.destroyed) handler(socket)
    })
  }

  #handTo(handler: (arrival: Arrival) => void): void {
    this.#handler = handler
    const early = this.#early
    this.#early = []
    for (const arrival of early) handler(arrival)
  }

  /** The descriptor is closed at once; connections live on. */
  close(): void {
    this.server.close()
    const early = this.#early
    this.#early = []
    for (const arrival of early) {
      if (arrival instanceof Socket) arrival.destroy()
      else arrival.close(ignore)
    }
  }

  #accept(arrival: Arrival): void {
    this.accepted++
    if (this.#handler !== null) return this.#handler(arrival)
    if (arrival instanceof Socket) arrival.on('error', ignore)
    this.#early.push(arrival)
  }
}

/** As `createServer` is told above. Unix sockets know neither. */
function setUp(handle: Handle | ListeningHandle): void {
  handle.setNoDelay?.(true)
  handle.setKeepAlive?.(true, KEEP_ALIVE_PROBE_MS / 1_000)
}

function plainSocket(arrival: Arrival): Socket {
  return arrival instanceof Socket ? arrival : socketOf(arrival)
}

/** `handle` is how Node itself makes one from what it accepted. */
function socketOf(handle: Handle): Socket {
  return new Socket({ handle, allowHalfOpen: true } as SocketConstructorOpts)
}

function ignore(): void {}
