import { deepEqual, equal, match, throws } from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { LineQueue } from '../../../src/observe/lineQueue.ts'
import { Sink } from '../../../src/observe/sink.ts'
import { atEnd } from '../../kit/ends.ts'

const OPTIONS = { maxBytes: 64 * 1024, sayLost: (lines: number) => `${lines} lost\n` }
const LINE = `${'x'.repeat(999)}\n`

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'sink-'))
  atEnd(t, () => rmSync(path, { recursive: true }))
  return path
}

/** A pipe: the reading end, and a sink on the writing end. */
function pipe(t: TestContext): { reader: number; sink: Sink } {
  const path = join(folder(t), 'fifo')
  execFileSync('mkfifo', [path])
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writer = openSync(path, constants.O_WRONLY)
  atEnd(t, () => closeSync(writer))
  return { reader, sink: Sink.onDescriptor(writer, OPTIONS) }
}

function readAll(descriptor: number): string {
  const buffer = Buffer.alloc(1 << 20)
  try {
    return buffer.toString('utf8', 0, readSync(descriptor, buffer))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return ''
    throw error
  }
}

describe('the queue', () => {
  test('is bounded, and counts what it drops', () => {
    const queue = new LineQueue(10)
    for (const line of ['1234\n', '5678\n', 'a\n']) queue.offer(line)
    equal(queue.takeLost(), 0, 'no room to say so yet')
    deepEqual(queue.take(100), { text: '1234\n5678\n', lines: 2 })
    equal(queue.takeLost(), 1)
    equal(queue.takeLost(), 0)
    equal(queue.isEmpty, true)
  })
  test('takes a batch at a time, and one line at least', () => {
    const queue = new LineQueue(100)
    for (const line of ['1234\n', '5\n', '6\n']) queue.offer(line)
    deepEqual(queue.take(1), { text: '1234\n', lines: 1 })
    deepEqual(queue.take(4), { text: '5\n6\n', lines: 2 })
    deepEqual(queue.take(4), { text: '', lines: 0 })
  })
  test('holds an application back at half, and never drops its output', () => {
    const queue = new LineQueue(10)
    queue.push('é23\n')
    equal(queue.hasRoom, true)
    queue.push('6\n')
    equal(queue.hasRoom, false)
    queue.push('1234567890\n')
    equal(queue.take(100).lines, 3)
    equal(queue.takeLost(), 0)
  })
})

describe('the sink', () => {
  test('writes to a file, and to a new one of that name after a rotation', async (t) => {
    const path = join(folder(t), 'log')
    const sink = Sink.onFile(path, OPTIONS)
    sink.write('a\n')
    sink.write('é\n')
    await sink.drain(5000)
    renameSync(path, `${path}.1`)
    sink.write('b\n')
    await sink.drain(5000)
    sink.reopen()
    sink.write('c\n')
    await sink.drain(5000)
    equal(readFileSync(`${path}.1`, 'utf8'), 'a\né\nb\n')
    equal(readFileSync(path, 'utf8'), 'c\n')
  })

  test('a file that can’t be opened is a coded error', (t) => {
    throws(() => Sink.onFile(join(folder(t), 'none', 'log'), OPTIONS), { code: 'LOG_FILE' })
  })

  test('a stuck reader loses lines, and is told how many', async (t) => {
    const { reader, sink } = pipe(t)
    for (let count = 0; count < 1000; count++) sink.write(LINE)
    equal(sink.ready, false)
    let text = ''
    let done = false
    const drained = sink.drain(10_000).then(() => (done = true))
    while (!done) {
      text += readAll(reader)
      await new Promise(setImmediate)
    }
    await drained
    text += readAll(reader)
    closeSync(reader)
    const arrived = text.split(LINE).length - 1
    match(text, new RegExp(`^(?:x{999}\n)+${1000 - arrived} lost\n$`))
  })

  test('output of an application is held back, not lost', async (t) => {
    const { reader, sink } = pipe(t)
    let sent = 0
    let text = ''
    for (let round = 0; round < 5; round++) {
      for (; sink.ready; sent++) sink.pass(LINE)
      let told = false
      const ready = new Promise<void>((resolve) => sink.onceReady(resolve)).then(() => (told = true))
      while (!told) {
        text += readAll(reader)
        await new Promise(setImmediate)
      }
      await ready
    }
    while (text.length < sent * LINE.length) {
      text += readAll(reader)
      await new Promise(setImmediate)
    }
    closeSync(reader)
    equal(text === LINE.repeat(sent), true)
  })

  test('what waits is written at the end, as far as there is room', (t) => {
    const { reader, sink } = pipe(t)
    sink.write('a\n')
    sink.write('b\n')
    sink.flushSync(1000)
    match(readAll(reader), /b\n$/)
    closeSync(reader)
  })

  test('a reader that left is no error', async (t) => {
    const { reader, sink } = pipe(t)
    closeSync(reader)
    sink.write('a\n')
    await sink.drain(5000)
    equal(sink.ready, true)
  })
})

describe('a reader that is stuck for good keeps no process from ending', () => {
  const script = `
    import { Sink } from '${new URL('../../../src/observe/sink.js', import.meta.url)}'
    const sink = Sink.onDescriptor(2, { sayLost: () => '' })
    for (let count = 0; count < 2000; count++) sink.write('x'.repeat(999) + '\\n')
    await sink.drain(50)
    sink.flushSync(50)
    process.exit(7)`

  test('a pipe', async (t) => {
    const path = join(folder(t), 'fifo')
    execFileSync('mkfifo', [path])
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const writer = openSync(path, constants.O_WRONLY)
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'ignore', writer],
    })
    closeSync(writer)
    deepEqual(await once(child, 'exit'), [7, null])
    closeSync(reader)
  })

  test('a socket', async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    child.stderr.pause()
    deepEqual(await once(child, 'exit'), [7, null])
    child.stderr.destroy()
  })
})
