import { equal, ok } from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { writeNow } from '../../../src/listen/writeNow.ts'
import { atEnd } from '../../kit/ends.ts'

async function pair(t: TestContext): Promise<[server: Socket, client: Socket]> {
  const listener = createServer().listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const accepted = once(listener, 'connection')
  const client = connect((listener.address() as { port: number }).port, '127.0.0.1')
  const [server] = (await accepted) as [Socket]
  atEnd(t, () => {
    server.destroy()
    client.destroy()
    listener.close()
  })
  return [server, client]
}

/** The descriptor of a connected socket. */
function fdOf(socket: Socket): number | undefined {
  return (socket as Socket & { _handle: { fd: number } | null })._handle?.fd
}

async function receive(client: Socket, bytes: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let length = 0
  for await (const part of client) {
    parts.push(part)
    length += part.length
    if (length >= bytes) break
  }
  return Buffer.concat(parts)
}

test('what the kernel takes is the writer’s again at once', async (t) => {
  const [server, client] = await pair(t)
  const bytes = Buffer.alloc(10_000, 'b')
  equal(writeNow(fdOf(server), [Buffer.from('head'), bytes]), 10_004)
  bytes.fill('-')
  equal(server.writableLength, 0)
  equal((await receive(client, 10_004)).toString(), `head${'b'.repeat(10_000)}`)
})

test('a client that does not read takes a part, then nothing, then the rest', async (t) => {
  const [server, client] = await pair(t)
  client.pause()
  const bytes = Buffer.alloc(64 * 1024 * 1024, 'x')
  const first = writeNow(fdOf(server), [bytes])
  ok(first > 0 && first < bytes.length)
  equal(writeNow(fdOf(server), [bytes]), 0)
  server.write('the end')
  equal((await receive(client, first + 7)).toString('latin1').slice(first), 'the end')
})

test('a socket that has ended takes nothing', async (t) => {
  const [server] = await pair(t)
  server.destroy()
  equal(writeNow(fdOf(server), [Buffer.from('late')]), 0)
})
