import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { PYTHON, ROOT } from '../../kit/server.ts'

/** What a program beside this file, which calls another server's own functions, says of each of `cases`. */
export function ask(program: string, cases: readonly unknown[]): unknown[] {
  const path = join(ROOT, 'tests/guests/oracles', program)
  const { status, stdout, stderr } = spawnSync(PYTHON, [path], {
    input: JSON.stringify(cases),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    timeout: 60_000,
  })
  if (status !== 0) throw new Error(`${program}: ${stderr}`)
  return JSON.parse(stdout)
}

export function has(module: string): boolean {
  return spawnSync(PYTHON, ['-c', `import ${module}`], { timeout: 60_000 }).status === 0
}

/** The same numbers from 0 to below 1 in every run (mulberry32). */
export function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
