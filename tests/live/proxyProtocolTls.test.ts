import { deepEqual, equal } from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { Duplex } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { connect as secured } from 'node:tls'
import { asFiles, makeCertificate } from '../kit/certificates.ts'
import { Client, request } from '../kit/client.ts'
import { atEnd, fileScope } from '../kit/ends.ts'
import { folder, type LiveServer, shared } from '../kit/server.ts'
import { within } from '../kit/wait.ts'

const V1 = Buffer.from('PROXY TCP4 203.0.113.9 10.0.0.1 4711 443\r\n')
const V2 = Buffer.from('0d0a0d0a000d0a515549540a2111000ccb0071090a000001126701bb', 'hex')

const site = makeCertificate({ name: [['CN', 'site.test']], hosts: ['site.test'] })
const { certfile, keyfile } = asFiles(folder(fileScope), 'site', site)
const TLS = ['--certfile', certfile, '--keyfile', keyfile, '--workers', '1']
const allowing = await shared('probe.py', [...TLS, '--proxy-protocol', 'auto', '--proxy-protocol-from', '127.0.0.1'])
const forbidding = await shared('probe.py', [...TLS, '--proxy-protocol', 'auto'])

/** What a proxy says first, in these pieces, and then TLS over the same connection. */
async function through(t: TestContext, server: LiveServer, pieces: readonly Buffer[]): Promise<Client> {
  const raw = connect({ port: server.port, host: '127.0.0.1', noDelay: true })
  atEnd(t, () => raw.destroy())
  await once(raw, 'connect')
  for (const piece of pieces) {
    raw.write(piece)
    await new Promise(setImmediate)
  }
  const socket = secured({ socket: raw, servername: 'site.test', rejectUnauthorized: false })
  atEnd(t, () => socket.destroy())
  await within(once(socket, 'secureConnect'), 'a handshake')
  return new Client(socket)
}

async function environ(client: Client): Promise<Record<string, unknown>> {
  await client.write(request('GET', '/environ'))
  return JSON.parse((await client.response()).text)
}

for (const [name, pieces] of [
  ['version 1', [V1]],
  ['version 2', [V2]],
  ['byte by byte', Array.from(V2, (byte) => Buffer.of(byte))],
] as const)
  test(`before TLS: ${name}`, async (t) => {
    const client = await through(t, allowing, pieces)
    for (let at = 0; at < 3; at++) {
      const found = await environ(client)
      deepEqual(
        [found.REMOTE_ADDR, found.REMOTE_PORT, found.PROXY_PROTOCOL, found['wsgi.url_scheme']],
        ['203.0.113.9', '4711', 'TCP4', 'https'],
      )
      equal(typeof found.SSL_PROTOCOL, 'string')
    }
  })

test('without it, it is the client’s own handshake', async (t) => {
  const found = await environ(await through(t, allowing, []))
  deepEqual([found.REMOTE_ADDR, found.PROXY_PROTOCOL, found['wsgi.url_scheme']], ['127.0.0.1', undefined, 'https'])
})

test('the handshake may come in the same packet', async (t) => {
  const raw = connect({ port: allowing.port, host: '127.0.0.1' })
  atEnd(t, () => raw.destroy())
  await once(raw, 'connect')
  let first = V1
  const line = new Duplex({
    read() {},
    write(bytes: Buffer, _, done) {
      raw.write(Buffer.concat([first, bytes]), done)
      first = Buffer.alloc(0)
    },
  })
  raw.on('data', (bytes) => line.push(bytes))
  const socket = secured({ socket: line, servername: 'site.test', rejectUnauthorized: false })
  atEnd(t, () => socket.destroy())
  await within(once(socket, 'secureConnect'), 'a handshake')
  equal((await environ(new Client(socket))).REMOTE_ADDR, '203.0.113.9')
})

test('who is not named, or malforms it, is cut off, and the next one is served', async (t) => {
  for (const [server, bytes, says] of [
    [forbidding, V2, /refused: this peer may not send the PROXY protocol/],
    [allowing, Buffer.from('PROXY TCP4 x\r\n'), /refused: the PROXY protocol is malformed/],
  ] as const) {
    const raw = await server.connect()
    await raw.write(bytes)
    await raw.end()
    await server.until(says)
    equal((await environ(await through(t, server, []))).REMOTE_ADDR, '127.0.0.1')
  }
})
