import type { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../kit/clock.ts'
import type { Acceptor } from './acceptor.ts'
import { hostAndPort } from './address.ts'
import type { ClientSocket } from './client.ts'
import { removeSocketFile, type SocketFile } from './socketFile.ts'
import type { Secure } from './tls/secure.ts'

/** Where a socket really listens. */
export type Where =
  | { readonly kind: 'tcp'; readonly family: 4 | 6; readonly address: string; readonly port: number }
  /** An abstract address starts with `@`; '' where the system doesn't say. */
  | { readonly kind: 'unix'; readonly path: string }

/** A socket that was opened, before the server gets it. */
export interface Opened {
  readonly acceptor: Acceptor
  readonly where: Where
  /** The number under which the service manager passed it on (fd://N); null: it was not that one. */
  readonly fd: number | null
  /** What closing the socket leaves behind, to be removed; null: nothing, or it isn't ours. */
  readonly file: SocketFile | null
  /** Another process serves it, too. */
  readonly isShared: boolean
}

/** A socket with what it was opened for. */
export interface Named extends Opened {
  /** Which bind it came from: the same in a successor with the same settings. */
  readonly key: string
  /** False: it is asked for without TLS. */
  readonly takesTls?: boolean
}

// Node accepts one connection a turn (libuv 1.46 and 1.52, measured: 200 waiting clients took 200 turns without
// a gap). The first check may come before this turn's poll, so only a second one in a row has seen an empty one.
const EMPTY_TURNS = 2

/** A listening socket, as the server sees it. */
export class Listener {
  readonly where: Where
  readonly fd: number | null
  /** Which bind it came from. */
  readonly key: string
  readonly file: SocketFile | null
  /** False while another process serves the same socket: then the file is for that one to remove. */
  ownsFile: boolean
  /** Where there are certificates, it speaks TLS: TCP, if it wasn't asked for otherwise. */
  readonly takesTls: boolean
  readonly #acceptor: Acceptor
  readonly #clock: Clock
  #closed: Promise<void> | null = null

  constructor({ key, acceptor, where, fd, file, isShared, takesTls = true }: Named, clock: Clock) {
    this.key = key
    this.where = where
    this.fd = fd
    this.file = file
    this.ownsFile = !isShared
    this.takesTls = takesTls && where.kind === 'tcp'
    this.#acceptor = acceptor
    this.#clock = clock
  }

  /** A link for the start-up lines. */
  get url(): string {
    return link(this.where, this.isSecure)
  }

  get isSecure(): boolean {
    return this.#acceptor.secure !== null
  }

  /** Connections that come from now on speak TLS; null: they don't. */
  secureWith(secure: Secure | null): void {
    this.#acceptor.secure = this.takesTls ? secure : null
  }

  /** The descriptor, to be passed on to another process; null: closed, or the system has none. */
  get descriptor(): number | null {
    return this.#closed === null ? this.#acceptor.descriptor : null
  }

  /** Sets who gets the connections, those that came before too; without Nagle's delay, and with the halves on their own. */
  onClient(handler: (client: ClientSocket) => void): void {
    this.#acceptor.onClient(handler)
  }

  /** The same, as sockets of Node's. */
  onSocket(handler: (socket: Socket) => void): void {
    this.#acceptor.onSocket(handler)
  }

  /**
   * Accepts what waits in the kernel's queue, which `close()` would drop, then closes. Ends when turns of the
   * event loop brought no connection, or after `limitMs` if clients keep coming.
   */
  async drain(limitMs: number): Promise<void> {
    const until = this.#clock.nowMs() + limitMs
    for (let empty = 0; empty < EMPTY_TURNS && this.#closed === null && this.#clock.nowMs() < until; ) {
      const before = this.#acceptor.accepted
      await nextTurn()
      empty = this.#acceptor.accepted === before ? empty + 1 : 0
    }
    await this.close()
  }

  /** Stops listening at once; connections that were accepted live on. */
  close(): Promise<void> {
    this.#closed ??= this.#stop()
    return this.#closed
  }

  async #stop(): Promise<void> {
    this.#acceptor.close()
    if (this.file !== null && this.ownsFile) await removeSocketFile(this.file)
  }
}

function link(where: Where, isSecure: boolean): string {
  if (where.kind === 'unix') return `http://unix:${where.path}:`
  return `${isSecure ? 'https' : 'http'}://${hostAndPort(where.address, where.port)}`
}
