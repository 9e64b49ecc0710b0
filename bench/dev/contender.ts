import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { get } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { DJANGO, FLASK, type Project, save, writeProject } from './projects.ts'

const LIMIT_MS = 30_000
/** Whoever works would not notice more. */
const LOOK_EVERY_MS = 3

export interface Command {
  readonly name: string
  readonly project: Project
  readonly argv: (port: number) => readonly string[]
}

/** A development server that runs, with a copy of its application of its own. */
export class Contender {
  readonly command: Command
  readonly timesMs: number[] = []
  readonly #folder: string
  readonly #port: number
  readonly #child: ChildProcess
  #saves = 0
  #said = ''

  private constructor(command: Command, folder: string, port: number) {
    const [file = '', ...argv] = command.argv(port)
    this.command = command
    this.#folder = folder
    this.#port = port
    this.#child = spawn(file, argv, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.setEncoding('utf8').on('data', (text) => {
        this.#said = (this.#said + text).slice(-2000)
      })
  }

  static async start(command: Command, folder: string): Promise<Contender> {
    mkdirSync(folder, { recursive: true })
    writeProject(command.project, folder)
    const contender = new Contender(command, folder, await freePort())
    await contender.#until('first')
    return contender
  }

  /** Milliseconds from saving a module to an answer by it. */
  async saved(): Promise<number> {
    const version = `v${1000 + ++this.#saves}`
    const begunMs = performance.now()
    save(this.command.project, this.#folder, version)
    await this.#until(version)
    return performance.now() - begunMs
  }

  /** It has a group of its own: what it started ends with it. */
  stop(): void {
    if (this.#child.exitCode === null) process.kill(-this.#child.pid!, 'SIGKILL')
  }

  async #until(version: string): Promise<void> {
    const endMs = performance.now() + LIMIT_MS
    for (;;) {
      const text = await this.#answer()
      if (text?.includes(version)) return
      if (performance.now() > endMs || this.#child.exitCode !== null)
        throw new Error(`${this.command.name} does not answer ${version}: ${text ?? 'nothing'}\n${this.#said}`)
      await sleep(LOOK_EVERY_MS)
    }
  }

  /** By a connection of its own; null while nobody listens. */
  #answer(): Promise<string | null> {
    return new Promise((resolve) => {
      const ask = { host: '127.0.0.1', port: this.#port, path: '/', agent: false, timeout: LIMIT_MS }
      const request = get(ask, (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (more: string) => {
          text += more
        })
        answer.on('end', () => resolve(text)).on('error', () => resolve(null))
      })
      request.on('error', () => resolve(null)).on('timeout', () => request.destroy())
    })
  }
}

const FLASK_APP = {
  project: FLASK,
  app: 'shop:create_app()',
  own: {
    name: 'flask run --debug',
    argv: (bin: string, _python: string, port: number) => [
      join(bin, 'flask'),
      '--app',
      'shop:create_app',
      'run',
      '--debug',
      '--port',
      `${port}`,
    ],
  },
}

const DJANGO_APP = {
  project: DJANGO,
  app: 'manage.py',
  own: {
    name: 'manage.py runserver',
    argv: (_bin: string, python: string, port: number) => [python, 'manage.py', 'runserver', `127.0.0.1:${port}`],
  },
}

export function commandsOf(python: string, bin: string, dram: string): Command[] {
  return [FLASK_APP, DJANGO_APP].flatMap(({ project, app, own }) => [
    {
      name: 'dram dev',
      project,
      argv: (port: number) => [process.execPath, dram, 'dev', app, '--python', python, '--bind', `127.0.0.1:${port}`],
    },
    { name: own.name, project, argv: (port: number) => own.argv(bin, python, port) },
  ])
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
