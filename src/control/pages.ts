import type { ApiAnswer } from './api.ts'
import { METRICS_TYPE } from './api.ts'
import type { Operations } from './operations.ts'

const TEXT_TYPE = 'text/plain; charset=utf-8'
const METHODS = ['GET', 'HEAD']

/** What the admin listener needs of the server. */
export type Pages = Pick<Operations, 'ready' | 'metrics'>

/** What the admin listener answers: three pages, and nothing else. Never rejects. */
export async function answerPage(pages: Pages, method: string, path: string): Promise<ApiAnswer> {
  const page = Object.hasOwn(PAGES, path) ? PAGES[path]! : null
  if (page === null) return text(404, 'not found')
  if (!METHODS.includes(method)) return { ...text(405, 'GET and HEAD alone'), allow: METHODS.join(', ') }
  try {
    return await page(pages)
  } catch (error) {
    return text(500, `failed: ${error instanceof Error ? error.message : String(error)}`)
  }
}

const PAGES: Readonly<Record<string, (pages: Pages) => ApiAnswer | Promise<ApiAnswer>>> = {
  '/metrics': async (pages) => ({ status: 200, type: METRICS_TYPE, body: await pages.metrics() }),
  /** That this is answered is all that it says. */
  '/-/health': () => text(200, 'ok'),
  '/-/ready': ({ ready }) => (ready ? text(200, 'ready') : text(503, 'not ready')),
}

function text(status: number, line: string): ApiAnswer {
  return { status, type: TEXT_TYPE, body: `${line}\n` }
}
