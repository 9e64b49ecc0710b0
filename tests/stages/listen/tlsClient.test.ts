import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import type { SecureFacts } from '../../../src/events/secure.ts'
import type { Fault } from '../../../src/faults/fault.ts'
import { Acceptor } from '../../../src/listen/acceptor.ts'
import type { ClientOwner, ClientSocket } from '../../../src/listen/client.ts'
import { Secure } from '../../../src/listen/tls/secure.ts'
import { makeCertificate } from '../../kit/certificates.ts'
import { atEnd } from '../../kit/ends.ts'
import { eventually, within } from '../../kit/wait.ts'

const { certificate, key } = makeCertificate({ name: [['CN', 'site.test']] })
const secure = new Secure({
  pair: { certificate, key },
  named: {},
  authorities: null,
  clientCertificates: 'none',
  ciphers: 'TLS_AES_128_GCM_SHA256',
  least: 'TLSv1.2',
  ticketKeys: randomBytes(48),
  sessionContext: 'test',
})

class Side implements ClientOwner {
  readonly client: ClientSocket
  readonly told: string[] = []
  got = ''

  constructor(client: ClientSocket) {
    this.client = client
  }

  clientSent(bytes: Buffer): void {
    this.got += bytes.toString('latin1')
  }

  clientSecured({ protocol }: SecureFacts): void {
    this.told.push(protocol)
  }

  clientUnsecured({ code }: Fault): void {
    this.told.push(code)
  }

  clientEnded(): void {
    this.told.push('ended')
  }

  clientTook(): void {
    this.told.push('took')
  }

  clientHeardEnd(): void {
    this.told.push('heardEnd')
  }

  clientClosed(): void {
    this.told.push('closed')
  }
}

async function pair(t: TestContext, greets = false): Promise<{ side: Side; far: Socket }> {
  const acceptor = new Acceptor()
  acceptor.secure = secure
  await acceptor.listen({ host: '127.0.0.1', port: 0 })
  atEnd(t, () => acceptor.close())
  const arriving = new Promise<Side>((resolve) => acceptor.onClient((client) => resolve(new Side(client))))
  const far = connect({ port: (acceptor.server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true })
  far.on('error', () => {})
  const [side] = await within(Promise.all([arriving, once(far, 'connect')]), 'a connection')
  atEnd(t, () => [side.client, far].map((one) => one.destroy()))
  if (greets) side.client.greet(side)
  else side.client.start(side)
  return { side, far }
}

function shake(far: Socket) {
  return connectTls({ socket: far, rejectUnauthorized: false, allowHalfOpen: true } as object).on('error', () => {})
}

const hears = (side: Side, what: string) => eventually(() => side.told.includes(what), `${what} among ${side.told}`)

test('a handshake, bytes both ways, and both ends', async (t) => {
  const { side, far } = await pair(t)
  ok(side.client.isShaking)
  const tls = shake(far)
  await hears(side, 'TLSv1.3')
  ok(!side.client.isShaking)
  tls.write('ping')
  await eventually(() => side.got === 'ping', 'the bytes')
  const answer = once(tls, 'data')
  side.client.framed('a', Buffer.from('b'), 'c')
  await hears(side, 'took')
  match(String(await within(answer, 'an answer')), /^abc/)
  equal(side.client.now([Buffer.from('never unsealed')]), 0)
  tls.end()
  await hears(side, 'ended')
  side.client.end()
  await hears(side, 'closed')
  equal(side.told.filter((one) => one === 'closed').length, 1)
})

test('what is written before the handshake leaves behind it', async (t) => {
  const { side, far } = await pair(t)
  side.client.text('too many')
  side.client.end()
  const tls = shake(far)
  const [bytes] = await within(once(tls, 'data'), 'the text')
  equal(String(bytes), 'too many')
  await within(once(tls, 'end'), 'the end')
})

test('an end before the handshake, with nothing to say, is one', async (t) => {
  const { side } = await pair(t)
  side.client.end()
  await hears(side, 'closed')
  deepEqual(side.told, ['closed'])
})

test('plain HTTP is told of, read and answered as it is', async (t) => {
  const { side, far } = await pair(t)
  far.write('GET / HTTP/1.1\r\n')
  await hears(side, 'TLS_EXPECTED')
  await eventually(() => side.got === 'GET / HTTP/1.1\r\n', 'the bytes')
  const answer = once(far, 'data')
  side.client.text('HTTP/1.1 400')
  equal(String((await within(answer, 'an answer'))[0]), 'HTTP/1.1 400')
})

test('a proxy may speak before the handshake', async (t) => {
  const { side, far } = await pair(t, true)
  far.write('PROXY\r\n')
  await eventually(() => side.got === 'PROXY\r\n', 'what the proxy said')
  side.client.start(side)
  shake(far)
  await hears(side, 'TLSv1.3')
})

test('a client that says its end and is gone does not stay', async (t) => {
  const { side, far } = await pair(t)
  const tls = shake(far)
  await hears(side, 'TLSv1.3')
  tls.end(() => far.resetAndDestroy())
  await hears(side, 'ended')
  await eventually(() => far.destroyed, 'the reset')
  side.client.text('x')
  side.client.end()
  await hears(side, 'closed')
})
