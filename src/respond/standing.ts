import type { AnswerHead } from '../events/answer.ts'

export interface StandingSettings {
  /** Value of the Server header; '' leaves it out. */
  readonly server: string
  /** Whether answers get a Date. */
  readonly date: boolean
}

/** The header lines of our own that are the same for every answer within one second: Server and Date. */
export class StandingLines {
  readonly #server: string
  readonly #withDate: boolean
  #second = -1
  #date = ''
  #both = ''

  constructor(settings: StandingSettings) {
    this.#server = settings.server === '' ? '' : `Server: ${settings.server}\r\n`
    this.#withDate = settings.date
  }

  /** The lines the application's own headers leave to us. `wallMs`: milliseconds since 1970, as `Date.now()`. */
  for(answer: Pick<AnswerHead, 'hasDate' | 'hasServer'>, wallMs: number): string {
    const second = Math.floor(wallMs / 1000)
    if (second !== this.#second) this.#turn(second)
    if (!answer.hasDate && !answer.hasServer) return this.#both
    return (answer.hasServer ? '' : this.#server) + (answer.hasDate ? '' : this.#date)
  }

  #turn(second: number): void {
    this.#second = second
    // RFC 9110 §5.6.7: IMF-fixdate, which is what toUTCString() writes.
    this.#date = this.#withDate ? `Date: ${new Date(second * 1000).toUTCString()}\r\n` : ''
    this.#both = this.#server + this.#date
  }
}
