import { deepEqual, equal, match } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { json, page } from '../../../src/dev/answers.ts'
import { Guard } from '../../../src/dev/guard.ts'
import { Pages } from '../../../src/dev/pages.ts'
import type { Desk, DeskQuestion, OwnAnswer } from '../../../src/server/bystander.ts'
import type { ExchangeFacts } from '../../../src/server/facts.ts'
import { asked, FETCH, STRANGERS } from './asked.ts'

const guard = new Guard('8000', false, 'the-token')
const COOKIE = `Cookie: ${guard.cookieName}=the-token`

const pages = new Pages(guard)
const named = (name: string) => page(200, 'text/plain', name)
pages.add(
  { method: 'GET', path: '/-/open', need: 'local', answer: (_, to) => to.whole(named('open')) },
  { method: 'GET', path: '/-/data', need: 'token', answer: ({ url }, to) => to.whole(named(`data ${url.search}`)) },
  { method: 'POST', path: '/-/data', need: 'act', answer: ({ body }, to) => to.whole(named(`acted ${body}`)) },
  {
    method: 'GET',
    path: '/-/below/',
    need: 'local',
    answer: ({ url }, to) => to.whole(named(`below ${url.pathname}`)),
  },
  { method: 'GET', path: '/-/below/it', need: 'local', answer: (_, to) => to.whole(named('it')) },
  { method: 'GET', path: '/-/stream', need: 'local', isStream: true, answer: (_, to) => to.whole(named('stream')) },
)

function answerOf(desk: Desk, request: ExchangeFacts, body = ''): OwnAnswer {
  let found: OwnAnswer | null = null
  const to = {
    whole: (answer: OwnAnswer) => (found = answer),
    begun() {},
    piece() {},
    ended() {},
    waitingBytes: 0,
    onLeft() {},
  }
  desk.ask({ head: request.head!, facts: request, body: Buffer.from(body) } satisfies DeskQuestion, to)
  return found!
}

/** Null: it is the application's. */
function got(target: string, lines: readonly string[] = [], method = 'GET'): string | null {
  const request = asked(lines, { target, method })
  const desk = pages.deskFor(request)
  if (desk === null) return null
  const { head, body } = answerOf(desk, request, 'deed')
  return `${head.status} ${body}`
}

describe('pages of ours', () => {
  test('have their addresses; all others are the application’s', () => {
    equal(got('/-/open'), '200 open')
    for (const target of ['/', '/-', '/-/', '/-/other', '/-/open/', '/x/-/open', '//-/open', '*', '/%2d/open'])
      equal(got(target), null, target)
  })

  test('the longest path counts', () => {
    equal(got('/-/below/it'), '200 it')
    equal(got('/-/below/other'), '200 below /-/below/other')
    equal(got('/-/below'), null)
  })

  test('HEAD is a GET, other methods are told which there are', () => {
    equal(got('/-/open', [], 'HEAD'), '200 open')
    equal(got('/-/stream'), '200 stream')
    match(got('/-/stream', [], 'HEAD')!, /^405 /)
    const request = asked([COOKIE], { target: '/-/data', method: 'PUT' })
    const { head } = answerOf(pages.deskFor(request)!, request)
    equal(head.status, 405)
    match(head.head, /\r\nAllow: GET, POST\r\n/)
  })

  test('an absolute target is the same page', () => {
    const request = asked([], { target: 'http://localhost:8000/-/open' })
    const absolute = { ...request, head: { ...request.head!, origin: '/-/open' } }
    equal(answerOf(pages.deskFor(absolute)!, absolute).body.toString(), 'open')
  })

  test('for strangers there is none of them, as if the application were alone', () => {
    for (const target of ['/-/open', '/-/data', '/-/below/x'])
      for (const [name, lines, how] of STRANGERS)
        for (const method of ['GET', 'POST', 'PUT'])
          equal(pages.deskFor(asked([COOKIE, ...lines], { ...how, target, method })), null, `${name}: ${target}`)
  })

  test('data needs the token, deeds a page of ours besides', () => {
    match(got('/-/data')!, /^403 open the link/)
    match(got('/-/data', [], 'POST')!, /^403 /)
    equal(got('/-/data?a=1', [COOKIE]), '200 data ?a=1')
    equal(got('/-/data', [COOKIE], 'POST'), '200 acted deed')
    match(got('/-/data', [COOKIE, ...FETCH.otherForm], 'POST')!, /^403 /)
    match(got('/-/data', [COOKIE, ...FETCH.otherPort], 'POST')!, /^403 /)
    match(got('/-/data', [COOKIE, ...FETCH.otherLink], 'POST')!, /^403 /)
    match(got('/-/data', [COOKIE, ...FETCH.otherScript])!, /^403 /)
    equal(got('/-/data', [COOKIE, ...FETCH.otherLink]), '200 data ')
  })
})

describe('an answer of ours', () => {
  test('has its length in bytes, is not kept, not sniffed, and not for others', () => {
    const { head, body } = page(201, 'text/plain; charset=utf-8', 'äöü', { Location: '/x' })
    equal(body.toString(), 'äöü')
    deepEqual(head.head.split('\r\n'), [
      '201 Created',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Length: 6',
      'Location: /x',
      'Cache-Control: no-store',
      'X-Content-Type-Options: nosniff',
      'Cross-Origin-Resource-Policy: same-origin',
      'Referrer-Policy: no-referrer',
      '',
    ])
    deepEqual([head.status, head.hasLength], [201, true])
  })

  test('of JSON', () => {
    const { head, body } = json(200, { a: [1] })
    match(head.head, /\r\nContent-Type: application\/json\r\n/)
    equal(body.toString(), '{"a":[1]}')
  })
})
