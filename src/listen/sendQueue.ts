import { readFileSync } from 'node:fs'
import { parseAddress } from '../kit/address.ts'
import type { ClientSocket } from './client.ts'

/** Looking takes no more than this share of the time … */
const MOST_SHARE = 1 / 100
/** … and there is so much time at least from one look to the next, if nobody wants less. */
const LEAST_REST_MS = 1_000

/** A line with bytes to send: port, address and port of the peer, bytes. Most lines, those of TIME_WAIT above all, have none. */
const SENDING = /^ *\d+: [0-9A-F]+:([0-9A-F]{4}) ([0-9A-F]+):([0-9A-F]{4}) [0-9A-F]{2} (?!00000000)([0-9A-F]{8}):/gm

/**
 * How many bytes the kernel holds for each TCP peer, sent or not, that the peer has not acknowledged (tx_queue of
 * /proc/net/tcp, proc(5)). Node has no call for it, and without it a slow reader behind a large socket buffer looks
 * stuck for minutes. The tables are of the whole machine: reading them took 20 ms with 500 connections and 100–250 with
 * 40,000 that had ended, during which nothing else is served, so how often it is done follows from what it takes.
 */
export class SendQueues {
  readonly #readTables: () => string
  readonly #stopwatch: () => number
  #readAtMs = Number.NEGATIVE_INFINITY
  #tookMs = 0
  #bytes: ReadonlyMap<string, number> = new Map()

  constructor(readTables = bothTables, stopwatch = () => performance.now()) {
    this.#readTables = readTables
    this.#stopwatch = stopwatch
  }

  /**
   * As it is now; 0 for Unix sockets, and where the system doesn't say. null: ask later, but after `mostRestMs` at
   * most. Those who ask in one sweep, with the same `nowMs`, share one look.
   */
  of(client: Pick<ClientSocket, 'peer' | 'localPort'>, nowMs: number, mostRestMs: number): number | null {
    const { address, port } = client.peer()
    if (address === '') return 0
    if (nowMs !== this.#readAtMs) {
      const restMs = Math.min(mostRestMs, Math.max(LEAST_REST_MS, this.#tookMs / MOST_SHARE))
      if (nowMs - this.#readAtMs < restMs) return null
      this.#look(nowMs)
    }
    return this.#bytes.get(key(portHex(client.localPort()), addressHex(address), portHex(port))) ?? 0
  }

  #look(nowMs: number): void {
    const beganMs = this.#stopwatch()
    const bytes = new Map<string, number>()
    for (const [, local = '', address = '', port = '', sent = ''] of this.#readTables().matchAll(SENDING))
      bytes.set(key(local, plainHex(address), port), Number.parseInt(sent, 16))
    this.#bytes = bytes
    this.#readAtMs = nowMs
    this.#tookMs = this.#stopwatch() - beganMs
  }
}

function bothTables(): string {
  return read('/proc/net/tcp') + read('/proc/net/tcp6')
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
