import { readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { PAGE_POLICY, page } from './answers.ts'
import type { Need } from './guard.ts'
import type { OwnPage } from './pages.ts'

/** What a browser is sent stands in files as they are sent. */
const FOLDER = new URL('../../../pages/', import.meta.url)

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

const read = new Map<string, Buffer>()

/** A file of `pages/`, read once. `name`: "inspector/list.js". */
export function asset(name: string): Buffer {
  const known = read.get(name)
  if (known !== undefined) return known
  const bytes = readFileSync(new URL(name, FOLDER))
  read.set(name, bytes)
  return bytes
}

/**
 * A file of `pages/` at an address. What is said of nobody's requests (scripts, styles) may be had by each program of
 * this machine, so that a page without the token can be drawn; the page that shows data asks for it.
 * @param name of a fixed table, never a part of what was asked for
 */
export function assetPage(path: string, name: string, need: Need = 'local'): OwnPage {
  const type = TYPES[extname(name)] ?? 'application/octet-stream'
  const fields = { 'Content-Security-Policy': PAGE_POLICY }
  const found = () => page(200, type, asset(name), fields)
  const missing = () => page(404, 'text/plain; charset=utf-8', 'there is no such page\n')
  return {
    method: 'GET',
    path,
    need,
    answer: ({ url }, answer) => answer.whole(url.pathname === path ? found() : missing()),
  }
}
