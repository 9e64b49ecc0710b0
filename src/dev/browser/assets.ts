import type { Fields } from './fields.ts'

const TYPE =
  /^(?:text\/css|(?:text|application)\/(?:x-)?(?:java|ecma)script|application\/(?:font|wasm|vnd\.ms-fontobject)|image\/|font\/)/i
/** Fetch §2.2.5: what a browser wants the answer for; a 304 has no type. */
const DESTINATIONS: ReadonlySet<string> = new Set(
  'style script image font worker sharedworker serviceworker audioworklet paintworklet'.split(' '),
)
/** What the application has said itself, and means that nothing stale is shown. */
const FRESH = /\b(?:no-store|no-cache)\b/i
/** RFC 9110 §8.8.2.2: so soon after a change, another may come that leaves the date as it is. It counts whole seconds. */
const YOUNG_MS = 2_000

/** Is it what pages are made of, beside their text? */
export function isAsset(fields: Fields, destination: string): boolean {
  return TYPE.test(fields.get('content-type')) || DESTINATIONS.has(destination)
}

/**
 * A browser may keep it but asks each time (RFC 9111 §5.2.2.4): a 304 is short, and what was saved is seen.
 * `wallMs`: milliseconds since 1970.
 */
export function keepFresh(fields: Fields, wallMs: number): void {
  if (!FRESH.test(fields.get('cache-control'))) {
    fields.remove('expires', 'pragma')
    fields.set('Cache-Control', 'no-cache')
  }
  const isYoung = wallMs - Date.parse(fields.get('last-modified')) < YOUNG_MS
  if (isYoung && fields.get('etag') === '') fields.remove('last-modified')
}
