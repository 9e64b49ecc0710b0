import { createSocket, type Socket } from 'node:dgram'
import { lookup } from 'node:dns'

/**
 * The door to a StatsD server. A packet that can't be sent is counted and gone: there is nobody to tell who could
 * do something at once, and a server that serves must not mind.
 */
export class StatsdSender {
  readonly #host: string
  readonly #port: number
  readonly #onFailure: (why: string) => void
  readonly #sockets = new Map<number, Socket>()
  #errors = 0
  #failing = false
  #closed = false

  /**
   * @param address HOST:PORT or [V6]:PORT
   * @param onFailure told once of each row of failures
   */
  constructor(address: string, onFailure: (why: string) => void) {
    const colon = address.lastIndexOf(':')
    this.#host = address.slice(0, colon).replace(/^\[(.*)\]$/, '$1')
    this.#port = Number(address.slice(colon + 1))
    this.#onFailure = onFailure
  }

  /** Packets that were not sent. */
  get errors(): number {
    return this.#errors
  }

  /** The name is looked up each time: servers move. Resolves when all have left or failed. */
  async send(packets: readonly string[]): Promise<void> {
    if (packets.length === 0 || this.#closed) return
    try {
      const { address, family } = await this.#find()
      const results = await Promise.allSettled(packets.map((packet) => this.#sendOne(packet, address, family)))
      const failed = results.filter((result) => result.status === 'rejected')
      this.#note(failed.length, failed[0]?.reason)
    } catch (error) {
      this.#note(packets.length, error)
    }
  }

  close(): void {
    this.#closed = true
    for (const socket of this.#sockets.values()) socket.close()
    this.#sockets.clear()
  }

  #find(): Promise<{ address: string; family: number }> {
    return new Promise((resolve, reject) =>
      lookup(this.#host, (error, address, family) => (error ? reject(error) : resolve({ address, family }))),
    )
  }

  #sendOne(packet: string, address: string, family: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed) return resolve()
      this.#socket(family).send(packet, this.#port, address, (error) => (error ? reject(error) : resolve()))
    })
  }

  #socket(family: number): Socket {
    const known = this.#sockets.get(family)
    if (known) return known
    const made = createSocket(family === 6 ? 'udp6' : 'udp4').unref()
    made.on('error', (error) => this.#note(1, error))
    this.#sockets.set(family, made)
    return made
  }

  #note(failed: number, error: unknown): void {
    this.#errors += failed
    if (failed > 0 && !this.#failing) this.#onFailure(error instanceof Error ? error.message : String(error))
    this.#failing = failed > 0
  }
}
