import { execFileSync } from 'node:child_process'
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { atEnd, type Scope } from './ends.ts'
import { folder, ROOT } from './server.ts'

/** Clocks that a test can set, for the processes that are started with its environment. */
export class WallClock {
  readonly env: Readonly<Record<string, string>>
  readonly #file: number

  constructor(scope: Scope) {
    const path = folder(scope)
    const library = join(path, 'shiftedClock.so')
    compile(library)
    const shift = join(path, 'shift')
    writeFileSync(shift, Buffer.alloc(16))
    this.#file = openSync(shift, 'r+')
    atEnd(scope, () => closeSync(this.#file))
    this.env = { LD_PRELOAD: library, SHIFT: shift }
  }

  /** So many seconds from the true time, from now on. */
  set(seconds: number): void {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleLE(seconds)
    writeSync(this.#file, bytes, 0, 8, 0)
  }

  /** So many seconds more than the true time have passed, for what counts time (CLOCK_MONOTONIC); never fewer than before. */
  pass(seconds: number): void {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleLE(seconds)
    writeSync(this.#file, bytes, 0, 8, 8)
  }
}

/** Why there is none here, or false. */
export const noWallClock = hasCompiler() ? false : 'a C compiler is needed'

function compile(library: string): void {
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, join(ROOT, 'tests/kit/shiftedClock.c'), '-ldl'])
}

function hasCompiler(): boolean {
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' })
    return process.platform === 'linux'
  } catch {
    return false
  }
}
