import type { AnswerHead } from '../../events/answer.ts'
import { isLocal } from '../../route/local.ts'
import type { Finish } from '../../server/bystander.ts'
import type { ExchangeFacts } from '../../server/facts.ts'
import { isAsset, keepFresh } from './assets.ts'
import { isDocument, lengthen, nonceOf, requestField, wantsDocument } from './documents.ts'
import { Fields } from './fields.ts'
import type { Reload } from './reload.ts'

const NOTHING = Buffer.alloc(0)

/**
 * What is changed of an answer on its way to a browser; null: nothing. Pages get the script of `reload`, if there is
 * one, and what they are made of is never stale. `wallMs`: milliseconds since 1970.
 */
export function finishOf(
  request: ExchangeFacts,
  head: AnswerHead,
  reload: Reload | null,
  wallMs: number,
): Finish | null {
  const asked = request.head
  if (asked === null) return null
  const fields = new Fields(head)
  if (isAsset(fields, requestField(asked.block, 'sec-fetch-dest'))) {
    keepFresh(fields, wallMs)
    return { head: { ...head, head: fields.text }, tail: NOTHING }
  }
  if (reload === null || !wantsDocument(asked) || !isDocument(head.status, fields)) return null
  if (!isLocal(request.connection.peer, asked)) return null // it may not listen to the events
  const tail = Buffer.from(reload.tag(asked.method, nonceOf(fields)))
  lengthen(fields, tail.length)
  return { head: { ...head, head: fields.text }, tail }
}
