import { equal } from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { BodyMemory } from '../../../src/spool/memory.ts'
import { Spool, type SpoolOptions } from '../../../src/spool/spool.ts'
import { atEnd } from '../../kit/ends.ts'

export const KIB = 1024
export const MIB = 1024 * KIB

export interface Room {
  readonly memory: BodyMemory
  readonly spool: Spool
}

/** A spool in a folder of its own that ends with the test. */
export function roomFor(
  test: Pick<TestContext, 'after'>,
  memoryBytes: number,
  options: Partial<SpoolOptions> = {},
): Room {
  const parent = mkdtempSync(join(tmpdir(), 'dram-spool-test-'))
  atEnd(test, () => rmSync(parent, { recursive: true, force: true }))
  return { memory: new BodyMemory(memoryBytes), spool: new Spool({ parent, limitBytes: 64 * MIB, ...options }) }
}

/** Bytes that tell a mix-up: no two stretches of a few bytes are equal. */
export function pattern(length: number, seed = 0): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  for (let at = 0; at < length; at++) bytes[at] = ((at + seed) * 2_654_435_761) >>> 24
  return bytes
}

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Waits until all has been given back: memory, descriptors, disk, files. */
export async function allGivenBack({ memory, spool }: Room): Promise<void> {
  while (spool.openFiles > 0 || readdirSync(spool.folder).length > 0) await nextTurn()
  equal(memory.used, 0)
  equal(spool.usedBytes, 0)
  equal(spool.writeBehind.waitingBytes, 0)
}
