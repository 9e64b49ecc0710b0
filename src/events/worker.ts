import type { Fault } from '../faults/fault.ts'
import type { AnswerHead } from './answer.ts'

/** Whoever waits for a worker's answer is told of it through this. Views into `bytes` hold for the call only. */
export interface Asker {
  /** The whole answer came in one piece; its body is bytes[start … end). Nothing follows. */
  whole(head: AnswerHead, bytes: Buffer, start: number, end: number): void
  /** The answer begins; pieces follow, then an end or a failure. */
  begun(head: AnswerHead): void
  piece(bytes: Buffer): void
  /** The rest of the body is in this file: `opened` or `refused` is expected of the asker. */
  file(file: HandedOver): void
  /** `short`: fewer bytes came than the application's Content-Length said. */
  ended(short: boolean): void
  earlyHints(lines: string): void
  /** What a worker that is asked to tells of the call (TRACE in wire/README.md): JSON. */
  traced(text: string): void
  /** No answer, or no more of it: the application failed, or its worker died. */
  failed(fault: Fault): void
  /** The worker takes so many more bytes of the streamed request body. */
  granted(bytes: number): void
  /** The worker wants no more of the streamed request body. */
  discarded(): void
}

/** A regular file that holds the rest of an answer's body (wire/README.md, FILE). */
export interface HandedOver {
  readonly path: string
  readonly offset: number
  readonly length: number
  readonly device: bigint
  readonly inode: bigint
}

/** What the worker said of itself once its application was loaded. */
export interface WorkerFacts {
  readonly pid: number
  readonly python: string
  readonly implementation: string
  readonly executable: string
  readonly application: string
}

/** What operators may be told of a request that runs or waits. */
export interface RequestFacts {
  readonly requestId: string
  readonly method: string
  /** The request target as it was sent, with secrets in it masked. */
  readonly target: string
  /** Address of the true client, as far as it is known; '' for a Unix socket's peer. */
  readonly client: string
  /** Milliseconds since it was begun by its worker, or while it waits, since it came to the queue. */
  readonly ageMs: number
  readonly state: 'waiting' | 'running' | 'answering'
  /** Number of its worker; null while it waits. */
  readonly worker: number | null
  /** Its header lines, names in lower case, with secrets masked. */
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** One thread of a worker, as its own control thread saw it. */
export interface ThreadStack {
  readonly name: string
  /** threading.get_ident(). */
  readonly ident: number
  /** Id of the request that it runs, as text; null: none, or unknown. */
  readonly requestId: string | null
  /** Python's own format, oldest call first: `File "x.py", line 3, in name`, and the source line below. */
  readonly stack: string
}

/** How a worker ended, as its zygote's waitpid told it. */
export type EndReason =
  | { readonly kind: 'asked' }
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signaled'; readonly signal: string }
  | { readonly kind: 'lost'; readonly why: string }

/** "signal SIGKILL", "exit code 3", … */
export function endText(reason: EndReason): string {
  switch (reason.kind) {
    case 'asked':
      return 'it was asked to end'
    case 'exited':
      return `exit code ${reason.code}`
    case 'signaled':
      return `signal ${reason.signal}`
    case 'lost':
      return reason.why
  }
}
