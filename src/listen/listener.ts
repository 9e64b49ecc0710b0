import type { Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../kit/clock.ts'
import type { Acceptor } from './acceptor.ts'
import { hostAndPort } from './address.ts'

/** Where a socket really listens. */
export type Where =
  | { readonly kind: 'tcp'; readonly family: 4 | 6; readonly address: string; readonly port: number }
  /** An abstract address starts with `@`; '' where the system doesn't say. */
  | { readonly kind: 'unix'; readonly path: string }

/** A socket that was opened, before the server gets it. */
export interface Opened {
  readonly acceptor: Acceptor
  readonly where: Where
  /** The number of the inherited descriptor; null: we opened the socket. */
  readonly fd: number | null
  /** Takes away what closing the socket leaves behind. */
  readonly leave: () => Promise<void>
}

// Node accepts one connection a turn (libuv 1.46 and 1.52, measured: 200 waiting clients took 200 turns without
// a gap). The first check may come before this turn's poll, so only a second one in a row has seen an empty one.
const EMPTY_TURNS = 2

/** A listening socket, as the server sees it. */
export class Listener {
  readonly where: Where
  readonly fd: number | null
  /** A link for the start-up lines. */
  readonly url: string
  readonly #acceptor: Acceptor
  readonly #leave: () => Promise<void>
  readonly #clock: Clock
  #closed: Promise<void> | null = null

  constructor({ acceptor, where, fd, leave }: Opened, clock: Clock) {
    this.where = where
    this.fd = fd
    this.url = link(where)
    this.#acceptor = acceptor
    this.#leave = leave
    this.#clock = clock
  }

  /** Sets who gets the connections (those that came before, too): sockets with allowHalfOpen and without Nagle's delay. */
  onConnection(handler: (socket: Socket) => void): void {
    this.#acceptor.onConnection(handler)
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
    await this.#leave()
  }
}

function link(where: Where): string {
  if (where.kind === 'unix') return `http://unix:${where.path}:`
  return `http://${hostAndPort(where.address, where.port)}`
}
