import type { Fault } from '../faults/fault.ts'
import type { Clock } from '../kit/clock.ts'
import type { ClientSocket } from '../listen/client.ts'
import type { RequestMeter } from '../observe/meter.ts'
import type { RequestIdLine } from '../respond/requestId.ts'
import type { StandingLines } from '../respond/standing.ts'
import type { Settings } from '../settings/registry.ts'
import type { AnswerBufferStore } from '../spool/answerBuffer.ts'
import type { BodyMemory } from '../spool/memory.ts'
import type { RequestBodyStore } from '../spool/requestBody.ts'
import type { Bystander } from './bystander.ts'
import type { ConnectionFacts, ExchangeFacts } from './facts.ts'
import type { Pool } from './pool.ts'

/** Something that gathers what is to be written in a turn of the event loop. */
export interface Flushed {
  flush(): void
}

/** What follows from the settings, and is made anew when they change. */
export interface Adopted {
  readonly settings: Settings
  readonly standing: StandingLines
  readonly idLine: RequestIdLine
  readonly bodyStore: RequestBodyStore
  readonly answerStore: AnswerBufferStore
  /** Null: no access log is kept. */
  readonly access: ((exchange: ExchangeFacts) => void) | null
}

/** What all connections of a server share. */
export interface ServerContext extends Adopted {
  readonly clock: Clock
  readonly pool: Pool
  readonly memory: BodyMemory
  /** Null: nobody counts. */
  readonly meter: RequestMeter | null
  /** Time of the last sweep, milliseconds on the clock: good enough for deadlines, and free. */
  nowMs: number
  /** Not null: what every request gets instead of the application, which can't be run. */
  standIn: Fault | null
  /** Null: nobody stands beside the requests, as always in production. */
  bystander: Bystander | null
  /** Answers say `Connection: close` from now on. */
  stopping: boolean
  /** At least one worker takes requests, and no stop is near. */
  isReady(): boolean
  newRequestId(): string
  /** What the kernel holds for this client and the client has not taken; 0 where the system doesn't tell. */
  unsentBytes(client: ClientSocket, mostRestMs: number): number | null
  /** The connection has text to flush at the end of this turn. */
  touched(connection: Flushed): void
  closed(connection: Flushed): void
  /** Something failed that an operator should know. */
  failed(exchange: ExchangeFacts, fault: Fault): void
  /** The bytes were refused, or the client was too slow. */
  refused(connection: ConnectionFacts, fault: Fault): void
  /** Its forwarding headers of these names don't count. */
  untrusted(connection: ConnectionFacts, names: readonly string[]): void
  left(exchange: ExchangeFacts): void
  /** A mistake of ours: what it hit is closed, the rest goes on. */
  bug(error: unknown): void
}
