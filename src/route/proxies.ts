import { type AddressBytes, contains, type Network, parseAddress, parseNetwork } from '../kit/address.ts'

/** Whose word on the client is believed: the setting `--trusted-proxies`, read once. */
export class TrustedProxies {
  /** Peers of Unix sockets, which have no address. */
  readonly unix: boolean
  readonly #everybody: boolean
  readonly #networks: readonly Network[]

  /** `list`: addresses, networks, `unix`, `*`; other words trust nobody (the settings refuse them). */
  constructor(list: readonly string[]) {
    this.#everybody = list.includes('*')
    this.unix = this.#everybody || list.includes('unix')
    this.#networks = list.map(parseNetwork).filter((network) => network !== null)
  }

  /** Is whoever has this IP address believed? */
  trusts(address: string): boolean {
    if (this.#everybody) return true
    if (this.#networks.length === 0) return false
    const bytes = parseAddress(address)
    return bytes !== null && this.#holds(bytes)
  }

  #holds(bytes: AddressBytes): boolean {
    return this.#networks.some((network) => contains(network, bytes))
  }
}
