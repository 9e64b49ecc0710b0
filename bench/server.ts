import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { Agent } from 'node:http'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  cpuSeconds,
  executableOf,
  type ProcessRow,
  processesMarked,
  pssBytes,
  rssBytes,
  sendSignal,
} from '../tools/processes.ts'
import { ask } from './load/ask.ts'
import { type Configuration, type Folders, PEERS, type PeerName } from './peers.ts'
import type { Scenario } from './scenarios.ts'

const START_LIMIT_MS = 20_000
const STOP_LIMIT_MS = 5_000
/** A refused connection costs some 0.1 ms of a core that the server may want. */
const LOOK_EVERY_MS = 4
const MIB = 1024 * 1024
const LARGE_BYTES = 512 * 1024
const NODE = /\/node$/
/** Processes that Python's multiprocessing keeps for itself. */
const HELPER = /resource_tracker|forkserver/

/** One server that runs, with all its processes. */
export class Server {
  readonly port: number
  /** What is asked for, path included. */
  readonly url: string
  readonly #scenario: Scenario
  readonly #child: ChildProcess
  /** In the environment of every process of it: `NAME=VALUE`. */
  readonly #mark: string
  #said = ''

  private constructor(child: ChildProcess, mark: string, port: number, scenario: Scenario) {
    this.#child = child
    this.#mark = mark
    this.port = port
    this.#scenario = scenario
    this.url = `http://127.0.0.1:${port}${scenario.exchange.path}`
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
    const extra = scenario.options?.[peer] ?? []
    const command = PEERS[peer].command({ ...configuration, port, module: scenario.module, extra, folders })
    const mark = randomUUID()
    const child = spawn('taskset', ['-c', scenario.serverCores, ...command], {
      cwd: folders.apps,
      env: { ...process.env, PYTHONPATH: folders.apps, BENCH_DATA: folders.data, BENCH_SERVER: mark },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
    const server = new Server(child, `BENCH_SERVER=${mark}`, port, scenario)
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
   * Asks over as many connections at once as the load will use, and then once more over each; where much is asked for,
   * over two of them. Throws when an answer is wrong or one client has to wait for another to leave; true when
   * connections are kept.
   */
  async check(): Promise<boolean> {
    const { connections, exchange } = this.#scenario
    const lanes = Math.min(connections, isLarge(this.#scenario) ? 2 : connections)
    const agent = new Agent({ keepAlive: true, maxSockets: lanes })
    try {
      const askAll = () => Promise.all(Array.from({ length: lanes }, () => ask(this.port, exchange, agent)))
      await askAll()
      return (await askAll()).every((isReused) => isReused)
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

  /** Of the Python processes alone: dram's front isn't one. */
  get pythonPssMiB(): number {
    return this.pythons.reduce((sum, { pid }) => sum + pssBytes(pid), 0) / MIB
  }

  get pythons(): ProcessRow[] {
    return processesMarked(this.#mark).filter(({ pid }) => !NODE.test(executableOf(pid)))
  }

  /** The Python processes without children of their own. */
  get workers(): ProcessRow[] {
    const rows = this.pythons.filter(({ command }) => !HELPER.test(command))
    return rows.filter(({ pid }) => !rows.some(({ parent }) => parent === pid))
  }

  get pid(): number {
    return this.#child.pid!
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
    for (let problem: unknown; ; await sleep(LOOK_EVERY_MS)) {
      if (!this.#isRunning) throw new Error(`it ended: ${lastLine(this.#said)}`)
      if (performance.now() > deadline) throw new Error(`no answer: ${problem ?? lastLine(this.#said)}`)
      try {
        await ask(this.port, this.#scenario.exchange, new Agent())
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

function isLarge({ exchange: { bodyBytes = 0, answer } }: Scenario): boolean {
  return bodyBytes > LARGE_BYTES || ('bytes' in answer && answer.bytes > LARGE_BYTES)
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
