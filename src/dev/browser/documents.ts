import type { HeaderBlock, RequestHead } from '../../events/request.ts'
import { valuesOf } from '../guard.ts'
import type { Fields } from './fields.ts'

const DESTINATIONS: ReadonlySet<string> = new Set(['document', 'iframe', 'frame'])
/** Says that a script asked, in browsers that don't say for what: jQuery's and htmx's. */
const BY_SCRIPT: ReadonlySet<string> = new Set(['x-requested-with', 'hx-request'])
/** It would be shown in another way than ASCII bytes at its end are meant. */
const WIDE = /charset\s*=\s*"?utf-?(?:16|32|7)/i
/** What is said of the bytes as the application made them, or lets a browser take those it has. */
const OF_THE_BYTES = ['etag', 'last-modified', 'content-md5', 'digest', 'content-digest', 'repr-digest'] as const
/** CSP 3 §2.3.1, nonce-source. */
const NONCE = /'nonce-([A-Za-z0-9+/_-]+={0,2})'/

/** Does a browser ask for a page to show, rather than a script of one for a part? */
export function wantsDocument({ method, block }: Pick<RequestHead, 'method' | 'block'>): boolean {
  if (method === 'HEAD') return false
  const destination = requestField(block, 'sec-fetch-dest')
  if (destination !== '') return DESTINATIONS.has(destination)
  return requestField(block, 'accept').includes('text/html') && !block.fields.some(({ name }) => BY_SCRIPT.has(name))
}

/** May something be written at its end that belongs to the page? */
export function isDocument(status: number, fields: Fields): boolean {
  return (
    status >= 200 &&
    status !== 205 && // has none (RFC 9110 §15.3.6)
    status !== 206 && // a part: its end isn't that of the page
    !(status >= 300 && status < 400) && // shown by nobody
    /^text\/html\b/i.test(fields.get('content-type')) && // what comes after the root of XHTML is an error of it
    !WIDE.test(fields.get('content-type')) &&
    /^(?:identity)?$/i.test(fields.get('content-encoding')) &&
    !/^attachment\b/i.test(fields.get('content-disposition'))
  )
}

/** It is longer by so many bytes, and another than the one that was described. */
export function lengthen(fields: Fields, bytes: number): void {
  fields.remove(...OF_THE_BYTES)
  const length = fields.get('content-length')
  if (length !== '') fields.set('Content-Length', String(Number(length) + bytes))
}

/** What scripts of the page have to carry; '' for nothing. */
export function nonceOf(fields: Fields): string {
  return NONCE.exec(fields.get('content-security-policy'))?.[1] ?? ''
}

export function requestField(block: Pick<HeaderBlock, 'fields'>, wanted: string): string {
  return valuesOf(block, wanted)[0]?.toLowerCase() ?? ''
}
