import { Buffer } from 'node:buffer'
import { connect, type Socket } from 'node:net'
import { within } from './wait.ts'

export interface Interim {
  readonly status: number
  readonly headers: readonly (readonly [name: string, value: string])[]
}

export interface Response {
  readonly version: string
  readonly status: number
  readonly reason: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly framing: 'none' | 'length' | 'chunked' | 'close'
  readonly body: Buffer
  /** Sizes of the chunks as sent, without the last one. */
  readonly chunks: readonly number[]
  readonly interim: readonly Interim[]
  readonly text: string
  /** The only value of that field, or null; fails when there are two. */
  header(name: string): string | null
  all(name: string): string[]
}

export interface Address {
  readonly host?: string
  readonly port?: number
  readonly path?: string
}

/**
 * A client that sees bytes: what it sends is sent as it is, and what it reads must be well-formed to the letter.
 */
export class Client {
  readonly socket: Socket
  #held: Buffer[] = []
  #heldBytes = 0
  #end: 'open' | 'ended' | 'reset' = 'open'
  #wake: (() => void)[] = []
  #watching = true

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (bytes: Buffer) => {
      this.#held.push(bytes)
      this.#heldBytes += bytes.length
      this.#tell()
    })
    socket.on('end', () => this.#ended('ended'))
    socket.on('error', () => this.#ended('reset'))
    socket.on('close', () => this.#ended('ended'))
  }

  static async connect(address: Address, options: { paused?: boolean } = {}): Promise<Client> {
    const socket = address.path
      ? connect({ path: address.path })
      : connect({ host: address.host ?? '127.0.0.1', port: address.port!, noDelay: true })
    await within(
      new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve)
        socket.once('error', reject)
      }),
      'a connection',
    )
    const client = new Client(socket)
    if (options.paused) client.pause()
    return client
  }

  /** Resolves when the bytes were handed to the system. */
  write(bytes: string | Buffer): Promise<void> {
    const buffer = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
    return new Promise((resolve, reject) => this.socket.write(buffer, (error) => (error ? reject(error) : resolve())))
  }

  /** One write a piece, each its own segment. */
  async writePieces(pieces: Iterable<string | Buffer>): Promise<void> {
    for (const piece of pieces) {
      await this.write(piece)
      await new Promise(setImmediate)
    }
  }

  /** Stops reading: the kernel's buffers fill, and then the server has to wait. */
  pause(): void {
    this.#watching = false
    this.socket.pause()
  }

  resume(): void {
    this.#watching = true
    this.socket.resume()
  }

  halfClose(): void {
    this.socket.end()
  }

  reset(): void {
    this.socket.resetAndDestroy()
  }

  close(): void {
    this.socket.destroy()
  }

  get state(): 'open' | 'ended' | 'reset' {
    return this.#end
  }

  /** Bytes that came and weren't read by any of the functions below. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /** Everything up to the end of the connection. Fails on a reset. */
  async rest(guardMs?: number): Promise<Buffer> {
    await this.#until(() => this.#end !== 'open', 'the end of the connection', guardMs)
    if (this.#end === 'reset') throw new ConnectionReset()
    return this.#take(this.#heldBytes)
  }

  /** How the connection ends, whatever came before. */
  async end(guardMs?: number): Promise<'ended' | 'reset'> {
    await this.#until(() => this.#end !== 'open', 'the end of the connection', guardMs)
    return this.#end as 'ended' | 'reset'
  }

  async bytes(count: number, guardMs?: number): Promise<Buffer> {
    await this.#until(() => this.#heldBytes >= count || this.#end !== 'open', `${count} bytes`, guardMs)
    if (this.#heldBytes < count) throw this.#end === 'reset' ? new ConnectionReset() : new ShortAnswer()
    return this.#take(count)
  }

  /** At least one byte; whatever is there. */
  async some(): Promise<Buffer> {
    await this.#until(() => this.#heldBytes > 0 || this.#end !== 'open', 'some bytes')
    return this.#take(this.#heldBytes)
  }

  /** Without its CRLF. A lone LF or CR fails. */
  async line(): Promise<string> {
    let joined = this.#join()
    for (;;) {
      const at = joined.indexOf('\r\n')
      if (at >= 0) {
        const line = this.#take(at + 2).toString('latin1', 0, at)
        if (/[\r\n]/.test(line)) throw new Error(`a lone CR or LF in ${JSON.stringify(line)}`)
        return line
      }
      const seen = this.#heldBytes
      await this.#until(() => this.#heldBytes > seen || this.#end !== 'open', 'the end of a line')
      if (this.#heldBytes === seen) throw this.#end === 'reset' ? new ConnectionReset() : new ShortAnswer()
      joined = this.#join()
    }
  }

  async response(options: { method?: string } = {}): Promise<Response> {
    const interim: Interim[] = []
    for (;;) {
      const head = await this.#head()
      if (head.status >= 200) return answer(head, interim, await this.#body(head, options.method ?? 'GET'))
      interim.push(head)
      if (head.status === 101) return answer(head, interim, { framing: 'none', body: Buffer.alloc(0), chunks: [] })
    }
  }

  /** How an answer that must not look whole fails; an answer that does is an error. */
  async failure(): Promise<'reset' | 'short'> {
    try {
      const { status, framing, body } = await this.response()
      throw new Error(`the answer looks whole: ${status}, framing ${framing}, ${body.length} bytes`)
    } catch (error) {
      if (error instanceof ConnectionReset) return 'reset'
      if (error instanceof ShortAnswer) return 'short'
      throw error
    }
  }

  async responses(count: number): Promise<Response[]> {
    const answers: Response[] = []
    while (answers.length < count) answers.push(await this.response())
    return answers
  }

  async head(): Promise<Interim & { version: string; reason: string }> {
    return this.#head()
  }

  async #head(): Promise<Interim & { version: string; reason: string }> {
    const first = await this.line()
    const match = /^(HTTP\/1\.[01]) ([1-5]\d\d) ([\t\x20-\x7e\x80-\xff]*)$/.exec(first)
    if (!match) throw new Error(`not a status line: ${JSON.stringify(first)}`)
    const headers: [string, string][] = []
    for (let line = await this.line(); line !== ''; line = await this.line()) {
      const field = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*(.*?)[\t ]*$/.exec(line)
      if (!field || /[\x00-\x08\x0a-\x1f\x7f]/.test(line)) throw new Error(`not a header line: ${JSON.stringify(line)}`)
      headers.push([field[1]!, field[2]!])
    }
    return { version: match[1]!, status: Number(match[2]), reason: match[3]!, headers }
  }

  async #body(
    head: Interim,
    method: string,
  ): Promise<{ framing: Response['framing']; body: Buffer; chunks: number[] }> {
    const values = (name: string) => head.headers.filter(([n]) => n.toLowerCase() === name).map(([, value]) => value)
    const lengths = values('content-length')
    const codings = values('transfer-encoding')
    if (lengths.length > 1) throw new Error('two Content-Length fields')
    if (lengths.length && codings.length) throw new Error('both Content-Length and Transfer-Encoding')
    if (head.status === 204 && (lengths.length || codings.length)) throw new Error('a 204 with a length')
    if (method === 'HEAD' || head.status === 204 || head.status === 304)
      return { framing: 'none', body: Buffer.alloc(0), chunks: [] }
    if (codings.length) {
      if (codings.join() !== 'chunked') throw new Error(`Transfer-Encoding: ${codings.join()}`)
      return { framing: 'chunked', ...(await this.#chunked()) }
    }
    if (lengths.length) {
      if (!/^\d+$/.test(lengths[0]!)) throw new Error(`Content-Length: ${lengths[0]}`)
      return { framing: 'length', body: await this.bytes(Number(lengths[0])), chunks: [] }
    }
    return { framing: 'close', body: await this.rest(), chunks: [] }
  }

  async #chunked(): Promise<{ body: Buffer; chunks: number[] }> {
    const parts: Buffer[] = []
    for (;;) {
      const part = await this.chunk()
      if (part === null) break
      parts.push(part)
    }
    return { body: Buffer.concat(parts), chunks: parts.map((part) => part.length) }
  }

  /** The next chunk of a chunked body; null for the last one, whose end is read too. */
  async chunk(): Promise<Buffer | null> {
    const size = await this.line()
    if (!/^[0-9A-Fa-f]{1,8}$/.test(size)) throw new Error(`not a chunk size: ${JSON.stringify(size)}`)
    const part = Number.parseInt(size, 16) ? await this.bytes(Number.parseInt(size, 16)) : null
    const after = await this.line()
    if (after !== '') throw new Error(`after a chunk: ${JSON.stringify(after)}`)
    return part
  }

  #join(): Buffer {
    if (this.#held.length > 1) this.#held = [Buffer.concat(this.#held)]
    return this.#held[0] ?? Buffer.alloc(0)
  }

  #take(count: number): Buffer {
    const joined = this.#join()
    this.#held = count < joined.length ? [joined.subarray(count)] : []
    this.#heldBytes -= count
    return joined.subarray(0, count)
  }

  async #until(done: () => boolean, what: string, guardMs?: number): Promise<void> {
    while (!done()) {
      const woken = new Promise<void>((resolve) => this.#wake.push(resolve))
      await within(woken, this.#watching ? what : `${what} (reading is paused)`, guardMs)
    }
  }

  #ended(how: 'ended' | 'reset'): void {
    if (this.#end === 'open') this.#end = how
    this.#tell()
  }

  #tell(): void {
    const wake = this.#wake
    this.#wake = []
    for (const resolve of wake) resolve()
  }
}

export class ConnectionReset extends Error {
  constructor() {
    super('the connection was reset')
    this.name = 'ConnectionReset'
  }
}

export class ShortAnswer extends Error {
  constructor() {
    super('the connection ended inside an answer')
    this.name = 'ShortAnswer'
  }
}

/** A request as bytes. Host and Content-Length are added unless a header of that name is given. */
export function request(
  method: string,
  target: string,
  headers: readonly (readonly [string, string])[] = [],
  body: string | Buffer = '',
  version = '1.1',
): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body
  const has = (name: string) => headers.some(([given]) => given.toLowerCase() === name)
  const lines = [`${method} ${target} HTTP/${version}`]
  if (!has('host')) lines.push('Host: localhost')
  if (bytes.length > 0 && !has('content-length') && !has('transfer-encoding'))
    lines.push(`Content-Length: ${bytes.length}`)
  for (const [name, value] of headers) lines.push(`${name}: ${value}`)
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), bytes])
}

/** A body in chunks, the last one included. */
export function chunked(...parts: (string | Buffer)[]): Buffer {
  const pieces = parts.flatMap((part) => {
    const bytes = typeof part === 'string' ? Buffer.from(part, 'latin1') : part
    return [Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')]
  })
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')])
}

function answer(
  head: Interim & { version: string; reason: string },
  interim: readonly Interim[],
  body: { framing: Response['framing']; body: Buffer; chunks: number[] },
): Response {
  const all = (name: string) =>
    head.headers.filter(([given]) => given.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
  return {
    ...head,
    ...body,
    interim,
    get text() {
      return body.body.toString('utf8')
    },
    all,
    header(name) {
      const values = all(name)
      if (values.length > 1) throw new Error(`there are ${values.length} ${name} fields`)
      return values[0] ?? null
    },
  }
}
