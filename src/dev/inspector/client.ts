import type { SecureFacts } from '../../events/secure.ts'
import type { Fault } from '../../faults/fault.ts'
import type { ClientOwner, ClientSocket, PeerAddress } from '../../listen/client.ts'

/** Is told what goes over a socket. */
export interface Onlooker {
  /** Before the owner is told: a view that holds for the call only. */
  bytesCame(bytes: Buffer): void
  /** These were given to the socket. */
  bytesLeft(bytes: Buffer): void
  secured(facts: SecureFacts): void
  ended(): void
}

/** A client's socket that somebody looks on at. With TLS, what is seen are the bytes within it. */
export class WatchedClient implements ClientSocket {
  readonly #inner: ClientSocket
  readonly #onlooker: Onlooker

  /** `bug`: is told what the onlooker throws, which harms the connection no further. */
  constructor(inner: ClientSocket, onlooker: Onlooker, bug: (error: unknown) => void) {
    this.#inner = inner
    this.#onlooker = guarded(onlooker, bug)
  }

  start(owner: ClientOwner): void {
    this.#inner.start(watched(owner, this.#onlooker))
  }

  greet(owner: ClientOwner): void {
    this.#inner.greet(owner)
  }

  unread(bytes: Buffer): void {
    this.#inner.unread(bytes)
  }

  text(text: string): void {
    this.#saw(Buffer.from(text, 'latin1'))
    this.#inner.text(text)
  }

  bytes(bytes: Buffer): void {
    this.#saw(bytes)
    this.#inner.bytes(bytes)
  }

  framed(before: string, bytes: Buffer, after: string): void {
    this.#saw(Buffer.concat([Buffer.from(before, 'latin1'), bytes, Buffer.from(after, 'latin1')]))
    this.#inner.framed(before, bytes, after)
  }

  now(parts: readonly Buffer[]): number {
    const taken = this.#inner.now(parts)
    if (taken > 0) this.#saw(Buffer.concat(parts).subarray(0, taken))
    return taken
  }

  #saw(bytes: Buffer): void {
    if (!this.#inner.isClosed) this.#onlooker.bytesLeft(bytes)
  }

  get waitingBytes(): number {
    return this.#inner.waitingBytes
  }

  get takenBytes(): number {
    return this.#inner.takenBytes
  }

  get bytesRead(): number {
    return this.#inner.bytesRead
  }

  get bytesWritten(): number {
    return this.#inner.bytesWritten
  }

  get isEnded(): boolean {
    return this.#inner.isEnded
  }

  get hasSaidEnd(): boolean {
    return this.#inner.hasSaidEnd
  }

  get isClosed(): boolean {
    return this.#inner.isClosed
  }

  get isShaking(): boolean {
    return this.#inner.isShaking
  }

  peer(): PeerAddress {
    return this.#inner.peer()
  }

  localPort(): number {
    return this.#inner.localPort()
  }

  pause(): void {
    this.#inner.pause()
  }

  resume(): void {
    this.#inner.resume()
  }

  end(): void {
    this.#inner.end()
  }

  destroy(): void {
    this.#inner.destroy()
  }

  reset(): void {
    this.#inner.reset()
  }
}

function guarded(onlooker: Onlooker, bug: (error: unknown) => void): Onlooker {
  const guard = (deed: () => void): void => {
    try {
      deed()
    } catch (error) {
      bug(error)
    }
  }
  return {
    bytesCame: (bytes) => guard(() => onlooker.bytesCame(bytes)),
    bytesLeft: (bytes) => guard(() => onlooker.bytesLeft(bytes)),
    secured: (facts) => guard(() => onlooker.secured(facts)),
    ended: () => guard(() => onlooker.ended()),
  }
}

function watched(owner: ClientOwner, onlooker: Onlooker): ClientOwner {
  return {
    clientSent(bytes: Buffer): void {
      onlooker.bytesCame(bytes)
      owner.clientSent(bytes)
    },
    clientEnded: () => owner.clientEnded(),
    clientTook: () => owner.clientTook(),
    clientHeardEnd: () => owner.clientHeardEnd(),
    clientClosed(): void {
      owner.clientClosed()
      onlooker.ended()
    },
    clientSecured(facts: SecureFacts): void {
      onlooker.secured(facts)
      owner.clientSecured?.(facts)
    },
    clientUnsecured: (fault: Fault) => owner.clientUnsecured?.(fault),
  }
}
