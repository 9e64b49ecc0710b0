import type { AnswerHead } from '../../../src/events/answer.ts'
import type { Asker, HandedOver, WorkerFacts } from '../../../src/events/worker.ts'
import type { Fault } from '../../../src/faults/fault.ts'
import type { LinkOwner } from '../../../src/worker/link.ts'
import { within } from '../../kit/wait.ts'

/** Writes down what it is told, one array a call: the name, then the facts. */
export class Recorder implements Asker {
  readonly name: string
  readonly told: unknown[][] = []

  constructor(name = '') {
    this.name = name
  }

  whole(head: AnswerHead, bytes: Buffer, start: number, end: number): void {
    this.told.push(['whole', head, bytes.latin1Slice(start, end)])
  }

  begun(head: AnswerHead): void {
    this.told.push(['begun', head])
  }

  piece(bytes: Buffer): void {
    this.told.push(['piece', bytes.toString('latin1')])
  }

  file(file: HandedOver): void {
    this.told.push(['file', file])
  }

  ended(short: boolean): void {
    this.told.push(['ended', short])
  }

  earlyHints(lines: string): void {
    this.told.push(['earlyHints', lines])
  }

  failed(fault: Fault): void {
    this.told.push(['failed', fault.code, fault.message])
  }

  traced(text: string): void {
    this.told.push(['traced', text])
  }

  granted(bytes: number): void {
    this.told.push(['granted', bytes])
  }

  discarded(): void {
    this.told.push(['discarded'])
  }

  /** The pieces of the body joined, and the names of the other calls. */
  get body(): string {
    return this.told
      .filter(([what]) => what === 'piece')
      .map(([, text]) => text)
      .join('')
  }

  get names(): unknown[] {
    return this.told.map(([what]) => what)
  }
}

/** The owner of a link, writing down. */
export class OwnerRecorder implements LinkOwner<Recorder> {
  readonly told: unknown[][] = []
  #wake: (() => void)[] = []

  ready(facts: WorkerFacts): void {
    this.#note('ready', facts)
  }

  unready(fault: Fault): void {
    this.#note('unready', fault.code, fault.message, fault.hint)
  }

  begun(asker: Recorder): void {
    this.#note('begun', asker.name)
  }

  finished(asker: Recorder, serviceMicros: number): void {
    this.#note('finished', asker.name, serviceMicros)
  }

  returned(askers: Recorder[]): void {
    this.#note('returned', askers.map(({ name }) => name).join())
  }

  log(asker: Recorder | null, level: string, text: string): void {
    this.#note('log', asker?.name ?? null, level, text)
  }

  leaving(isFast: boolean): void {
    this.told.push(['leaving', isFast])
  }

  bug(error: unknown, asker: Recorder | null): void {
    this.#note('bug', String(error), asker?.name ?? null)
  }

  batchEnd(): void {
    this.#tell()
  }

  closed(why: string): void {
    this.#note('closed', why)
  }

  /** All calls of that name. */
  all(name: string): unknown[][] {
    return this.told.filter(([what]) => what === name)
  }

  async until(done: () => boolean, what: string): Promise<void> {
    while (!done()) await within(new Promise<void>((resolve) => this.#wake.push(resolve)), what)
  }

  #note(...facts: unknown[]): void {
    this.told.push(facts)
    this.#tell()
  }

  #tell(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}
