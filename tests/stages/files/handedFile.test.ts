import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { HandedOver } from '../../../src/events/worker.ts'
import { type HandedFile, type HandedFileOwner, openHandedFile } from '../../../src/files/handedFile.ts'
import { atEnd, fileScope } from '../../kit/ends.ts'

const folder = mkdtempSync(join(tmpdir(), 'dram-files-'))
atEnd(fileScope, () => rmSync(folder, { recursive: true, force: true }))

const KIB = 1024
const BYTES = Buffer.alloc(700_001, '0123456789abcdef!')

class Budget {
  used = 0
  limit: number
  constructor(limit: number) {
    this.limit = limit
  }
  take(bytes: number): boolean {
    if (this.used + bytes > this.limit) return false
    this.used += bytes
    return true
  }
  give(bytes: number): void {
    this.used -= bytes
  }
}

class Owner implements HandedFileOwner {
  readable = 0
  error: Error | null = null
  onReadable(): void {
    this.readable++
  }
  onFailed(error: Error): void {
    this.error = error
  }
}

function made(name: string, bytes: Buffer = BYTES): string {
  const path = join(folder, name)
  writeFileSync(path, bytes)
  return path
}

function factsOf(path: string, facts: Partial<HandedOver> = {}): HandedOver {
  const { dev, ino, size } = statSync(path, { bigint: true })
  return { path, offset: 0, length: Number(size), device: dev, inode: ino, ...facts }
}

async function opened(
  facts: HandedOver,
  budget: Budget,
  owner = new Owner(),
): Promise<{ file: HandedFile; owner: Owner }> {
  const result = await openHandedFile(facts, budget, owner)
  ok(result.kind === 'opened')
  return { file: result.file, owner }
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

async function readAll({ file, owner }: { file: HandedFile; owner: Owner }, isSent = () => true): Promise<Buffer> {
  const pieces: Buffer[] = []
  while (file.held > 0 && owner.error === null) {
    const before = owner.readable
    const piece = file.next()
    if (piece === null) {
      while (owner.readable === before && owner.error === null) await nextTurn()
      continue
    }
    await nextTurn() // while it is being sent nobody writes into it
    pieces.push(Buffer.from(piece))
    if (isSent()) file.sent()
  }
  return Buffer.concat(pieces)
}

for (const limit of [0, 20 * KIB, 150 * KIB, 10_000 * KIB]) {
  test(`exactly the bytes asked for, in order, with a budget of ${limit} bytes`, async () => {
    const budget = new Budget(limit)
    const path = made('whole')
    for (const [offset, length] of [
      [0, BYTES.length],
      [1, BYTES.length - 1],
      [65_535, 300_000],
      [BYTES.length - 1, 1],
      [5, 0],
    ] as const) {
      const under = await opened(factsOf(path, { offset, length }), budget)
      equal(under.file.held, length)
      ok((await readAll(under)).equals(BYTES.subarray(offset, offset + length)))
      under.file.dispose()
      equal(budget.used, 0)
    }
  })
}

test('a budget that comes and goes, pieces that are never said to be sent', async () => {
  const budget = new Budget(300 * KIB)
  let turn = 0
  const under = await opened(factsOf(made('changing')), budget)
  const all = await readAll(under, () => {
    budget.limit = turn++ % 3 === 0 ? 0 : 300 * KIB
    return turn % 2 === 0
  })
  ok(all.equals(BYTES))
  under.file.dispose()
  equal(budget.used, 0)
})

test('a file that has no name any more, through the link of its descriptor', {
  skip: process.platform !== 'linux',
}, async () => {
  const path = made('unlinked')
  const facts = factsOf(path)
  const fd = openSync(path, 'r')
  unlinkSync(path)
  const under = await opened({ ...facts, path: `/proc/${process.pid}/fd/${fd}` }, new Budget(KIB * KIB))
  closeSync(fd)
  ok((await readAll(under)).equals(BYTES))
  under.file.dispose()
})

test('what is not the file that was meant is refused', async () => {
  const path = made('meant')
  const other = made('other')
  const fifo = join(folder, 'fifo')
  execFileSync('mkfifo', [fifo])
  const link = join(folder, 'link')
  symlinkSync(path, link)
  const cases: [HandedOver, RegExp | null][] = [
    [factsOf(path), null],
    [factsOf(path, { path: link }), null],
    [factsOf(path, { path: other }), /another/],
    [factsOf(path, { device: 0n }), /another/],
    [factsOf(path, { offset: 1 }), /shorter/],
    [factsOf(path, { path: join(folder, 'none') }), /ENOENT/],
    [factsOf(folder, { length: 0 }), /regular/],
    [factsOf(fifo, { length: 0 }), /regular/],
  ]
  const before = openCount()
  for (const [facts, reason] of cases) {
    const result = await openHandedFile(facts, new Budget(0), new Owner())
    if (result.kind === 'opened') {
      equal(reason, null)
      result.file.dispose()
    } else {
      match(result.reason, reason ?? /none/)
    }
  }
  await closed(before)
})

test('a file that shrinks on the way fails', async () => {
  for (const limit of [0, 1000 * KIB]) {
    const path = made('shrinking')
    const budget = new Budget(limit)
    const under = await opened(factsOf(path), budget)
    truncateSync(path, 200_000)
    const got = await readAll(under)
    match(under.owner.error?.message ?? '', /shrank/)
    ok(got.equals(BYTES.subarray(0, got.length)))
    equal(budget.used, 0)
  }
})

test('given up at any moment it leaves no descriptor and no memory', {
  skip: process.platform !== 'linux',
}, async () => {
  const before = openCount()
  const budget = new Budget(400 * KIB)
  for (let steps = 0; steps < 16; steps++) {
    const { file } = await opened(factsOf(made('given-up')), budget)
    for (let step = 0; step < steps; step++) {
      if (step % 4 === 3) await nextTurn()
      else if (step % 2 === 0) file.next()
      else file.sent()
    }
    file.dispose()
    file.dispose()
    deepEqual(budget.used, 0)
  }
  await closed(before)
})

function openCount(): number {
  return readdirSync('/proc/self/fd').length
}

async function closed(count: number): Promise<void> {
  while (openCount() > count) await nextTurn()
}
