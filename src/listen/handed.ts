import { closeSync } from 'node:fs'
import { Acceptor } from './acceptor.ts'
import type { Listener, Opened, Where } from './listener.ts'
import { refusal } from './refusal.ts'
import { removeSocketFile, type SocketFile } from './socketFile.ts'

/** A listening socket that a server passes on to its successor; as JSON, it travels in a variable. */
export interface HandedSocket {
  /** Its number in the process that gets it. */
  readonly descriptor: number
  /** The bind it came from. */
  readonly key: string
  readonly where: Where
  /** The number under which the service manager had passed it on; null: it was not that one. */
  readonly fd: number | null
  readonly file: { readonly path: string; readonly device: string; readonly inode: string } | null
}

/** What is to be known of a listener whose socket is passed on. */
export type Given = Pick<Listener, 'key' | 'where' | 'fd' | 'file' | 'descriptor'>

/** What is passed on of a listener. `descriptor`: its number over there. */
export function handedSocket({ key, where, fd, file }: Given, descriptor: number): HandedSocket {
  const plain = file && { path: file.path, device: String(file.device), inode: String(file.inode) }
  return { descriptor, key, where, fd, file: plain }
}

/**
 * The sockets a predecessor passed on, until somebody takes them. The predecessor serves them, too, until we have said
 * that we are ready, and afterwards if we never do: their files are not ours to remove before `settle`.
 */
export class Handed {
  #left: readonly HandedSocket[]
  #isSettled = false

  constructor(sockets: readonly HandedSocket[]) {
    this.#left = sockets
  }

  /** Those of one bind. */
  takeOf(key: string): readonly HandedSocket[] {
    return this.#take((socket) => socket.key === key)
  }

  /** The one that listens there, whatever its bind was. */
  takeAt(wanted: { readonly address: string; readonly port: number } | { readonly path: string }): HandedSocket | null {
    const found = this.#left.find(({ where }) =>
      where.kind === 'unix'
        ? 'path' in wanted && where.path === wanted.path
        : 'address' in wanted && where.address === wanted.address && where.port === wanted.port,
    )
    return found ? this.#take((socket) => socket === found)[0]! : null
  }

  /** We serve alone from now on: what nobody took is closed, and the files of the rest are ours. */
  async settle(listeners: readonly Listener[]): Promise<void> {
    if (this.#isSettled) return
    this.#isSettled = true
    for (const listener of listeners) listener.ownsFile = true
    for (const { descriptor, file } of this.#take(() => true)) {
      closeSync(descriptor)
      if (file !== null) await removeSocketFile(fileOf(file))
    }
  }

  #take(wanted: (socket: HandedSocket) => boolean): readonly HandedSocket[] {
    const taken = this.#left.filter(wanted)
    this.#left = this.#left.filter((socket) => !wanted(socket))
    return taken
  }
}

/** Listens on it. Faults: BIND_FAILED. */
export async function openHanded(socket: HandedSocket, backlog: number): Promise<Opened> {
  try {
    const acceptor = await new Acceptor().listen({ fd: socket.descriptor, backlog })
    const file = socket.file && fileOf(socket.file)
    return { acceptor, where: socket.where, fd: socket.fd, file, isShared: true }
  } catch (error) {
    throw refusal(socket.key, error)
  }
}

function fileOf({ path, device, inode }: NonNullable<HandedSocket['file']>): SocketFile {
  return { path, device: BigInt(device), inode: BigInt(inode) }
}
