import { deepEqual, equal, match } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { Client, request } from '../kit/client.ts'
import { atEnd } from '../kit/ends.ts'
import { folder, ROOT } from '../kit/server.ts'
import { within } from '../kit/wait.ts'

const EXAMPLE = join(ROOT, 'examples/from-scratch/server.ts')

/** The example is TypeScript as it stands: it takes a Node that reads that, which the build brings along. */
const BUILD_NODE = join(ROOT, 'node_modules/node/bin/node')
const node = existsSync(BUILD_NODE) ? BUILD_NODE : process.execPath

const APPLICATION = `
def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/fails":
        raise ValueError("told to")
    if path == "/stream":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return (chunk for chunk in (b"one", b"", b"two"))
    if path == "/empty":
        start_response("204 No Content", [])
        return []
    body = environ["wsgi.input"].read()
    said = repr((environ["REQUEST_METHOD"], path, environ["QUERY_STRING"], environ.get("HTTP_X_NAME"), body))
    print("printed")
    start_response("200 OK", [("Content-Length", str(len(said)))])
    return [said.encode()]
`

async function begin(t: TestContext, application?: string): Promise<() => Promise<Client>> {
  const arguments_ = application === undefined ? [join(ROOT, 'examples/hello.py')] : [application]
  const child = spawn(node, [EXAMPLE, ...arguments_, '0'], { stdio: ['ignore', 'pipe', 'pipe'] })
  atEnd(t, async () => {
    child.kill()
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  child.stderr.resume()
  const [line] = (await within(once(createInterface(child.stdout), 'line'), 'its address')) as [string]
  return () => Client.connect({ port: Number(/:(\d+)$/.exec(line)![1]) })
}

function ownApplication(t: TestContext): string {
  const path = join(folder(t), 'sample.py')
  writeFileSync(path, APPLICATION)
  return path
}

test('the server from scratch serves the sample application, byte by byte and several requests a connection', async (t) => {
  const connect = await begin(t)
  const client = await connect()
  for (const byte of Buffer.from(request('GET', '/caf%C3%A9'))) await client.write(Buffer.of(byte))
  equal((await client.response()).text, 'Hello! You requested: /café')
  await client.write(Buffer.concat([request('GET', '/a'), request('GET', '/b')]))
  match((await client.response()).text, /\/a$/)
  match((await client.response()).text, /\/b$/)
  await client.write(request('GET', '/last', [['Connection', 'close']]))
  match((await client.response()).text, /\/last$/)
  equal(await client.end(), 'ended')
})

test('the server from scratch keeps to PEP 3333: environ, input, chunks, HEAD, 204, errors', async (t) => {
  const connect = await begin(t, ownApplication(t))
  const client = await connect()
  const body = 'a=1'
  await client.write(
    `POST /x%20y?q=%20 HTTP/1.1\r\nHost: a\r\nX-Name: n\r\nX_Name: forged\r\nContent-Length: 3\r\n\r\n${body}`,
  )
  equal((await client.response()).text, `('POST', '/x y', 'q=%20', 'n', b'a=1')`)
  await client.write(request('GET', '/stream'))
  const streamed = await client.response()
  equal(streamed.text, 'onetwo')
  deepEqual(streamed.chunks, [3, 3])
  await client.write(request('HEAD', '/'))
  equal((await client.response({ method: 'HEAD' })).status, 200)
  await client.write(request('GET', '/empty'))
  equal((await client.response()).status, 204)
  await client.write(request('GET', '/fails'))
  equal((await client.response()).status, 500)
  await client.write(request('GET', '/after'))
  equal((await client.response()).status, 200)
})

test('the server from scratch refuses what it cannot read for certain', async (t) => {
  const connect = await begin(t, ownApplication(t))
  const cases: [bytes: string, status: number][] = [
    ['hello\r\n\r\n', 400],
    ['GET / HTTP/1.1\r\nbad header\r\n\r\n', 400],
    ['POST / HTTP/1.1\r\nContent-Length: 1, 2\r\n\r\n', 400],
    ['POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 501],
    ['POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n', 413],
    [`GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ]
  for (const [bytes, status] of cases) {
    const client = await connect()
    await client.write(bytes)
    equal((await client.response()).status, status, bytes.slice(0, 60))
  }
})
