import type { AnswerHead } from '../events/answer.ts'
import type { DeskAnswer, OwnAnswer } from './bystander.ts'

/** The way back from a desk: an exchange, which takes the same from a worker. */
export interface DeskClient {
  whole(head: AnswerHead, bytes: Buffer, start: number, end: number): void
  begun(head: AnswerHead): void
  piece(bytes: Buffer): void
  ended(short: boolean): void
  readonly waitingBytes: number
  /** One of these has thrown. */
  blundered(error: unknown): void
}

/** One request at a desk. What is said after its end is dropped; what goes wrong harms no one but this request. */
export class AtDesk implements DeskAnswer {
  onLeft = (): void => {}
  readonly #client: DeskClient
  #isOver = false

  constructor(client: DeskClient) {
    this.#client = client
  }

  get waitingBytes(): number {
    return this.#client.waitingBytes
  }

  whole({ head, body }: OwnAnswer): void {
    this.#last(() => this.#client.whole(head, body, 0, body.length))
  }

  begun(head: AnswerHead): void {
    if (!this.#isOver) this.#attempt(() => this.#client.begun(head))
  }

  piece(bytes: Buffer): void {
    if (!this.#isOver) this.#attempt(() => this.#client.piece(bytes))
  }

  ended(): void {
    this.#last(() => this.#client.ended(false))
  }

  /** The client is gone. */
  left(): void {
    this.#last(() => this.onLeft())
  }

  #last(deed: () => void): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#attempt(deed)
  }

  #attempt(deed: () => void): void {
    try {
      deed()
    } catch (error) {
      this.#client.blundered(error)
    }
  }
}
