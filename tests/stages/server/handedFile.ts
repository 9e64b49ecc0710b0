import { closeSync, fstatSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { WIRE } from '../../../src/worker/table.ts'
import { atEnd } from '../../kit/ends.ts'
import { frame } from '../worker/fakeWorker.ts'

export interface HandedOver {
  readonly descriptor: number
  readonly frame: Buffer
}

/** A part of a file, as a worker hands it over: its FILE frame. Gone with the test. */
export function handOver(
  t: TestContext,
  id: number,
  content: Buffer,
  offset = 0,
  length = content.length - offset,
): HandedOver {
  const folder = mkdtempSync(join(tmpdir(), 'dram-file-'))
  writeFileSync(join(folder, 'f'), content)
  const descriptor = openSync(join(folder, 'f'), 'r+')
  atEnd(t, () => {
    closeSync(descriptor)
    rmSync(folder, { recursive: true })
  })
  const { dev, ino } = fstatSync(descriptor, { bigint: true })
  const place = Buffer.alloc(32)
  for (const [at, value] of [BigInt(offset), BigInt(length), dev, ino].entries()) place.writeBigUInt64LE(value, at * 8)
  const path = Buffer.from(`/proc/${process.pid}/fd/${descriptor}`)
  return { descriptor, frame: frame(WIRE.worker.FILE, id, Buffer.concat([place, path])) }
}

/** A head with a Content-Length. */
export function sized(length: number): { head: string; flags: number } {
  return { head: `200 OK\r\nContent-Length: ${length}\r\n`, flags: WIRE.flags.HEAD.LENGTH }
}
