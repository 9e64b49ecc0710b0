import { type Stats, unwatchFile, watchFile } from 'node:fs'

const INTERVAL_MS = 500

/**
 * Calls back when one of the files was touched, replaced or made. It looks at them from time to time, since a watch
 * of the system's is lost with the file that was replaced, and knows nothing of network file systems.
 * @returns ends it
 */
export function watchTouches(paths: readonly string[], touched: (path: string) => void, intervalMs = INTERVAL_MS) {
  const listeners = paths.map((path) => {
    const listener = (now: Stats, before: Stats): void => {
      if (wasTouched(now, before)) touched(path)
    }
    watchFile(path, { interval: intervalMs, persistent: false }, listener)
    return { path, listener }
  })
  return (): void => {
    for (const { path, listener } of listeners) unwatchFile(path, listener)
  }
}

type Look = Pick<Stats, 'ino' | 'mtimeMs'>

/** Its time was changed, or another file stands there, or one where none was. All is zero of a file that is missing. */
export function wasTouched(now: Look, before: Look): boolean {
  const isThere = now.ino !== 0 || now.mtimeMs !== 0
  return isThere && (now.mtimeMs !== before.mtimeMs || now.ino !== before.ino)
}
