import { equal, match, ok } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Client, request } from '../kit/client.ts'
import type { Scope } from '../kit/ends.ts'
import { Gate, Notes } from '../kit/gate.ts'
import { folder, fullOnly, type LiveServer, run, start } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

const MIB = 1024 * 1024
const ONE = ['--workers', '1']

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

/** Bytes of which no two stretches are alike. */
function pattern(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let at = 0; at + 4 <= size; at += 4) bytes.writeUInt32LE((at * 2_654_435_761) >>> 0, at)
  return bytes
}

test('bodies of every size arrive as they were sent', async (t) => {
  const server = await start(t, 'probe.py', ONE)
  const client = await server.connect()
  for (const size of [1, 4095, 65_535, 65_536, 65_537, 300_000, 5_000_000]) {
    const body = pattern(size)
    await client.write(request('POST', '/digest', [], body))
    equal((await client.response()).text, `${size} ${sha256(body)}`)
  }
})

test('a chunked upload of several megabytes has a CONTENT_LENGTH', async (t) => {
  const server = await start(t, 'probe.py', ONE)
  const client = await server.connect()
  const body = pattern(3_000_000)
  await client.write(request('POST', '/echo', [['Transfer-Encoding', 'chunked']]))
  for (let at = 0; at < body.length; at += 100_000) {
    await client.write('186a0\r\n')
    await client.write(body.subarray(at, at + 100_000))
    await client.write('\r\n')
  }
  await client.write('0\r\n\r\n')
  const answer = await client.response()
  equal(answer.header('x-length'), '3000000')
  ok(answer.body.equals(body))
})

test('a body comes whole before a worker is bothered', async (t) => {
  const server = await start(t, 'probe.py', ONE)
  const notes = new Notes(t)
  const client = await server.connect()
  await client.write(request('POST', `/run?log=${notes.path}&name=it`, [['Content-Length', '1000000']]))
  await client.write(Buffer.alloc(999_999))
  equal((await server.get('/')).status, 200)
  equal(notes.lines().length, 0)
  await client.write('x')
  equal((await client.response()).status, 200)
})

test('a large body waits in a private spool folder, which is empty afterwards', async (t) => {
  const spool = folder(t)
  const server = await start(t, 'probe.py', [...ONE, '--spool-dir', spool])
  const gate = new Gate(t)
  const client = await server.connect()
  await client.write(request('POST', `/wait?gate=${gate.path}`, [], pattern(2_000_000)))
  await gate.entered()
  const files = spoolFiles(spool)
  ok(
    files.some((path) => statSync(path).isFile()),
    'a spooled body is a file',
  )
  for (const path of files) equal(statSync(path).mode & 0o077, 0, `${path} is private`)
  gate.open()
  equal((await client.response()).status, 200)
  await eventually(
    () => spoolFiles(spool).every((path) => !statSync(path, { throwIfNoEntry: false })?.isFile()),
    'an empty spool',
  )
  equal((await server.stop()).code, 0)
  equal(readdirSync(spool).length, 0)
})

test('what a dead server left in the spool is swept', async (t) => {
  const spool = folder(t)
  const gate = new Gate(t)
  const first = await start(t, 'probe.py', [...ONE, '--spool-dir', spool])
  const client = await first.connect()
  await client.write(request('POST', `/wait?gate=${gate.path}`, [], pattern(2_000_000)))
  await gate.entered()
  await first.kill()
  ok(spoolFiles(spool).some((path) => statSync(path).isFile()))
  await start(t, 'probe.py', [...ONE, '--spool-dir', spool])
  await eventually(
    () => spoolFiles(spool).every((path) => !statSync(path, { throwIfNoEntry: false })?.isFile()),
    'an empty spool',
  )
})

test('clients that leave in the midst of a body leave nothing in the spool', async (t) => {
  const spool = folder(t)
  const args = ['--spool-dir', spool, '--spool-limit', '8MiB', '--body-memory', '256KiB']
  const server = await start(t, 'probe.py', [...ONE, ...args])
  for (let at = 0; at < 4; at++) {
    const up = await server.connect()
    await up.write(request('POST', '/digest', [['Content-Length', '5000000']]))
    await up.write(pattern(3_000_000))
    await eventually(() => fileBytes(spool) > 1_000_000, 'a body in the spool')
    up.reset()
    await eventually(() => fileBytes(spool) === 0, 'an empty spool')
    const down = await server.connect({ paused: true })
    await down.write(request('GET', '/sized?size=7000000'))
    await eventually(async () => (await server.get('/')).status === 200, 'a free worker')
    down.reset()
    await eventually(() => fileBytes(spool) === 0, 'an empty spool')
  }
  // What they held counts no more against the limit.
  equal((await server.send('POST', '/digest', [], pattern(7_000_000))).status, 200)
})

test('a full spool: 507 for requests, and room again later', async (t) => {
  const server = await start(t, 'probe.py', [...ONE, '--spool-limit', '1MiB', '--body-memory', '256KiB'])
  const client = await server.connect()
  await client.write(request('POST', '/digest', [['Content-Length', String(8 * MIB)]]))
  const sending = (async () => {
    for (let at = 0; at < 8; at++) await client.write(Buffer.alloc(MIB))
  })().catch(() => {})
  equal((await client.response()).status, 507)
  await sending
  await server.until(/SPOOL_FULL/)
  await eventually(async () => {
    const body = pattern(700_000)
    return (await server.send('POST', '/digest', [], body)).text === `700000 ${sha256(body)}`
  }, 'room in the spool again')
})

test('a full spool: an answer goes on at its client’s pace', async (t) => {
  const server = await start(t, 'probe.py', [...ONE, '--spool-limit', '1MiB', '--body-memory', '256KiB'])
  const slow = await server.connect({ paused: true })
  await slow.write(request('GET', '/sized?size=20000000'))
  const other = await server.connect()
  await other.write(request('GET', '/'))
  slow.resume()
  equal((await slow.response()).body.length, 20_000_000)
  equal((await other.response()).status, 200)
})

test('a slow reader of a large answer holds no worker', async (t) => {
  const server = await start(t, 'probe.py', ONE)
  const slow = await server.connect({ paused: true })
  await slow.write(request('GET', '/unsized?size=30000000'))
  equal((await server.get('/meanwhile')).status, 200)
  slow.resume()
  equal((await slow.response()).body.length, 30_000_000)
})

test('beyond --response-spool the application is held back', async (t) => {
  const server = await start(t, 'probe.py', ['--workers', '2', '--response-spool', '4MiB'])
  const notes = new Notes(t)
  const spool = await server.connect({ paused: true })
  await spool.write(request('GET', `/endless?piece=65536&log=${notes.path}`))
  for (let at = 0; at < 20; at++) equal((await server.get('/')).status, 200)
  spool.reset()
  const [line] = await notes.until(/closed/)
  const pieces = Number(/closed (\d+)/.exec(line!)?.[1])
  ok(pieces * 65_536 < 40 * MIB, `it made ${pieces} chunks of 64 KiB`)
})

test('server-sent events come one by one, without delay', async (t) => {
  const server = await start(t, 'probe.py', ONE)
  const gate = new Gate(t)
  const client = await server.connect()
  await client.write(request('GET', `/events?count=4&gate=${gate.path}`))
  equal((await client.head()).status, 200)
  for (let number = 0; number < 4; number++) {
    equal(String(await client.chunk()), `data: ${number}\n\n`)
    if (number === 3) break
    equal(client.heldBytes, 0)
    await gate.entered()
    gate.open()
  }
  equal(await client.chunk(), null)
})

test('--stream-requests: the application reads while the client sends, and sees the end', async (t) => {
  const server = await start(t, 'streaming.py', [...ONE, '--stream-requests'])
  const client = await server.connect()
  await client.write(request('POST', '/lines', [['Transfer-Encoding', 'chunked']]))
  for (const line of ['one', 'two', 'three']) {
    await client.write(`${(line.length + 1).toString(16)}\r\n${line}\n\r\n`)
    // The head goes out with the first chunk.
    if (line === 'one') equal((await client.head()).status, 200)
    equal(String(await client.chunk()), `got ${line}\n`)
  }
  await client.write('0\r\n\r\n')
  equal(await client.chunk(), null)
})

test('--stream-requests: a body with a length, whole and huge', async (t) => {
  const server = await start(t, 'probe.py', [...ONE, '--stream-requests'])
  const body = pattern(20_000_000)
  equal((await server.send('POST', '/digest', [], body)).text, `20000000 ${sha256(body)}`)
  equal((await server.send('POST', '/digest', [], 'x')).text, `1 ${sha256(Buffer.from('x'))}`)
})

test('--stream-requests: 100 before the body', async (t) => {
  const server = await start(t, 'probe.py', [...ONE, '--stream-requests'])
  const client = await server.connect()
  await client.write(
    request('POST', '/echo', [
      ['Expect', '100-continue'],
      ['Content-Length', '5'],
    ]),
  )
  equal((await client.head()).status, 100)
  await client.write('hello')
  equal((await client.response()).text, 'hello')
})

test('--stream-requests: backpressure reaches the client', async (t) => {
  const server = await start(t, 'streaming.py', [...ONE, '--stream-requests'])
  const gate = new Gate(t)
  const client = await server.connect()
  const before = server.memoryBytes()
  await client.write(request('POST', `/held?gate=${gate.path}`, [['Content-Length', String(64 * MIB)]]))
  await gate.entered()
  let sent = 0
  const sending = (async () => {
    for (let at = 0; at < 64; at++) {
      await client.write(Buffer.alloc(MIB))
      sent += 1
    }
  })()
  await settled(() => sent)
  ok(sent < 48, `${sent} MiB were taken while nobody read`)
  ok(server.memoryBytes() - before < 32 * MIB)
  gate.open()
  await sending
  equal((await client.response()).text, String(64 * MIB))
})

test('--stream-requests: a client that leaves is an error to the reader', async (t) => {
  const server = await start(t, 'streaming.py', [...ONE, '--stream-requests'])
  const notes = new Notes(t)
  const client = await server.connect()
  await client.write(request('POST', `/broken?log=${notes.path}`, [['Content-Length', '1000']]))
  await client.write('12345')
  await notes.until(/reading/)
  client.reset()
  await notes.until(/error/)
  equal((await server.send('POST', '/lines', [], 'next\n')).text, 'got next\n')
})

test('--stream-requests: an answer without reading the body', async (t) => {
  const server = await start(t, 'probe.py', [...ONE, '--stream-requests'])
  const client = await server.connect()
  await client.write(request('POST', '/', [], Buffer.alloc(MIB)))
  equal((await client.response()).status, 200)
  equal((await server.get('/')).status, 200)
})

test('a spool on tmpfs is warned about', { skip: isTmpfs('/dev/shm') ? false : 'no tmpfs' }, async (t) => {
  const server = await start(t, 'probe.py', [...ONE, '--spool-dir', '/dev/shm'])
  await server.until(/tmpfs/)
})

test('a spool folder that can’t be used is a coded error', async (t) => {
  const server = run(t, ['probe.py', ...ONE, '--bind', '127.0.0.1:0', '--spool-dir', '/dev/null/spool'])
  equal((await server.exit()).code, 5)
  match(server.stderr, /SPOOL_FOLDER/)
})

// A smaller version of the two memory tests every day, the issue's own sizes in the full suite.
const SIZES = fullOnly ? { large: 20, clients: 200 } : { large: 200, clients: 1000 }
const MOST = 64 * MIB

test(`ten uploads of ${SIZES.large} MiB at once`, { timeout: 300_000 }, async (t) => {
  const server = await warm(t)
  const watch = new Peak(server)
  const clients = await Promise.all(Array.from({ length: 10 }, () => server.connect()))
  const part = Buffer.alloc(MIB, 'x')
  await Promise.all(
    clients.map(async (client) => {
      await client.write(request('POST', '/digest', [['Content-Length', String(SIZES.large * MIB)]]))
      for (let at = 0; at < SIZES.large; at++) await client.write(part)
    }),
  )
  for (const client of clients) match((await client.response()).text, new RegExp(`^${SIZES.large * MIB} `))
  watch.judge(MOST)
})

test(`ten downloads of ${SIZES.large} MiB by slow readers`, { timeout: 300_000 }, async (t) => {
  const server = await warm(t)
  const watch = new Peak(server)
  const clients = await Promise.all(Array.from({ length: 10 }, () => server.connect({ paused: true })))
  for (const client of clients) await client.write(request('GET', `/sized?size=${SIZES.large * MIB}`))
  await eventually(async () => (await server.get('/')).status === 200, 'a worker to be free', 120_000)
  await Promise.all(clients.map((client) => drain(client, SIZES.large * MIB)))
  watch.judge(MOST)
})

test(`${SIZES.clients} uploads of 512 KiB`, { timeout: 300_000 }, async (t) => {
  const server = await warm(t)
  const watch = new Peak(server)
  const clients = await connectMany(server, SIZES.clients)
  const half = Buffer.alloc(256 * 1024, 'x')
  for (const client of clients)
    await client.write(Buffer.concat([request('POST', '/digest', [['Content-Length', String(512 * 1024)]]), half]))
  equal((await server.get('/')).status, 200)
  for (const client of clients) await client.write(half)
  for (const client of clients) match((await client.response()).text, /^524288 /)
  watch.judge(MOST)
})

test(`${SIZES.clients} slow readers of 512 KiB`, { timeout: 300_000 }, async (t) => {
  const server = await warm(t)
  const watch = new Peak(server)
  const clients = await connectMany(server, SIZES.clients, true)
  for (const client of clients) await client.write(request('GET', '/sized?size=524288'))
  equal((await server.get('/')).status, 200)
  for (const client of clients) {
    client.resume()
    equal((await client.response()).body.length, 524_288)
    client.close()
  }
  watch.judge(MOST)
})

/** A server that has done a little of everything, so that what it needs once is there. */
async function warm(t: Scope): Promise<LiveServer> {
  const server = await start(t, 'probe.py', ['--workers', '2', '--spool-dir', folder(t), '--write-timeout', '120s'])
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      await server.send('POST', '/digest', [], Buffer.alloc(2 * MIB))
      await server.get('/sized?size=2000000')
    }),
  )
  return server
}

/** The most memory since it was made, over what there was then. */
class Peak {
  readonly #before: number
  readonly #server: LiveServer
  readonly #timer: NodeJS.Timeout
  #most = 0

  constructor(server: LiveServer) {
    this.#server = server
    this.#before = server.memoryBytes()
    this.#timer = setInterval(() => this.#look(), 200)
    this.#timer.unref()
  }

  judge(most: number): void {
    this.#look()
    clearInterval(this.#timer)
    const grown = this.#most - this.#before
    ok(grown < most, `memory grew by ${(grown / MIB).toFixed(1)} MiB from ${(this.#before / MIB).toFixed(1)} MiB`)
  }

  #look(): void {
    this.#most = Math.max(this.#most, this.#server.memoryBytes())
  }
}

/** Reads an answer in steps and keeps nothing of it. */
async function drain(client: Client, size: number): Promise<void> {
  client.resume()
  equal((await client.head()).status, 200)
  for (let left = size; left > 0; ) left -= (await client.bytes(Math.min(left, MIB), 120_000)).length
  client.close()
}

async function connectMany(server: LiveServer, count: number, paused = false): Promise<Client[]> {
  const clients: Client[] = []
  while (clients.length < count)
    clients.push(...(await Promise.all(Array.from({ length: 50 }, () => server.connect({ paused })))))
  return clients
}

/** Resolves when the value has not changed for a while. */
async function settled(value: () => number): Promise<void> {
  let last = -1
  let same = 0
  await eventually(() => {
    same = value() === last ? same + 1 : 0
    last = value()
    return same > 30
  }, 'a standstill')
}

function fileBytes(path: string): number {
  return spoolFiles(path).reduce((sum, file) => sum + sizeOf(file), 0)
}

/** 0 for folders, and for what is gone by now. */
function sizeOf(path: string): number {
  const status = statSync(path, { throwIfNoEntry: false })
  return status?.isFile() ? status.size : 0
}

function spoolFiles(path: string): string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' }).map((name) => join(path, name))
}

function isTmpfs(path: string): boolean {
  try {
    return statSync(path).dev !== statSync('/').dev
  } catch {
    return false
  }
}
