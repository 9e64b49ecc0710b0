import { deepEqual, equal, notEqual } from 'node:assert/strict'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { atEnd } from '../../kit/ends.ts'
import { eventually } from '../../kit/wait.ts'

interface Bundle {
  readonly value: number
}

const { run, keptAt } = createRequire(import.meta.url)('../../../../bin/bundle.js') as {
  run(file: string): Bundle
  keptAt(file: string): string
}

const text = (value: number): string => `exports.serving = Promise.resolve(); exports.value = [${value}].pop()`

/** A bundle, and its compiled form once that is kept. */
async function bundle(t: TestContext): Promise<{ file: string; kept: string }> {
  const folder = mkdtempSync(join(tmpdir(), 'dram-test-'))
  atEnd(t, () => rmSync(folder, { recursive: true }))
  const file = join(folder, 'start.cjs')
  writeFileSync(file, text(42))
  equal(run(file).value, 42)
  const kept = keptAt(file)
  await written(kept, null)
  return { file, kept }
}

const inode = (path: string): number | null => statSync(path, { throwIfNoEntry: false })?.ino ?? null

/** What is kept is never changed, but replaced. */
async function written(kept: string, before: number | null): Promise<void> {
  await eventually(() => inode(kept) !== before, 'a compiled form')
}

test('the compiled form is kept, and used from then on', async (t) => {
  const { file, kept } = await bundle(t)
  const first = inode(kept)
  equal(run(file).value, 42)
  await new Promise((resolve) => setTimeout(resolve, 1)) // where it would be written again
  equal(inode(kept), first)
  deepEqual(readdirSync(join(file, '..')).sort(), [file, kept].map((path) => path.split('/').at(-1)).sort())
})

const HARM: Readonly<Record<string, (kept: string) => void>> = {
  'a damaged byte': (kept) => {
    const bytes = readFileSync(kept)
    bytes[bytes.length - 20]! ^= 1
    writeFileSync(kept, bytes)
  },
  'a damaged head': (kept) => writeFileSync(kept, readFileSync(kept).fill(0, 0, 1)),
  'its end missing': (kept) => truncateSync(kept, statSync(kept).size - 100),
  'no bytes at all': (kept) => truncateSync(kept, 0),
  'rights for others to write it': (kept) => chmodSync(kept, 0o666),
}

for (const [what, harm] of Object.entries(HARM))
  test(`a compiled form with ${what} is passed over, and replaced`, async (t) => {
    const { file, kept } = await bundle(t)
    harm(kept)
    const before = inode(kept)
    equal(run(file).value, 42)
    await written(kept, before)
  })

test('another text of the same length is not taken for what was compiled', async (t) => {
  const { file, kept } = await bundle(t)
  const before = inode(kept)
  writeFileSync(file, text(43))
  equal(run(file).value, 43)
  await written(kept, before)
})

test('somebody else’s compiled form is passed over', { skip: process.getuid?.() !== 0 }, async (t) => {
  const { file, kept } = await bundle(t)
  chownSync(kept, 12345, 12345)
  const before = inode(kept)
  equal(run(file).value, 42)
  await written(kept, before)
  notEqual(statSync(kept).uid, 12345)
})

test('where the compiled form can’t be put in its place, nothing is left behind', async (t) => {
  const { file, kept } = await bundle(t)
  rmSync(kept)
  mkdirSync(kept)
  equal(run(file).value, 42)
  await new Promise((resolve) => setTimeout(resolve, 1))
  equal(readdirSync(join(file, '..')).length, 2)
})
