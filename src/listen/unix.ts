import { randomBytes } from 'node:crypto'
import { chmod, chown, lstat, rename, stat } from 'node:fs/promises'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { Fault } from '../faults/fault.ts'
import { Acceptor } from './acceptor.ts'
import type { Opened } from './listener.ts'
import { errorCode, failed, refusal } from './refusal.ts'
import { socketFileAt } from './socketFile.ts'

// sun_path has 108 bytes, the last one NUL; libuv cuts a longer path silently.
const MAX_PATH_BYTES = 107
const PRIVATE_NAME_LENGTH = 16

/** Whom a socket file is to belong to: the user that serves. */
export interface Owner {
  readonly uid: number
  readonly gid: number
}

/**
 * Listens on a socket file: bound under a private name beside it, given its mode, then renamed, so that nobody meets
 * it half made and Node's `close()`, which deletes the name it bound, can't delete a successor's.
 * Faults: BIND_IN_USE, BIND_FORBIDDEN, BIND_FAILED.
 */
export async function openUnix(path: string, mode: number, backlog: number, owner: Owner | null): Promise<Opened> {
  const address = `unix:${path}`
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) throw failed(address, `the path is longer than ${MAX_PATH_BYTES} bytes`)
  try {
    await stat(dirname(path)) // bind itself says EACCES for a missing folder, as libuv has it
    await refuseTaken(path, address)
    const privatePath = beside(path)
    const acceptor = await listenPrivately(privatePath, backlog)
    try {
      await chmod(privatePath, mode)
      if (owner !== null) await chown(privatePath, owner.uid, owner.gid)
      const file = { ...(await socketFileAt(privatePath)), path }
      await rename(privatePath, path)
      return { acceptor, where: { kind: 'unix', path }, fd: null, file, isShared: false }
    } catch (error) {
      acceptor.close()
      throw error
    }
  } catch (error) {
    throw refusal(address, error)
  }
}

/** A name in the same folder that is no longer than allowed, whatever the folder's length. */
function beside(path: string): string {
  const folder = path.slice(0, path.lastIndexOf('/') + 1)
  const room = MAX_PATH_BYTES - Buffer.byteLength(folder)
  const name = randomBytes(PRIVATE_NAME_LENGTH).toString('hex')
  return folder + name.slice(0, Math.min(PRIVATE_NAME_LENGTH, room))
}

function listenPrivately(path: string, backlog: number): Promise<Acceptor> {
  const before = process.umask(0o077)
  try {
    return new Acceptor().listen({ path, backlog }) // Node binds a path within this call (a test checks the mode)
  } finally {
    process.umask(before)
  }
}

/** Only a socket on which nobody answers may be replaced. */
async function refuseTaken(path: string, address: string): Promise<void> {
  const found = await lstat(path).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return null
    throw error
  })
  if (found === null) return
  if (!found.isSocket()) throw failed(address, 'there is something else than a socket')
  if (await answers(path)) throw new Fault('BIND_IN_USE', { detail: address })
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', (error) => {
      const code = errorCode(error)
      resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT')
    })
  })
}
