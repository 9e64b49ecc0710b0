import { lookup } from 'node:dns/promises'
import { type AddressInfo, isIP } from 'node:net'
import { Acceptor } from './acceptor.ts'
import { hostAndPort } from './address.ts'
import type { BindSpec } from './bind.ts'
import { type Handed, openHanded } from './handed.ts'
import type { Opened, Where } from './listener.ts'
import { errorCode, refusal } from './refusal.ts'

/** One address and port to listen on. */
export interface Target {
  readonly address: string
  readonly port: number
}

type TcpSpec = Extract<BindSpec, { kind: 'tcp' }>

const PORT_ATTEMPTS = 10
const HOST_LACKS_IT: ReadonlySet<string> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT'])

/** The addresses a spec stands for. Faults: BIND_FAILED for a name that can't be resolved. */
export async function targetsOf({ host, port }: TcpSpec): Promise<Target[]> {
  if (host === '') return ['0.0.0.0', '::'].map((address) => ({ address, port }))
  if (isIP(host)) return [{ address: host, port }]
  const found = await lookup(host, { all: true }).catch((error: unknown) => {
    throw refusal(hostAndPort(host, port), error)
  })
  const addresses = new Set(found.map((one) => one.address))
  return Array.from(addresses, (address) => ({ address, port }))
}

/**
 * Listens on all targets of one spec. Where there are several, those that this host lacks (no IPv6 in a container,
 * say) are passed over as long as one is left. Several targets with port 0 get one and the same free port.
 * `others`: the targets of all specs. `handed`: sockets that need no opening. Faults: BIND_IN_USE, BIND_FORBIDDEN, BIND_FAILED.
 */
export async function openTcp(
  targets: readonly Target[],
  others: readonly Target[],
  backlog: number,
  handed: Handed,
): Promise<Opened[]> {
  const anyPort = targets.length > 1 && targets[0]?.port === 0
  for (let attempt = 1; ; attempt++) {
    try {
      return await openAll(targets, others, backlog, handed)
    } catch (error) {
      if (!anyPort || attempt === PORT_ATTEMPTS || errorCode(error) !== 'BIND_IN_USE') throw error
    }
  }
}

async function openAll(
  targets: readonly Target[],
  others: readonly Target[],
  backlog: number,
  handed: Handed,
): Promise<Opened[]> {
  const opened: Opened[] = []
  let lacking: unknown = null
  for (const { address, port: wanted } of targets) {
    const port = wanted || portOf(opened[0])
    try {
      const known = handed.takeAt({ address, port })
      if (known !== null) {
        opened.push(await openHanded(known, backlog))
        continue
      }
      const ipv6Only = isIP(address) === 6 && others.some((one) => isIP(one.address) === 4 && one.port === wanted)
      const acceptor = await new Acceptor().listen({ host: address, port, backlog, ipv6Only })
      opened.push({ acceptor, where: placeOf(acceptor), fd: null, file: null, isShared: false })
    } catch (error) {
      if (targets.length > 1 && HOST_LACKS_IT.has(errorCode(error))) {
        lacking = refusal(hostAndPort(address, port), error)
        continue
      }
      for (const { acceptor } of opened) acceptor.close()
      throw refusal(hostAndPort(address, port), error)
    }
  }
  if (opened.length === 0) throw lacking
  return opened
}

/** The real address of a TCP socket. */
export function placeOf({ server }: Acceptor): Where {
  const { address, port } = server.address() as AddressInfo
  return { kind: 'tcp', family: isIP(address) === 6 ? 6 : 4, address, port }
}

function portOf(opened: Opened | undefined): number {
  return opened?.where.kind === 'tcp' ? opened.where.port : 0
}
