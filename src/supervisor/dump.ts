import { type FileHandle, open } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'

/** How often the file is looked at, and for how long at most. */
const LOOK_MS = 20
const MOST_LOOKS = 25
/** A process of many threads with deep stacks writes some hundred KiB. */
const MOST_BYTES = 1024 * 1024

/**
 * What a worker's faulthandler appends to its `.stack` file once `ask` has sent the signal: read until it has grown
 * and then stopped growing, half a second at most. '' if nothing came. The file is opened first: the signal may wake
 * the call that hung, and then the worker ends, and its files with it.
 */
export async function dumpOf(path: string, ask: () => void): Promise<string> {
  const file = await open(path).catch(() => null)
  if (file === null) return ''
  try {
    const before = await sizeOf(file)
    ask()
    let seen = before
    for (let look = 0; look < MOST_LOOKS; look++) {
      await pause(LOOK_MS)
      const size = await sizeOf(file)
      if (size > before && size === seen) break
      seen = size
    }
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(seen - before, MOST_BYTES)), {
      position: before,
    })
    return buffer.toString('utf8', 0, bytesRead)
  } catch {
    return ''
  } finally {
    await file.close()
  }
}

async function sizeOf(file: FileHandle): Promise<number> {
  return (await file.stat()).size
}
