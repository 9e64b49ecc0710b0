import { deepEqual, equal, ok } from 'node:assert/strict'
import { type Client, ConnectionReset, type Response, request, ShortAnswer } from './client.ts'
import { atEnd, type Scope } from './ends.ts'
import type { Notes } from './gate.ts'
import { sendSignal } from './processes.ts'
import type { LiveServer } from './server.ts'
import { GUARD_MS, within } from './wait.ts'

/** One request of a load: what is sent, and what of the answer has to be so. */
export interface Asked {
  readonly bytes: Buffer
  readonly method: string
  /** Throws when a 200 is not the answer to this very request. */
  readonly check: (answer: Response) => void
}

export interface LoadOptions {
  /** Connections, each of which sends its next request when it has the answer to the one before. */
  readonly lanes?: number
  /** The next request of a lane. `id` is unique in the load: an application that notes it tells what was run. */
  readonly ask: (id: string, count: number) => Asked
  /** A connection that was closed as its answer had announced is made anew; false: that is a failure. */
  readonly mayClose?: boolean
}

/** An answer that came. */
export interface Answered {
  readonly id: string
  readonly status: number
  /** From the first byte sent to the last byte received, milliseconds. */
  readonly tookMs: number
}

export interface Failure {
  readonly id: string
  /** The connection ended or broke before the answer was whole. */
  readonly isCut: boolean
  readonly why: string
}

/** Clients that ask and ask over kept-alive connections until they are stopped, and remember everything. */
export class Load {
  readonly answers: Answered[] = []
  /** What should never be: an answer that isn't one, is another's, or didn't come at all. */
  readonly failures: Failure[] = []
  /** Answers that announced the end of their connection. */
  closed = 0
  readonly #server: LiveServer
  readonly #options: LoadOptions
  #isStopping = false
  #lanes: Promise<void>[] = []
  #wake: (() => void)[] = []

  private constructor(server: LiveServer, options: LoadOptions) {
    this.#server = server
    this.#options = options
  }

  /** Resolves when every lane is connected. */
  static async begin(scope: Scope, server: LiveServer, options: LoadOptions): Promise<Load> {
    const load = new Load(server, options)
    const clients = await Promise.all(Array.from({ length: options.lanes ?? 16 }, () => server.connect()))
    load.#lanes = clients.map((client, lane) => load.#run(lane, client))
    // A test that failed must not wait for answers that never come.
    atEnd(scope, () => {
      load.#isStopping = true
    })
    return load
  }

  /** Resolves after so many more answers (or failures). */
  async more(count: number, guardMs = GUARD_MS): Promise<void> {
    const goal = this.#done + count
    while (this.#done < goal) {
      const woken = new Promise<void>((resolve) => this.#wake.push(resolve))
      await within(woken, `${goal - this.#done} more answers of a load`, guardMs)
    }
  }

  /** Every lane finishes what it has begun. */
  async stop(guardMs = GUARD_MS): Promise<this> {
    this.#isStopping = true
    await within(Promise.all(this.#lanes), 'the last answers of a load', guardMs)
    return this
  }

  get statuses(): Record<number, number> {
    const counts: Record<number, number> = {}
    for (const { status } of this.answers) counts[status] = (counts[status] ?? 0) + 1
    return counts
  }

  idsWith(status: number): string[] {
    return this.answers.filter((answer) => answer.status === status).map(({ id }) => id)
  }

  /** Of the times of all answers; 1 is the longest. */
  quantileMs(quantile: number): number {
    const sorted = this.answers.map(({ tookMs }) => tookMs).sort((a, b) => a - b)
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? 0
  }

  get #done(): number {
    return this.answers.length + this.failures.length
  }

  async #run(lane: number, first: Client): Promise<void> {
    let client: Client | null = first
    for (let count = 0; !this.#isStopping; count++) {
      const id = `${lane}.${count}`
      try {
        client ??= await this.#server.connect()
        if (await this.#exchange(client, id, count)) continue
        this.closed++
        if (!this.#options.mayClose) throw new Error('the connection was closed, as its answer had said')
      } catch (error) {
        const isCut = error instanceof ShortAnswer || error instanceof ConnectionReset
        this.failures.push({ id, isCut, why: (error as Error).message })
      }
      client?.close()
      client = null
      this.#tell()
    }
    client?.close()
  }

  /** False: the answer says that the connection ends. */
  async #exchange(client: Client, id: string, count: number): Promise<boolean> {
    const { bytes, method, check } = this.#options.ask(id, count)
    const began = performance.now()
    await client.write(bytes)
    const answer = await client.response({ method })
    this.answers.push({ id, status: answer.status, tookMs: performance.now() - began })
    if (answer.status === 200) check(answer)
    this.#tell()
    return answer.header('connection') !== 'close'
  }

  #tell(): void {
    for (const resolve of this.#wake.splice(0)) resolve()
  }
}

/**
 * For an application with the probe's `/run`: GET and POST by turns, each noted with its id. `holdS`: how long each
 * takes, seconds.
 */
export function notedRuns(notes: Notes, holdS = 0): LoadOptions['ask'] {
  return (id, count) => {
    const method = count % 2 ? 'POST' : 'GET'
    const hold = holdS > 0 ? `&hold=${holdS}` : ''
    const bytes = request(method, `/run?name=${id}&log=${notes.path}${hold}`, [], count % 2 ? `body of ${id}` : '')
    return { bytes, method, check: (answer) => equal(answer.text, `ran ${id}`) }
  }
}

/** What an application noted: each line an id, a space, the pid that ran it. */
export function ranBy(notes: Notes): Map<string, number> {
  const ran = new Map<string, number>()
  for (const line of notes.lines()) {
    const [id = '', pid = ''] = line.split(' ')
    ok(!ran.has(id), `${id} was run twice, by ${ran.get(id)} and by ${pid}`)
    ran.set(id, Number(pid))
  }
  return ran
}

/** Not one request failed, was lost, doubled or answered with another's answer; every answer has this status. */
export function judgeFlawless(load: Load, notes: Notes, status = 200): void {
  deepEqual(load.failures, [])
  deepEqual(Object.keys(load.statuses), [String(status)], JSON.stringify(load.statuses))
  const ran = ranBy(notes)
  for (const { id } of load.answers) ok(ran.has(id), `${id} was answered and not run`)
  equal(ran.size, load.answers.length)
}

/** Five times under load: kills the worker that began a request last, and waits for the log to say so. */
export async function killRunners(server: LiveServer, load: Load, notes: Notes): Promise<Set<number>> {
  const killed = new Set<number>()
  for (let at = 0; at < 5; at++) {
    await load.more(100)
    const pid = Number(notes.lines().at(-1)!.split(' ')[1])
    killed.add(pid)
    sendSignal(pid, 'SIGKILL')
    await server.until(new RegExp(`\\b${pid}\\b.*SIGKILL`))
  }
  await load.more(100)
  return killed
}

/**
 * As above, but workers with these pids were killed: what one of them had begun may have got 502, or lost the rest of
 * its answer. Such a request ran nowhere else; one that got 200 ran once.
 */
export function judgeKilled(load: Load, notes: Notes, killed: ReadonlySet<number>): void {
  const ran = ranBy(notes)
  deepEqual(
    load.failures.filter(({ id, isCut }) => !isCut || !killed.has(ran.get(id) ?? 0)),
    [],
  )
  for (const { id, status } of load.answers) {
    const pid = ran.get(id)
    if (status === 200) ok(pid !== undefined, `${id} was answered and not run`)
    else if (status !== 502) throw new Error(`${id} got ${status}`)
    // Killed between its mark in the state page and its first line: begun, as far as anybody can know.
    else ok(pid === undefined || killed.has(pid), `${id} got 502, but was run by ${pid}, who was not killed`)
  }
  const told = new Set([...load.answers, ...load.failures].map(({ id }) => id))
  for (const id of ran.keys()) ok(told.has(id), `${id} was run and never answered`)
}
