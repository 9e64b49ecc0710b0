import type { Socket } from 'node:net'
import type { ClientOwner, ClientSocket, PeerAddress } from './client.ts'
import { readShared } from './sharedRead.ts'
import { writeNow } from './writeNow.ts'

type WithHandle = Socket & { _handle: { fd?: number; bytesWritten: number; writeQueueSize: number } | null }

/** A connection as `net.Socket` has it. */
export class NetClient implements ClientSocket {
  #socket: Socket
  #owner: ClientOwner | null = null
  /** An empty write is behind what waits. */
  #asked = false
  /** Bytes that went to the kernel past the socket. */
  #passedBytes = 0

  /** `accepted`: nobody has listened to it yet. */
  constructor(accepted: Socket) {
    this.#socket = accepted
  }

  peer(): PeerAddress {
    const { remoteAddress = '', remotePort = 0 } = this.#socket
    return { address: remoteAddress, port: remotePort }
  }

  localPort(): number {
    return this.#socket.localPort ?? 0
  }

  get waitingBytes(): number {
    return this.#socket.writableLength
  }

  /** Node's own count moves only when a write is through; the handle's, on which Node's idle timer relies, follows each byte. */
  get takenBytes(): number {
    const { _handle: handle } = this.#socket as WithHandle
    return handle === null ? 0 : this.#passedBytes + handle.bytesWritten - handle.writeQueueSize
  }

  get bytesRead(): number {
    return this.#socket.bytesRead
  }

  get bytesWritten(): number {
    return this.#passedBytes + this.#socket.bytesWritten
  }

  get isEnded(): boolean {
    return this.#socket.writableEnded
  }

  get hasSaidEnd(): boolean {
    return this.#socket.writableFinished
  }

  get isClosed(): boolean {
    return this.#socket.destroyed
  }

  get isShaking(): boolean {
    return false
  }

  start(owner: ClientOwner): void {
    const isFirst = this.#owner === null
    this.#owner = owner
    if (!isFirst) return
    const socket = readShared(this.#socket, (bytes) => this.#owner!.clientSent(bytes))
    this.#socket = socket
    socket.on('end', () => this.#owner!.clientEnded())
    socket.on('drain', () => this.#tellIfIdle())
    socket.on('finish', () => this.#owner!.clientHeardEnd())
    socket.on('error', () => {}) // 'close' follows
    socket.on('close', () => this.#owner!.clientClosed())
  }

  greet(owner: ClientOwner): void {
    this.start(owner)
  }

  unread(bytes: Buffer): void {
    if (bytes.length > 0) this.#owner!.clientSent(bytes)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  text(text: string): void {
    if (!this.#takesMore()) return
    this.#socket.write(text, 'latin1')
    this.#askForIdle()
  }

  bytes(bytes: Buffer): void {
    if (!this.#takesMore()) return
    this.#socket.write(bytes)
    this.#askForIdle()
  }

  framed(before: string, bytes: Buffer, after: string): void {
    if (!this.#takesMore()) return
    const socket = this.#socket
    socket.cork()
    if (before !== '') socket.write(before, 'latin1')
    socket.write(bytes)
    if (after !== '') socket.write(after, 'latin1')
    socket.uncork()
    this.#askForIdle()
  }

  now(parts: readonly Buffer[]): number {
    if (this.waitingBytes > 0 || !this.#takesMore()) return 0
    const taken = writeNow((this.#socket as WithHandle)._handle?.fd, parts)
    this.#passedBytes += taken
    return taken
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  reset(): void {
    const isEnding = this.isEnded && !this.hasSaidEnd // libuv refuses a reset in the midst of a shutdown
    if (this.#socket.remoteAddress === undefined || isEnding) this.#socket.destroy()
    else this.#socket.resetAndDestroy()
  }

  #takesMore(): boolean {
    return !this.#socket.destroyed && !this.#socket.writableEnded
  }

  /** Less than its high-water mark a socket writes late without a `drain`: an empty write behind tells. */
  #askForIdle(): void {
    const socket = this.#socket
    if (socket.writableLength === 0 || socket.writableNeedDrain || this.#asked) return
    this.#asked = true
    socket.write('', () => {
      this.#asked = false
      this.#tellIfIdle()
    })
  }

  #tellIfIdle(): void {
    if (this.#socket.writableLength === 0 && !this.#socket.destroyed) this.#owner?.clientTook()
  }
}
