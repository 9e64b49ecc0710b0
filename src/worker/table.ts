import { readFileSync } from 'node:fs'

/** The wire's table, the same file the Python side reads (wire/README.md says what it means). */
export const WIRE: {
  readonly version: number
  readonly headerBytes: number
  readonly front: Readonly<Record<FrontFrame, number>>
  readonly worker: Readonly<Record<WorkerFrame, number>>
  readonly flags: {
    readonly REQUEST: Readonly<Record<'HTTP10' | 'PATH' | 'BODY_FILE' | 'BODY_STREAM' | 'BODY_LENGTH', number>>
    readonly BODY: Readonly<Record<'LAST' | 'BROKEN', number>>
    readonly HEAD: Readonly<Record<'LAST' | 'LENGTH' | 'CLOSE' | 'DATE' | 'SERVER', number>>
    readonly END: Readonly<Record<'SHORT', number>>
    readonly ERROR: Readonly<Record<'STARTED', number>>
    readonly LEAVING: Readonly<Record<'FAST', number>>
  }
  readonly page: Readonly<
    Record<
      | 'magic'
      | 'threads'
      | 'threadWords'
      | 'mostThreads'
      | 'frontShift'
      | 'sections'
      | 'sectionWords'
      | 'entered'
      | 'flags'
      | 'flagWords'
      | 'HALF_CLOSED'
      | 'CANCELLED',
      number
    >
  >
  readonly signals: Readonly<Record<'DUMP', number>>
  readonly logLevels: readonly string[]
} = JSON.parse(readFileSync(new URL('../../../wire/frames.json', import.meta.url), 'utf8'))

type FrontFrame =
  | 'HELLO'
  | 'REQUEST'
  | 'BODY'
  | 'CANCEL'
  | 'CREDIT'
  | 'OPENED'
  | 'REFUSED'
  | 'RECALL'
  | 'STOP'
  | 'PING'
  | 'STACKS'
  | 'INTERRUPT'
  | 'METRICS'

type WorkerFrame =
  | 'READY'
  | 'UNREADY'
  | 'HEAD'
  | 'DATA'
  | 'FILE'
  | 'END'
  | 'ERROR'
  | 'GRANT'
  | 'DISCARD'
  | 'RETURNED'
  | 'EARLY_HINTS'
  | 'LOG'
  | 'PONG'
  | 'STACKS'
  | 'METRICS'
  | 'LEAVING'
  | 'TRACE'
