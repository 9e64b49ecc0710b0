import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { promisify } from 'node:util'
import { asFiles, type Made, makeCertificate, sealedKey } from '../kit/certificates.ts'
import { Client, request } from '../kit/client.ts'
import { atEnd, fileScope } from '../kit/ends.ts'
import { folder, type LiveServer, PYTHON, run, shared, start } from '../kit/server.ts'
import { eventually, within } from '../kit/wait.ts'

const home = folder(fileScope)
const authority = makeCertificate({
  name: [
    ['O', 'Tests'],
    ['CN', 'authority'],
  ],
  isAuthority: true,
})
const stranger = makeCertificate({ name: [['CN', 'stranger']], isAuthority: true })
const site = makeCertificate({ name: [['CN', 'site.test']], hosts: ['site.test'], by: authority })
const shop = makeCertificate({ name: [['CN', 'shop.test']], hosts: ['shop.test'], by: authority })
const wild = makeCertificate({ name: [['CN', '*.wild.test']], hosts: ['*.wild.test'], by: authority })
const alice = makeCertificate({
  name: [
    ['C', 'DE'],
    ['O', 'Ex, ample'],
    ['CN', 'Zoë'],
  ],
  by: authority,
})
const mallory = makeCertificate({ name: [['CN', 'mallory']], by: stranger })
const late = makeCertificate({ name: [['CN', 'late']], by: authority, from: new Date(1e12), to: new Date(1.1e12) })

const siteFiles = asFiles(home, 'site', site)
const shopFiles = asFiles(home, 'shop', shop)
const wildFiles = asFiles(home, 'wild', wild)
const ca = asFiles(home, 'authority', authority).certfile

const SITE = ['--certfile', siteFiles.certfile, '--keyfile', siteFiles.keyfile]
const HOSTS = ['--sni', `shop.test=${shopFiles.certfile}:${shopFiles.keyfile}`]
HOSTS.push('--sni', `*.wild.test=${wildFiles.certfile}:${wildFiles.keyfile}`)
const MIB = 1024 * 1024

const plain = await shared('probe.py', ['--workers', '1', ...SITE, ...HOSTS])
const asking = await shared('probe.py', ['--workers', '1', ...SITE, '--ca-certs', ca, '--cert-reqs', 'optional'])

function open(port: number, options: ConnectionOptions = {}): TLSSocket {
  return connect({ port, host: '127.0.0.1', servername: 'site.test', ca: authority.certificate, ...options })
}

async function secure(t: TestContext, port: number, options: ConnectionOptions = {}) {
  const socket = open(port, options)
  atEnd(t, () => socket.destroy())
  await within(once(socket, 'secureConnect'), 'a handshake')
  return { socket, client: new Client(socket) }
}

/** How a connection ends that is not to come about. */
async function refusal(port: number, options: ConnectionOptions): Promise<string> {
  const socket = open(port, options)
  socket.on('secureConnect', () => socket.write(request('GET', '/')))
  socket.on('data', (bytes) => socket.emit('error', new Error(`an answer: ${bytes}`)))
  const ends = new Promise<string>((resolve) => {
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    socket.on('close', () => resolve('closed'))
  })
  return within(ends, 'the end').finally(() => socket.destroy())
}

async function environ(client: Client, headers: readonly [string, string][] = []): Promise<Record<string, string>> {
  await client.write(request('GET', '/environ', headers))
  const answer = await client.response()
  equal(answer.status, 200, answer.text)
  return JSON.parse(answer.text)
}

const identity = ({ certificate, key }: Made) => ({ cert: certificate, key })

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`${version}: the application is told of it`, async (t) => {
    const { client, socket } = await secure(t, plain.port, { maxVersion: version, ALPNProtocols: ['h2', 'http/1.1'] })
    equal(socket.alpnProtocol, 'http/1.1')
    const found = await environ(client, [
      ['SSL-Client-Verify', 'SUCCESS'],
      ['HTTPS', 'off'],
    ])
    equal(found['wsgi.url_scheme'], 'https')
    equal(found.HTTPS, 'on')
    equal(found.SSL_PROTOCOL, version)
    equal(found.SSL_CIPHER, socket.getCipher().name)
    equal(found.SSL_TLS_SNI, 'site.test')
    equal(found.SSL_CLIENT_VERIFY, undefined)
    equal(found.SERVER_PORT, String(plain.port))
  })
}

test('TLS 1.1 is refused, counted and logged', async () => {
  const from = plain.lines.length
  const options = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const
  match(await refusal(plain.port, options), /PROTOCOL|EPROTO/)
  const [line] = await plain.until(/TLS_HANDSHAKE_FAILED.*/, { from })
  match(line, /client=127\.0\.0\.1/)
})

test('the start lines show https://', () => ok(plain.startLines.some((line) => /https:\/\/127/.test(line))))

test('each host has its certificate', async (t) => {
  const names = ['site.test', 'shop.test', 'SHOP.test', 'a.wild.test', 'a.b.wild.test', 'unknown.test']
  const found: string[] = []
  for (const servername of names) {
    const { socket } = await secure(t, plain.port, { servername, rejectUnauthorized: false })
    found.push(String(socket.getPeerCertificate().subject.CN))
  }
  deepEqual(found, ['site.test', 'shop.test', 'shop.test', '*.wild.test', 'site.test', 'site.test'])
})

test('plain HTTP is told so in plain HTTP, and the server goes on', async (t) => {
  const answer = await plain.get('/')
  equal(answer.status, 400)
  match(answer.text, /https:\/\//)
  const garbage = await Client.connect(plain.address)
  atEnd(t, () => garbage.close())
  await garbage.write(Buffer.from([0, 1, 2, 3]))
  await garbage.end()
  const { client } = await secure(t, plain.port)
  await environ(client)
})

test('large bodies both ways, byte by byte the same', async (t) => {
  const body = randomBytes(5 * MIB)
  const { client } = await secure(t, plain.port)
  await client.write(request('POST', '/digest', [], body))
  match((await client.response()).text, new RegExp(createHash('sha256').update(body).digest('hex')))
  await client.write(request('POST', '/echo', [], body))
  ok((await client.response()).body.equals(body))
})

test('pipelined requests, and a request in single bytes', async (t) => {
  const { client } = await secure(t, plain.port)
  await client.write(Buffer.concat([request('GET', '/a'), request('GET', '/b'), request('GET', '/c')]))
  const answers = await client.responses(3)
  deepEqual(
    answers.map(({ text }) => text.slice(-2)),
    ['/a', '/b', '/c'],
  )
  await client.writePieces(Array.from(request('GET', '/d'), (byte) => Buffer.of(byte)))
  match((await client.response()).text, /\/d$/)
})

test('a client that has ended its side is answered', async (t) => {
  const { client, socket } = await secure(t, plain.port, { allowHalfOpen: true } as ConnectionOptions)
  await client.write(request('GET', '/half'))
  socket.end()
  match((await client.response()).text, /\/half$/)
  equal(await client.end(), 'ended')
})

test('sessions are resumed', async (t) => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const { client, socket } = await secure(t, plain.port, { maxVersion })
    // Of TLS 1.3 tickets come behind the handshake, of 1.2 within it.
    const early = maxVersion === 'TLSv1.2' ? socket.getSession() : undefined
    const session = early ? Promise.resolve(early) : new Promise<Buffer>((resolve) => socket.once('session', resolve))
    await environ(client)
    const again = await secure(t, plain.port, { maxVersion, session: await within(session, 'a session') })
    ok(again.socket.isSessionReused(), maxVersion)
    await environ(again.client)
  }
})

test('a client certificate is told of in the words of mod_ssl, on a resumed session too', async (t) => {
  const { client, socket } = await secure(t, asking.port, identity(alice))
  const session = new Promise<Buffer>((resolve) => socket.once('session', resolve))
  const found = await environ(client)
  const check = (one: Record<string, string>): void => {
    equal(one.SSL_CLIENT_VERIFY, 'SUCCESS')
    equal(Buffer.from(one.SSL_CLIENT_S_DN!, 'latin1').toString(), 'CN=Zoë,O=Ex\\, ample,C=DE')
    equal(Buffer.from(one.SSL_CLIENT_S_DN_CN!, 'latin1').toString(), 'Zoë')
    equal(one.SSL_CLIENT_I_DN, 'CN=authority,O=Tests')
    match(one.SSL_CLIENT_M_SERIAL!, /^01[0-9A-F]{16}$/)
    match(one.SSL_CLIENT_V_START!, /^[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4} GMT$/)
    equal(one.SSL_CLIENT_CERT!.replace(/\s/g, ''), alice.certificate.replace(/\s/g, ''))
  }
  check(found)
  const again = await secure(t, asking.port, { ...identity(alice), session: await within(session, 'a session') })
  check(await environ(again.client))
})

test('connections with the same headers and other certificates are not mixed', async (t) => {
  const bob = makeCertificate({ name: [['CN', 'bob']], by: authority })
  const clients = [await secure(t, asking.port, identity(alice)), await secure(t, asking.port, identity(bob))]
  clients.push(await secure(t, asking.port))
  for (let round = 0; round < 4; round++) {
    const found: unknown[] = []
    for (const { client } of clients) found.push((await environ(client)).SSL_CLIENT_S_DN?.slice(0, 5))
    deepEqual(found, ['CN=Zo', 'CN=bo', undefined])
  }
  equal((await environ(clients[2]!.client)).SSL_CLIENT_VERIFY, 'NONE')
})

test('a certificate that cannot be verified ends the handshake', async () => {
  for (const who of [mallory, late]) {
    const from = asking.lines.length
    match(await refusal(asking.port, identity(who)), /closed|ECONNRESET|EPIPE/)
    await asking.until(/TLS_HANDSHAKE_FAILED/, { from })
  }
})

test('where a certificate is required nobody comes in without', async (t) => {
  const server = await start(t, 'probe.py', [
    ...['--workers', '1', ...SITE, '--ca-certs', ca],
    ...['--cert-reqs', 'required', '--tls-min', '1.3'],
  ])
  match(await refusal(server.port, {}), /CERTIFICATE_REQUIRED|closed|ECONNRESET/)
  match(await refusal(server.port, { ...identity(alice), maxVersion: 'TLSv1.2' }), /PROTOCOL|EPROTO/)
  const { client } = await secure(t, server.port, identity(alice))
  equal((await environ(client)).SSL_CLIENT_VERIFY, 'SUCCESS')
})

test('a slow handshake is cut off and holds nobody up', async (t) => {
  const server = await start(t, 'probe.py', ['--workers', '1', ...SITE, '--handshake-timeout', '300ms'])
  const silent = await Client.connect(server.address)
  const half = await Client.connect(server.address)
  atEnd(t, () => [silent, half].map((one) => one.close()))
  await half.write(Buffer.from([22, 3, 1, 2, 0, 1]))
  const { client } = await secure(t, server.port)
  await environ(client)
  await half.end()
  await silent.end()
  await server.until(/TLS_HANDSHAKE_TIMEOUT.*client=127/)
  await environ(client)
})

test('who leaves in the midst of a handshake holds no connection', async (t) => {
  const server = await start(t, 'probe.py', ['--workers', '1', ...SITE, '--max-connections', '2'])
  const half = Buffer.from([22, 3, 1, 2, 0, 1])
  const ending = await Client.connect(server.address)
  await ending.write(half)
  ending.halfClose()
  await server.until(/TLS_HANDSHAKE_FAILED.*client=127/)
  const resetting = await Client.connect(server.address)
  await resetting.write(half)
  resetting.reset()
  const both = [await secure(t, server.port), await secure(t, server.port)]
  for (const { client } of both) await environ(client)
})

test('an answer that breaks off does not look whole', async (t) => {
  const { client } = await secure(t, plain.port)
  await client.write(request('GET', '/die?after=1'))
  const answer = await client.response().catch((error: Error) => error.name)
  ok(typeof answer === 'string' || answer.status >= 500, String(answer))
})

test('too many connections: told over TLS', async (t) => {
  const server = await start(t, 'probe.py', ['--workers', '1', ...SITE, '--max-connections', '1'])
  const { client } = await secure(t, server.port)
  await environ(client)
  const other = await secure(t, server.port)
  await other.client.write(request('GET', '/'))
  equal((await other.client.response()).status, 503)
  await environ(client)
})

for (const fronts of ['1', '2']) {
  test(`${fronts} fronts: a reload brings new certificates, and open connections live on`, async (t) => {
    const own = folder(t)
    const files = asFiles(own, 'own', site)
    const server = await start(t, 'probe.py', [
      ...['--workers', '1', '--fronts', fronts],
      ...['--certfile', files.certfile, '--keyfile', files.keyfile, '--tls-watch', '0s'],
    ])
    const old = await Promise.all(Array.from({ length: 4 }, () => secure(t, server.port)))
    for (const { client } of old) await environ(client)
    asFiles(own, 'own', shop)
    server.signal('SIGHUP')
    await eventually(async () => (await names(server.port)).every((name) => name === 'shop.test'), 'the new one')
    for (const { client } of old) await environ(client)

    const from = server.lines.length
    writeFileSync(files.keyfile, site.key)
    server.signal('SIGHUP')
    await server.until(/KEY_MISMATCH/, { from })
    ok((await names(server.port)).every((name) => name === 'shop.test'))
    equal((await server.stop()).code, 0)
  })
}

async function names(port: number): Promise<string[]> {
  const sockets = Array.from({ length: 6 }, () => open(port, { rejectUnauthorized: false }))
  try {
    await within(Promise.all(sockets.map((socket) => once(socket, 'secureConnect'))), 'handshakes')
    return sockets.map((socket) => String(socket.getPeerCertificate().subject.CN))
  } finally {
    for (const socket of sockets) socket.destroy()
  }
}

test('renewed files are noticed', async (t) => {
  const own = folder(t)
  const files = asFiles(own, 'own', site)
  const args = ['--certfile', files.certfile, '--keyfile', files.keyfile, '--tls-watch', '50ms']
  const server = await start(t, 'probe.py', ['--workers', '1', ...args])
  asFiles(own, 'own', shop)
  await server.until(/certificates_renewed/)
  deepEqual(new Set(await names(server.port)), new Set(['shop.test']))
})

test('an upgrade takes TLS along', async (t) => {
  const server = await start(t, 'probe.py', ['--workers', '1', ...SITE])
  const { client } = await secure(t, server.port)
  await environ(client)
  server.signal('SIGUSR2')
  await server.until(/event=upgraded/)
  await environ(client)
  equal(await client.end(), 'ended')
  await server.exit()
  const next = await secure(t, server.port)
  await environ(next.client)
})

test('an address may be plain beside TLS; Unix sockets are', async (t) => {
  const path = join(folder(t), 'socket')
  const server = await start(t, 'probe.py', [
    '--workers',
    '1',
    ...SITE,
    '--bind',
    'http://127.0.0.1:0',
    '-b',
    `unix:${path}`,
  ])
  const port = Number((await server.until(/http:\/\/127\.0\.0\.1:(\d+)/))[1])
  const unsecured = await Client.connect({ host: '127.0.0.1', port })
  const local = await Client.connect({ path })
  atEnd(t, () => [unsecured, local].map((one) => one.close()))
  for (const client of [unsecured, local]) equal((await environ(client))['wsgi.url_scheme'], 'http')
})

test('an encrypted key, and a password in a file', async (t) => {
  const own = folder(t)
  writeFileSync(join(own, 'key'), sealedKey(site, 'open sesame'))
  writeFileSync(join(own, 'password'), 'open sesame\n')
  const args = ['--certfile', siteFiles.certfile, '--keyfile', join(own, 'key')]
  const server = await start(t, 'probe.py', [
    '--workers',
    '1',
    ...args,
    '--key-password',
    `file:${join(own, 'password')}`,
  ])
  const { client } = await secure(t, server.port)
  await environ(client)
  const failing = run(t, ['probe.py', ...args])
  equal((await failing.exit()).code, 5)
  match(failing.stderr, /KEY_PASSWORD.*encrypted/)
})

test('https:// without a certificate does not start', async (t) => {
  const failing = run(t, ['probe.py', '--bind', 'https://127.0.0.1:0'])
  equal((await failing.exit()).code, 2)
  match(failing.stderr, /CERTIFICATE_MISSING/)
})

test("Python's client", async () => {
  const program = [
    'import ssl, urllib.request, sys',
    'context = ssl.create_default_context(cafile=sys.argv[2])',
    'context.check_hostname = False',
    'context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)', // 3.13 wants key identifiers
    'page = urllib.request.urlopen("https://127.0.0.1:%s/python" % sys.argv[1], context=context)',
    'print(page.status, page.read())',
  ].join('\n')
  const { stdout } = await promisify(execFile)(PYTHON, ['-c', program, String(plain.port), ca])
  match(stdout, /^200 .*\/python/)
})

test('a stop answers what runs, over TLS', async (t) => {
  const server: LiveServer = await start(t, 'probe.py', ['--workers', '1', ...SITE])
  const { client } = await secure(t, server.port)
  await client.write(request('GET', '/pid?hold=0.3'))
  await eventually(async () => server.lines.length > 0, 'a line')
  await new Promise((resolve) => setTimeout(resolve, 100))
  server.signal('SIGTERM')
  equal((await client.response()).status, 200)
  equal((await server.exit()).code, 0)
})
