import type { HeaderBlock } from '../events/request.ts'
import type { Fault } from '../faults/fault.ts'
import { type FinishedBody, RequestBody, type RequestBodyStore } from '../spool/requestBody.ts'
import { EMPTY_BODY, type QuestionBody } from '../worker/link.ts'

/** Where the bytes of a request's body go. Views hold for the call only. */
export interface Intake {
  /** What the worker is sent with the request. */
  readonly body: QuestionBody
  /** False: read no more until `bodyRoom`. */
  write(bytes: Buffer): boolean
  /** Where the next bytes are best read to, so that `write` needn't copy them. To be asked after each `write`. */
  room(): Buffer | null
  end(): void
  /** The client left, or broke the framing, before the end. */
  broken(): void
  /** The worker takes so many more bytes. */
  granted(bytes: number): void
  /** The worker wants no more. */
  discard(): void
  dispose(): void
}

export interface IntakeOwner {
  /** The request can go to a worker. */
  bodyReady(): void
  bodyHold(): void
  bodyRoom(): void
  bodyFailed(fault: Fault): void
}

function nothing(): void {}

/** For a request without a body. */
export const NO_INTAKE: Intake = {
  body: EMPTY_BODY,
  write: () => true,
  room: () => null,
  end: nothing,
  broken: nothing,
  granted: nothing,
  discard: nothing,
  dispose: nothing,
}

/** Takes the whole body in, memory first, then disk, before a worker is bothered. */
export function bufferedIntake(store: RequestBodyStore, block: HeaderBlock, owner: IntakeOwner): Intake {
  const setsLength = block.framing === 'chunked'
  let body: QuestionBody = EMPTY_BODY
  let memory: { kind: 'memory'; bytes: Buffer | null; setsLength: boolean } | null = null
  const finish = (whole: FinishedBody) => {
    if (whole.kind === 'memory') body = memory = { kind: 'memory', bytes: whole.bytes, setsLength }
    else body = { kind: 'file', path: whole.path, setsLength }
    owner.bodyReady()
  }
  const kept = new RequestBody(store, block.contentLength, {
    onHold: () => owner.bodyHold(),
    onDrain: () => owner.bodyRoom(),
    onFinished: finish,
    onFailed: (fault) => owner.bodyFailed(fault),
  })
  return {
    get body() {
      return body
    },
    write: (bytes) => kept.write(bytes),
    room: () => kept.room(),
    end() {
      const whole = kept.finish()
      if (whole !== null) finish(whole)
    },
    broken: nothing,
    granted: nothing,
    discard: nothing,
    dispose() {
      // From here on the bytes may be another client's: who asks too late finds none.
      if (memory !== null) memory.bytes = null
      kept.dispose()
    },
  }
}

/** To the worker that runs the request: bytes of its body, or (null) its end. */
export type SendBody = (bytes: Buffer | null, last: boolean, broken: boolean) => void

/** Hands the body on as it comes, as far as the worker has asked for it; the client is held back meanwhile. */
export class StreamedIntake implements Intake {
  readonly body: QuestionBody = { kind: 'stream' }
  readonly #send: SendBody
  readonly #owner: IntakeOwner
  #granted = 0
  /** The worker has entered the request: before, it may still go to another. */
  #entered = false
  #held: Buffer[] = []
  #end: 'open' | 'last' | 'broken' = 'open'
  #over = false

  constructor(send: SendBody, owner: IntakeOwner) {
    this.#send = send
    this.#owner = owner
  }

  write(bytes: Buffer): boolean {
    if (this.#over) return true
    this.#held.push(Buffer.from(bytes))
    this.#pass()
    return this.#held.length === 0
  }

  room(): null {
    return null
  }

  end(): void {
    this.#end = 'last'
    this.#pass()
  }

  broken(): void {
    if (this.#end === 'open') this.#end = 'broken'
    this.#pass()
  }

  granted(bytes: number): void {
    this.#granted += bytes
    this.#entered = true
    this.#pass()
    if (this.#held.length === 0) this.#owner.bodyRoom()
  }

  discard(): void {
    this.dispose()
    this.#owner.bodyRoom()
  }

  dispose(): void {
    this.#over = true
    this.#held = []
  }

  #pass(): void {
    if (this.#over || !this.#entered) return
    while (this.#held.length > 0 && this.#granted > 0) {
      const bytes = this.#held[0]!
      const now = bytes.subarray(0, this.#granted)
      this.#granted -= now.length
      if (now.length === bytes.length) this.#held.shift()
      else this.#held[0] = bytes.subarray(now.length)
      this.#send(now, false, false)
    }
    if (this.#held.length > 0 || this.#end === 'open') return
    this.#over = true
    this.#send(null, true, this.#end === 'broken')
  }
}
