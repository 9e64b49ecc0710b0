import type { AnswerHead } from '../../events/answer.ts'

/** The header lines of an answer, to be read and changed. Names in lower case; the lines that nobody changes stay as they are. */
export class Fields {
  readonly #statusLine: string
  #lines: readonly string[]

  constructor({ head }: Pick<AnswerHead, 'head'>) {
    const [statusLine = '', ...lines] = head.split('\r\n')
    this.#statusLine = statusLine
    this.#lines = lines.filter((line) => line !== '')
  }

  /** '' where there is none; several are joined by commas (RFC 9110 §5.3). */
  get(name: string): string {
    const values = this.#lines.filter((line) => nameOf(line) === name).map((line) => line.slice(name.length + 1).trim())
    return values.join(', ')
  }

  remove(...names: readonly string[]): void {
    this.#lines = this.#lines.filter((line) => !names.includes(nameOf(line)))
  }

  /** Instead of all that are named so. `name`: as it is to be written. */
  set(name: string, value: string): void {
    this.remove(name.toLowerCase())
    this.#lines = [...this.#lines, `${name}: ${value}`]
  }

  /** As AnswerHead has it. */
  get text(): string {
    return [this.#statusLine, ...this.#lines, ''].join('\r\n')
  }
}

function nameOf(line: string): string {
  return line.slice(0, line.indexOf(':')).toLowerCase()
}
