import type { ClientOwner, ClientSocket, PeerAddress } from './client.ts'
import { type AddressOut, type Handle, INSIDES, type Insides, type Request, type WriteRequest } from './insides.ts'
import { SHARED_BUFFER } from './sharedRead.ts'
import { writeNow } from './writeNow.ts'

// Nobody makes a RawClient where they are missing.
const insides = (INSIDES ?? {}) as Insides
const { WriteWrap, ShutdownWrap, state, readAt, bytesWrittenAt, wasAsyncAt, lastErrorAt } = insides
const makesRequests = lastErrorAt >= 0

const UV_EOF = -4095

/** Taken for each write, and used up only by one that the kernel does not take at once. */
let spare: WriteRequest | null = null

/** A connection as its handle, without the streams that Node builds on it (decisions/0015). Hot, and small. */
export class RawClient implements ClientSocket {
  waitingBytes = 0
  isEnded = false
  hasSaidEnd = false
  isClosed = false
  readonly #handle: Handle
  #owner: ClientOwner | null = null
  #reads = false
  #cameEnd = false
  /** Where the handle reads to. It has the address alone: this keeps the bytes from being collected. */
  #into = SHARED_BUFFER
  /** Once it is over: the handle doesn't tell any more. */
  #bytesRead = 0
  #bytesWritten = 0
  /** Bytes that went to the kernel past the handle. */
  #passedBytes = 0

  constructor(handle: Handle) {
    this.#handle = handle
    handle.owner = this
  }

  peer(): PeerAddress {
    const out: AddressOut = {}
    if (!this.isClosed) this.#handle.getpeername?.(out)
    return { address: out.address ?? '', port: out.port ?? 0 }
  }

  localPort(): number {
    const out: AddressOut = {}
    if (!this.isClosed) this.#handle.getsockname?.(out)
    return out.port ?? 0
  }

  get takenBytes(): number {
    return this.isClosed ? 0 : this.#passedBytes + this.#handle.bytesWritten - this.#handle.writeQueueSize
  }

  get bytesRead(): number {
    return this.isClosed ? this.#bytesRead : this.#handle.bytesRead
  }

  get bytesWritten(): number {
    return this.#passedBytes + (this.isClosed ? this.#bytesWritten : this.#handle.bytesWritten)
  }

  get isShaking(): boolean {
    return false
  }

  // — in —

  start(owner: ClientOwner): void {
    const isFirst = this.#owner === null
    this.#owner = owner
    if (!isFirst) return
    this.#handle.useUserBuffer(this.#into)
    this.#handle.onread = RawClient.#onRead
    this.resume()
  }

  greet(owner: ClientOwner): void {
    this.start(owner)
  }

  unread(bytes: Buffer): void {
    if (bytes.length > 0) this.#owner!.clientSent(bytes)
  }

  pause(): void {
    if (!this.#reads) return
    this.#reads = false
    if (!this.isClosed) this.#handle.readStop()
  }

  resume(): void {
    if (this.#reads || this.#cameEnd || this.isClosed) return
    this.#reads = true
    if (this.#handle.readStart() !== 0) this.destroy()
  }

  /** What is returned is read into from then on, as with `onread` of `net`: the one way to change it. */
  static readonly #onRead = function (this: Handle): Buffer | undefined {
    return (this.owner as RawClient).#came(state[readAt]!)
  }

  #came(count: number): Buffer | undefined {
    if (this.isClosed) return undefined
    if (count > 0) return this.#sent(this.#into.subarray(0, count))
    if (count === UV_EOF) this.#endCame()
    else if (count < 0) this.destroy()
    return undefined
  }

  #sent(bytes: Buffer): Buffer | undefined {
    this.#owner!.clientSent(bytes)
    const next = this.#owner!.clientRoom?.() ?? SHARED_BUFFER
    if (next === this.#into) return undefined
    this.#into = next
    return next
  }

  #endCame(): void {
    this.#cameEnd = true
    this.#reads = false
    if (this.hasSaidEnd) this.destroy()
    else this.#owner!.clientEnded()
  }

  // — out —

  text(text: string): void {
    if (!this.#takesMore()) return
    const request = requestForWrite()
    this.#wrote(this.#handle.writeLatin1String(request, text), request, null)
  }

  bytes(bytes: Buffer): void {
    if (!this.#takesMore()) return
    const request = requestForWrite()
    this.#wrote(this.#handle.writeBuffer(request, bytes), request, bytes)
  }

  framed(before: string, bytes: Buffer, after: string): void {
    if (!this.#takesMore()) return
    const parts: (string | Buffer)[] = []
    if (before !== '') parts.push(before, 'latin1')
    parts.push(bytes, 'buffer')
    if (after !== '') parts.push(after, 'latin1')
    const request = requestForWrite()
    this.#wrote(this.#handle.writev(request, parts, false), request, bytes)
  }

  now(parts: readonly Buffer[]): number {
    if (this.waitingBytes > 0 || !this.#takesMore()) return 0
    const taken = writeNow(this.#handle.fd, parts)
    this.#passedBytes += taken
    return taken
  }

  #takesMore(): boolean {
    return !this.isClosed && !this.isEnded
  }

  /** `given`: what the call was given, where it doesn't make its request itself. */
  #wrote(result: number | WriteRequest, given: WriteRequest | null, kept: Buffer | null): void {
    const failed = typeof result === 'number' ? result !== 0 : state[lastErrorAt] !== 0
    if (failed) {
      spare = null
      return this.destroy()
    }
    if (state[wasAsyncAt] === 0) return
    const request = given ?? (result as WriteRequest)
    spare = null
    request.owner = this
    request.byteCount = state[bytesWrittenAt]!
    request.kept = kept
    request.oncomplete = RawClient.#onWritten
    this.waitingBytes += request.byteCount
  }

  static readonly #onWritten = function (this: WriteRequest, status: number): void {
    ;(this.owner as RawClient).#written(this.byteCount!, status)
  }

  #written(byteCount: number, status: number): void {
    if (this.isClosed) return
    if (status < 0) return this.destroy()
    this.waitingBytes -= byteCount
    if (this.waitingBytes === 0) this.#owner!.clientTook()
  }

  // — the end —

  end(): void {
    if (!this.#takesMore()) return
    this.isEnded = true
    // Both sides have nothing more to say: closing tells it as well.
    if (this.#cameEnd && this.waitingBytes === 0) return this.destroy()
    const request = new ShutdownWrap()
    request.owner = this
    request.oncomplete = RawClient.#onShutdown
    if (this.#handle.shutdown(request) !== 0) this.destroy()
  }

  /** Whether or not it could be said: who has left is told of by a read. */
  static readonly #onShutdown = function (this: Request): void {
    ;(this.owner as RawClient).#saidEnd()
  }

  #saidEnd(): void {
    if (this.isClosed) return
    this.hasSaidEnd = true
    if (this.#cameEnd) this.destroy()
    else this.#owner!.clientHeardEnd()
  }

  destroy(): void {
    if (this.#leave()) this.#handle.close(RawClient.#onClose)
  }

  reset(): void {
    const handle = this.#handle
    const isEnding = this.isEnded && !this.hasSaidEnd // libuv refuses a reset in the midst of a shutdown
    if (handle.reset === undefined || isEnding) this.destroy()
    else if (this.#leave()) handle.reset(RawClient.#onClose)
  }

  /** False: it has left before. */
  #leave(): boolean {
    if (this.isClosed) return false
    this.#bytesRead = this.#handle.bytesRead
    this.#bytesWritten = this.#handle.bytesWritten
    this.isClosed = true
    return true
  }

  static readonly #onClose = function (this: Handle): void {
    ;(this.owner as RawClient).#owner?.clientClosed()
  }
}

function requestForWrite(): WriteRequest | null {
  if (makesRequests) return null
  spare ??= new WriteWrap()
  return spare
}
