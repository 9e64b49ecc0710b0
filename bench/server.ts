import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { Agent, get } from 'node:http'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { cpuSeconds, processesMarked, pssBytes, rssBytes, sendSignal } from '../tests/kit/processes.ts'
import { type Configuration, type Folders, PEERS, type PeerName } from './peers.ts'
import type { Scenario } from './scenarios.ts'

const BODY = 'Hello, world!'
const START_LIMIT_MS = 20_000
const ANSWER_LIMIT_MS = 5_000
const STOP_LIMIT_MS = 5_000
const MIB = 1024 * 1024

/** One server that runs, with all its processes. */
export class Server {
  readonly url: string
  readonly #child: ChildProcess
  /** In the environment of every process of it: `NAME=VALUE`. */
  readonly #mark: string
  #said = ''

  private constructor(child: ChildProcess, mark: string, port: number) {
    this.#child = child
    this.#mark = mark
    this.url = `http://127.0.0.1:${port}/`
    for (const stream of [child.stdout!, child.stderr!])
      stream.setEncoding('utf8').on('data', (text) => {
        this.#said = (this.#said + text).slice(-2000)
      })
  }

  /** Starts it and waits for its first right answer. Throws when it doesn't come. */
  static async start(
    peer: PeerName,
    scenario: Scenario,
    configuration: Configuration,
    folders: Folders,
  ): Promise<Server> {
    const port = await freePort()
    const command = PEERS[peer].command({ ...configuration, port, module: scenario.module, folders })
    const mark = randomUUID()
    const child = spawn('taskset', ['-c', scenario.serverCores, ...command], {
      cwd: folders.apps,
      env: { ...process.env, PYTHONPATH: folders.apps, PYTHONDONTWRITEBYTECODE: '1', BENCH_SERVER: mark },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const server = new Server(child, `BENCH_SERVER=${mark}`, port)
    running.add(server)
    try {
      await server.#answers()
      return server
    } catch (error) {
      await server.stop()
      throw error
    }
  }

  /**
   * Asks over as many connections at once as the load will use, and then once more over each.
   * Throws when an answer is wrong or one client has to wait for another to leave; true when connections are kept.
   */
  async check(connections: number): Promise<boolean> {
    const agent = new Agent({ keepAlive: true, maxSockets: connections })
    try {
      const ask = () => Promise.all(Array.from({ length: connections }, () => answer(this.url, agent)))
      await ask()
      return (await ask()).every((isReused) => isReused)
    } finally {
      agent.destroy()
    }
  }

  get cpuSeconds(): number {
    return this.#sum(cpuSeconds)
  }

  get pssMiB(): number {
    return this.#sum(pssBytes) / MIB
  }

  /** Of the process that was started: dram's front, others' master or only process. */
  get rssMiB(): number {
    return rssBytes(this.#child.pid!) / MIB
  }

  /** Asked first, ended by pid if it stays. */
  async stop(): Promise<void> {
    const ended = new Promise((done) => this.#child.once('exit', done))
    if (this.#isRunning && this.#child.kill('SIGTERM'))
      await Promise.race([ended, sleep(STOP_LIMIT_MS, undefined, { ref: false })])
    this.kill()
  }

  kill(): void {
    for (const { pid } of processesMarked(this.#mark)) sendSignal(pid, 'SIGKILL')
    running.delete(this)
  }

  get #isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  async #answers(): Promise<void> {
    const deadline = performance.now() + START_LIMIT_MS
    for (let problem: unknown; ; await sleep(50)) {
      if (!this.#isRunning) throw new Error(`it ended: ${lastLine(this.#said)}`)
      if (performance.now() > deadline) throw new Error(`no answer: ${problem ?? lastLine(this.#said)}`)
      try {
        await answer(this.url, new Agent())
        return
      } catch (error) {
        problem = error
      }
    }
  }

  #sum(of: (pid: number) => number): number {
    return processesMarked(this.#mark).reduce((sum, { pid }) => sum + of(pid), 0)
  }
}

const running = new Set<Server>()

/** For a bench that is interrupted. */
export function killAll(): void {
  for (const server of running) server.kill()
}

/** Throws when the answer isn't the application's; true when its connection had served before. */
function answer(url: string, agent: Agent): Promise<boolean> {
  return new Promise((done, fail) => {
    const request = get(url, { agent, timeout: ANSWER_LIMIT_MS }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text) => {
        body += text
      })
      response.on('error', fail).on('end', () => {
        const type = response.headers['content-type'] ?? 'no type'
        if (response.statusCode === 200 && body === BODY && type.startsWith('text/plain')) done(request.reusedSocket)
        else fail(new Error(`a wrong answer: ${response.statusCode}, ${type}, ${JSON.stringify(body.slice(0, 80))}`))
      })
    })
    // A server that closes without saying so has answered before: its connections aren't kept, that is all.
    request
      .on('error', (error) => (request.reusedSocket ? done(false) : fail(error)))
      .on('timeout', () => {
        request.destroy(new Error(`no answer within ${ANSWER_LIMIT_MS / 1000} s`))
      })
  })
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer().once('error', fail)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => done(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) || 'without a word'
}
