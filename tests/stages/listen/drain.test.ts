import { equal, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseBind } from '../../../src/listen/bind.ts'
import type { Listener } from '../../../src/listen/listener.ts'
import { openListeners } from '../../../src/listen/open.ts'

const CLIENTS = 200

// Connects all clients, each with a request, then makes a file to say so, and counts the answers.
const CROWD = `
  const [, where, flag] = process.argv
  const { connect } = require('node:net')
  let connected = 0, answered = 0, closed = 0
  for (let i = 0; i < ${CLIENTS}; i++) {
    const socket = connect(/^[0-9]+$/.test(where) ? { port: +where, host: '127.0.0.1' } : { path: where })
    socket.on('connect', () => socket.end('request', () => {
      if (++connected === ${CLIENTS}) require('node:fs').writeFileSync(flag, '')
    }))
    socket.on('data', () => answered++)
    socket.on('error', () => {})
    socket.on('close', () => { if (++closed === ${CLIENTS}) console.log(answered) })
  }
`

for (const kind of ['tcp', 'unix']) {
  test(`what waits in the kernel's queue is accepted before the end (${kind})`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dram-drain-'))
    const path = join(folder, 's')
    const flag = join(folder, 'connected')
    const bind = kind === 'tcp' ? '127.0.0.1:0' : `unix:${path}`
    const [listener] = await openListeners([parseBind(bind)], { backlog: 511, unixMode: 0o600 })
    ok(listener)
    let accepted = 0
    listener.onClient((client) => {
      accepted++
      client.start({
        clientSent: () => {
          client.text('answer')
          client.end()
        },
        clientEnded() {},
        clientTook() {},
        clientHeardEnd() {},
        clientClosed() {},
      })
    })
    const target = listener.where.kind === 'tcp' ? String(listener.where.port) : path
    const crowd = spawn(process.execPath, ['-e', CROWD, target, flag], { stdio: ['ignore', 'pipe', 'inherit'] })
    const answered = once(crowd.stdout, 'data')
    while (!existsSync(flag)); // the loop is blocked on purpose: all clients wait in the kernel
    equal(accepted, 0)
    await drained(listener)
    equal(accepted, CLIENTS)
    equal(Number((await answered)[0]), CLIENTS)
    ok(!existsSync(path))
    rmSync(folder, { recursive: true })
  })
}

async function drained(listener: Listener): Promise<void> {
  await listener.drain(10_000)
  await listener.close() // again: nothing more to do
}

test('clients that keep coming do not keep it open', async () => {
  let nowMs = 0
  const clock = { nowMs: () => nowMs++ }
  const [listener] = await openListeners([parseBind('127.0.0.1:0')], { backlog: 5, unixMode: 0, clock })
  ok(listener)
  await listener.drain(0)
  equal(nowMs, 2)
})
