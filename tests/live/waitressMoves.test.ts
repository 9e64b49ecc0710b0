import { deepEqual, equal, match } from 'node:assert/strict'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect } from 'node:tls'
import { asFiles, makeCertificate } from '../kit/certificates.ts'
import { Client, request } from '../kit/client.ts'
import { atEnd } from '../kit/ends.ts'
import { Gate } from '../kit/gate.ts'
import { folder } from '../kit/server.ts'
import { eventually, within } from '../kit/wait.ts'
import { waitressServe } from '../kit/waitress.ts'

// What docs/moving-from-waitress.md says, line by line; each test is named there.

const APP = ['probe:application']

test('SIGTERM lets running requests finish', async (t) => {
  const server = await waitressServe(t, APP)
  const gate = new Gate(t)
  const running = server.get(`/wait?gate=${gate.path}`)
  await gate.entered()
  server.signal('SIGTERM')
  await server.until(/stopping/)
  gate.open()
  equal((await running).status, 200)
  equal((await server.exit()).code, 0)
})

test('hung threads are told of, with what they run', async (t) => {
  const server = await waitressServe(t, ['--threads=2', ...APP])
  const gates = [new Gate(t), new Gate(t)]
  const hung = gates.map((gate) => server.get(`/wait?gate=${gate.path}`))
  for (const gate of gates) await gate.entered()
  const waiting = server.get('/')
  const [line] = await server.until(/warning 1 request waits for a thread.*$/)
  match(line, /the workers run: GET \/wait\?gate=.*, GET \/wait\?gate=/)
  match(line, /dram stacks/)
  for (const gate of gates) gate.open()
  for (const answer of await Promise.all([...hung, waiting])) equal(answer.status, 200)
})

test('hung threads are freed where a time was set', async (t) => {
  const server = await waitressServe(t, ['--threads=1', ...APP], { env: { DRAM_TIMEOUT: '1s' } })
  const gate = new Gate(t)
  const hung = server.get(`/wait?gate=${gate.path}`)
  await gate.entered()
  equal((await hung).status, 504)
  equal((await server.get('/')).status, 200)
  await server.until(/in wait$|, in wait\b/)
})

test('connections that trickle keep nobody away', async (t) => {
  const server = await waitressServe(t, APP)
  const clients = await Promise.all(Array.from({ length: 150 }, () => server.connect()))
  for (const client of clients) await client.write('GET / HTTP/1.1\r\nHost:')
  equal((await server.get('/')).status, 200)
})

test('beyond a connection limit there is an answer', async (t) => {
  const server = await waitressServe(t, ['--connection-limit=3', ...APP])
  const clients = await Promise.all(Array.from({ length: 3 }, () => server.connect()))
  for (const client of clients) await client.write('GET / HTTP/1.1\r\n')
  await eventually(async () => (await server.get('/')).status === 503, 'the limit to be reached')
  const refused = await server.get('/')
  match(refused.header('retry-after') ?? '', /^\d+$/)
  match(refused.text, /TOO_MANY_CONNECTIONS/)
})

test('more than one core', async (t) => {
  const server = await waitressServe(t, ['--threads=2', ...APP], { env: { DRAM_WORKERS: '2' } })
  equal(new Set(await server.workerPids(2)).size, 2)
})

test('an access log', async (t) => {
  const server = await waitressServe(t, APP, { env: { DRAM_ACCESS_LOG: '-' } })
  await server.get('/logged')
  await server.untilOut(/127\.0\.0\.1 .*"GET \/logged HTTP\/1\.1" 200/)
})

test('TLS', async (t) => {
  const site = makeCertificate({ name: [['CN', 'site.test']], hosts: ['site.test'] })
  const { certfile, keyfile } = asFiles(folder(t), 'site', site)
  const server = await waitressServe(t, APP, { env: { DRAM_CERTFILE: certfile, DRAM_KEYFILE: keyfile } })
  const port = Number(/https:\/\/127\.0\.0\.1:(\d+)/.exec(server.stderr)![1])
  const socket = connect({ port, host: '127.0.0.1', servername: 'site.test', ca: site.certificate })
  atEnd(t, () => socket.destroy())
  await within(once(socket, 'secureConnect'), 'a handshake')
  const client = new Client(socket)
  await client.write(request('GET', '/environ'))
  const environ = JSON.parse((await client.response()).text)
  deepEqual([environ['wsgi.url_scheme'], environ.SSL_TLS_SNI], ['https', 'site.test'])
})

test('metrics', async (t) => {
  const path = join(folder(t), 'admin.sock')
  const server = await waitressServe(t, APP, { env: { DRAM_ADMIN_BIND: `unix:${path}` } })
  await server.get('/')
  const client = await server.connect({ path })
  await client.write(request('GET', '/metrics'))
  const page = (await client.response()).text
  match(page, /^dram_requests_total\b.* 1$/m)
  match(page, /^dram_queue/m)
})

test('a stream without a length keeps its connection', async (t) => {
  const server = await waitressServe(t, APP)
  const client = await server.connect()
  for (let round = 0; round < 2; round++) {
    await client.write(request('GET', '/unsized?size=100000'))
    const answer = await client.response()
    deepEqual([answer.status, answer.body.length, answer.header('connection')], [200, 100_000, null])
    equal(answer.header('transfer-encoding'), 'chunked')
  }
})

test('a reload drops nobody', async (t) => {
  const server = await waitressServe(t, APP)
  const gate = new Gate(t)
  const running = server.get(`/wait?gate=${gate.path}`)
  await gate.entered()
  const [before] = await server.workerPids(1)
  const from = server.lines.length
  server.signal('SIGHUP')
  await server.until(/generation 2 .*serves|reloaded|generation=2/, { from })
  await eventually(async () => Number((await server.get('/pid')).text) !== before, 'the new generation to answer')
  gate.open()
  equal((await running).status, 200)
})
