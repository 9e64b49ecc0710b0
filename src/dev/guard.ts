import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { HeaderBlock } from '../events/request.ts'
import { isLocal } from '../route/local.ts'
import type { ExchangeFacts } from '../server/facts.ts'

/** What a page asks of who wants it. */
export type Need =
  /** A program on this machine that meant to speak to this machine (route/local.ts). */
  | 'local'
  /** … whose user was given the token: for whatever shows data. */
  | 'token'
  /** … and a page of our own it was asked from, for whatever acts. */
  | 'act'

const TOKEN_BYTES = 24
/** Of the names of all servers' cookies. */
export const COOKIE_PREFIX = 'dram-dev-'
/** Of Sec-Fetch-Site, for what acts: a page of this origin, or none at all (a typed address, curl). */
const OWN_SITES: ReadonlySet<string> = new Set(['same-origin', 'none'])

/** Who may see and do what in development. The token is made anew for each server. */
export class Guard {
  readonly token: string
  /** Cookies don't know ports: servers side by side must not take each other's. */
  readonly cookieName: string

  /** It is asked for by TLS: the cookie may not travel without. */
  readonly #isSecure: boolean

  readonly #tickets = new Set<string>()

  constructor(name: string, isSecure: boolean, token: string = newWord()) {
    this.#isSecure = isSecure
    this.token = token
    this.cookieName = COOKIE_PREFIX + name
  }

  admits(request: ExchangeFacts, need: Need): boolean {
    const { head } = request
    if (head === null || !isLocal(request.connection.peer, head)) return false
    const { block } = head
    if (need === 'local') return true
    if (!this.#hasToken(block)) return false
    return need === 'token' ? isAskedHere(block) || isNavigation(block) : isAskedHere(block)
  }

  /** What is answered shows to the user alone, or to a page of this origin; not so what pages of others fetch, embed or send. */
  isUsers(request: ExchangeFacts): boolean {
    const block = request.head?.block
    return block !== undefined && (isAskedHere(block) || isNavigation(block))
  }

  /**
   * A word that opens once, in the token's place. It goes where others may read it: all users of a machine see the
   * arguments of the programs that run there.
   */
  ticket(): string {
    const ticket = newWord()
    this.#tickets.add(ticket)
    return ticket
  }

  /** It is the token, or a ticket that was not used yet; now it is. */
  takes(word: string): boolean {
    return this.#isToken(word) || this.#tickets.delete(word)
  }

  #isToken(word: string): boolean {
    const given = Buffer.from(word)
    const token = Buffer.from(this.token)
    return given.length === token.length && timingSafeEqual(given, token)
  }

  /** A session's cookie: SameSite=Strict keeps it from requests that other sites cause. */
  get cookie(): string {
    return `${this.cookieName}=${this.token}; Path=/; HttpOnly; SameSite=Strict${this.#isSecure ? '; Secure' : ''}`
  }

  #hasToken(block: Pick<HeaderBlock, 'fields'>): boolean {
    const cookies = valuesOf(block, 'cookie').flatMap((value) => value.split(/;\s*/))
    return cookies.some((cookie) => {
      const [name, value = ''] = cookie.split('=', 2)
      return name === this.cookieName && this.#isToken(value)
    })
  }
}

function newWord(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url')
}

/** Neither Origin nor Sec-Fetch-Site says that another page asks. */
export function isAskedHere(block: Pick<HeaderBlock, 'host' | 'fields'>): boolean {
  return valuesOf(block, 'sec-fetch-site').every((site) => OWN_SITES.has(site)) && hasOwnOrigin(block)
}

/**
 * A link that was followed: what it shows goes to the user alone. Frames of other sites are no such thing, nor are
 * forms that they send, which come with an Origin.
 */
function isNavigation(block: Pick<HeaderBlock, 'host' | 'fields'>): boolean {
  const [mode = ''] = valuesOf(block, 'sec-fetch-mode')
  const [destination = ''] = valuesOf(block, 'sec-fetch-dest')
  return mode === 'navigate' && destination === 'document' && hasOwnOrigin(block)
}

function hasOwnOrigin(block: Pick<HeaderBlock, 'host' | 'fields'>): boolean {
  const isOwn = (origin: string): boolean => origin.replace(/^https?:\/\//i, '') === block.host
  return valuesOf(block, 'origin').every(isOwn)
}

/** The values of all lines of a header. `wanted`: in lower case. */
export function valuesOf({ fields }: Pick<HeaderBlock, 'fields'>, wanted: string): string[] {
  return fields.filter(({ name }) => name === wanted).map(({ value }) => value)
}
