import type { SecureFacts } from '../events/secure.ts'
import type { Fault } from '../faults/fault.ts'

/** Who is told what becomes of a client's connection. Nothing may be thrown. */
export interface ClientOwner {
  /** Bytes came: a view that holds for the call only. */
  clientSent(bytes: Buffer): void
  /**
   * Asked after `clientSent`, by who can do it: where are the next bytes best read to? That may not be used for
   * anything else until they came, there or elsewhere. null: wherever.
   */
  clientRoom?(): Buffer | null
  /** The client has ended its side; it may still read. */
  clientEnded(): void
  /** The kernel has taken all that it did not take at once. */
  clientTook(): void
  /** Our end has been said, behind all that was written. */
  clientHeardEnd(): void
  /** It is over, for whatever reason; told once, and nothing after it. */
  clientClosed(): void
  /** With TLS alone: the handshake is through. Before any bytes. */
  clientSecured?(facts: SecureFacts): void
  /** … it failed, and the end follows; or TLS_EXPECTED: it speaks HTTP without TLS, and can be answered so. */
  clientUnsecured?(fault: Fault): void
}

export interface PeerAddress {
  /** '' for the peer of a Unix socket, and for one that has left. */
  readonly address: string
  /** 0 where there is none. */
  readonly port: number
}

/**
 * A client's connection, all that the server knows of it. What fails in it ends it: `clientClosed` follows, never
 * within a call. What is written after its end is dropped.
 */
export interface ClientSocket {
  /** Bytes that were written and that the kernel, as far as this side knows, has not taken yet. */
  readonly waitingBytes: number
  /** Bytes that the kernel has taken, ever: unlike `waitingBytes` it moves within one large write. 0 once it is over. */
  readonly takenBytes: number
  /** Read from the client so far, and written to it; to be asked afterwards too. */
  readonly bytesRead: number
  readonly bytesWritten: number
  /** `end` was called. */
  readonly isEnded: boolean
  /** … and our end has been said. */
  readonly hasSaidEnd: boolean
  readonly isClosed: boolean
  /** A handshake has to come first. */
  readonly isShaking: boolean

  /** Asks the system who is on the other side. */
  peer(): PeerAddress
  /** 0 for a Unix socket, and once it is over. */
  localPort(): number
  /** Begins to read. Called again, another owner is told of what becomes of it from now on. */
  start(owner: ClientOwner): void
  /** Begins to read what a proxy may say before all else, TLS included: the bytes as they are on the line. `start` ends it. */
  greet(owner: ClientOwner): void
  /** After that `start`, once: the bytes that `greet` told of and that belong to what comes behind it. */
  unread(bytes: Buffer): void
  /** Nothing more is read from this moment on. */
  pause(): void
  resume(): void
  /** Writes latin-1 text. */
  text(text: string): void
  /** Writes bytes, which nobody may write over before `clientTook`. */
  bytes(bytes: Buffer): void
  /** Writes text, bytes and text as one. */
  framed(before: string, bytes: Buffer, after: string): void
  /**
   * Writes of these, one behind the other, what the kernel takes at once, and says how many bytes that were: only the
   * others must stay as they are, and be written again. 0 while something waits, or where that can't be known.
   */
  now(parts: readonly Buffer[]): number
  /** Nothing more is written: says so to the client, behind what was. */
  end(): void
  /** Ends both sides at once. */
  destroy(): void
  /** … so that the client can tell that it was not meant to end; where there are no resets, it only ends. */
  reset(): void
}
