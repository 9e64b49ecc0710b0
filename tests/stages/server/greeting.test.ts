import { deepEqual, equal, match } from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { request } from '../../kit/client.ts'
import { eventually } from '../../kit/wait.ts'
import { wholeFrame } from '../worker/fakeWorker.ts'
import { House, type HouseOptions, settingsOf } from './house.ts'

const V1 = 'PROXY TCP4 203.0.113.9 10.0.0.1 4711 443\r\n'
const LOCAL = Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex')
const V6 = Buffer.from(
  `0d0a0d0a000d0a515549540a21210024${'20010db8'.padEnd(30, '0')}07${'0'.repeat(31)}1${'1267'}${'01bb'}`,
  'hex',
)
const ALLOWED = { proxyProtocol: 'auto', proxyProtocolFrom: ['127.0.0.1'] } as const

async function open(t: TestContext, options: HouseOptions = {}) {
  const house = await House.open(t, { ...options, settings: { ...ALLOWED, ...options.settings } })
  return { house, worker: await house.worker({ threads: 4 }) }
}

for (const netSockets of [false, true])
  describe(netSockets ? 'sockets of Node’s' : 'handles', () => {
    test('the client is who the proxy says, on the whole connection', async (t) => {
      const { house, worker } = await open(t, { netSockets })
      for (const [bytes, address, port, proxy] of [
        [V1, '203.0.113.9', '4711', '\0PROXY_PROTOCOL\0TCP4\0PROXY_ADDR\x0010.0.0.1\0PROXY_PORT\x00443'],
        [V6, '2001:db8::7', '4711', '\0PROXY_PROTOCOL\0TCP6\0PROXY_ADDR\0::1\0PROXY_PORT\x00443'],
      ] as const) {
        const client = await house.client()
        // The first request came in one packet with it, the second and third are pipelined.
        await client.write(Buffer.concat([Buffer.from(bytes), request('GET', '/a')]))
        for (const target of ['/a', '/b']) {
          if (target === '/b') await client.write(request('GET', target))
          const asked = await worker.request()
          deepEqual([asked.target, asked.address, asked.port], [target, address, port])
          equal(asked.block.endsWith(proxy), true, asked.block)
          await worker.send(wholeFrame(asked.id, target))
          equal((await client.response()).text, target)
        }
        client.close()
      }
      deepEqual(
        house.lines.map(({ connection }) => connection.peer.address),
        ['203.0.113.9', '203.0.113.9', '2001:db8::7', '2001:db8::7'],
      )
      await house.allGivenBack()
    })

    test('it may come byte by byte, and be followed by the end of the client’s side', async (t) => {
      const { house, worker } = await open(t, { netSockets })
      const client = await house.client()
      await client.writePieces(Array.from(Buffer.from(V1), (byte) => Buffer.of(byte)))
      await client.write(request('GET', '/'))
      client.halfClose()
      const asked = await worker.request()
      equal(asked.address, '203.0.113.9')
      await worker.send(wholeFrame(asked.id, 'x'))
      equal((await client.response()).text, 'x')
      equal(await client.end(), 'ended')
      await house.allGivenBack()
    })

    test('a connection without it is its peer’s own', async (t) => {
      const { house, worker } = await open(t, { netSockets })
      const client = await house.client()
      await client.writePieces(['P', 'OST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx'])
      const asked = await worker.request()
      deepEqual([asked.method, asked.address, asked.block.includes('PROXY_')], ['POST', '127.0.0.1', false])
      await worker.send(wholeFrame(asked.id, 'x'))
      equal((await client.response()).text, 'x')
    })

    test('malformed is answered 400, from others 403, and nothing behind it is read', async (t) => {
      const { house, worker } = await open(t, { netSockets })
      const client = await house.client()
      await client.write(`PROXY TCP4 x\r\n${request('GET', '/never')}`)
      match((await client.response()).text, /PROXY_PROTOCOL_INVALID/)
      equal(await client.end(), 'ended')
      house.server.adopt(settingsOf({ ...ALLOWED, proxyProtocolFrom: ['192.0.2.1'] }))
      for (const bytes of [V1, V6]) {
        const other = await house.client()
        await other.write(Buffer.concat([Buffer.from(bytes), request('GET', '/never')]))
        const answer = await other.response()
        deepEqual([answer.status, answer.header('connection')], [403, 'close'])
        equal(await other.end(), 'ended')
      }
      deepEqual(house.refusals, ['PROXY_PROTOCOL_INVALID', 'PROXY_PROTOCOL_FORBIDDEN', 'PROXY_PROTOCOL_FORBIDDEN'])
      const plain = await house.client()
      await plain.write(request('GET', '/'))
      equal((await worker.request()).target, '/')
    })
  })

test('LOCAL leaves the peer who it is', async (t) => {
  const { house, worker } = await open(t)
  const client = await house.client()
  await client.write(Buffer.concat([LOCAL, request('GET', '/')]))
  const asked = await worker.request()
  deepEqual([asked.address, asked.block.endsWith('\0PROXY_PROTOCOL\0LOCAL')], ['127.0.0.1', true])
})

test('peers of a Unix socket may send it where they are named', async (t) => {
  const { house, worker } = await open(t, { unix: true, settings: { proxyProtocolFrom: ['unix'] } })
  const client = await house.client()
  await client.write(V1 + request('GET', '/'))
  equal((await worker.request()).address, '203.0.113.9')
  house.server.adopt(settingsOf({ ...ALLOWED }))
  const other = await house.client()
  await other.write(V1)
  equal((await other.response()).status, 403)
})

test('only the start of a connection can say it', async (t) => {
  const { house, worker } = await open(t)
  const client = await house.client()
  await client.write(V1 + request('GET', '/'))
  await worker.send(wholeFrame((await worker.request()).id, 'x'))
  equal((await client.response()).text, 'x')
  await client.write(V1 + request('GET', '/never'))
  equal((await client.response()).status, 400)
})

test('who connected decides what headers are believed, who is told what is forwarded', async (t) => {
  const settings = { trustedProxies: ['127.0.0.1'] }
  const { house, worker } = await open(t, { settings })
  const asks = async (bytes: string) => {
    const client = await house.client()
    await client.write(bytes + request('GET', '/', [['X-Forwarded-For', '198.51.100.1']]))
    return (await worker.request()).address
  }
  equal(await asks(V1), '198.51.100.1')
  house.server.adopt(settingsOf({ ...ALLOWED, trustedProxies: ['203.0.113.9'] }))
  equal(await asks(V1), '203.0.113.9')
})

test('it has as long as a head, and is told when that is over; who says nothing hears nothing', async (t) => {
  const { house } = await open(t, { settings: { headTimeoutMs: 5_000 } })
  const [silent, slow] = [await house.client(), await house.client()]
  await slow.write('PROXY TCP4')
  await house.pass(4_500)
  equal(house.server.usage.connections, 2)
  await house.pass(1_000)
  match((await slow.response()).text, /PROXY_PROTOCOL_TIMEOUT/)
  equal((await silent.rest()).length, 0)
  await eventually(() => house.server.usage.connections === 0, 'both to be gone')
})

test('connections count from their first moment, clients by the address that is told', async (t) => {
  const { house, worker } = await open(t, { maxConnections: 2, settings: { maxClientConnections: 1 } })
  const [first, second] = [await house.client(), await house.client()]
  await eventually(() => house.server.usage.connections === 2, 'two connections')
  match((await (await house.client()).response()).text, /TOO_MANY_CONNECTIONS/)
  await first.write(V1 + request('GET', '/'))
  await worker.request()
  await second.write(V1 + request('GET', '/'))
  match((await second.response()).text, /TOO_MANY_OF_CLIENT/)
  await eventually(() => house.server.usage.connections === 1, 'one to be turned away')
  const other = await house.client()
  await other.write(V1.replace('.9 ', '.8 ') + request('GET', '/'))
  equal((await worker.request()).address, '203.0.113.8')
})

test('a stop ends those that have said nothing, and serves those that are saying it', async (t) => {
  const { house, worker } = await open(t)
  const [silent, saying] = [await house.client(), await house.client()]
  await saying.write(V1.slice(0, 9))
  await eventually(() => house.server.usage.connections === 2, 'two connections')
  await house.turns()
  const drained = house.server.drain(10_000, new AbortController().signal)
  await house.pass(1_500)
  equal(await silent.end(), 'ended')
  await saying.write(V1.slice(9) + request('GET', '/'))
  const asked = await worker.request()
  await worker.send(wholeFrame(asked.id, 'x'))
  equal((await saying.response()).text, 'x')
  saying.close()
  await drained
})

test('who may not speak for others is counted from its first moment', async (t) => {
  const settings = { proxyProtocolFrom: ['192.0.2.1'], maxClientConnections: 1 }
  const { house, worker } = await open(t, { settings })
  const silent = await house.client()
  await eventually(() => house.server.usage.connections === 1, 'the connection')
  match((await (await house.client()).response()).text, /TOO_MANY_OF_CLIENT/)
  await silent.write(request('GET', '/'))
  const asked = await worker.request()
  match((await (await house.client()).response()).text, /TOO_MANY_OF_CLIENT/)
  await worker.send(wholeFrame(asked.id))
  equal((await silent.response()).status, 200)
  silent.close()
  await house.allGivenBack()
  const next = await house.client()
  await eventually(() => house.server.usage.connections === 1, 'the next one')
  house.server.adopt(settingsOf({ ...ALLOWED, ...settings, maxClientConnections: 2 }))
  await next.write('PROXY')
  await house.client()
  await eventually(() => house.server.usage.connections === 2, 'a second one')
  next.close()
  await eventually(() => house.server.usage.connections === 1, 'its end')
  await house.client()
  await eventually(() => house.server.usage.connections === 2, 'a place that was given back')
})
