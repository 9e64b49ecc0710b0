import { readFileSync, readlinkSync } from 'node:fs'
import { Acceptor } from './acceptor.ts'
import type { Opened, Where } from './listener.ts'
import { failed, refusal } from './refusal.ts'
import { placeOf } from './tcp.ts'

/** Listens on a descriptor that was inherited (socket activation). Faults: BIND_FAILED. */
export async function openInherited(fd: number, backlog: number): Promise<Opened> {
  const address = `fd://${fd}`
  const inode = socketInode(fd)
  if (inode === null) throw failed(address, 'no such socket was inherited')
  try {
    const acceptor = await new Acceptor().listen({ fd, backlog })
    const isTcp = typeof acceptor.server.address() === 'object' && acceptor.server.address() !== null
    const where: Where = isTcp ? placeOf(acceptor) : { kind: 'unix', path: pathOfSocket(inode) }
    return { acceptor, where, fd, file: null, isShared: false }
  } catch (error) {
    throw refusal(address, error)
  }
}

/** '' where there is no /proc to ask; null: not a socket. */
function socketInode(fd: number): string | null {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1] ?? null
  } catch {
    return process.platform === 'linux' ? null : ''
  }
}

/** Node can't tell the path of a Unix socket that it didn't bind. */
function pathOfSocket(inode: string): string {
  try {
    // Num RefCount Protocol Flags Type St Inode Path
    const row = new RegExp(`^\\S+:(?: \\S+){5} +${inode} (.+)$`, 'm')
    return row.exec(readFileSync('/proc/net/unix', 'utf8'))?.[1] ?? ''
  } catch {
    return ''
  }
}
