import { deepEqual, equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import { finishOf } from '../../../src/dev/browser/finish.ts'
import { Reload } from '../../../src/dev/browser/reload.ts'
import type { AnswerHead } from '../../../src/events/answer.ts'
import type { RequestHead } from '../../../src/events/request.ts'
import type { Finish } from '../../../src/server/bystander.ts'
import type { ExchangeFacts } from '../../../src/server/facts.ts'

const reload = new Reload('start')
const NOW = Date.parse('Mon, 30 Nov 2026 12:00:00 GMT')
const NAVIGATION = { 'sec-fetch-dest': 'document', accept: 'text/html,*/*' }
const HTML = { 'Content-Type': 'text/html; charset=utf-8' }
const TAG = '<script src="/-/dev/reload.js" data-version="start.0" async></script>'

type Names = Readonly<Record<string, string>>

interface Asked {
  readonly method?: string
  readonly host?: string
  readonly peer?: string
  readonly status?: number
  readonly reload?: Reload | null
}

function finish(asked: Names, answered: Names, more: Asked = {}): Finish | null {
  const { method = 'GET', host = 'localhost:8000', peer = '127.0.0.1', status = 200 } = more
  const fields = Object.entries(asked).map(([name, value]) => ({ name, value }))
  const question = { method, minor: 1, block: { host, fields } as unknown }
  const request = { connection: { peer: { address: peer, pairs: '' } }, head: question }
  const lines = Object.entries(answered).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = {
    status,
    head: `${status} X\r\n${lines.join('')}`,
    hasLength: 'Content-Length' in answered,
  } as AnswerHead
  return finishOf(
    request as unknown as ExchangeFacts & { head: RequestHead },
    head,
    more.reload === undefined ? reload : more.reload,
    NOW,
  )
}

test('a page that a browser navigates to gets the script at its end, and says its new length', () => {
  const done = finish(NAVIGATION, { ...HTML, 'Content-Length': '100', 'X-Own': 'stays' })!
  equal(done.tail.toString(), TAG)
  equal(
    done.head.head,
    `200 X\r\n${'Content-Type'}: text/html; charset=utf-8\r\nX-Own: stays\r\nContent-Length: ${100 + TAG.length}\r\n`,
  )
  equal(finish(NAVIGATION, HTML, { status: 500 })?.tail.toString(), TAG, 'also an error')
  equal(finish({ accept: 'text/html' }, HTML)?.tail.toString(), TAG, 'an old browser')
  equal(finish({ 'sec-fetch-dest': 'iframe' }, HTML)?.tail.toString(), TAG)
})

test('a page that answers a form says so: it is not to be sent again', () => {
  match(finish(NAVIGATION, HTML, { method: 'POST' })!.tail.toString(), / data-version="start\.0" data-stays async>/)
})

test('what describes the bytes of a page is taken from it: they are others now', () => {
  const described = {
    ETag: '"1"',
    'Last-Modified': 'x',
    'Content-MD5': 'x',
    Digest: 'x',
    'Repr-Digest': 'x',
    'X-Own': 'x',
  }
  equal(
    finish(NAVIGATION, { ...HTML, ...described })?.head.head,
    '200 X\r\nContent-Type: text/html; charset=utf-8\r\nX-Own: x\r\n',
  )
})

for (const [what, asked, answered, more] of [
  ['a fragment for a script', { 'sec-fetch-dest': 'empty', accept: 'text/html' }, HTML, {}],
  ['a fragment for htmx in an old browser', { accept: 'text/html', 'hx-request': 'true' }, HTML, {}],
  ['a fragment for jQuery in an old browser', { accept: 'text/html', 'x-requested-with': 'XMLHttpRequest' }, HTML, {}],
  ['curl', { accept: '*/*' }, HTML, {}],
  ['HEAD', NAVIGATION, HTML, { method: 'HEAD' }],
  ['JSON', NAVIGATION, { 'Content-Type': 'application/json' }, {}],
  ['XHTML', NAVIGATION, { 'Content-Type': 'application/xhtml+xml' }, {}],
  ['no type', NAVIGATION, {}, {}],
  ['UTF-16', NAVIGATION, { 'Content-Type': 'text/html; charset="UTF-16LE"' }, {}],
  ['a compressed page', NAVIGATION, { ...HTML, 'Content-Encoding': 'gzip' }, {}],
  ['a download', NAVIGATION, { ...HTML, 'Content-Disposition': 'attachment; filename=x.html' }, {}],
  ['a part', NAVIGATION, HTML, { status: 206 }],
  ['none', NAVIGATION, HTML, { status: 205 }],
  ['a redirect', NAVIGATION, HTML, { status: 302 }],
  ['another machine', NAVIGATION, HTML, { peer: '192.0.2.1' }],
  ['another name', NAVIGATION, HTML, { host: 'rebound.example' }],
  ['a proxy', { ...NAVIGATION, 'x-forwarded-for': '203.0.113.9' }, HTML, {}],
  ['turned off', NAVIGATION, HTML, { reload: null }],
] as const satisfies readonly (readonly [string, Names, Names, Asked])[])
  test(`nothing is added: ${what}`, () => equal(finish(asked, answered, more), null))

test('the script carries the nonce that the policy of the page asks for', () => {
  const policy = "default-src 'self'; script-src 'nonce-aB3+/_-x==' 'strict-dynamic'"
  match(finish(NAVIGATION, { ...HTML, 'Content-Security-Policy': policy })!.tail.toString(), / nonce="aB3\+\/_-x==" /)
  const strange = "script-src 'nonce-\"><b>'"
  equal(finish(NAVIGATION, { ...HTML, 'Content-Security-Policy': strange })!.tail.toString(), TAG)
})

test('what a page is made of is asked for each time, by whoever has it', () => {
  const css = { 'Content-Type': 'text/css', ETag: '"1"' }
  const fresh = '200 X\r\nContent-Type: text/css\r\nETag: "1"\r\nCache-Control: no-cache\r\n'
  const cached = { 'Cache-Control': 'public, max-age=31536000, immutable', Expires: 'Thu, 01 Jan 2037 00:00:00 GMT' }
  for (const more of [{}, cached]) {
    const done = finish({}, { ...css, ...more }, { reload: null, peer: '192.0.2.1' })!
    deepEqual([done.head.head, done.tail.length], [fresh, 0])
  }
  const own = { ...css, 'Cache-Control': 'no-store' }
  match(finish({}, own)!.head.head, /\r\nCache-Control: no-store\r\n$/)
})

test('a 304 says the same as the answer that it stands for', () => {
  const asked = { 'sec-fetch-dest': 'style' }
  equal(
    finish(asked, { 'Cache-Control': 'max-age=60' }, { status: 304 })!.head.head,
    '304 X\r\nCache-Control: no-cache\r\n',
  )
})

test('a date that the next save may share is no validator', () => {
  const script = (date: string) => finish({}, { 'Content-Type': 'text/javascript', 'Last-Modified': date })!.head.head
  match(script('Mon, 30 Nov 2026 11:59:57 GMT'), /Last-Modified/)
  equal(/Last-Modified/.test(script('Mon, 30 Nov 2026 11:59:59 GMT')), false)
  const both = { 'Content-Type': 'image/png', 'Last-Modified': 'Mon, 30 Nov 2026 12:00:00 GMT', ETag: '"1"' }
  match(finish({}, both)!.head.head, /Last-Modified/)
})
