import { Fault } from '../faults/fault.ts'
import type { Enlisted } from '../kit/roster.ts'
import type { ClientOwner, ClientSocket } from '../listen/client.ts'
import { type ProxyFacts, type ProxyVersions, readProxy } from '../parse/proxyProtocol.ts'
import { PROXY_KEY } from '../route/local.ts'
import type { TrustedProxies } from '../route/proxies.ts'

/** Who may send the PROXY protocol to a door, and how. */
export interface ProxyRules {
  readonly versions: ProxyVersions
  readonly from: TrustedProxies
}

export interface GreetingOwner {
  /** It is over: `facts` is what the proxy said, null where it said nothing. `rest`: bytes behind it, for this call. */
  greeted(facts: ProxyFacts | null, rest: Buffer): void
  refused(fault: Fault): void
  /** The client left before. */
  left(): void
  bug(error: unknown): void
}

/** A connection until its first bytes have told whether a proxy speaks for somebody else, and for whom. */
export class Greeting implements ClientOwner, Enlisted {
  rosterAt = -1
  readonly client: ClientSocket
  /** By which it is counted: '' while it may be anybody's. */
  readonly address: string
  readonly #versions: ProxyVersions
  readonly #isAllowed: boolean
  readonly #deadlineMs: number
  readonly #limit: string
  readonly #owner: GreetingOwner
  #held: Buffer | null = null
  #isOver = false

  /** `address`: the peer's. `isAllowed`: it may send it. `limitMs`: how long it may take, from `nowMs` on. */
  constructor(
    client: ClientSocket,
    versions: ProxyVersions,
    address: string,
    isAllowed: boolean,
    nowMs: number,
    limitMs: number,
    owner: GreetingOwner,
  ) {
    this.client = client
    this.#versions = versions
    this.address = isAllowed ? '' : address
    this.#isAllowed = isAllowed
    this.#deadlineMs = nowMs + limitMs
    this.#limit = `${limitMs / 1000} s`
    this.#owner = owner
  }

  /** Nothing has come yet. */
  get isIdle(): boolean {
    return this.#held === null
  }

  clientSent(bytes: Buffer): void {
    if (this.#isOver) return
    try {
      this.#read(bytes)
    } catch (error) {
      this.#owner.bug(error)
      this.client.destroy()
    }
  }

  #read(bytes: Buffer): void {
    const all = this.#held === null ? bytes : Buffer.concat([this.#held, bytes])
    const reading = readProxy(all, this.#versions)
    switch (reading.kind) {
      case 'more':
        this.#held = this.#held === null ? Buffer.from(bytes) : all
        return
      case 'none':
        return this.#end(null, all)
      case 'refused':
        return this.#refuse(new Fault('PROXY_PROTOCOL_INVALID', { detail: reading.detail }))
      case 'facts':
        return this.#end(reading.facts, all.subarray(reading.byteCount))
    }
  }

  #end(facts: ProxyFacts | null, rest: Buffer): void {
    if (facts !== null && !this.#isAllowed) return this.#refuse(new Fault('PROXY_PROTOCOL_FORBIDDEN'))
    this.#isOver = true
    this.#owner.greeted(facts, rest)
  }

  #refuse(fault: Fault): void {
    this.#isOver = true
    this.#owner.refused(fault)
  }

  /** Called a few times a second. Who says nothing at all hears nothing, as on a connection without. */
  tick(nowMs: number): void {
    if (nowMs < this.#deadlineMs || this.#isOver) return
    if (this.isIdle) this.client.destroy()
    else this.#refuse(new Fault('PROXY_PROTOCOL_TIMEOUT', { limit: this.#limit }))
  }

  /** There is nothing to be answered. */
  clientEnded(): void {
    this.client.destroy()
  }

  clientTook(): void {}
  clientHeardEnd(): void {}

  clientClosed(): void {
    this.#owner.left()
  }
}

/** What the application is told of the proxy, as `Peer.pairs`. */
export function proxyPairs({ protocol, ends }: ProxyFacts): string {
  if (ends === null || ends.proxy === '') return `\0${PROXY_KEY}\0${protocol}`
  return `\0${PROXY_KEY}\0${protocol}\0PROXY_ADDR\0${ends.proxy}\0PROXY_PORT\0${ends.proxyPort}`
}
