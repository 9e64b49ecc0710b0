import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'
import type { Journey } from '../../dev/inspector/journey.ts'
import { Recorder } from '../../dev/inspector/recorder.ts'
import type { Attendant, Attended, ReloadOutcome } from '../../events/attendant.ts'
import type { Fault } from '../../faults/fault.ts'
import { Http1Parser, type ParseLimits } from '../../parse/http1.ts'
import type { Bystander } from '../../server/bystander.ts'

/** Between two pieces: to be seen among the times of a request, and not to be felt. */
const SPLIT_MS = 5
/** The server lives in this process: in one turn of the event loop it accepts or reads what was sent in the one before. */
const TURNS_TO_READ = 3

/** Goes to a server that has just begun, sends it some bytes, waits until all is said, and stops it. */
export class Errand implements Attendant<Bystander> {
  readonly bystander: Bystander
  readonly dressTrace = null
  readonly showsLoads = false
  readonly #recorder = new Recorder({ isOwn: () => false })
  readonly #pieces: readonly Buffer[]
  #server: Attended | null = null
  #socket: Socket | null = null
  #gone: Promise<void> = Promise.resolve()
  #mistake: unknown = null

  /** `pieces` leave apart from each other. */
  constructor(pieces: readonly Buffer[]) {
    this.#pieces = pieces
    this.bystander = {
      deskFor: () => null,
      finish: () => null,
      faultPage: () => null,
      connected: (connected) => this.#recorder.connected(connected),
    }
  }

  /** Of the requests that the bytes held, in their order. Throws what has gone wrong on the way. */
  journeys(): Journey[] {
    if (this.#mistake !== null) throw this.#mistake
    return this.#recorder.list().flatMap(({ number }) => this.#recorder.journey(number) ?? [])
  }

  async arrive(server: Attended): Promise<void> {
    this.#server = server
  }

  diverts(): boolean {
    return false
  }

  /** @throws `fault` */
  async begin(server: Attended, fault: Fault | null): Promise<void> {
    if (fault !== null) throw fault
    this.#recorder.worker = () => server.facts
    // Not awaited: a signal is heard meanwhile.
    this.#gone = this.#go(new URL(server.addresses[0]!))
      .catch((error: unknown) => {
        this.#mistake = error
      })
      .finally(() => server.stop())
  }

  reload(): Promise<ReloadOutcome> {
    return this.#server!.load()
  }

  leave(): void {
    this.#socket?.destroy()
  }

  async end(): Promise<void> {
    await this.#gone
  }

  async #go({ hostname, port }: URL): Promise<void> {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true, allowHalfOpen: true })
    this.#socket = socket
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
    socket.on('error', () => {}) // a reset is an answer, too: the record tells of it
    socket.once('end', () => socket.end())
    socket.resume()
    const { requests, isWhole } = contentsOf(this.#pieces)
    await once(socket, 'connect')
    for (const [at, piece] of this.#pieces.entries()) {
      if (at > 0) await readApart()
      socket.write(piece)
    }
    // What a request would still need never comes: the server is not to wait for it.
    if (!isWhole) socket.end()
    const all = Array.from({ length: requests }, (_, at) => this.#recorder.over(at + 1))
    await Promise.race([closed, Promise.all(all)])
    socket.destroy()
    await closed
  }
}

/** Resolves once what was written has been read, even where the machine was too busy for that until now. */
async function readApart(): Promise<void> {
  await pause(SPLIT_MS)
  for (let turns = 0; turns < TURNS_TO_READ; turns++) await turn()
}

/** Limits are the server's to find. */
const UNLIMITED: ParseLimits = {
  maxRequestLineBytes: Number.POSITIVE_INFINITY,
  maxHeaders: Number.POSITIVE_INFINITY,
  maxHeaderLineBytes: 0,
  maxHeaderBytes: Number.POSITIVE_INFINITY,
  maxBodyBytes: Number.POSITIVE_INFINITY,
  maxTrailerBytes: Number.POSITIVE_INFINITY,
  maxChunkLineBytes: Number.POSITIVE_INFINITY,
}

/** How many requests these bytes begin, and whether the last one is whole, or broken: then nothing more is needed. */
function contentsOf(pieces: readonly Buffer[]): { readonly requests: number; readonly isWhole: boolean } {
  const parser = new Http1Parser(UNLIMITED, null)
  const heads = parser.feed(Buffer.concat(pieces)).filter(({ kind }) => kind === 'head').length
  // What is refused counts as a request, but for a body: its request was counted by its head. Waiting for one too many
  // ends with the connection, which a refusal closes.
  const isRefused = parser.state === 'refused'
  return { requests: heads + (isRefused ? 1 : 0), isWhole: isRefused || parser.state === 'idle' }
}
