import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { parseBind } from '../listen/bind.ts'
import type { Listener } from '../listen/listener.ts'
import { openListeners } from '../listen/open.ts'
import { sendAnswer, splitTarget } from './httpAnswer.ts'
import { answerPage, type Pages } from './pages.ts'

const MOST_HEAD_BYTES = 8 * 1024
const BACKLOG = 64

export interface AdminLimits {
  /** How long one connection may live, which is one request and its answer. */
  readonly lifetimeMs: number
  readonly mostConnections: number
}

const LIMITS: AdminLimits = { lifetimeMs: 10_000, mostConnections: 64 }

/** @param addresses of `--admin-bind`. Faults: BIND_*. */
export async function openAdmin(addresses: readonly string[], unixMode: number, pages: Pages): Promise<Admin> {
  return new Admin(await openListeners(addresses.map(parseBind), { backlog: BACKLOG, unixMode }), pages)
}

/** Serves /metrics, /-/health and /-/ready on listeners of its own. */
export class Admin {
  readonly listeners: readonly Listener[]
  readonly #pages: Pages
  readonly #limits: AdminLimits
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #gathering: Promise<string> | null = null

  constructor(listeners: readonly Listener[], pages: Pages, limits: AdminLimits = LIMITS) {
    this.listeners = listeners
    this.#pages = {
      get ready() {
        return pages.ready
      },
      metrics: () => this.#metrics(pages),
    }
    this.#limits = limits
    this.#server = createServer({ maxHeaderSize: MOST_HEAD_BYTES }, (request, response) =>
      this.#answer(request, response),
    )
    for (const listener of listeners) listener.onSocket((socket) => this.#take(socket))
  }

  async close(): Promise<void> {
    await Promise.all(this.listeners.map((listener) => listener.close()))
    for (const socket of this.#sockets) socket.destroy()
  }

  /** One deadline for the whole connection: a client that hangs, whatever in, holds nothing for longer. */
  #take(socket: Socket): void {
    if (this.#sockets.size >= this.#limits.mostConnections) {
      socket.destroy()
      return
    }
    this.#sockets.add(socket)
    const timer = setTimeout(() => socket.destroy(), this.#limits.lifetimeMs)
    socket.once('close', () => {
      clearTimeout(timer)
      this.#sockets.delete(socket)
    })
    this.#server.emit('connection', socket)
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request
    request.resume()
    sendAnswer(response, method, await answerPage(this.#pages, method, splitTarget(url).path))
  }

  /** Scrapers that come while one waits for the workers' metrics share what it gets. */
  #metrics(pages: Pages): Promise<string> {
    this.#gathering ??= pages.metrics().finally(() => {
      this.#gathering = null
    })
    return this.#gathering
  }
}
