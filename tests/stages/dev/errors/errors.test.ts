import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { asset } from '../../../../src/dev/assets.ts'
import { errorAssets, faultPage } from '../../../../src/dev/errors/errors.ts'
import type { Place } from '../../../../src/dev/errors/page.ts'
import { Guard } from '../../../../src/dev/guard.ts'
import { Fault } from '../../../../src/faults/fault.ts'
import type { ErrorReport, ReportedException, ReportedFrame } from '../../../../src/faults/report.ts'
import type { ExchangeFacts } from '../../../../src/server/facts.ts'
import { ROOT } from '../../../kit/server.ts'
import { asked, FETCH, STRANGERS } from '../asked.ts'

const guard = new Guard('8000', false, 'the-token')
const COOKIE = `Cookie: ${guard.cookieName}=the-token`
const HTML = 'Accept: text/html,*/*;q=0.8'
const TAG = '<script src="/-/dev/reload.js" data-version="1" async></script>'
const PLACE: Place = {
  folder: '/shop',
  editor: 'vscode://file{path}:{line}',
  reloadTag: () => TAG,
  journeyLink: (id) => `/-/inspector/#${id}`,
}

function frame(file: string, line: number, more: Partial<ReportedFrame> = {}): ReportedFrame {
  const source = { first: line - 1, lines: ['def cart():', '    total(<1>)'] }
  const own = !file.includes('site-packages')
  return { file, line, function: 'cart', own, start: 4, end: 9, source, locals: own ? [['sum', '1']] : null, ...more }
}

function raised(more: Partial<ReportedException> = {}): ReportedException {
  return {
    type: 'shop.SoldOut',
    message: 'nothing <left>',
    notes: [],
    relation: 'raised',
    frames: [frame('/v/lib/python3.11/site-packages/flask/app.py', 7), frame('/shop/shop.py', 12)],
    omitted: null,
    syntax: null,
    members: [],
    omittedMembers: 0,
    ...more,
  }
}

const TRACE =
  'Traceback (most recent call last):\n  File "/shop/shop.py", line 12, in cart\nshop.SoldOut: nothing <left>\n'

function fault(...exceptions: ReportedException[]): Fault {
  const report: ErrorReport | null = exceptions.length === 0 ? null : { exceptions }
  return new Fault('APP_RAISED', { detail: 'SoldOut: nothing <left>' }, TRACE, '', report)
}

interface Page {
  readonly status: number
  readonly type: string
  readonly text: string
  readonly head: string
}

/** Null: the plain page of a server without all this. */
function pageOf(request: ExchangeFacts, one = fault(raised()), place = PLACE): Page | null {
  const answer = faultPage(guard, place, request, one)
  if (answer === null) return null
  const { head, status } = answer.head
  return { status, head, type: /Content-Type: (.*)\r/.exec(head)![1]!, text: answer.body.toString() }
}

const got = (lines: readonly string[], one?: Fault): Page => pageOf(asked(lines), one)!

describe('who gets which page', () => {
  for (const [name, lines, how] of STRANGERS)
    test(`${name}: the plain one`, () => equal(pageOf(asked([COOKIE, HTML, ...lines], how)), null))

  test('what could not be read: the plain one', () => equal(pageOf({ ...asked(), head: null }), null))

  for (const who of [
    'otherForm',
    'otherFrame',
    'otherImage',
    'otherScript',
    'otherPort',
    'oldForm',
    'sandboxed',
  ] as const)
    test(`${who}: as plain as in production, whatever the cookie`, () => {
      const { status, type, text } = got([COOKIE, HTML, ...FETCH[who]])
      deepEqual([status, type, text], [500, 'text/plain; charset=utf-8', '500 Internal Server Error\n\nAPP_RAISED\n'])
    })

  test('without the token: source, but neither locals nor the request', () => {
    for (const cookie of ['A: b', `Cookie: ${guard.cookieName}=wrong`, 'Cookie: dram-dev-8001=the-token']) {
      const { text } = got([cookie, HTML, 'X-Data: of-the-request'])
      match(text, /def cart/)
      match(text, /Open the link that/)
      equal(/Locals|<th|of-the-request/.test(text), false)
      const json = JSON.parse(got([cookie, 'Accept: application/json']).text)
      equal(json.request, null)
      deepEqual(
        json.exceptions[0].frames.map((one: ReportedFrame) => one.locals),
        [null, null],
      )
    }
  })

  test('with it, typed, by an own page, or by a link that was followed: all', () => {
    for (const who of ['typed', 'ownLink', 'ownScript', 'otherLink'] as const) {
      const { text } = got([COOKIE, HTML, ...FETCH[who], 'X-Data: of-the-request'])
      match(text, /Locals/)
      match(text, /of-the-request/)
      equal(/Open the link that/.test(text), false)
    }
  })

  test('secrets of the request are masked, and those within values', () => {
    const values = raised({ frames: [frame('/shop/shop.py', 1, { locals: [['url', "'db://ann:hunter2@db'"]] })] })
    const lines = [COOKIE, HTML, 'Authorization: Bearer abc123', 'X-Api-Key: k123']
    const request = asked(lines, { target: '/cart?token=t123&page=2' })
    for (const accept of [HTML, 'Accept: application/json']) {
      const { text } = pageOf(
        {
          ...request,
          head: asked([...lines.slice(0, 1), accept, ...lines.slice(2)], { target: '/cart?token=t123&page=2' }).head,
        },
        fault(values),
      )!
      equal(/hunter2|abc123|k123|t123|the-token/.test(text), false)
      match(text, /page=2/)
    }
  })
})

describe('its forms', () => {
  test('text for curl, with the traceback of the application’s frames', () => {
    const { type, text, head } = got(['Accept: */*'])
    equal(type, 'text/plain; charset=utf-8')
    match(
      text,
      /^500 Internal Server Error\n\nAPP_RAISED\nthe application raised SoldOut: nothing <left>\n\nTraceback[\s\S]*nothing <left>\n$/,
    )
    match(head, /\r\nVary: Accept, /)
  })

  test('text drives no terminal, whatever the exception says', () => {
    const evil = '\x1b]0;owned\x07\x9b31m\r\nok\ttab ü'
    const page = faultPage(guard, PLACE, asked(), new Fault('APP_RAISED', { detail: evil }, evil))!
    match(
      page.body.toString(),
      /^the application raised \?\]0;owned\?\?31m\nok\ttab ü\n\n\?\]0;owned\?\?31m\nok\ttab ü\n$/m,
    )
  })

  test('JSON for who wants it', () => {
    const { type, text, status } = got(['Accept: application/json, text/plain, */*'])
    const { exceptions, code, trace } = JSON.parse(text)
    deepEqual([type, status, code, trace], ['application/json', 500, 'APP_RAISED', TRACE])
    equal(exceptions[0].type, 'shop.SoldOut')
  })

  test('HTML for browsers: nothing inline, nothing of the application’s as markup', () => {
    const evil = "\"><script>alert(1)</script><img src=x onerror='x'>&amp;"
    const everywhere = raised({
      type: evil,
      message: evil,
      notes: [evil],
      frames: [
        frame(`/shop/${evil}`, 2, { function: evil, source: { first: 2, lines: [evil] }, locals: [[evil, evil]] }),
        frame(`/v/site-packages/${evil}/x.py`, 2, { source: { first: 1, lines: [evil, evil] } }),
      ],
      syntax: { file: evil, line: 1, source: { first: 1, lines: [evil] }, start: 1, end: 3, own: true },
    })
    const one = new Fault('APP_IMPORT_FAILED', { detail: evil }, evil, evil, {
      exceptions: [everywhere, { ...everywhere, relation: 'cause', members: [{ exceptions: [everywhere] }] }],
    })
    for (const place of [PLACE, { ...PLACE, editor: null }, { ...PLACE, editor: 'x://{path}' }]) {
      const { text, head, type } = pageOf(
        asked([COOKIE, HTML, `X-Evil: ${evil}`], { target: '/%3Cscript%3E?<b>' }),
        one,
        place,
      )!
      equal(type, 'text/html; charset=utf-8')
      match(head, /Content-Security-Policy: default-src 'none'; script-src 'self'/)
      equal(
        /<script(?! src="\/-\/dev\/\w+\.js"(?: data-version="1" async| defer)>)|<style|<img|<b>|\son\w+="|javascript:/i.test(
          text.replaceAll('&#39;', ''),
        ),
        false,
      )
      equal((text.match(/<script/g) ?? []).length, 2)
    }
  })

  test('the page that reloads itself when a file is saved', () => {
    match(got([HTML]).text, new RegExp(TAG))
  })

  test('the request leads to its way through the server, where that was recorded', () => {
    match(got([COOKIE, HTML]).text, /<a href="\/-\/inspector\/#r1">Its way through the server<\/a>/)
    equal(got([HTML]).text.includes('inspector'), false)
    const { text } = pageOf(asked([COOKIE, HTML]), fault(raised()), { ...PLACE, journeyLink: () => null })!
    equal(text.includes('inspector'), false)
  })

  test('a fault without an exception has its sentence and its hint, and its status', () => {
    const { text, status, head } = got([HTML], new Fault('QUEUE_FULL', { limit: 3 }))
    equal(status, 503)
    match(text, /<h1>3 requests are waiting already<\/h1>/)
    match(text, /come back later/)
    match(head, /^503 Service Unavailable\r\n[\s\S]*\r\nRetry-After: 5\r\n/)
    match(got([HTML], new Fault('BODY_TOO_LARGE', { limit: 3 })).head, /^413 /)
  })
})

describe('what the page shows', () => {
  const html = (...exceptions: ReportedException[]): string => got([COOKIE, HTML], fault(...exceptions)).text

  test('the exception first, then the latest call, open; libraries folded', () => {
    const text = html(raised())
    const order = [
      '<title>SoldOut: nothing &lt;left&gt;',
      '<h1>',
      'shop.SoldOut',
      'class="frame own" open',
      'shop.py:12',
      '1 frame in flask',
      'The request',
      'The whole traceback',
    ]
    const found = order.map((one) => text.indexOf(one))
    ok(found[0]! > 0)
    deepEqual(
      found,
      [...found].sort((a, b) => a - b),
    )
    equal(text.split(' open>').length - 1, 2, 'its frame and its locals')
  })

  test('paths from the application’s folder on, with links to the editor', () => {
    match(html(raised()), /<a href="vscode:\/\/file\/shop\/shop\.py:12" title="Open in the editor">shop\.py:12<\/a>/)
    const { text } = pageOf(asked([HTML]), fault(raised()), { ...PLACE, editor: null })!
    match(text, /<button type="button" class="copy" data-copy="\/shop\/shop\.py:12" hidden>/)
    equal(text.includes('vscode'), false)
  })

  test('the part of the line that ran', () =>
    match(html(raised()), /<code> {4}<mark>total<\/mark>\(&lt;1&gt;\)<\/code>/))

  test('a broken rule of WSGI: its sentence, once', () => {
    const one = new Fault('APP_NO_START_RESPONSE', {}, '', 'a hint', { exceptions: [] })
    one.message = 'no call'
    const report = { exceptions: [raised({ type: '', message: 'no call', frames: [] })] }
    const { text } = got([HTML], Object.assign(one, { report }))
    match(text, /<h1><span class="message">no call<\/span><\/h1>[\s\S]*a hint/)
    equal(text.split('no call').length - 1, 2, 'in the title and in the heading')
  })

  test('a syntax error with its place', () => {
    const syntax = {
      file: '/shop/a.py',
      line: 3,
      source: { first: 3, lines: ['a = (2 +* 3)'] },
      start: 8,
      end: null,
      own: true,
    }
    const text = html(raised({ type: 'SyntaxError', message: 'invalid syntax', frames: [], syntax }))
    match(text, /a\.py:3<\/a>[\s\S]*a = \(2 \+<mark>\*<\/mark> 3\)/)
    equal(text.includes('Latest call first'), false)
  })

  test('what it came from, below it', () => {
    const text = html(
      raised(),
      raised({ relation: 'cause', type: 'KeyError' }),
      raised({ relation: 'context', type: 'OSError' }),
    )
    match(
      text,
      /SoldOut[\s\S]*It was caused by[\s\S]*KeyError[\s\S]*It was raised while this was handled[\s\S]*OSError/,
    )
  })

  test('the members of a group, and how many more there are', () => {
    const text = html(
      raised({
        type: 'ExceptionGroup',
        members: [{ exceptions: [raised({ type: 'ValueError', notes: ['a note'] })] }],
        omittedMembers: 4,
      }),
    )
    match(text, /<ol class="members"><li>[\s\S]*ValueError[\s\S]*a note[\s\S]*<li>… 4 more<\/li><\/ol>/)
  })

  test('a recursion opens its place once, and says how many calls are left out', () => {
    const frames = Array.from({ length: 50 }, () => frame('/shop/shop.py', 12))
    const text = html(raised({ frames, omitted: [15, 950] }))
    equal(text.split('class="frame own"').length - 1, 50)
    equal(text.split('class="frame own" open').length - 1, 1)
    match(text, /… 950 more frames/)
    equal(text.slice(0, text.indexOf('… 950')).split('class="frame own"').length - 1, 35)
  })

  test('where no frame is the application’s, the latest one is open', () => {
    const library = '/v/lib/python3.11/site-packages/flask/app.py'
    const text = html(raised({ frames: [frame(library, 1), frame(library, 2), frame(library, 3)] }))
    match(text, /class="frame" open>[\s\S]*:3</)
    equal(text.split('class="frame" open').length - 1, 1)
  })
})

test('its files are there, small, and all of them have an address', () => {
  const names = readdirSync(join(ROOT, 'pages/errors'))
  deepEqual(
    errorAssets()
      .map(({ path }) => path)
      .sort(),
    names.map((name) => `/-/dev/${name}`).sort(),
  )
  ok(names.reduce((sum, name) => sum + asset(`errors/${name}`).length, 0) < 32 * 1024)
})
