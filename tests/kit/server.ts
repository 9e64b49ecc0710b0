import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Address, Client, type Response, request } from './client.ts'
import { atEnd, fileScope, type Scope } from './ends.ts'
import { type ProcessRow, processesMarked, pssBytes, sendSignal } from './processes.ts'
import { eventually, GUARD_MS, within } from './wait.ts'

/** The checkout: this file runs from build/tests/kit/. */
export const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../../..')
export const DRAM = join(ROOT, 'bin/dram')
export const APPS = join(ROOT, 'tests/live/apps')

/** The interpreter this run is about; `npm test` sets it to the one of its virtual environment. */
export const PYTHON = process.env.TEST_PYTHON || 'python3'

/** TEST_FRONTS=2: every server has so many fronts, unless its test says otherwise. */
const FRONTS: Readonly<Record<string, string>> = process.env.TEST_FRONTS ? { DRAM_FRONTS: process.env.TEST_FRONTS } : {}
/** TEST_GREENLETS=20: the workers of every server run requests in so many greenlets. */
const GREENLETS: Readonly<Record<string, string>> = process.env.TEST_GREENLETS
  ? { DRAM_GREENLETS: process.env.TEST_GREENLETS }
  : {}
/** TEST_FORKS=before, TEST_FORKS=after: every fork of a worker is slow, or the report of it. */
const SLOW_FORKS = process.env.TEST_FORKS ? join(ROOT, 'tests/kit/slowForks') : ''

/** True in `npm run test:full`, once: tests that take minutes run only there. */
export const FULL = process.env.TEST_FULL === '1'
export const fullOnly = FULL ? false : 'only in npm run test:full'

export interface StartOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** false: no `--python`, so that the server chooses. */
  readonly python?: string | false
  /** Options for bash's `ulimit`, `-n 64` for instance. */
  readonly ulimit?: string
  /** false: no `--bind 127.0.0.1:0`. */
  readonly bind?: boolean
  /** true: it counts on one request at a time, or on preloading: TEST_GREENLETS passes it by. */
  readonly inThreads?: boolean
  /** Extra descriptors from 3 on. */
  readonly descriptors?: readonly number[]
  /** Its own process group, so that a signal can be sent to all of it. */
  readonly ownGroup?: boolean
  /** Runs instead of Node and bin/dram; gets the arguments. */
  readonly command?: readonly string[]
}

/** A dram that runs, or that ran. Everything it started is ended with the test. */
export class Server {
  readonly child: ChildProcess
  readonly mark: string
  /** Its standard error, line by line. */
  readonly lines: string[] = []
  #out = ''
  #partial = ''
  #wake: (() => void)[] = []
  readonly exited: Promise<Exit>
  #exit: Exit | null = null
  /** Somebody looked at how it ended, or ended it. */
  #isExpected = false

  constructor(child: ChildProcess, mark: string) {
    this.child = child
    this.mark = mark
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#out += text
      this.#tell()
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      const parts = (this.#partial + text).split('\n')
      this.#partial = parts.pop() ?? ''
      this.lines.push(...parts)
      this.#tell()
    })
    this.exited = new Promise((resolve) => {
      child.once('error', (error) => resolve(this.#ended({ code: -1, signal: String(error) })))
      // The pipes may be held open by a process that outlived the server, so `close` is not waited for.
      child.once('exit', (code, signal) => resolve(this.#ended({ code, signal })))
    })
  }

  get pid(): number {
    return this.child.pid!
  }

  get stdout(): string {
    return this.#out
  }

  get stderr(): string {
    return `${this.lines.join('\n')}\n${this.#partial}`
  }

  /** The first line of standard error, old or new, that matches. Fails at once when the server has ended without it. */
  async until(pattern: RegExp, options: { from?: number; guardMs?: number } = {}): Promise<RegExpMatchArray> {
    for (let at = options.from ?? 0; ; ) {
      for (; at < this.lines.length; at++) {
        const match = this.lines[at]!.match(pattern)
        if (match) return match
      }
      if (this.#exit && this.child.stderr?.readableEnded)
        throw new Error(`dram ended (${JSON.stringify(this.#exit)}) before it said ${pattern}:\n${this.stderr}`)
      const woken = new Promise<void>((resolve) => this.#wake.push(resolve))
      await within(woken, `${pattern}`, options.guardMs).catch((error: Error) => {
        throw new Error(`${error.message}; dram said:\n${this.stderr}`)
      })
    }
  }

  /** The same for standard output, over all of it. */
  async untilOut(pattern: RegExp): Promise<RegExpMatchArray> {
    for (;;) {
      const match = this.#out.match(pattern)
      if (match) return match
      const woken = new Promise<void>((resolve) => this.#wake.push(resolve))
      await within(woken, `${pattern} on standard output; it was:\n${this.#out}\nand on the other:\n${this.stderr}`)
    }
  }

  /** Exit code and signal; standard error is complete by then. */
  async exit(guardMs = GUARD_MS): Promise<Exit> {
    this.#isExpected = true
    const exit = await within(this.exited, 'dram to end', guardMs).catch((error: Error) => {
      throw new Error(`${error.message}; dram said:\n${this.stderr}`)
    })
    const err = this.child.stderr
    if (err && !err.readableEnded)
      await within(new Promise((resolve) => err.once('end', resolve)), 'the end of standard error', 3000).catch(
        () => {},
      )
    return exit
  }

  signal(signal: NodeJS.Signals): void {
    this.#isExpected = true
    sendSignal(this.pid, signal)
  }

  signalGroup(signal: NodeJS.Signals): void {
    sendSignal(-this.pid, signal)
  }

  /** SIGTERM, and the exit code it ended with. */
  async stop(guardMs?: number): Promise<Exit> {
    this.signal('SIGTERM')
    return this.exit(guardMs)
  }

  /** The front and everything that came from it, also what lost its parent. */
  processes(): ProcessRow[] {
    return processesMarked(this.mark)
  }

  /** Everything but the Node processes and shells: zygote, template, workers, their children. */
  pythons(): ProcessRow[] {
    return this.processes().filter((row) => row.pid !== this.pid)
  }

  /** Proportional memory of all of it, in bytes. */
  memoryBytes(): number {
    return this.processes().reduce((sum, row) => sum + pssBytes(row.pid), 0)
  }

  /** Resolves when no process of it is left. */
  async gone(guardMs = 10_000): Promise<void> {
    await this.untilProcesses(0, 'every process to be gone', guardMs)
  }

  /** Resolves when just so many processes of it are there; else fails with what is there, and what the server said. */
  async untilProcesses(count: number, what: string, guardMs?: number): Promise<void> {
    await eventually(() => this.processes().length === count, what, guardMs).catch((error: Error) => {
      const rows = this.processes().map(({ pid, parent, state, command }) => `${pid} ${parent} ${state} ${command}`)
      const table = `pid, parent, state, title:\n${rows.join('\n')}`
      throw new Error(
        `${error.message}: ${count} processes are meant to be there, not ${rows.length}; ${table}\ndram said:\n${this.stderr}`,
      )
    })
  }

  async kill(): Promise<void> {
    if (this.#exit && !this.#isExpected) process.stderr.write(`dram had ended by itself:\n${this.stderr}\n`)
    this.#isExpected = true
    const end = () => {
      const rows = this.processes()
      for (const row of rows) sendSignal(row.pid, 'SIGKILL')
      return rows.length === 0
    }
    if (this.child.pid !== undefined) await eventually(end, 'every process of a test to end')
  }

  #ended(exit: Exit): Exit {
    this.#exit = exit
    this.child.stderr?.once('end', () => this.#tell())
    this.#tell()
    return exit
  }

  #tell(): void {
    const wake = this.#wake
    this.#wake = []
    for (const resolve of wake) resolve()
  }
}

export interface Exit {
  readonly code: number | null
  readonly signal: string | null
}

/** A server that answers. */
export class LiveServer extends Server {
  host = '127.0.0.1'
  port = 0
  /** The start-up lines, up to the one that says it is ready. */
  startLines: readonly string[] = []
  readonly #clients = new Set<Client>()

  get address(): Address {
    return { host: this.host, port: this.port }
  }

  get link(): string {
    return `http://${this.host}:${this.port}`
  }

  async connect(options?: { paused?: boolean; path?: string }): Promise<Client> {
    const client = await Client.connect(options?.path ? { path: options.path } : this.address, options)
    this.#clients.add(client)
    client.socket.once('close', () => this.#clients.delete(client))
    return client
  }

  /** One request on a connection of its own. */
  async send(
    method: string,
    target: string,
    headers: readonly (readonly [string, string])[] = [],
    body: string | Buffer = '',
  ): Promise<Response> {
    const client = await this.connect()
    try {
      await client.write(request(method, target, [['Connection', 'close'], ...headers], body))
      return await client.response({ method })
    } finally {
      client.close()
    }
  }

  get(target: string, headers: readonly (readonly [string, string])[] = []): Promise<Response> {
    return this.send('GET', target, headers)
  }

  /** Bytes in, every byte out until the server closes. */
  async exchange(bytes: string | Buffer): Promise<Buffer> {
    const client = await this.connect()
    try {
      await client.write(bytes)
      return await client.rest()
    } finally {
      client.close()
    }
  }

  /** Pids that answer requests, asked over HTTP: the application must have /pid. */
  async workerPids(count: number): Promise<number[]> {
    const pids = new Set<number>()
    await eventually(async () => {
      const answers = await Promise.all(Array.from({ length: count * 4 }, () => this.get('/pid?hold=0.02')))
      for (const answer of answers) if (answer.status === 200) pids.add(Number(answer.text))
      return pids.size >= count
    }, `${count} workers to answer`)
    return [...pids]
  }

  /** The front's own Python children, oldest first; each generation has one, from which or through which all of it came. */
  zygotePids(): number[] {
    return this.processes()
      .filter((row) => row.parent === this.pid && !/keeper/.test(row.command))
      .map(({ pid }) => pid)
  }

  override async kill(): Promise<void> {
    for (const client of this.#clients) client.close()
    await super.kill()
  }
}

/** Starts dram and doesn't wait: for what is expected to fail, and for commands. */
export function run(scope: Scope, args: readonly string[], options: StartOptions = {}): Server {
  return launch(Server, scope, args, options)
}

/** Starts dram with an application and resolves when it listens and its workers are ready. */
export async function start(
  scope: Scope,
  app: string,
  args: readonly string[] = [],
  options: StartOptions = {},
): Promise<LiveServer> {
  const bind = options.bind === false ? [] : ['--bind', '127.0.0.1:0']
  const server = launch(LiveServer, scope, [...(app ? [app] : []), ...bind, ...args], options)
  if (options.bind !== false) {
    const match = await server.until(/https?:\/\/(127\.0\.0\.1):(\d+)/)
    server.port = Number(match[2])
  }
  await eventually(() => ready(server), 'the start-up lines')
  server.startLines = [...server.lines]
  return server
}

/** One server for all tests of a file. */
export async function shared(
  app: string,
  args: readonly string[] = [],
  options: StartOptions = {},
): Promise<LiveServer> {
  return start(fileScope, app, args, options)
}

function ready(server: Server): boolean {
  return server.lines.some((line) => /\bworkers? ×/.test(line))
}

function launch<T extends Server>(
  Kind: new (child: ChildProcess, mark: string) => T,
  scope: Scope,
  args: readonly string[],
  options: StartOptions,
): T {
  const mark = `TEST_MARK=${randomUUID()}`
  const python = options.python === false ? [] : ['--python', options.python ?? PYTHON]
  const serves = args[0] === undefined || !['settings', '--help', '--version', '-h'].includes(args[0])
  const argv = [...(options.command ?? [process.execPath, DRAM]), ...args, ...(serves ? python : [])]
  const [file, ...rest] = options.ulimit
    ? ['bash', '-c', `ulimit ${options.ulimit} && exec "$@"`, 'bash', ...argv]
    : argv
  const child = spawn(file!, rest, {
    cwd: options.cwd ?? APPS,
    env: {
      ...plainEnvironment(),
      ...FRONTS,
      // Another interpreter than the run's own may have no gevent.
      ...(options.inThreads || options.python !== undefined ? {} : GREENLETS),
      ...options.env,
      ...slowForks(options.env?.PYTHONPATH),
      TEST_MARK: mark.slice('TEST_MARK='.length),
    },
    stdio: ['ignore', 'pipe', 'pipe', ...(options.descriptors ?? [])],
    detached: options.ownGroup ?? false,
  })
  const server = new Kind(child, mark)
  atEnd(scope, () => server.kill())
  return server
}

function slowForks(paths?: string): Readonly<Record<string, string>> {
  if (!SLOW_FORKS) return {}
  return {
    PYTHONPATH: paths ? `${SLOW_FORKS}:${paths}` : SLOW_FORKS,
    TEST_SLOW_FORKS: process.env.TEST_FORKS ?? '',
  }
}

/** The environment without what changes a server's settings or its interpreter. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const skip = /^(DRAM_.*|PORT|WEB_CONCURRENCY|VIRTUAL_ENV|PYTHON.*|npm_.*|NODE_OPTIONS|NODE_TEST_CONTEXT|TEST_.*)$/
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !skip.test(name)))
}

/** A folder of the test's own, with these files in it. */
export function folder(scope: Scope, files: Readonly<Record<string, string>> = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'dram-test-'))
  atEnd(scope, () => rmSync(path, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text)
  return path
}
