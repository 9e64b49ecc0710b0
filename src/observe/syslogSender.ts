import { connect, type NetConnectOpts, type Socket } from 'node:net'
import type { Datagrams } from './datagrams.ts'
import { LineQueue } from './lineQueue.ts'
import { StatsdSender } from './statsdSender.ts'
import type { SyslogAddress } from './syslog.ts'

const QUEUE_BYTES = 1024 * 1024
const BATCH_BYTES = 64 * 1024
/** A stream that could not be opened, or broke, is tried again after so long. */
const PAUSE_MS = 1_000

/** Takes messages somewhere; resolves with why it could not, null if it did. */
interface Carrier {
  send(messages: readonly string[]): Promise<string | null>
  close(): void
}

export interface SyslogEvents {
  /** Once of each row of failures. */
  failed(why: string): void
  /** It works again, and so many were lost meanwhile. */
  lost(messages: number): void
}

/** Messages on their way to a syslog daemon. One that is dead or slow costs messages, which are counted, and no time. */
export class SyslogSender {
  readonly #carrier: Carrier
  readonly #events: SyslogEvents
  /** Each message ends with NUL here, which none may hold. */
  readonly #queue = new LineQueue(QUEUE_BYTES)
  #busy: Promise<void> | null = null
  #failing = false

  constructor(address: SyslogAddress, datagrams: Datagrams | null, events: SyslogEvents) {
    this.#carrier = carrierTo(address, datagrams)
    this.#events = events
  }

  write(message: string): void {
    this.#queue.offer(`${message.replaceAll('\0', '')}\0`)
    this.#busy ??= this.#work()
  }

  /** Sends what waits, `limitMs` at most. */
  async close(limitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    await Promise.race([this.#busy, new Promise<void>((resolve) => (timer = setTimeout(resolve, limitMs)))])
    clearTimeout(timer)
    this.#carrier.close()
  }

  async #work(): Promise<void> {
    await null // what comes in one turn goes together
    while (!this.#queue.isEmpty) {
      const { text, lines } = this.#queue.take(BATCH_BYTES)
      const why = await this.#carrier.send(text.split('\0').slice(0, -1))
      if (why !== null) this.#queue.lose(lines)
      this.#note(why)
    }
    this.#busy = null
  }

  #note(why: string | null): void {
    const began = why !== null && !this.#failing
    this.#failing = why !== null
    if (began) this.#events.failed(why)
    const lost = why === null ? this.#queue.takeLost() : 0
    if (lost > 0) this.#events.lost(lost)
  }
}

function carrierTo(address: SyslogAddress, datagrams: Datagrams | null): Carrier {
  const { kind, host, port } = address
  if (kind === 'udp') return udp(host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)
  if (kind !== 'unix') return new Stream(kind === 'tcp' ? { host, port } : { path: host })
  return {
    // The keeper tells of what it could not send.
    send: async (messages) => (datagrams?.send(host, messages) ? null : 'the keeper takes no more'),
    close: () => {},
  }
}

function udp(address: string): Carrier {
  let why: string | null = null
  const sender = new StatsdSender(address, (text) => {
    why = text
  })
  return {
    async send(messages) {
      const before = sender.errors
      await sender.send(messages)
      return sender.errors > before ? (why ?? 'a datagram was not sent') : null
    },
    close: () => sender.close(),
  }
}

/** TCP, or a Unix stream: a message a line, RFC 6587 §3.4.2. */
class Stream implements Carrier {
  readonly #to: NetConnectOpts
  #socket: Socket | null = null
  #brokenAt = Number.NEGATIVE_INFINITY
  #why = ''

  constructor(to: NetConnectOpts) {
    this.#to = to
  }

  send(messages: readonly string[]): Promise<string | null> {
    if (this.#socket === null && performance.now() - this.#brokenAt < PAUSE_MS) return Promise.resolve(this.#why)
    const socket = (this.#socket ??= this.#open())
    const text = messages.map((message) => `${message.replaceAll('\n', '#012')}\n`).join('')
    return new Promise((resolve) => {
      const broken = (): void => resolve(this.#why || 'the connection was closed')
      socket.once('close', broken)
      socket.write(text, (error) => {
        socket.removeListener('close', broken)
        resolve(error ? this.#why || error.message : null)
      })
    })
  }

  close(): void {
    this.#socket?.end()
    this.#socket?.unref()
  }

  #open(): Socket {
    this.#why = ''
    const socket = connect(this.#to)
    socket.unref()
    socket.setKeepAlive(true)
    socket.on('error', (error) => {
      this.#why = error.message
    })
    socket.on('end', () => socket.destroy())
    socket.on('close', () => {
      this.#brokenAt = performance.now()
      if (this.#socket === socket) this.#socket = null
    })
    socket.resume() // nobody has anything to tell us, but its end
    return socket
  }
}
