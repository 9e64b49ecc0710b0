import type { OwnAnswer } from '../../server/bystander.ts'
import type { ExchangeFacts } from '../../server/facts.ts'
import { page } from '../answers.ts'

/**
 * Where the same is found by TLS, for who has asked without; null: the request doesn't say. Its Host is valid, or
 * empty: the parser has read it. Browsers keep a 308, and the next server at this address may be one without TLS.
 */
export function redirectToTls({ head }: Pick<ExchangeFacts, 'head'>): OwnAnswer | null {
  if (head === null || head.block.host === '') return null
  const path = head.origin ?? head.target
  if (!path.startsWith('/')) return null // OPTIONS *
  const location = `https://${head.block.host}${path}`
  return page(307, 'text/plain; charset=utf-8', `this address is served with TLS: ${location}\n`, {
    Location: location,
  })
}
