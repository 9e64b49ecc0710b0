import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request as requestSecurely } from 'node:https'
import { test } from 'node:test'
import type { Journey, JourneySummary } from '../../src/dev/inspector/journey.ts'
import { asFiles, makeCertificate } from '../kit/certificates.ts'
import { fileScope } from '../kit/ends.ts'
import { folder, type LiveServer, start } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

const SHOP = `
import hashlib, os, tempfile

class Body:
    def __init__(self, chunks):
        self.chunks = iter(chunks)
    def __iter__(self):
        return self
    def __next__(self):
        return next(self.chunks)
    def close(self):
        pass

def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/raises":
        raise ValueError("told to")
    if path == "/dies":
        os._exit(3)
    plain = [("Content-Type", "text/plain")]
    if path == "/file":
        file = tempfile.TemporaryFile()
        file.write(b"f" * 2_000_000)
        file.seek(0)
        start_response("200 OK", plain)
        return environ["wsgi.file_wrapper"](file)
    if path == "/stream":
        start_response("200 OK", plain)
        return Body([b"one", b"two"])
    body = hashlib.sha256()
    while data := environ["wsgi.input"].read(1 << 20):
        body.update(data)
    start_response("200 OK", plain)
    return [body.hexdigest().encode()]
`

const ARGS = ['shop', '--log-level', 'info']
const own = makeCertificate({ name: [['CN', 'localhost']], hosts: ['localhost'] })
const { certfile, keyfile } = asFiles(folder(fileScope), 'own', own)

interface Answer {
  readonly status: number
  readonly text: string
}

interface Site {
  readonly server: LiveServer
  readonly visit: (method: string, path: string, body?: Buffer) => Promise<Answer>
  readonly api: <T>(method: string, path: string, body?: object) => Promise<T>
  /** The last journey of this path, once it is over. */
  readonly journey: (path: string) => Promise<Journey>
}

async function open(): Promise<Site> {
  const home = folder(fileScope, { 'shop.py': SHOP })
  const server = await start(fileScope, 'dev', [...ARGS, '--certfile', certfile, '--keyfile', keyfile], { cwd: home })
  await eventually(() => /token=[\w-]+/.test(server.stdout), 'the link with the token')
  const [, token = ''] = /token=([\w-]+)/.exec(server.stdout)!
  let cookie = ''
  const visit = async (method: string, path: string, body: Buffer = Buffer.alloc(0)): Promise<Answer> => {
    const headers = { Host: `localhost:${server.port}`, 'Content-Length': body.length, Cookie: cookie }
    const asked = requestSecurely({
      host: '127.0.0.1',
      port: server.port,
      method,
      path,
      headers,
      rejectUnauthorized: false,
    })
    asked.end(body)
    const [answer] = (await once(asked, 'response')) as [IncomingMessage]
    const pieces: Buffer[] = []
    for await (const piece of answer) pieces.push(piece as Buffer)
    cookie = answer.headers['set-cookie']?.[0]?.split(';')[0] ?? cookie
    return { status: answer.statusCode ?? 0, text: Buffer.concat(pieces).toString() }
  }
  equal((await visit('GET', `/-/dev/open?token=${token}`)).status, 303)
  const api = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const sent = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
    return JSON.parse((await visit(method, `/-/inspector/api/${path}`, sent)).text) as T
  }
  const journey = async (path: string): Promise<Journey> => {
    let found: JourneySummary | undefined
    await eventually(async () => {
      const { journeys } = await api<{ journeys: JourneySummary[] }>('GET', 'journeys')
      found = journeys.findLast(({ target }) => target === path)
      return found !== undefined && found.tookMs !== null
    }, `the journey to ${path}`)
    return api('GET', `journeys/${found!.number}`)
  }
  return { server, visit, api, journey }
}

const site = await open()

test('with TLS, too: the bytes within it, the environ with a reason for each key, the call, one clock', async () => {
  const { status } = await site.visit('POST', '/?name=you', Buffer.from('hello'))
  equal(status, 200)
  const journey = await site.journey('/?name=you')
  equal(journey.connection.isSecure, true)
  const sent = journey.bytes.pieces.map(({ bytes }) => Buffer.from(bytes, 'base64').toString()).join('')
  match(sent, /^POST \/\?name=you HTTP\/1\.1\r\n[\s\S]*\r\n\r\nhello$/)
  equal(journey.environ.filter(({ rule }) => rule === '').length, 0)
  const keys = new Set(journey.environ.map(({ key }) => key))
  for (const key of [
    'REQUEST_METHOD',
    'PATH_INFO',
    'wsgi.input',
    'HTTP_COOKIE',
    'SSL_PROTOCOL',
    'HTTPS',
    'CONTENT_LENGTH',
  ])
    ok(keys.has(key), key)
  equal(journey.environ.find(({ key }) => key === 'HTTP_COOKIE')?.value, "'***'")
  deepEqual(
    [journey.call?.returned, journey.call?.application, journey.worker?.number],
    ['list', 'shop:application', 1],
  )
  // Two processes, one clock: what happened in one of them lies between what happened around it in the other.
  const { call, dispatch } = journey
  const times = [0, dispatch!.sentAtMs!, call!.beganAtMs, call!.startResponses[0]!.atMs, call!.returnedAtMs!]
  deepEqual(
    times,
    [...times].sort((a, b) => a - b),
  )
  ok(call!.returnedAtMs! < journey.tookMs!)
})

test('a stream, a file, an exception and a death have each their own end', async () => {
  equal((await site.visit('GET', '/stream')).text, 'onetwo')
  const { call: streamed } = await site.journey('/stream')
  deepEqual(
    streamed?.chunks.map(({ size }) => size),
    [3, 3],
  )
  ok(streamed!.closedAtMs !== null)

  equal((await site.visit('GET', '/file')).text.length, 2_000_000)
  const file = await site.journey('/file')
  deepEqual(
    file.call?.chunks.map(({ size }) => size),
    [2_000_000],
  )
  equal(file.bytesOut - file.answer.dropped, 65_536)

  equal((await site.visit('GET', '/raises')).status, 500)
  const raised = await site.journey('/raises')
  deepEqual([raised.state, raised.fault], ['failed', 'APP_RAISED'])
  match(raised.call?.raised ?? '', /shop\.py", line \d+, in application[\s\S]*ValueError: told to/)

  equal((await site.visit('GET', '/dies')).status, 502)
  const dead = await site.journey('/dies')
  deepEqual([dead.state, dead.fault, dead.call?.returnedAtMs], ['failed', 'WORKER_DIED', null])
})

test('a large upload is counted and not kept; a small one is sent again through TLS', async () => {
  equal((await site.visit('POST', '/large', Buffer.alloc(5_000_000, 'x'))).status, 200)
  const large = await site.journey('/large')
  ok(large.bytesIn > 5_000_000 && large.bytes.dropped > 4_900_000)
  ok(large.decisions.some(({ what, result }) => what === 'Body' && /in a file/.test(result)))
  const { number } = await site.journey('/?name=you')
  const again = await site.api<{ number: number }>('POST', `journeys/${number}/replay`)
  ok(again.number > number)
  await eventually(async () => {
    const { state, replayOf, status } = await site.api<Journey>('GET', `journeys/${again.number}`)
    return state === 'done' && replayOf === number && status === 200
  }, 'the answer to the second sending')
})
