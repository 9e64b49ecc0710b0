import { readFileSync } from 'node:fs'
import { parseAddress } from '../kit/address.ts'
import type { ClientSocket } from './client.ts'

/**
 * How many bytes the kernel holds for each TCP peer, sent or not, that the peer has not acknowledged (tx_queue of
 * /proc/net/tcp, proc(5)). Node has no call for it, and without it a slow reader behind a large socket buffer looks
 * stuck for minutes. The tables are read at most once per `refreshMs`.
 */
export class SendQueues {
  readonly #refreshMs: number
  #readAtMs = Number.NEGATIVE_INFINITY
  #bytes: ReadonlyMap<string, number> = new Map()

  constructor(refreshMs: number) {
    this.#refreshMs = refreshMs
  }

  /** 0 for Unix sockets, and where the system doesn't say. */
  of(client: ClientSocket, nowMs: number): number {
    const { address, port } = client.peer()
    if (address === '') return 0
    if (nowMs - this.#readAtMs >= this.#refreshMs) {
      this.#readAtMs = nowMs
      this.#bytes = new Map([...table('/proc/net/tcp'), ...table('/proc/net/tcp6')])
    }
    return this.#bytes.get(key(portHex(client.localPort()), addressHex(address), portHex(port))) ?? 0
  }
}

function* table(path: string): Generator<[string, number]> {
  for (const line of read(path).split('\n').slice(1)) {
    const [, local = '', remote = '', , queues = ''] = line.trim().split(/\s+/)
    const [address = '', port = ''] = remote.split(':')
    const sent = Number.parseInt(queues.split(':')[0] ?? '', 16)
    if (sent > 0) yield [key(local.split(':')[1] ?? '', plainHex(address), port), sent]
  }
}

function key(localPort: string, remoteAddress: string, remotePort: string): string {
  return `${localPort} ${remoteAddress} ${remotePort}`
}

function portHex(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, '0')
}

/** The kernel prints addresses in words of the machine's byte order, which is little-endian wherever Node runs today. */
function addressHex(text: string): string {
  const bytes = parseAddress(text) ?? []
  let hex = ''
  for (let at = 0; at < bytes.length; at += 4)
    hex += Buffer.from(bytes.slice(at, at + 4))
      .reverse()
      .toString('hex')
  return hex.toUpperCase()
}

/** An IPv4 address mapped into IPv6 as the IPv4 one. */
function plainHex(hex: string): string {
  return hex.startsWith('0000000000000000FFFF0000') ? hex.slice(24) : hex
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
