import type { FaultCode } from '../../faults/table.ts'

/** Bytes as base64. */
export type Base64 = string

/** Times are milliseconds since the first byte of the request came, with fractions. */
export type AtMs = number

/** One line of the list. */
export interface JourneySummary {
  /** 1, 2, … in the order they came. */
  readonly number: number
  readonly requestId: string
  /** ISO 8601, UTC. */
  readonly cameAt: string
  /** '' where no head could be read. */
  readonly method: string
  readonly target: string
  /** 0 before the answer. */
  readonly status: number
  /** `running`: not over. `refused`: its bytes were not taken. `failed`: it got an error page of ours. `left`: the client did not wait. */
  readonly state: 'running' | 'done' | 'refused' | 'failed' | 'left'
  readonly fault: FaultCode | null
  /** Null while it goes on. */
  readonly tookMs: number | null
  readonly bytesIn: number
  readonly bytesOut: number
  /** The number of the request that this one repeats. */
  readonly replayOf: number | null
}

/** All that is known of one request's way through the server. What has not happened (yet) is null, or empty. */
export interface Journey extends JourneySummary {
  readonly connection: {
    readonly number: number
    /** 1: the first request on it. */
    readonly requestNumber: number
    readonly client: string
    readonly isSecure: boolean
    /** The URL that was listened at. */
    readonly listener: string
  }
  readonly bytes: RecordedBytes
  readonly parse: ParseRecord
  readonly decisions: readonly Decision[]
  readonly dispatch: DispatchRecord | null
  readonly worker: WorkerRecord | null
  readonly environ: readonly EnvironEntry[]
  readonly call: CallRecord | null
  readonly answer: RecordedBytes
  /** How the end of the body is told: by Content-Length, by chunks, by the connection's end; null: no answer, or none with a body. */
  readonly answerFraming: 'none' | 'length' | 'chunked' | 'close' | null
  /** In order: what a bar of times is drawn from. */
  readonly marks: readonly Mark[]
}

/** Bytes on the line, cut where they came (or left) apart. */
export interface RecordedBytes {
  readonly pieces: readonly { readonly atMs: AtMs; readonly bytes: Base64 }[]
  /** Bytes that were not kept. */
  readonly dropped: number
}

export interface ParseRecord {
  /** Null: it could not be read. */
  readonly head: {
    readonly method: string
    readonly target: string
    readonly version: '1.0' | '1.1'
    /** As sent: names in lower case. */
    readonly fields: readonly { readonly name: string; readonly value: string }[]
    /** So many bytes of `bytes` are the head, with its empty line. */
    readonly byteLength: number
  } | null
  readonly bodyFraming: 'none' | 'length' | 'chunked'
  readonly refusal: Refusal | null
}

export interface Refusal {
  readonly code: FaultCode
  readonly says: string
  readonly hint: string
  /** "RFC 9112 §5.1": what asks for it. */
  readonly rule: string
  /** The offset of the byte at which it was decided; null: not one byte's fault. */
  readonly atByte: number | null
}

/** Something that was found out or decided on the way. */
export interface Decision {
  readonly stage: 'listen' | 'parse' | 'route' | 'dispatch' | 'worker' | 'respond'
  /** "True client", "Body limit", … */
  readonly what: string
  readonly result: string
  /** The setting or rule behind it; '' for none. */
  readonly because: string
}

export interface DispatchRecord {
  readonly queuedAtMs: AtMs
  /** Null: it still waits. */
  readonly sentAtMs: AtMs | null
  /** How many waited before it. */
  readonly waitingBefore: number
}

export interface WorkerRecord {
  readonly number: number
  readonly pid: number
  /** Name of the thread that ran it; '' where it isn't known. */
  readonly thread: string
  readonly python: string
}

export interface EnvironEntry {
  readonly key: string
  /** repr() of the value, secrets masked. */
  readonly value: string
  /** "the request line", "field user-agent", "the connection", "the server" … */
  readonly from: string
  /** "PEP 3333, environ Variables", "RFC 3875 §4.1.13": what asks for it. */
  readonly rule: string
}

export interface CallRecord {
  /** The application, "module:attribute". */
  readonly application: string
  readonly beganAtMs: AtMs
  readonly startResponses: readonly {
    readonly atMs: AtMs
    readonly status: string
    readonly headers: readonly (readonly [name: string, value: string])[]
    readonly hasExcInfo: boolean
  }[]
  /** Null: it has not returned. */
  readonly returnedAtMs: AtMs | null
  /** Type of what it returned: "list", "generator", "werkzeug.wsgi.ClosingIterator" … */
  readonly returned: string
  readonly chunks: readonly {
    readonly atMs: AtMs
    readonly size: number
    /** The first bytes of it. */
    readonly start: Base64
    readonly by: 'iterable' | 'write'
  }[]
  readonly droppedChunks: number
  /** Lines that it printed on standard output and error, the first of them. */
  readonly printed: readonly { readonly atMs: AtMs; readonly text: string }[]
  /** Null: it was not closed (there is no close()), or not yet. */
  readonly closedAtMs: AtMs | null
  /** Text of the traceback, runs of library frames folded; '': none. */
  readonly raised: string
}

export interface Mark {
  readonly stage: Decision['stage'] | 'application'
  /** "head read", "waits", "called" … */
  readonly what: string
  readonly atMs: AtMs
}
