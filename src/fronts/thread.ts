import { Worker } from 'node:worker_threads'
import type { Answers } from '../events/fronts.ts'
import type { Fault } from '../faults/fault.ts'
import type { FrontStart } from './front.ts'
import { type MessageFromFront, type MessageToFront, unpacked } from './messages.ts'

/** The key under which a thread finds what it begins with. */
export const FRONT_KEY = 'dramFront'

/** What a thread begins with: beside the bundle that this is part of, or in its folder. */
const ENTRY = new URL(
  import.meta.url.endsWith('.cjs') ? './frontThread.cjs' : '../house/frontThread.js',
  import.meta.url,
)

/** How long a front may take to answer a question. */
const PATIENCE_MS = 1_000

/** Who is told what a front says; answers go to who asked. */
export interface ThreadOwner {
  hear(front: number, message: MessageFromFront): void
  /** It died of a mistake of ours. */
  died(front: number, error: Error): void
}

/** A front in a thread, seen from the main thread. */
export class FrontThread {
  readonly front: number
  readonly listening: Promise<void>
  readonly finished: Promise<void>
  readonly #thread: Worker
  readonly #asked = new Map<number, (value: Answers[keyof Answers] | null) => void>()
  #lastQuestion = 0
  #isOver = false

  constructor(start: FrontStart, owner: ThreadOwner) {
    this.front = start.front
    const transferList = start.ports.filter((port) => port !== null)
    this.#thread = new Worker(ENTRY, {
      workerData: { [FRONT_KEY]: start },
      transferList,
      name: `dram front ${start.front}`,
    })
    let listening!: () => void
    let failed!: (fault: Fault) => void
    let finished!: () => void
    this.listening = new Promise((resolve, reject) => {
      listening = resolve
      failed = reject
    })
    this.finished = new Promise((resolve) => (finished = resolve))
    this.#thread.on('message', (message: MessageFromFront) => {
      if (message.kind === 'answer') this.#answered(message.question, message.value)
      else if (message.kind === 'listening') listening()
      else if (message.kind === 'failed') failed(unpacked(message.fault))
      else if (message.kind === 'finished') finished()
      else owner.hear(this.front, message)
    })
    this.#thread.on('error', (error) => this.#died(owner, error instanceof Error ? error : new Error(String(error))))
    this.#thread.on('exit', (code) => {
      finished()
      this.#died(owner, new Error(`front ${this.front} ended by itself (${code})`))
    })
    this.#thread.unref()
  }

  post(message: MessageToFront): void {
    this.#thread.postMessage(message)
  }

  /** Null: it is gone, or silent. */
  ask<K extends keyof Answers>(about: K, worker = 0): Promise<Answers[K] | null> {
    if (this.#isOver) return Promise.resolve(null)
    return new Promise((resolve) => {
      const question = ++this.#lastQuestion
      const timer = setTimeout(() => this.#answered(question, null), PATIENCE_MS)
      this.#asked.set(question, (value) => {
        clearTimeout(timer)
        resolve(value as Answers[K] | null)
      })
      this.post({ kind: 'ask', question, about, worker })
    })
  }

  /** It is of no use any more. */
  end(): void {
    this.#isOver = true
    this.#forget()
    void this.#thread.terminate()
  }

  #answered(question: number, value: Answers[keyof Answers] | null): void {
    this.#asked.get(question)?.(value)
    this.#asked.delete(question)
  }

  #died(owner: ThreadOwner, error: Error): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#forget()
    owner.died(this.front, error)
  }

  #forget(): void {
    for (const resolve of this.#asked.values()) resolve(null)
    this.#asked.clear()
  }
}
