import type { DeskAnswer } from '../../server/bystander.ts'
import { event, eventStream } from '../answers.ts'

/**
 * A browser opens six connections to one address, for all its tabs; so many of them may stand open for events. The one
 * that has listened longest rests then, until its tab is looked at again.
 */
const MOST_LISTENERS = 4

const BEAT = Buffer.from(':\n\n')

/** What a tab is told. */
export type Told =
  /** The first thing it hears. */
  | { readonly kind: 'hello'; readonly version: string }
  /** Other pages are served now. */
  | { readonly kind: 'reload'; readonly version: string }
  /** Nothing else has changed than these style sheets and images, named without folders. `stamp`: unlike any before. */
  | {
      readonly kind: 'swap'
      readonly version: string
      readonly stamp: string
      readonly styles: readonly string[]
      readonly images: readonly string[]
    }
  /** It is to come again when it is looked at. */
  | { readonly kind: 'rest' }

/** The tabs that wait for a change. */
export class Listeners {
  /** In the order in which they came. */
  readonly #open = new Set<DeskAnswer>()
  #isOver = false

  get count(): number {
    return this.#open.size
  }

  add(answer: DeskAnswer, hello: Told): void {
    answer.begun(eventStream())
    if (this.#isOver) return answer.ended()
    const [oldest] = this.#open
    if (oldest !== undefined && this.#open.size >= MOST_LISTENERS) this.#letGo(oldest, { kind: 'rest' })
    this.#open.add(answer)
    answer.onLeft = () => this.#open.delete(answer)
    answer.piece(lines(hello))
  }

  tell(told: Told): void {
    const bytes = lines(told)
    for (const answer of this.#open) answer.piece(bytes)
  }

  /** Nothing has happened: what is written shows which of them are gone. */
  beat(): void {
    for (const answer of this.#open) answer.piece(BEAT)
  }

  /** None is left, and none taken any more. */
  end(): void {
    this.#isOver = true
    for (const answer of this.#open) this.#letGo(answer)
  }

  #letGo(answer: DeskAnswer, last?: Told): void {
    this.#open.delete(answer)
    if (last !== undefined) answer.piece(lines(last))
    answer.ended()
  }
}

function lines({ kind, ...data }: Told): Buffer {
  return event(kind, data)
}
