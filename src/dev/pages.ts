import type { Desk, DeskAnswer, DeskQuestion } from '../server/bystander.ts'
import type { ExchangeFacts } from '../server/facts.ts'
import { page } from './answers.ts'
import type { Guard, Need } from './guard.ts'

/** Below it all pages of ours are, beside those of the health paths. */
export const PREFIX = '/-/'

/** One page, or those below one path. */
export interface OwnPage {
  readonly method: 'GET' | 'POST'
  /** "/-/dev/events"; with `/` at its end: all that begins so, and has no page with a longer path. */
  readonly path: string
  readonly need: Need
  /** Its answer has no end: it can't be asked for by HEAD. */
  readonly isStream?: boolean
  answer(asked: PageRequest, answer: DeskAnswer): void
}

export interface PageRequest extends DeskQuestion {
  readonly url: URL
}

/** The pages that `dram dev` has on the application's own address. */
export class Pages {
  readonly #guard: Guard
  readonly #pages: OwnPage[] = []

  constructor(guard: Guard) {
    this.#guard = guard
  }

  add(...pages: readonly OwnPage[]): void {
    this.#pages.push(...pages)
  }

  /**
   * Null: it is for the application, as all is that no page of ours is asked for. Who may not have one gets the plain
   * 404 that an address without a page would give: nothing of ours shows to strangers.
   */
  deskFor(request: ExchangeFacts): Desk | null {
    const { head } = request
    const target = head?.origin ?? head?.target ?? ''
    if (head === null || !target.startsWith(PREFIX)) return null
    const url = new URL(target, 'http://localhost')
    const those = this.#pagesAt(url.pathname)
    if (those.length === 0 || !this.#guard.admits(request, 'local')) return null
    const isHead = head.method === 'HEAD'
    const method = isHead ? 'GET' : head.method
    const wanted = those.find((one) => one.method === method && !(isHead && one.isStream))
    if (wanted === undefined)
      return plain(405, 'method not allowed', { Allow: those.map((one) => one.method).join(', ') })
    if (!this.#guard.admits(request, wanted.need))
      return plain(
        403,
        'open the link that dram dev printed at its start: this page needs the token in it, for localhost and 127.0.0.1 each',
      )
    return { ask: (question, answer) => wanted.answer({ ...question, url }, answer) }
  }

  /** Those of the longest path that fits. */
  #pagesAt(asked: string): OwnPage[] {
    const fitting = this.#pages.filter(({ path }) => path === asked || (path.endsWith('/') && asked.startsWith(path)))
    const longest = Math.max(...fitting.map(({ path }) => path.length))
    return fitting.filter(({ path }) => path.length === longest)
  }
}

function plain(status: number, text: string, fields: Readonly<Record<string, string>> = {}): Desk {
  return { ask: (_, answer) => answer.whole(page(status, 'text/plain; charset=utf-8', `${text}\n`, fields)) }
}
