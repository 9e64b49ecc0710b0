import type { AnswerHead } from '../events/answer.ts'

/** The header line that carries the request id back to the client. */
export class RequestIdLine {
  readonly #name: string
  readonly #set: RegExp
  /** Applications repeat themselves: the head that was looked at last, and what was found. */
  #lastHead = ''
  #lastSets = false

  /** `name`: the header's; '' for none. */
  constructor(name: string) {
    this.#name = name
    this.#set = new RegExp(`\\r\\n${name.replace(/[.*+^$|]/g, '\\$&')}:`, 'i')
  }

  /** '' where the application set the header itself. `id`: visible ASCII. */
  for(answer: Pick<AnswerHead, 'head'>, id: string): string {
    return this.#name === '' || this.#isSetIn(answer.head) ? '' : `${this.#name}: ${id}\r\n`
  }

  #isSetIn(head: string): boolean {
    if (head === this.#lastHead) return this.#lastSets
    this.#lastHead = head
    this.#lastSets = this.#set.test(head)
    return this.#lastSets
  }
}
