import { lstat, unlink } from 'node:fs/promises'

/** A socket file as it was made: by its numbers it is told from one that somebody else put in its place. */
export interface SocketFile {
  readonly path: string
  readonly device: bigint
  readonly inode: bigint
}

/** The file at `path` as it is now. Errors: the system's. */
export async function socketFileAt(path: string): Promise<SocketFile> {
  const { dev, ino } = await lstat(path, { bigint: true })
  return { path, device: dev, inode: ino }
}

/** Removes it, unless somebody else's stands there by now. */
export async function removeSocketFile({ path, device, inode }: SocketFile): Promise<void> {
  try {
    const now = await socketFileAt(path)
    if (now.device === device && now.inode === inode) await unlink(path)
  } catch {
    // gone already, or the folder is closed to the user we became: a stale file is replaced at the next start
  }
}
