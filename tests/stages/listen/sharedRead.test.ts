import { deepEqual, equal, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, test } from 'node:test'
import type { Listener } from '../../../src/listen/listener.ts'
import { openListeners } from '../../../src/listen/open.ts'
import { readShared } from '../../../src/listen/sharedRead.ts'

let listener: Listener
const open = async () =>
  (await openListeners([{ kind: 'tcp', host: '127.0.0.1', port: 0 }], { backlog: 50, unixMode: 0 }))[0]!
const join = (to: Listener) => connect({ port: to.where.kind === 'tcp' ? to.where.port : 0, allowHalfOpen: true })

before(async () => {
  listener = await open()
})
after(() => listener.close())

/** The next connection, as it is when it reads into the shared buffer. */
function accepted(onBytes: (bytes: Buffer, socket: Socket) => void): Promise<Socket> {
  return new Promise((resolve) => {
    listener.onConnection((raw) => {
      const socket: Socket = readShared(raw, (bytes) => onBytes(bytes, socket))
      resolve(socket)
    })
  })
}

async function textOf(socket: Socket): Promise<string> {
  let text = ''
  for await (const bytes of socket) text += bytes
  return text
}

test('bytes come in one buffer; a half-closed client gets its answer', async () => {
  const seen: string[] = []
  const buffers = new Set<ArrayBufferLike>()
  const arriving = accepted((bytes) => {
    seen.push(String(bytes))
    buffers.add(bytes.buffer)
  })
  const client = join(listener)
  client.end('a request')
  const socket = await arriving
  await once(socket, 'end')
  equal(socket.remoteAddress, '127.0.0.1')
  equal(socket.remotePort, client.localPort)
  socket.end('an answer')
  equal(await textOf(client), 'an answer')
  deepEqual(seen, ['a request'])
  equal(buffers.size, 1)
})

test('a paused socket brings nothing more, and goes on where it was', async () => {
  const whole = Buffer.alloc(3_000_000, 'abcdefghijklmnopq')
  let got = 0
  let isPaused = false
  const arriving = accepted((bytes, socket) => {
    equal(isPaused, false)
    ok(bytes.equals(whole.subarray(got, got + bytes.length)))
    got += bytes.length
    isPaused = true
    socket.pause()
    setImmediate(() => {
      isPaused = false
      socket.resume()
    })
  })
  const client = join(listener)
  client.end(whole)
  const socket = await arriving
  await once(socket, 'end')
  equal(got, whole.length)
  socket.destroy()
  await once(client.resume(), 'close')
})

test('a reset is an error of the socket; its own reset reaches the client', async () => {
  for (const who of ['client', 'server']) {
    const arriving = accepted((bytes, socket) => socket.write(bytes))
    const client = join(listener)
    client.write('x')
    const [socket] = await Promise.all([arriving, once(client, 'data')])
    const [first, other] = who === 'client' ? [client, socket] : [socket, client]
    first.on('error', () => {})
    const failed = once(other, 'error')
    first.resetAndDestroy()
    equal((await failed)[0].code, 'ECONNRESET')
  }
})

test('what came before there was a handler is not lost, nor its end', async () => {
  const late = await open()
  const client = join(late)
  client.end('early')
  await once(client, 'connect')
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  let got = ''
  late.onConnection((raw) => {
    const socket = readShared(raw, (bytes) => {
      got += bytes
    })
    socket.on('end', () => socket.end('answered'))
  })
  equal(await textOf(client), 'answered')
  equal(got, 'early')
  await late.close()
})
