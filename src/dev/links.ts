import { isIP } from 'node:net'
import { hostAndPort } from '../listen/address.ts'

/** Where a server is reached, for people to follow. */
export interface Links {
  /** From this machine. */
  readonly local: readonly string[]
  /** From others. */
  readonly network: readonly string[]
}

/** An address of one of the machine's interfaces. */
export interface Interface {
  readonly address: string
  readonly internal: boolean
}

const LOOPBACK: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }
const LINK_LOCAL = /^(?:169\.254\.|fe[89ab])/i

/** @param addresses URLs the server listens at; those of sockets in the file system stay as they are */
export function linksOf(addresses: readonly string[], interfaces: readonly Interface[]): Links {
  const local: string[] = []
  const network: string[] = []
  const others = interfaces.filter(({ address, internal }) => !internal && !LINK_LOCAL.test(address))
  const hosts = addresses.map((address) => /^(https?:\/\/)(.+):(\d+)$/.exec(address))
  for (const [at, found] of hosts.entries()) {
    const [, scheme = '', host = '', port = ''] = found ?? []
    const bare = host.replace(/^\[|\]$/g, '')
    const link = (name: string): string => scheme + hostAndPort(name, Number(port))
    const loopback = LOOPBACK[bare]
    if (loopback !== undefined) {
      local.push(link(loopback))
      network.push(...others.filter(({ address }) => isIP(address) === isIP(bare)).map(({ address }) => link(address)))
    } else if (found === null || /^127\.|^::1$/.test(bare)) local.push(addresses[at]!)
    else network.push(addresses[at]!)
  }
  return { local, network }
}
