import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { Fault } from '../../faults/fault.ts'
import type { ClientOwner, ClientSocket, PeerAddress } from '../client.ts'
import { clientCertificate } from './certificate.ts'
import type { Secure } from './secure.ts'

/** RFC 8446 §5.1: the first byte of a handshake. */
const HANDSHAKE = 22
/** Far above the turn of the loop that a write takes. */
const LOOK_MS = 200

type Counts = { readonly _handle: { readonly bytesWritten: number; readonly writeQueueSize: number } | null }
type Verified = { readonly _handle: { verifyError(): (Error & { code?: string }) | null | undefined } | null }

/**
 * `waiting`: for the first byte, which tells TLS from HTTP. `shaking`: in the handshake. `secure`: behind it.
 * `plain`: it speaks HTTP without TLS, and is to be told so in its own words.
 */
type State = 'waiting' | 'shaking' | 'secure' | 'plain'

/**
 * A connection with TLS. What is written before the handshake is through leaves behind it. An end before it, with
 * nothing to say, ends both sides. How it leans on Node: decisions/0005.
 */
export class TlsClient implements ClientSocket {
  readonly #raw: Socket
  readonly #secure: Secure
  #tls: TLSSocket | null = null
  #owner: ClientOwner | null = null
  #state: State = 'waiting'
  #asked: Secure['clientCertificates'] = 'none'
  /** Why there is no handshake. */
  #failure: string | null = null
  /** Written before there was anybody to write to. */
  #early: (string | Buffer)[] = []
  #earlyBytes = 0
  #endsEarly = false
  #greets = false
  /** … and its owner has not heard yet that it was taken. */
  #hasWritten = false
  #hasClosed = false
  #cameEnd = false
  #looks: NodeJS.Timeout | null = null
  /** Its owner ended it. */
  #isGivenUp = false

  /** `accepted`: nobody has listened to it yet. */
  constructor(accepted: Socket, secure: Secure) {
    this.#raw = accepted
    this.#secure = secure
    accepted.on('error', ignore)
    accepted.on('end', this.#leftEarly)
  }

  readonly #leftEarly = (): void => this.destroy()

  /** Where bytes come from and go to; null while nobody knows. */
  get #stream(): Socket | null {
    if (this.#state === 'secure') return this.#tls
    return this.#state === 'plain' ? this.#raw : null
  }

  get isShaking(): boolean {
    return this.#stream === null
  }

  peer(): PeerAddress {
    const { remoteAddress = '', remotePort = 0 } = this.#raw
    return { address: remoteAddress, port: remotePort }
  }

  localPort(): number {
    return this.#raw.localPort ?? 0
  }

  get waitingBytes(): number {
    return this.#stream?.writableLength ?? this.#earlyBytes
  }

  /** As TLS has them on the line: what matters is that they move. */
  get takenBytes(): number {
    const { _handle: handle } = this.#raw as unknown as Counts
    return handle === null ? 0 : handle.bytesWritten - handle.writeQueueSize
  }

  get bytesRead(): number {
    return this.#raw.bytesRead
  }

  get bytesWritten(): number {
    return this.#raw.bytesWritten
  }

  get isEnded(): boolean {
    return this.#endsEarly || (this.#stream ?? this.#raw).writableEnded
  }

  get hasSaidEnd(): boolean {
    return this.#stream?.writableFinished ?? false
  }

  get isClosed(): boolean {
    return this.#raw.destroyed || this.#tls?.destroyed === true
  }

  // — the handshake —

  start(owner: ClientOwner): void {
    this.#greets = false
    this.#listen(owner)
  }

  greet(owner: ClientOwner): void {
    this.#greets = true
    this.#listen(owner)
  }

  unread(bytes: Buffer): void {
    if (bytes.length > 0) this.#guard(() => this.#begin(Buffer.from(bytes)))
  }

  #listen(owner: ClientOwner): void {
    const isFirst = this.#owner === null
    this.#owner = owner
    if (!isFirst) return
    this.#raw.on('close', () => this.#closed())
    this.#raw.on('readable', this.#readable)
    if (this.#raw.destroyed) setImmediate(() => this.#closed())
  }

  /** Before the handshake: what a proxy says, or the first bytes of the client. */
  readonly #readable = (): void => {
    const bytes = this.#raw.read() as Buffer | null
    if (bytes === null) return // it left without a word, of which 'end' tells
    if (this.#greets) this.#owner!.clientSent(bytes)
    else this.#guard(() => this.#begin(bytes))
  }

  /** A mistake of ours costs this client, not the server. */
  #guard(handle: () => void): void {
    try {
      handle()
    } catch (error) {
      this.#fail(`dram failed: ${String(error)}`)
    }
  }

  #begin(bytes: Buffer): void {
    this.#raw.removeListener('readable', this.#readable)
    this.#raw.removeListener('end', this.#leftEarly)
    this.#raw.unshift(bytes)
    if (bytes[0] === HANDSHAKE) this.#shake()
    else if (isHttp(bytes)) this.#speakPlainly()
    else this.#fail('that is not TLS')
  }

  #shake(): void {
    this.#state = 'shaking'
    this.#asked = this.#secure.clientCertificates
    const tls = this.#secure.wrap(this.#raw)
    this.#tls = tls
    tls.on('error', ignore) // 'close' follows
    tls.on('_tlsError', (error: Error & { code?: string; reason?: string }) => {
      this.#failure ??= error.reason ?? error.code ?? 'of TLS'
    })
    tls.on('close', () => this.#raw.destroy())
    this.#listenTo(tls)
    tls.once('secure', () => this.#guard(() => this.#shaken(tls)))
  }

  #shaken(tls: TLSSocket): void {
    const certificate = this.#asked === 'none' ? undefined : tls.getPeerX509Certificate()
    const why = this.#objection(tls, certificate !== undefined)
    if (why !== null) return this.#fail(why)
    this.#state = 'secure'
    this.#owner!.clientSecured?.({
      protocol: tls.getProtocol() ?? '',
      cipher: tls.getCipher().name,
      serverName: nameOf(tls),
      asked: this.#asked !== 'none',
      certificate: certificate === undefined ? null : clientCertificate(certificate),
    })
    this.#flushEarly(tls)
  }

  /** OpenSSL was told to go on whatever the certificate is: the verdict is ours, also over a resumed session. */
  #objection(tls: TLSSocket, hasCertificate: boolean): string | null {
    if (this.#asked === 'none') return null
    if (!hasCertificate) return this.#asked === 'required' ? 'the client has no certificate' : null
    const { _handle: handle } = tls as unknown as Verified
    if (handle === null) return 'the client left'
    const error = handle.verifyError()
    return error === null || error === undefined ? null : `the client's certificate: ${error.code ?? error.message}`
  }

  #speakPlainly(): void {
    this.#state = 'plain'
    this.#listenTo(this.#raw)
    this.#owner!.clientUnsecured?.(new Fault('TLS_EXPECTED'))
    this.#flushEarly(this.#raw)
  }

  #listenTo(stream: Socket): void {
    stream.on('data', (bytes: Buffer) => {
      if (!this.isClosed && !this.isShaking) this.#owner!.clientSent(bytes)
    })
    stream.on('end', () => {
      if (this.isShaking) this.#fail('the client left')
      else {
        this.#cameEnd = true
        this.#owner!.clientEnded()
      }
    })
    stream.on('finish', () => this.#owner!.clientHeardEnd())
  }

  #flushEarly(stream: Socket): void {
    const early = this.#early
    this.#early = []
    this.#earlyBytes = 0
    for (const part of early) this.#write(stream, part)
    if (this.#endsEarly) stream.end()
  }

  #fail(why: string): void {
    this.#failure = why
    this.#end()
  }

  #closed(): void {
    if (this.#hasClosed) return
    this.#hasClosed = true
    this.#tls?.destroy()
    if (this.#state === 'shaking') this.#failure ??= 'the client left'
    if (this.isShaking && this.#failure !== null && !this.#isGivenUp)
      this.#owner!.clientUnsecured?.(new Fault('TLS_HANDSHAKE_FAILED', { detail: this.#failure }))
    this.#owner!.clientClosed()
  }

  // — in —

  pause(): void {
    this.#stream?.pause()
  }

  resume(): void {
    this.#stream?.resume()
  }

  // — out —

  text(text: string): void {
    this.#send(text)
  }

  bytes(bytes: Buffer): void {
    this.#send(bytes)
  }

  framed(before: string, bytes: Buffer, after: string): void {
    this.#stream?.cork()
    if (before !== '') this.#send(before)
    this.#send(bytes)
    if (after !== '') this.#send(after)
    this.#stream?.uncork()
  }

  /** None: they have to be sealed first, and the handle's descriptor would send them as they are. */
  now(): number {
    return 0
  }

  #send(part: string | Buffer): void {
    if (this.isClosed || this.isEnded) return
    const stream = this.#stream
    if (stream !== null) return this.#write(stream, part)
    this.#early.push(part)
    this.#earlyBytes += part.length
  }

  /** Not asked by an empty write behind, as NetClient does: where the client has gone, TLS may never finish one. */
  #write(stream: Socket, part: string | Buffer): void {
    this.#hasWritten = true
    if (this.#cameEnd) this.#lookWhetherGone()
    if (typeof part === 'string') stream.write(part, 'latin1', this.#tellIfIdle)
    else stream.write(part, this.#tellIfIdle)
  }

  readonly #tellIfIdle = (): void => {
    if (!this.#hasWritten || this.waitingBytes > 0 || this.isClosed) return
    this.#hasWritten = false
    this.#owner?.clientTook()
  }

  // — the end —

  end(): void {
    const stream = this.#stream
    if (stream !== null) {
      stream.end()
      if (this.#cameEnd) this.#lookWhetherGone()
      return
    }
    if (this.#earlyBytes === 0) this.destroy()
    else this.#endsEarly = true
  }

  /**
   * Behind the client's close_notify Node's TLS hears nothing more, a reset neither: what is written then never leaves,
   * and never fails. Bytes that wait here, while none wait below, tell of it.
   */
  #lookWhetherGone(): void {
    this.#looks ??= setTimeout(() => {
      this.#looks = null
      const { _handle: handle } = this.#raw as unknown as Counts
      const isStuck = this.waitingBytes > 0 && (handle === null || handle.writeQueueSize === 0)
      if (isStuck && !this.isClosed) this.destroy()
    }, LOOK_MS).unref()
  }

  destroy(): void {
    this.#isGivenUp = true
    this.#end()
  }

  #end(): void {
    this.#tls?.destroy()
    this.#raw.destroy()
  }

  reset(): void {
    const isEnding = this.isEnded && !this.hasSaidEnd // libuv refuses a reset in the midst of a shutdown
    if (this.#raw.remoteAddress === undefined || isEnding) this.destroy()
    else this.#raw.resetAndDestroy()
  }
}

/** A method begins with a letter, and a line of HTTP/0.9 and later with a method. */
function isHttp(bytes: Buffer): boolean {
  return /^[A-Z]+(?: |$)/.test(bytes.toString('latin1', 0, 16))
}

/** A text that may stand in a log line and in a variable, or none: a client can name anything. */
function nameOf({ servername }: TLSSocket & { servername?: string | false | null }): string {
  return typeof servername === 'string' && /^[\x21-\x7e]{1,255}$/.test(servername) ? servername : ''
}

function ignore(): void {}
