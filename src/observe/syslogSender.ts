import { connect, type NetConnectOpts, type Socket } from 'node:net'
import type { Carrier } from './courier.ts'
import type { Datagrams } from './datagrams.ts'
import { StatsdSender } from './statsdSender.ts'
import type { SyslogAddress } from './syslog.ts'

/** A stream that could not be opened, or broke, is tried again after so long. */
const PAUSE_MS = 1_000

/** The way to a syslog daemon. */
export function syslogCarrier(address: SyslogAddress, datagrams: Datagrams | null): Carrier {
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
