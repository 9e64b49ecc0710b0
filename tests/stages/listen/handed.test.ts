import { deepEqual, equal, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parseBind } from '../../../src/listen/bind.ts'
import { handedSocket } from '../../../src/listen/handed.ts'
import type { Listener } from '../../../src/listen/listener.ts'
import { openListeners } from '../../../src/listen/open.ts'
import { atEnd, fileScope } from '../../kit/ends.ts'

const LISTEN = new URL('../../../src/listen/', import.meta.url)
const FIRST = 3
const folder = mkdtempSync(join(tmpdir(), 'dram-handed-'))
atEnd(fileScope, () => rmSync(folder, { recursive: true, force: true }))

// Opens the binds of its arguments with what it was handed, answers who comes, and settles when it is told to.
const HEIR = `
  const { openListeners } = await import(${JSON.stringify(fileURLToPath(new URL('open.js', LISTEN)))})
  const { Handed } = await import(${JSON.stringify(fileURLToPath(new URL('handed.js', LISTEN)))})
  const { parseBind } = await import(${JSON.stringify(fileURLToPath(new URL('bind.js', LISTEN)))})
  const [sockets, ...binds] = process.argv.slice(1)
  const handed = new Handed(JSON.parse(sockets))
  const options = { backlog: 511, unixMode: 0o600, handed }
  const listeners = await openListeners(binds.map(parseBind), options).catch(({ code }) => {
    console.log(JSON.stringify(code))
    process.exit()
  })
  for (const listener of listeners) listener.onSocket((socket) => socket.on('error', () => {}).end('heir'))
  console.log(JSON.stringify(listeners.map(({ url }) => url)))
  process.stdin.once('data', async () => {
    await handed.settle(listeners)
    console.log('"settled"')
    process.stdin.once('data', async () => {
      for (const listener of listeners) await listener.close()
    })
  })
`

function open(...binds: string[]): Promise<Listener[]> {
  return openListeners(binds.map(parseBind), { backlog: 511, unixMode: 0o600 })
}

class Heir {
  readonly child
  constructor(listeners: readonly Listener[], binds: readonly string[]) {
    const sockets = JSON.stringify(listeners.map((listener, at) => handedSocket(listener, FIRST + at)))
    this.child = spawn(process.execPath, ['--input-type=module', '-e', HEIR, sockets, ...binds], {
      stdio: ['pipe', 'pipe', 'inherit', ...listeners.map(({ descriptor }) => descriptor!)],
    })
  }

  async says(): Promise<unknown> {
    return JSON.parse(String((await once(this.child.stdout!, 'data'))[0]))
  }

  async tell(): Promise<void> {
    this.child.stdin!.write('\n')
  }

  async end(): Promise<void> {
    this.child.stdin!.end('\n')
    await once(this.child, 'exit')
  }
}

async function greeting(path: string): Promise<string> {
  const [data] = await once(connect(path), 'data')
  return String(data)
}

test('sockets are taken by their bind, also with port 0, or by where they listen', async () => {
  const listeners = await open('127.0.0.1:0', '127.0.0.1:0', 'localhost:0')
  const urls = listeners.map(({ url }) => url)
  const [, second, third] = listeners.map(({ where }) => (where.kind === 'tcp' ? where : null))
  const heir = new Heir(listeners, ['127.0.0.1:0', `127.0.0.1:${second!.port}`, `127.0.0.1:${third!.port}`])
  deepEqual(await heir.says(), [urls[0], urls[1], urls[listeners.findIndex(({ where }) => where === third)]])
  await heir.tell()
  equal(await heir.says(), 'settled')
  await heir.end()
  for (const listener of listeners) await listener.close()
})

test('a socket file: nobody’s to remove before the successor serves, its own afterwards', async () => {
  const [kept, dropped] = [join(folder, 'kept'), join(folder, 'dropped')]
  const listeners = await open(`unix:${kept}`, `unix:${dropped}`)
  const failing = new Heir(listeners, [`unix:${kept}`, 'unix:/no/such/folder/s'])
  equal(await failing.says(), 'BIND_FAILED')
  await once(failing.child, 'exit')
  ok(existsSync(kept) && existsSync(dropped))

  const heir = new Heir(listeners, [`unix:${kept}`])
  deepEqual(await heir.says(), [`http://unix:${kept}:`])
  ok(existsSync(dropped))
  await heir.tell()
  equal(await heir.says(), 'settled')
  equal(existsSync(dropped), false)
  for (const listener of listeners) {
    listener.ownsFile = false
    await listener.close()
    equal(listener.descriptor, null)
  }
  equal(await greeting(kept), 'heir')
  await heir.end()
  equal(existsSync(kept), false)
})

test('an address that the host may lack is passed over', async () => {
  const specs = ['127.0.0.1:0', '192.0.2.1:0'].map(parseBind)
  const options = { backlog: 5, unixMode: 0, optional: new Set(specs.slice(1)) }
  const listeners = await openListeners(specs, options)
  equal(listeners.length, 1)
  for (const listener of listeners) await listener.close()
})
