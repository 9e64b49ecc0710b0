/**
 * Clients on slow lines, a process of its own: node slowChild.js '{"port":…}'. Says READY when all are at it, stays until its
 * input ends, and then says how many still had their connection.
 */
import { connect, type Socket } from 'node:net'

export interface SlowAsk {
  readonly port: number
  readonly clients: number
  readonly bytesPerSecond: number
  readonly act: { readonly read: string } | { readonly send: string }
}

/** So many connect at a time, so that no backlog overflows. */
const AT_A_TIME = 50
const TURNS_A_SECOND = 10
/** A server that serves nobody else meanwhile never makes all of them begin. */
const READY_LIMIT_MS = 8_000

class SlowClients {
  readonly #ask: SlowAsk
  readonly #sockets: Socket[] = []
  #begun = 0
  #open = 0

  constructor(ask: SlowAsk) {
    this.#ask = ask
  }

  get open(): number {
    return this.#open
  }

  async begin(): Promise<void> {
    const deadline = performance.now() + READY_LIMIT_MS
    const { clients } = this.#ask
    while (this.#sockets.length < clients) {
      const some = Math.min(AT_A_TIME, clients - this.#sockets.length)
      for (let i = 0; i < some; i++) this.#connect(this.#sockets.length)
      await this.#until(() => this.#begun >= this.#sockets.length, Math.min(deadline, performance.now() + 1000))
    }
    await this.#until(() => this.#begun >= clients, deadline)
  }

  /** A tenth of the clients move in each turn, all they may in a second. */
  run(): void {
    let turn = 0
    setInterval(() => {
      for (let at = turn++ % TURNS_A_SECOND; at < this.#sockets.length; at += TURNS_A_SECOND)
        this.#move(this.#sockets[at]!)
    }, 1000 / TURNS_A_SECOND)
  }

  #move(socket: Socket): void {
    if (socket.destroyed) return
    if ('read' in this.#ask.act) socket.read(Math.min(this.#ask.bytesPerSecond, socket.readableLength))
    else socket.write('x'.repeat(this.#ask.bytesPerSecond))
  }

  #connect(at: number): void {
    const { port, act } = this.#ask
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    this.#sockets.push(socket)
    this.#open++
    socket.on('error', () => {})
    socket.on('close', () => this.#open--)
    if ('read' in act) {
      socket.once('readable', () => this.#begun++)
      socket.write(`GET ${act.read} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
    } else {
      socket.once('connect', () => this.#begun++)
      // Two of three stay in the head, one in the body.
      const body = `POST ${act.send} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n`
      socket.write(at % 3 === 2 ? body : `GET ${act.send} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: `)
      socket.resume()
    }
  }

  #until(isSo: () => boolean, deadline: number): Promise<void> {
    return new Promise((done) => {
      const look = setInterval(() => {
        if (!isSo() && performance.now() < deadline) return
        clearInterval(look)
        done()
      }, 10)
    })
  }
}

const clients = new SlowClients(JSON.parse(process.argv[2]!))
await clients.begin()
clients.run()
process.stdout.write('READY\n')
process.stdin.resume().once('end', () => {
  process.stdout.write(`RESULT ${JSON.stringify({ open: clients.open })}\n`, () => process.exit(0))
})
