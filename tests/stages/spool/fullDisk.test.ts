import { deepEqual } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { atEnd } from '../../kit/ends.ts'

const at = (name: string) => JSON.stringify(new URL(`../../../src/spool/${name}.js`, import.meta.url).href)

// A limit on the size of files makes writes end short and then fail, as a full disk does.
const SCRIPT = `
  const { BodyMemory } = await import(${at('memory')})
  const { Spool } = await import(${at('spool')})
  const { RequestBody } = await import(${at('requestBody')})
  const { AnswerBuffer } = await import(${at('answerBuffer')})
  const nextTurn = () => new Promise(setImmediate)
  const spool = new Spool({ parent: process.argv[1], limitBytes: 1e9 })
  const memory = new BodyMemory(0)
  const bytes = Buffer.alloc(200_000, 'x')

  const fault = await new Promise((resolve) => {
    const owner = { onHold() {}, onDrain() {}, onFinished: () => resolve('none'), onFailed: (fault) => resolve(fault.message) }
    const body = new RequestBody({ memory, spool, bodyBufferBytes: 0 }, -1, owner)
    body.write(bytes)
    body.finish()
  })

  let readable = 0
  const owner = { onReadable: () => readable++, onRoom() {}, onFailed() {} }
  const buffer = new AnswerBuffer({ memory, spool, answerBufferBytes: 0, responseSpoolBytes: 1e6 }, owner)
  buffer.push(bytes)
  while (!buffer.full) await nextTurn()
  let read = 0
  while (buffer.held > 0) {
    const piece = buffer.next()
    read += piece?.length ?? 0
    if (piece) buffer.sent()
    else await nextTurn()
  }
  const again = !buffer.full
  buffer.dispose()
  while (spool.openFiles > 0) await nextTurn()
  console.log(JSON.stringify({ fault, read, again, used: spool.usedBytes }))
  spool.close()
`

test('a disk that takes no more: a fault for requests, a full buffer for answers, and nothing lost', (t) => {
  const parent = mkdtempSync(join(tmpdir(), 'dram-spool-test-'))
  atEnd(t, () => rmSync(parent, { recursive: true, force: true }))
  const limited = 'ulimit -f 64; exec "$0" --input-type=module -e "$1" "$2"'
  const child = spawnSync('/bin/sh', ['-c', limited, process.execPath, SCRIPT, parent], { encoding: 'utf8' })
  deepEqual(child.stderr, '')
  deepEqual(JSON.parse(child.stdout), {
    fault: 'there is no room to keep the request body: a file may not be that large',
    read: 200_000,
    again: true,
    used: 0,
  })
})
