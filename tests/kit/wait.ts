import { setTimeout as pause } from 'node:timers/promises'

/** How long a test waits for an event before it calls it missing. A guard, never a measure. */
export const GUARD_MS = 20_000

/** Resolves as the promise does; fails with a sentence of its own when nothing happened for `guardMs`. */
export async function within<T>(promise: Promise<T>, what: string, guardMs = GUARD_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${guardMs} ms for ${what}`)), guardMs)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Asks again until `ask` gives something truthy. For what has no event: files, the process table. */
export async function eventually<T>(
  ask: () => T | Promise<T>,
  what: string,
  guardMs = GUARD_MS,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + guardMs
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    if (performance.now() > deadline) throw new Error(`waited ${guardMs} ms for ${what}`)
    await pause(10)
  }
}
