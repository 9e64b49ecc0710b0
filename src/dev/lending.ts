import { createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'

/** Whose terminal it is. */
export interface Lender {
  /** Why there is none to lend; null: there is one. */
  readonly refusal: string | null
  /** Resolves once nobody here reads from it, or writes to it. */
  lend(): Promise<void>
  /** `isAsItWas`: whoever had it has left it so; else it has died with it. */
  takeBack(isAsItWas: boolean): Promise<void>
}

const GRANTED = '+'
const GIVEN_BACK = '.'

/**
 * Lends the terminal to workers that stop in a debugger (python/dram/dev/terminal.py), to one at a time, in their order.
 * A loan is a connection on a socket in the runtime folder: it ends with the worker, however that ends.
 */
export class Lending {
  readonly #lender: Lender
  readonly #waiting: Loan[] = []
  #server: Server | null = null
  #current: Loan | null = null
  #lending: Promise<void> | null = null

  constructor(lender: Lender) {
    this.#lender = lender
  }

  get isLent(): boolean {
    return this.#lending !== null
  }

  /** Resolves once nobody has it. */
  async free(): Promise<void> {
    while (this.#lending !== null) await this.#lending
  }

  /** @param folder the runtime folder */
  async open(folder: string): Promise<void> {
    const server = createServer((socket) => this.#asked(new Loan(socket)))
    this.#server = server
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(join(folder, 'terminal'), resolve)
    })
  }

  async close(): Promise<void> {
    this.#server?.close()
    for (const loan of this.#waiting.splice(0)) loan.end()
    this.#current?.end()
    await this.#lending
  }

  #asked(loan: Loan): void {
    const { refusal } = this.#lender
    if (refusal !== null) return loan.refuse(refusal)
    this.#waiting.push(loan)
    this.#lending ??= this.#lendAll().finally(() => {
      this.#lending = null
    })
  }

  async #lendAll(): Promise<void> {
    for (let loan = this.#waiting.shift(); loan !== undefined; loan = this.#waiting.shift()) {
      if (loan.isOver) continue
      this.#current = loan
      await this.#lender.lend()
      loan.grant()
      await loan.over
      this.#current = null
      await this.#lender.takeBack(loan.isGivenBack)
    }
  }
}

/** One worker that asks for it, has it, or has had it. */
class Loan {
  readonly over: Promise<void>
  isOver = false
  isGivenBack = false
  readonly #socket: Socket

  constructor(socket: Socket) {
    this.#socket = socket
    socket.setEncoding('utf8').on('data', (text: string) => {
      this.isGivenBack = text.includes(GIVEN_BACK)
    })
    socket.on('error', () => {}) // the worker is gone, which its end tells
    this.over = new Promise((resolve) => {
      socket.once('close', () => {
        this.isOver = true
        resolve()
      })
    })
  }

  grant(): void {
    this.#socket.write(GRANTED)
  }

  refuse(why: string): void {
    this.#socket.end(why)
  }

  end(): void {
    this.#socket.destroy()
  }
}
