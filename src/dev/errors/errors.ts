import type { Fault } from '../../faults/fault.ts'
import { faultText, RETRY_AFTER_SECONDS } from '../../respond/fault.ts'
import type { OwnAnswer } from '../../server/bystander.ts'
import type { ExchangeFacts } from '../../server/facts.ts'
import { PAGE_POLICY, page } from '../answers.ts'
import { assetPage } from '../assets.ts'
import { type Guard, valuesOf } from '../guard.ts'
import type { OwnPage } from '../pages.ts'
import { type Form, formFor } from './accept.ts'
import { asJson } from './json.ts'
import { asHtml, type Place } from './page.ts'
import { asText } from './text.ts'
import { type Told, toldOf } from './told.ts'

const TEXT = 'text/plain; charset=utf-8'

/** A form of a page: its type, the text, and header lines besides. */
const FORMS: Readonly<Record<Form, readonly [type: string, make: (told: Told, place: Place) => string]>> = {
  text: [TEXT, asText],
  json: ['application/json', asJson],
  html: ['text/html; charset=utf-8', asHtml],
}

/** What the pages of faults are made of: they are drawn for each program of this machine. */
export function errorAssets(): OwnPage[] {
  return [assetPage('/-/dev/errors.css', 'errors/errors.css'), assetPage('/-/dev/errors.js', 'errors/errors.js')]
}

/**
 * What a client gets in the place of the plain page of a fault; null: that one.
 * Where an exception came from is for programs of this machine that were not sent by a page of others; what variables
 * held, and the request, for whose user has the token besides.
 */
export function faultPage(guard: Guard, place: Place, request: ExchangeFacts, fault: Fault): OwnAnswer | null {
  if (request.head === null || !guard.admits(request, 'local')) return null
  const status = fault.row.status ?? 500
  const retry: Record<string, string> = status === 503 ? { 'Retry-After': String(RETRY_AFTER_SECONDS) } : {}
  if (!guard.isUsers(request)) return page(status, TEXT, faultText(status, fault, ''), retry)
  const told = toldOf(request, fault, guard.admits(request, 'token'))
  const [type, make] = FORMS[formFor(valuesOf(request.head.block, 'accept'))]
  return page(status, type, make(told, place), {
    ...retry,
    Vary: 'Accept, Cookie, Origin, Sec-Fetch-Site',
    'Content-Security-Policy': PAGE_POLICY,
  })
}
