import { closeSync, constants, openSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { Deferred } from '../../supervisor/deferred.ts'
import { Interpreter, type Unconfigured } from '../../supervisor/interpreter.ts'

/** What a start has shown of an application's packages (python/dram/imports.py). */
export interface Packages {
  /** Installed top-level packages that it has imported, in their order. */
  readonly packages: readonly string[]
  /** Packages that were warm → why a cold start might have gone another way. */
  readonly strays: Readonly<Record<string, string>>
  /** What the titles of the server's processes begin with. */
  readonly title: string
  readonly chdir: string | null
  readonly pythonpath: readonly string[]
  /** Folders of sys.path that are the application's. */
  readonly beside: readonly string[]
}

/** What a warm zygote begins with. */
export interface Begun {
  /** Tells its files in the runtime folder from those of others. */
  readonly number: number
  /** The runtime folder. */
  readonly folder: string
  readonly python: string
  readonly environment: Readonly<Record<string, string>>
  readonly known: Packages
  /** To be tried, and imported, in this order. */
  readonly packages: readonly string[]
}

type Told =
  | { event: 'begun' }
  | { event: 'warm'; packages: string[]; refused: Record<string, string> }
  | { event: 'forked'; worker: number; pid: number }
  | { event: 'checked'; worker: number; changed: string | null }
  | { event: 'exited'; worker: number; code: number | null; signal: number | null }

export interface WarmZygoteOwner {
  /** It has imported what may be imported; `refused`: names of packages → why they never are. */
  warm(refused: Readonly<Record<string, string>>): void
  ended(): void
}

/** A Python process that has imported an application's packages, and forks zygotes (python/dram/warm.py). */
export class WarmZygote {
  /** It has imported what may be. */
  isWarm = false
  isAlive = true
  readonly #interpreter: Interpreter
  readonly #owner: WarmZygoteOwner
  readonly #socketPath: string
  readonly #lifelinePath: string
  #lifeline = -1
  #held = ''
  #last = 0
  readonly #zygotes = new Map<number, BornZygote>()
  /** What changed since the packages were imported, of the zygote that was forked last. */
  #checked = new Deferred<string | null>()

  constructor({ number, folder, python, environment, known, packages }: Begun, owner: WarmZygoteOwner) {
    this.#owner = owner
    this.#socketPath = `${folder}/warm-${number}.sock`
    this.#lifelinePath = `${folder}/lifeline-warm-${number}`
    this.#interpreter = new Interpreter(python, environment)
    this.#interpreter.onEnd(() => this.#end())
    for (const stream of this.#interpreter.outputs) stream.resume() // what its zygotes say there, no one needs
    this.#interpreter.pipe.setEncoding('utf8').on('data', (text: string) => this.#read(text))
    const { title, chdir, pythonpath, beside } = known
    this.#tell({
      cmd: 'warm',
      socket: this.#socketPath,
      lifeline: this.#lifelinePath,
      title,
      env: environment,
      packages,
      chdir,
      pythonpath,
      beside,
    })
  }

  /** A zygote with the packages in it. */
  fork(): Unconfigured {
    const number = ++this.#last
    this.#checked = new Deferred()
    const zygote = new BornZygote(connect(this.#socketPath), (pid) => {
      if (this.isAlive) this.#tell({ cmd: 'kill', pid, signal: 9 })
    })
    this.#zygotes.set(number, zygote)
    this.#tell({ cmd: 'fork', worker: number })
    return zygote
  }

  /** A file that was changed since it was imported, null if none; of the last fork. */
  async changed(): Promise<string | null> {
    return this.isAlive ? this.#checked.promise : 'the warm zygote has ended'
  }

  /** No more zygotes are asked of it: it ends after the last of those that there are. */
  retire(): void {
    this.#tell({ cmd: 'stop' })
  }

  /** Ends at once; zygotes live by their own lifelines. */
  kill(): void {
    this.#interpreter.kill()
  }

  #tell(command: Readonly<Record<string, unknown>>): void {
    const { pipe } = this.#interpreter
    if (pipe.writable) pipe.write(`${JSON.stringify(command)}\n`)
  }

  #read(text: string): void {
    const lines = (this.#held + text).split('\n')
    this.#held = lines.pop() ?? ''
    for (const line of lines) this.#hear(JSON.parse(line) as Told)
  }

  #hear(told: Told): void {
    switch (told.event) {
      case 'begun':
        return this.#hold()
      case 'warm':
        this.isWarm = true
        return this.#owner.warm(told.refused)
      case 'forked':
        return this.#zygotes.get(told.worker)?.forked(told.pid)
      case 'checked':
        return this.#checked.resolve(told.changed)
      case 'exited': {
        const { worker, code, signal } = told
        this.#zygotes.get(worker)?.ended(signal === null ? `exit code ${code}` : `signal ${signal}`)
        this.#zygotes.delete(worker)
      }
    }
  }

  /** It lives as long as we do. */
  #hold(): void {
    try {
      this.#lifeline = openSync(this.#lifelinePath, constants.O_RDWR)
    } catch {
      return this.kill() // no room for another descriptor: starts are cold, then
    }
    this.#tell({ cmd: 'lifeline' })
  }

  #end(): void {
    this.isAlive = false
    if (this.#lifeline >= 0) closeSync(this.#lifeline)
    this.#lifeline = -1
    for (const path of [this.#lifelinePath, this.#socketPath]) rmSync(path, { force: true })
    this.#checked.resolve('the warm zygote has ended')
    this.#owner.ended()
  }
}

/** A zygote that was forked, and what an interpreter of its own would be. */
class BornZygote implements Unconfigured {
  readonly pipe: Socket
  readonly outputs = []
  pid = -1
  readonly #kill: (pid: number) => void
  #isOver: string | null = null
  #heard: ((why: string) => void) | null = null
  #isKilled = false

  constructor(pipe: Socket, kill: (pid: number) => void) {
    this.pipe = pipe
    this.#kill = kill
    pipe.on('error', () => {}) // its end follows
    pipe.on('close', () => this.ended('it hung up'))
  }

  onEnd(heard: (why: string) => void): void {
    this.#heard = heard
    if (this.#isOver !== null) process.nextTick(heard, this.#isOver)
  }

  kill(): void {
    this.#isKilled = true
    if (this.pid > 0 && this.#isOver === null) this.#kill(this.pid)
    this.pipe.end() // which ends it as well
  }

  forked(pid: number): void {
    this.pid = pid
    if (this.#isKilled) this.kill()
  }

  ended(why: string): void {
    if (this.#isOver !== null) return
    this.#isOver = why
    this.pipe.destroy()
    this.#heard?.(why)
  }
}
