// The smallest honest WSGI server: this file speaks HTTP, python.py beside it calls the application.
// Read it from top to bottom; README.md says what it lacks and which folder of dram has it.
//
//   node server.ts [APPLICATION.py[:NAME]] [PORT]

import { spawn } from 'node:child_process'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'

const MAX_HEAD_BYTES = 16 * 1024
const MAX_BODY_BYTES = 1024 * 1024

type Headers = readonly (readonly [name: string, value: string])[]

interface Request {
  readonly method: string
  readonly target: string
  readonly version: string
  readonly headers: Headers
  readonly body: Buffer
}

interface Answer {
  readonly status: string
  readonly headers: Headers
}

/** What the client did wrong; it becomes the answer. */
class Refusal extends Error {}

// ① Socket and accept. The operating system queues whoever connects; each connection gets a loop of its own.
const [application = join(import.meta.dirname, '../hello.py'), port = '8000'] = process.argv.slice(2)
const server = createServer((socket) => {
  socket.on('error', () => socket.destroy()) // whatever a client does to its connection, the others live on
  void converse(socket)
})
server.listen(Number(port), '127.0.0.1', () => {
  const { port } = server.address() as { port: number }
  console.log(`http://127.0.0.1:${port}`)
})

/** One connection's life: request, answer, request, answer, until either side has had enough. */
async function converse(socket: Socket): Promise<void> {
  const bytes = new Bytes(socket)
  try {
    for (let keep = true; keep; ) {
      const request = await readRequest(bytes)
      if (request === null) break
      keep = request.version === 'HTTP/1.1' && headerOf(request.headers, 'connection').toLowerCase() !== 'close'
      await inTurn(() => answer(request, socket, keep))
    }
    socket.end()
  } catch (error) {
    if (error instanceof Refusal)
      socket.end(`HTTP/1.1 ${error.message}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
    else socket.destroy() // half an answer must not look like a whole one
  }
}

// ② Parse. TCP brings bytes, not messages: a head may come in many pieces, and two requests in one.
class Bytes {
  #held = Buffer.alloc(0)
  readonly #source: AsyncIterator<Buffer>

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** What stands before a delimiter, and lets go of both; null where the other side ended before it said anything. */
  async until(delimiter: string, most: number): Promise<Buffer | null> {
    while (!this.#held.includes(delimiter) && this.#held.length <= most) {
      if (await this.#more()) continue
      if (this.#held.length === 0) return null
      throw new Error('the other side ended amid something')
    }
    const at = this.#held.indexOf(delimiter)
    if (at < 0 || at > most) throw new Refusal('431 Request Header Fields Too Large')
    const found = await this.exactly(at)
    await this.exactly(delimiter.length)
    return found
  }

  async exactly(count: number): Promise<Buffer> {
    while (this.#held.length < count) if (!(await this.#more())) throw new Error('the other side ended amid something')
    const found = this.#held.subarray(0, count)
    this.#held = this.#held.subarray(count)
    return found
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#source.next()
    if (!done) this.#held = Buffer.concat([this.#held, value])
    return !done
  }
}

async function readRequest(bytes: Bytes): Promise<Request | null> {
  const head = await bytes.until('\r\n\r\n', MAX_HEAD_BYTES)
  if (head === null) return null
  const [line = '', ...lines] = head.toString('latin1').split('\r\n')
  const [, method, target, version] = /^([!#$%&'*+\-.^_`|~\w]+) (\/[\x21-\x7e]*) (HTTP\/1\.[01])$/.exec(line) ?? []
  if (method === undefined || target === undefined || version === undefined) throw new Refusal('400 Bad Request')
  const headers = lines.map((each) => {
    const [, name, value] = /^([!#$%&'*+\-.^_`|~\w]+):[ \t]*(.*?)[ \t]*$/.exec(each) ?? []
    if (name === undefined || value === undefined) throw new Refusal('400 Bad Request')
    return [name, value] as const
  })
  // Whoever reads the end of a body differently than the next in line lets requests be smuggled past it.
  if (headerOf(headers, 'transfer-encoding') !== '') throw new Refusal('501 Not Implemented')
  const length = headerOf(headers, 'content-length') || '0'
  if (!/^\d{1,15}$/.test(length)) throw new Refusal('400 Bad Request')
  if (Number(length) > MAX_BODY_BYTES) throw new Refusal('413 Content Too Large')
  return { method, target, version, headers, body: await bytes.exactly(Number(length)) }
}

function headerOf(headers: Headers, wanted: string): string {
  const values = headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value)
  return values.join(', ')
}

// ③ The call. One Python process, one request at a time: the next waits until the answer before it is whole.
const python = spawn('python3', [join(import.meta.dirname, 'python.py'), application], {
  stdio: ['pipe', 'pipe', 'inherit'],
})
python.on('exit', (code) => process.exit(code ?? 1))
const said = new Bytes(python.stdout)
let last: Promise<unknown> = Promise.resolve()

function inTurn(task: () => Promise<void>): Promise<void> {
  const mine = last.then(task)
  last = mine.catch(() => {})
  return mine
}

async function answer(request: Request, socket: Socket, keep: boolean): Promise<void> {
  const { body, ...head } = request
  const facts = { ...head, bodyBytes: body.length, client: socket.remoteAddress, port: socket.localPort }
  python.stdin.write(`${JSON.stringify(facts)}\n`)
  python.stdin.write(body)
  const { status, headers } = JSON.parse(String(await said.until('\n', Infinity))) as Answer

  // ④ The answer. With a Content-Length the client knows where the body ends; without one, chunks tell it.
  const hasBody = request.method !== 'HEAD' && !/^(1\d\d|204|304)/.test(status)
  const isChunked = hasBody && keep && headerOf(headers, 'content-length') === ''
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`)
  if (isChunked) lines.push('Transfer-Encoding: chunked\r\n')
  if (!keep) lines.push('Connection: close\r\n')
  socket.write(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n`, 'latin1')
  for (let size = await chunkSize(); size > 0; size = await chunkSize()) {
    const chunk = await said.exactly(size)
    if (!hasBody) continue
    socket.write(
      isChunked ? Buffer.concat([Buffer.from(`${size.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]) : chunk,
    )
  }
  if (isChunked) socket.write('0\r\n\r\n')
}

async function chunkSize(): Promise<number> {
  return Number(await said.until('\n', Infinity))
}
