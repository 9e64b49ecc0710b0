/** The bench's open load against a server of this test's own: what it must not overlook. */
import { deepEqual, equal, ok } from 'node:assert/strict'
import { createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type OpenAsk, OpenLoad } from '../../bench/load/open.ts'
import { atEnd } from '../kit/ends.ts'

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'

/** Gives each request, counted from 1, with the connection it came on. */
async function server(t: TestContext, answer: (socket: Socket, count: number) => void): Promise<number> {
  let count = 0
  const sockets = new Set<Socket>()
  const listener = createServer((socket) => {
    sockets.add(socket)
    socket
      .on('error', () => {})
      .on('data', (bytes) => {
        for (let left = bytes.toString('latin1').split('\r\n\r\n').length - 1; left > 0; left--) answer(socket, ++count)
      })
  })
  atEnd(t, () => {
    for (const socket of sockets) socket.destroy()
    listener.close()
  })
  await new Promise<void>((done) => listener.listen(0, '127.0.0.1', done))
  const address = listener.address()
  return typeof address === 'object' && address ? address.port : 0
}

const ask = (port: number, more: Partial<OpenAsk> = {}): OpenAsk => ({
  ...{ port, path: '/', requestsPerSecond: 200, seconds: 0.5, warmupSeconds: 0, connections: 4, closes: false },
  ...more,
})

test('every request is answered and counted', async (t) => {
  const port = await server(t, (socket) => socket.write(ANSWER))
  const { answered, failed, firstSeen } = await new OpenLoad(ask(port)).run()
  deepEqual([answered, failed, Object.keys(firstSeen)], [100, 0, ['hello']])
})

test('all clients are connected before the load, and ask in turn', async (t) => {
  const asked = new Map<Socket, number>()
  const port = await server(t, (socket) => {
    asked.set(socket, (asked.get(socket) ?? 0) + 1)
    socket.write(ANSWER)
  })
  await new OpenLoad(ask(port)).run()
  // An answer that is overtaken by the next request's time lets another client go first.
  equal(asked.size, 4)
  for (const count of asked.values()) ok(count >= 20 && count <= 30, `${count} of 100`)
})

test('a stall counts for all that became due in it, not only for the one that was sent', async (t) => {
  const held: Socket[] = []
  let isStalled = false
  const port = await server(t, (socket, count) => {
    if (count === 20) {
      isStalled = true
      setTimeout(() => {
        isStalled = false
        for (const each of held) each.write(ANSWER)
      }, 250)
    }
    if (isStalled) held.push(socket)
    else socket.write(ANSWER)
  })
  // Four connections: a closed load would see four slow requests of a hundred, and a good p50.
  const { answered, longest, p50 } = await new OpenLoad(ask(port, { seconds: 0.4 })).run()
  equal(answered, 80)
  ok(longest >= 200_000, `longest ${longest} µs`)
  ok(p50 >= 10_000, `p50 ${p50} µs`)
})

test('errors, and connections that break, are failures; a new connection goes on', async (t) => {
  const port = await server(t, (socket, count) => {
    if (count === 10) socket.resetAndDestroy()
    else if (count === 20) socket.write('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n')
    else socket.write(ANSWER)
  })
  const { answered, failed } = await new OpenLoad(ask(port)).run()
  deepEqual([answered, failed], [98, 2])
})

test('a server that closes each connection fails nobody', async (t) => {
  const port = await server(t, (socket) => socket.end(ANSWER.replace('\r\n', '\r\nConnection: close\r\n')))
  const { answered, failed } = await new OpenLoad(ask(port)).run()
  deepEqual([answered, failed], [100, 0])
})

test('where connections are not kept, each request has its own', async (t) => {
  const sockets = new Set<Socket>()
  const port = await server(t, (socket) => {
    sockets.add(socket)
    // Without a word about it.
    socket.end(ANSWER)
  })
  const { answered, failed } = await new OpenLoad(ask(port, { closes: true })).run()
  deepEqual([answered, failed, sockets.size], [100, 0, 100])
})

test('the warm-up and the other requests are made and not counted', async (t) => {
  let made = 0
  const port = await server(t, (socket) => {
    made++
    socket.write(ANSWER)
  })
  const other = { path: '/other', oneOf: 10 }
  const { answered } = await new OpenLoad(ask(port, { warmupSeconds: 0.25, other })).run()
  deepEqual([made, answered], [150, 90])
})
