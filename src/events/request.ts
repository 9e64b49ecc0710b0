import type { FaultCode } from '../faults/table.ts'

/** What the parsers (HTTP/1.1 now, others later) say, and what every later stage reads. */
export type RequestEvent =
  | { readonly kind: 'head'; readonly head: RequestHead }
  /** A view into the bytes that were fed, or kept from before: whoever keeps it longer than the call copies it. */
  | { readonly kind: 'body'; readonly bytes: Buffer }
  | { readonly kind: 'bodyEnd' }
  /** The bytes can't be a request we take; nothing later on this connection is read. `detail` fills the braces of the fault's sentence. */
  | { readonly kind: 'refused'; readonly code: FaultCode; readonly detail: string }

/** How the body is framed. `bodyEnd` follows every head but those with `none` (no body, or Content-Length: 0). */
export type BodyFraming = 'none' | 'length' | 'chunked'

export interface RequestHead {
  readonly method: string
  /** The request target as it was sent (RFC 9112 §3.2), visible ASCII only. */
  readonly target: string
  /** The raw path and query of an absolute-form target; null: take them from `target`. */
  readonly origin: string | null
  /** Minor version: 0 or 1. */
  readonly minor: 0 | 1
  readonly block: HeaderBlock
}

/**
 * A header section that was found valid, and all that follows from its bytes (and the method-independent
 * rules) alone. Keep-alive clients repeat themselves, so blocks are shared between requests: never changed,
 * but for `environ`, a slot in which the route stage keeps what it made of the block.
 */
export interface HeaderBlock {
  /** The field lines as sent, latin-1, each ended by CRLF but the last. May be empty. */
  readonly raw: string
  /** Field lines in the order sent: names in lower case, values without outer whitespace. */
  readonly fields: readonly HeaderField[]
  /** The Host to use: the authority of an absolute-form target, else the field's value; '' where it was empty, or 1.0 sent none. */
  readonly host: string
  readonly framing: BodyFraming
  /** Bytes announced by Content-Length; −1 where there is none. */
  readonly contentLength: number
  /** Connection options that matter: `close` and `keep-alive` as sent. */
  readonly connection: 'close' | 'keepAlive' | 'default'
  /** The client waits for 100 before it sends the body; false where no body follows, and on 1.0. */
  readonly expectsContinue: boolean
  /** Filled by the route stage on first use; null before. */
  environ: BlockEnviron | null
}

/** What the route stage makes of a block for one kind of peer, so that bytes seen again cost it next to nothing. */
export interface BlockEnviron {
  /** The peer policy it was made under, compared by identity: a trusted peer's bytes mean more than a stranger's. */
  readonly policy: object
  /** Why a block can't be taken under this policy; null where it can. */
  readonly refusal: RouteRefusal | null
  /** The wire's *block*: keys and values of `environ`, joined by NUL. */
  readonly text: string
  /** The client's address as a trusted proxy gave it ('' where the proxy doesn't know it); null: it is the peer's. */
  readonly address: string | null
  /** The client's port as a trusted proxy gave it; '' where it didn't; null: it is the peer's. Counts only with `address`. */
  readonly port: string | null
  /** SCRIPT_NAME to cut off the front of the path, percent-decoded; '' for none. */
  readonly cut: string
  /** The request id a trusted peer sent; null: make one. */
  readonly requestId: string | null
  /** Names of forwarding headers that don't count, where they are to be told of; null: none. */
  readonly untrusted: readonly string[] | null
}

export interface RouteRefusal {
  readonly kind: 'refused'
  readonly code: FaultCode
  readonly values: Readonly<Record<string, string>>
}

export interface HeaderField {
  readonly name: string
  readonly value: string
}

/** Does the client want no answer on its connection after this one (RFC 9112 §9.3)? */
export function isLast({ minor, block: { connection } }: RequestHead): boolean {
  return minor === 1 ? connection === 'close' : connection !== 'keepAlive'
}

/** May these two run at the same time on one connection? Only safe methods may (RFC 9110 §9.2.1, RFC 9112 §9.3.2). */
export const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])
