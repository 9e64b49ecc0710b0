import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { request } from '../kit/client.ts'
import type { Scope } from '../kit/ends.ts'
import { gunicorn } from '../kit/gunicorn.ts'
import { FULL, type LiveServer, ROOT, start } from '../kit/server.ts'
import { waitressServe } from '../kit/waitress.ts'
import { Browser, type Page } from './browser.ts'

export const GUESTS = join(ROOT, 'tests/guests/apps')

export interface Guest {
  readonly name: string
  /** As on the command line. */
  readonly app: string
  /** The same as `module:attribute`, for the wrapped run. */
  readonly target: string
  readonly cwd?: string
  readonly environment?: Readonly<Record<string, string>>
  /** Served by `dram gunicorn` with these arguments. */
  readonly gunicorn?: readonly string[]
  /** Served by `dram waitress-serve` with these options. */
  readonly waitress?: readonly string[]
}

const CHECKED_DAILY: ReadonlySet<string> = new Set(['Flask', 'Django'])

const text = (page: Page) => page.bytes.toString('utf8')

/**
 * Every guest has the same pages, so every guest gets the same visit: as it is, and under wsgiref.validate. But for
 * Flask and Django as we serve them, the latter is left to the long tests.
 */
export function visit(guest: Guest): void {
  for (const isChecked of FULL || CHECKED_DAILY.has(guest.name) ? [false, true] : [false]) {
    const title = isChecked ? `${guest.name} under wsgiref.validate` : guest.name
    test(title, { timeout: 120_000 }, async (t) => {
      const server = await startGuest(t, guest, isChecked)
      await t.test('a form, a session, a redirect', () => forms(server))
      await t.test('an upload of several megabytes', () => uploads(server))
      await t.test('JSON', () => json(server))
      await t.test('a stream and a large answer', () => streams(server))
      await t.test('a static file, its conditions and HEAD', () => statics(server))
      await t.test('paths and addresses', () => paths(server))
      await t.test('error pages', () => errors(server, isChecked))
      await t.test('a body nobody reads', () => silent(server))
      await t.test('many visitors at once', () => crowd(server))
      equal((await server.stop()).code, 0)
      ok(!/AssertionError|garbage collected/.test(server.stderr), server.stderr)
    })
  }
}

export function startGuest(scope: Scope, guest: Guest, isChecked = false): Promise<LiveServer> {
  const { cwd = GUESTS, gunicorn: dialect } = guest
  const env = { ...guest.environment, GUEST: guest.target, PYTHONWARNINGS: 'ignore' }
  if (dialect !== undefined) {
    const args = ['-w', '2', '--pythonpath', [GUESTS, cwd].join(','), ...dialect]
    return gunicorn(scope, [...args, isChecked ? 'checked' : guest.target], { cwd, env })
  }
  if (guest.waitress !== undefined) {
    const app = isChecked ? 'checked:application' : guest.target
    const options = guest.waitress.filter((option) => !(isChecked && option === '--call')) // checked.py calls it
    const paths = { DRAM_PYTHONPATH: [GUESTS, cwd].join(':'), DRAM_WORKERS: '2' }
    return waitressServe(scope, [...options, app], { cwd, env: { ...env, ...paths } })
  }
  const paths = ['--pythonpath', GUESTS, ...(guest.cwd ? ['--pythonpath', guest.cwd] : [])]
  return start(scope, isChecked ? join(GUESTS, 'checked.py') : guest.app, ['--workers', '2', ...paths], {
    cwd,
    env,
  })
}

async function forms(server: LiveServer): Promise<void> {
  const browser = new Browser(server.link)
  match(text(await browser.get('/')), /<form/)
  equal((await browser.get('/hello')).status, 403)
  const page = await browser.submit('/login', { name: 'Ada & Grace' })
  equal(page.path, '/hello')
  match(text(page), /^hello "?Ada & Grace"?$/)
  match(text(await browser.get('/hello')), /Ada & Grace/)
  equal((await new Browser(server.link).get('/hello')).status, 403)
}

async function uploads(server: LiveServer): Promise<void> {
  for (const size of [10, 5_000_000]) {
    const bytes = Buffer.alloc(size, 'dram ')
    const file = new File([bytes], 'picture.bin', { type: 'application/octet-stream' })
    const page = await new Browser(server.link).upload('/upload', { note: 'a note', file })
    equal(page.status, 200, text(page))
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    deepEqual(JSON.parse(text(page)), { name: 'picture.bin', size, sha256, note: 'a note' })
  }
}

async function json(server: LiveServer): Promise<void> {
  const value = { list: [1, 2.5, null], text: 'äö ☃' }
  const page = await new Browser(server.link).post('/json', JSON.stringify(value), 'application/json')
  deepEqual(JSON.parse(text(page)), { got: value })
}

async function streams(server: LiveServer): Promise<void> {
  const page = await new Browser(server.link).get('/stream?of=five')
  equal(text(page), [0, 1, 2, 3, 4].map((number) => `line ${number} of five\n`).join(''))
  const download = await new Browser(server.link).get('/download')
  equal(download.bytes.length, 160 * 65_536)
}

async function statics(server: LiveServer): Promise<void> {
  const browser = new Browser(server.link)
  const page = await browser.get('/static/style.css')
  equal(page.status, 200)
  match(page.headers.get('content-type') ?? '', /^text\/css/)
  equal(text(page), readFileSync(join(GUESTS, 'static/style.css'), 'utf8'))
  const modified = page.headers.get('last-modified')
  ok(modified)
  equal((await browser.get('/static/style.css', { 'If-Modified-Since': modified })).status, 304)
  const head = await browser.head('/static/style.css')
  equal(head.status, 200)
  equal(head.bytes.length, 0)
  equal((await browser.get('/static/none.css')).status, 404)
}

async function paths(server: LiveServer): Promise<void> {
  const browser = new Browser(server.link)
  equal(text(await browser.get(`/path/${encodeURIComponent('ä ☃+%')}`)), 'ä ☃+%')
  equal(text(await browser.get('/where')), `${server.link}/hello 127.0.0.1`)
}

/** The validator itself can't be told apart from a guest's mistakes, so there only the statuses count. */
async function errors(server: LiveServer, isChecked: boolean): Promise<void> {
  const browser = new Browser(server.link)
  equal((await browser.get('/missing')).status, 404)
  const page = await browser.get('/error')
  equal(page.status, 500)
  ok(!text(page).includes('a mistake in the guest'))
  await server.until(/a mistake in the guest/)
  if (!isChecked) equal((await browser.get('/')).status, 200)
}

async function silent(server: LiveServer): Promise<void> {
  const client = await server.connect()
  for (let at = 0; at < 3; at++) {
    const form: [string, string][] = [['Content-Type', 'application/octet-stream']]
    await client.write(request('POST', '/silent', form, Buffer.alloc(300_000)))
    equal((await client.response()).status, 204)
  }
}

async function crowd(server: LiveServer): Promise<void> {
  const visitors = Array.from({ length: 20 }, async (_, at) => {
    const browser = new Browser(server.link)
    match(text(await browser.submit('/login', { name: `visitor ${at}` })), new RegExp(`visitor ${at}"?$`))
    match(text(await browser.get('/hello')), new RegExp(`visitor ${at}"?$`))
  })
  await Promise.all(visitors)
}
