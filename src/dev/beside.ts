import type { AnswerHead } from '../events/answer.ts'
import type { Fault } from '../faults/fault.ts'
import type { Bystander, Desk, Finish, OwnAnswer } from '../server/bystander.ts'
import type { ExchangeFacts } from '../server/facts.ts'
import type { Connected, ConnectionWitness } from '../server/witness.ts'
import { page } from './answers.ts'
import { finishOf } from './browser/finish.ts'
import type { Reload } from './browser/reload.ts'
import { errorAssets, faultPage } from './errors/errors.ts'
import type { Place } from './errors/page.ts'
import { Guard } from './guard.ts'
import { redirectToTls } from './https/plain.ts'
import { InspectorApi } from './inspector/api.ts'
import { INSPECTOR, inspectorPages } from './inspector/page.ts'
import { Recorder } from './inspector/recorder.ts'
import { Pages } from './pages.ts'

/** Where the link that is printed at the start leads: `?token=…&to=/path`. It leaves the token in a cookie. */
const ENTRANCE = '/-/dev/open'

/** What `dram dev` does beside each request: its own pages, what it adds to answers, and the pages of faults. */
export class Beside implements Bystander {
  /** A request has failed since this was last reset: what it failed to import is no imported file, but may mend it. */
  hasFailed = false
  readonly guard: Guard
  readonly pages: Pages
  readonly reload: Reload | null
  readonly recorder: Recorder
  readonly #inspector: InspectorApi
  readonly #errors: Place | null

  /**
   * @param name tells servers of one machine apart, in their cookies
   * @param isSecure it is asked for by TLS
   * @param reload null: tabs are not reloaded
   * @param errors where pages of faults lead to; null: they are the plain ones
   */
  constructor(name: string, isSecure: boolean, reload: Reload | null, errors: Pick<Place, 'folder' | 'editor'> | null) {
    this.reload = reload
    const journeyLink = (requestId: string): string | null => this.#journeyLink(requestId)
    this.#errors =
      errors === null ? null : { ...errors, reloadTag: (method: string) => reload?.tag(method) ?? '', journeyLink }
    this.guard = new Guard(name, isSecure)
    this.pages = new Pages(this.guard)
    this.recorder = new Recorder({ isOwn: (request) => this.pages.deskFor(request) !== null })
    this.pages.add({
      method: 'GET',
      path: ENTRANCE,
      need: 'local',
      answer: ({ url, facts }, answer) => answer.whole(this.#enter(url.searchParams, facts)),
    })
    this.#inspector = new InspectorApi(this.recorder)
    this.pages.add(...errorAssets(), ...inspectorPages(), ...this.#inspector.pages, ...(reload?.pages ?? []))
  }

  /** A link to a page of this server, or of its application, that brings the token along. */
  linkTo(address: string, path: string): string {
    return entrance(address, path, this.guard.token)
  }

  /** The same, which opens once. */
  linkOnce(address: string, path: string): string {
    return entrance(address, path, this.guard.ticket())
  }

  #judge(status: number): void {
    if (status >= 500) this.hasFailed = true
  }

  deskFor(request: ExchangeFacts): Desk | null {
    return this.pages.deskFor(request)
  }

  finish(request: ExchangeFacts, head: AnswerHead): Finish | null {
    this.#judge(head.status)
    return finishOf(request, head, this.reload, Date.now())
  }

  faultPage(request: ExchangeFacts, fault: Fault): OwnAnswer | null {
    const redirect = fault.code === 'TLS_EXPECTED' ? redirectToTls(request) : null
    if (redirect !== null) return redirect
    this.#judge(fault.row.status ?? 500)
    return this.#errors === null ? null : faultPage(this.guard, this.#errors, request, fault)
  }

  connected(connected: Connected): ConnectionWitness {
    return this.recorder.connected(connected)
  }

  /** The server begins to stop: what is held open is let go. */
  leave(): void {
    this.#inspector.close()
    this.reload?.end()
  }

  #journeyLink(requestId: string): string | null {
    const found = this.recorder.list().findLast((journey) => journey.requestId === requestId)
    return found === undefined ? null : `${INSPECTOR}#${found.number}`
  }

  #enter(query: URLSearchParams, request: ExchangeFacts): OwnAnswer {
    const to = query.get('to') ?? '/'
    // Who has come in before may take any link of ours, an old one as well.
    if (!this.guard.takes(query.get('token') ?? '') && !this.guard.admits(request, 'token'))
      return page(
        403,
        'text/plain; charset=utf-8',
        'the token of this link is not one of this server, which makes new ones at each start, or opened once and was used\n',
      )
    // A path of ours or the application's alone: `//host` and `/\host` lead elsewhere.
    const isPath = /^\/(?![/\\])[\x21-\x7e]*$/.test(to)
    return page(303, 'text/plain; charset=utf-8', '', { Location: isPath ? to : '/', 'Set-Cookie': this.guard.cookie })
  }
}

function entrance(address: string, path: string, token: string): string {
  return `${address}${ENTRANCE}?token=${token}&to=${encodeURIComponent(path).replaceAll('%2F', '/')}`
}
