import { equal, match, notEqual, ok, rejects } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { connect } from 'node:tls'
import { promisify } from 'node:util'
import { asFiles, makeCertificate } from '../kit/certificates.ts'
import { Client, request } from '../kit/client.ts'
import { SHOP } from '../kit/devSite.ts'
import { atEnd } from '../kit/ends.ts'
import { folder, run, type Server } from '../kit/server.ts'
import { within } from '../kit/wait.ts'

interface Site {
  readonly server: Server
  readonly port: number
  /** The whole answer, of a client that trusts this authority alone; '': none but the public ones. */
  ask(authority: string, target?: string): Promise<{ status: number; text: string; head: string }>
}

async function open(t: TestContext, home: string, args: readonly string[] = []): Promise<Site> {
  const path = folder(t, { 'shop.py': SHOP, 'helper.py': 'TEXT = "1"\n' })
  const env = { XDG_DATA_HOME: home, PATH: '/usr/bin:/bin' }
  const server = run(t, ['dev', 'shop', '--https', '--bind', '127.0.0.1:0', ...args], { cwd: path, env })
  const [, port] = await server.untilOut(/https:\/\/127\.0\.0\.1:(\d+)/)
  await server.untilOut(/watching/)
  const ask: Site['ask'] = async (authority, target = '/') => {
    const ca = authority === '' ? {} : { ca: readFileSync(authority) }
    const socket = connect({ host: '127.0.0.1', port: Number(port), servername: 'localhost', ...ca })
    atEnd(t, () => socket.destroy())
    await within(once(socket, 'secureConnect'), 'a handshake')
    const client = new Client(socket)
    await client.write(
      request('GET', target, [
        ['Host', 'localhost'],
        ['Connection', 'close'],
      ]),
    )
    const { status, text, headers } = await client.response()
    return { status, text, head: JSON.stringify(headers) }
  }
  return { server, port: Number(port), ask }
}

test('--https: a certificate that clients verify by the authority that is named', async (t) => {
  const home = folder(t)
  const site = await open(t, home)
  const [, authority = ''] = await site.server.untilOut(/signed by\s+(\S+\.pem)/)
  ok(authority.startsWith(home))
  equal((await site.ask(authority)).text, '1')
  await rejects(site.ask(''), /self-signed|unable to/)
  const [, link = ''] = await site.server.untilOut(/https:\/\/127\.0\.0\.1:\d+(\/-\/dev\/open\S+)/)
  const entered = await site.ask(authority, link)
  equal(entered.status, 303)
  match(entered.head, /HttpOnly; SameSite=Strict; Secure/)
  for (const host of ['localhost', '127.0.0.1']) {
    const { stdout } = await promisify(execFile)('curl', [
      '--silent',
      '--cacert',
      authority,
      `https://${host}:${site.port}/`,
    ])
    equal(stdout, '1', host)
  }
})

test('--https: who comes without TLS is led to it, as far as the request says where', async (t) => {
  const { server, port } = await open(t, folder(t), ['--no-expose-errors'])
  const tell = async (bytes: string) => {
    const client = await Client.connect({ port })
    atEnd(t, () => client.close())
    for (const piece of bytes) await client.write(piece)
    const answer = await client.response()
    equal(await client.end(), 'ended')
    return { ...answer, text: answer.text, location: answer.headers.find(([name]) => /^location$/i.test(name))?.[1] }
  }
  const led = await tell(`GET /shop?a=b HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`)
  equal(led.status, 307)
  equal(led.location, `https://localhost:${port}/shop?a=b`)
  equal((await tell(`POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 9\r\n\r\n`)).location, 'https://here/')
  for (const head of [
    'GET / HTTP/1.1\r\nHost: a b\r\n\r\n',
    'GET / HTTP/1.1\r\n\r\n',
    'GET / HTTP/1.1\r\nHost:\r\n\r\n',
    'GET / HTTP/1.0\r\n\r\n',
  ]) {
    const refused = await tell(head)
    equal(refused.status, 400, head)
    match(refused.text, /TLS_EXPECTED/)
    equal(refused.location, undefined)
  }
  equal(/ 200 \//.test(server.stdout), false, 'the application has seen none of it')
})

test('--https with a certificate of one’s own takes that', async (t) => {
  const home = folder(t)
  const authority = makeCertificate({ name: [['CN', 'own']], isAuthority: true })
  const own = asFiles(
    home,
    'own',
    makeCertificate({ name: [['CN', 'localhost']], hosts: ['localhost'], by: authority }),
  )
  const { certfile } = asFiles(home, 'authority', authority)
  const site = await open(t, home, ['--certfile', own.certfile, '--keyfile', own.keyfile])
  equal((await site.ask(certfile)).text, '1')
  equal(site.server.stdout.includes('signed by'), false)
  notEqual(site.port, 0)
})
