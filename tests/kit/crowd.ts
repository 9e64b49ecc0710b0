import { readFileSync } from 'node:fs'
import { Client, request } from './client.ts'
import { atEnd, type Scope } from './ends.ts'

/** So many connections are opened at a time, so that the backlog never overflows. */
const AT_A_TIME = 200

/** Connections that had one answer each and say nothing more. */
export async function idleCrowd(scope: Scope, port: number, count: number): Promise<Client[]> {
  const crowd: Client[] = []
  atEnd(scope, () => {
    for (const client of crowd) client.close()
  })
  while (crowd.length < count) {
    const some = Math.min(AT_A_TIME, count - crowd.length)
    const clients = await Promise.all(Array.from({ length: some }, () => Client.connect({ port })))
    crowd.push(...clients)
    await askAll(clients)
  }
  return crowd
}

/** One request on each, all at once; fails unless each gets 200. */
export async function askAll(clients: readonly Client[]): Promise<void> {
  for (let at = 0; at < clients.length; at += AT_A_TIME)
    await Promise.all(
      clients.slice(at, at + AT_A_TIME).map(async (client) => {
        await client.write(request('GET', '/'))
        const { status } = await client.response()
        if (status !== 200) throw new Error(`an idle connection got ${status}`)
      }),
    )
}

const HEAD = Buffer.from('GET /slow HTTP/1.1\r\nHost: localhost\r\nX-Slow: ')
const BODY = Buffer.from('POST /digest HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n')
const BYTE = Buffer.from('x')
const TURNS_A_SECOND = 50

/** Connections that send a byte of an endless request now and then; whoever is thrown off comes again. */
export class Slowloris {
  /** How often one was thrown off, with an answer or without. */
  thrownOff = 0
  readonly #port: number
  readonly #clients: (Client | null)[]
  #turn = 0
  readonly #timer: NodeJS.Timeout

  private constructor(port: number, clients: Client[], pauseMs: number) {
    this.#port = port
    this.#clients = clients
    const each = Math.ceil((clients.length * 1000) / (pauseMs * TURNS_A_SECOND))
    this.#timer = setInterval(() => this.#drip(each), 1000 / TURNS_A_SECOND)
  }

  /** @param pauseMs between two bytes of one connection */
  static async begin(scope: Scope, port: number, count: number, pauseMs = 1000): Promise<Slowloris> {
    const clients: Client[] = []
    while (clients.length < count) {
      const some = Array.from({ length: Math.min(AT_A_TIME, count - clients.length) }, () => Client.connect({ port }))
      clients.push(...(await Promise.all(some)))
    }
    for (const [at, client] of clients.entries()) await client.write(opening(at))
    const slowloris = new Slowloris(port, clients, pauseMs)
    atEnd(scope, () => slowloris.end())
    return slowloris
  }

  end(): void {
    clearInterval(this.#timer)
    for (const client of this.#clients.splice(0)) client?.close()
  }

  get open(): number {
    return this.#clients.filter((client) => client?.state === 'open').length
  }

  #drip(count: number): void {
    for (let left = Math.min(count, this.#clients.length); left > 0; left--) {
      const at = this.#turn++ % this.#clients.length
      const client = this.#clients[at]
      if (client === null) continue
      if (client?.state === 'open' && client.heldBytes === 0) client.write(BYTE).catch(() => {})
      else void this.#comeAgain(at)
    }
  }

  async #comeAgain(at: number): Promise<void> {
    this.thrownOff++
    this.#clients[at]?.close()
    this.#clients[at] = null
    try {
      const client = await Client.connect({ port: this.#port })
      if (at >= this.#clients.length) return client.close()
      this.#clients[at] = client
      await client.write(opening(at))
    } catch {
      // The server is gone, and with it the test.
    }
  }
}

/** Two of three stay in the head, one in the body. */
function opening(at: number): Buffer {
  return at % 3 === 2 ? BODY : HEAD
}

/** How many descriptors this process may open. */
export function descriptorLimit(): number {
  return Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? 0)
}
