import { deepEqual, equal, notEqual } from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import type { BlockEnviron, RequestEvent, RequestHead } from '../../../src/events/request.ts'
import { HeaderCache } from '../../../src/parse/headerCache.ts'
import { Http1Parser } from '../../../src/parse/http1.ts'
import { ROOMY } from './record.ts'

const EMPTY = Buffer.alloc(0)
const text = (latin1: string) => Buffer.from(latin1, 'latin1')
const get = (target: string, headers = 'Host: a\r\n') => text(`GET ${target} HTTP/1.1\r\n${headers}\r\n`)
const post = (target: string, body: string) =>
  text(`POST ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
const parser = (cache: HeaderCache | null = new HeaderCache()) => new Http1Parser(ROOMY, cache)

function heads(events: readonly RequestEvent[]): RequestHead[] {
  return events.flatMap((event) => (event.kind === 'head' ? [event.head] : []))
}

const targets = (events: readonly RequestEvent[]) => heads(events).map((head) => head.target)

test('feed stops after maxHeads heads, and goes on when asked', () => {
  const one = parser()
  const all = Buffer.concat(['/1', '/2', '/3', '/4'].map((target) => get(target)))
  deepEqual(targets(one.feed(all, 2)), ['/1', '/2'])
  equal(one.held, true)
  equal(one.state, 'idle')
  deepEqual(targets(one.feed(EMPTY, 1)), ['/3'])
  equal(one.held, true)
  deepEqual(targets(one.feed(EMPTY, 1)), ['/4'])
  equal(one.held, false)
  equal(one.eof(), 'clean')
})

test('the body of the last head that may be read is read too', () => {
  const one = parser()
  const events = one.feed(Buffer.concat([post('/1', 'abc'), get('/2')]), 1)
  deepEqual(
    events.map((event) => event.kind),
    ['head', 'body', 'bodyEnd'],
  )
  equal(one.held, true)
})

test('bytes that come while others are held are read after them', () => {
  const one = parser()
  deepEqual(targets(one.feed(Buffer.concat([get('/1'), get('/2').subarray(0, 9)]), 1)), ['/1'])
  equal(one.held, true)
  deepEqual(one.feed(get('/2').subarray(9), 0), [])
  deepEqual(one.feed(get('/3'), 0), [])
  equal(one.held, true)
  deepEqual(targets(one.feed(EMPTY)), ['/2', '/3'])
  equal(one.held, false)
})

test('with no heads allowed a body still comes', () => {
  const one = parser()
  const all = Buffer.concat([post('/1', 'abc'), get('/2')])
  one.feed(all.subarray(0, all.indexOf('bc')), 1)
  equal(one.state, 'body')
  deepEqual(
    one.feed(all.subarray(all.indexOf('bc')), 0).map((event) => event.kind),
    ['body', 'bodyEnd'],
  )
  equal(one.held, true)
})

test('nothing is held when the last head allowed ends the bytes', () => {
  const one = parser()
  one.feed(get('/1'), 1)
  equal(one.held, false)
})

test('state and eof say how far a request came', () => {
  const one = parser()
  const chunked = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
  const steps: [string, Http1Parser['state'], ReturnType<Http1Parser['eof']>][] = [
    ['', 'idle', 'clean'],
    ['\r', 'head', 'midHead'],
    ['\n', 'idle', 'clean'],
    ['P', 'head', 'midHead'],
    [chunked.slice(1, 17), 'head', 'midHead'],
    [chunked.slice(17), 'body', 'midBody'],
    ['1\r\nx', 'body', 'midBody'],
    ['\r\n0\r\n', 'body', 'midBody'],
    ['\r\n', 'idle', 'clean'],
    ['\n', 'refused', 'clean'],
  ]
  for (const [bytes, state, eof] of steps) {
    one.feed(text(bytes))
    deepEqual([one.state, one.eof()], [state, eof], JSON.stringify(bytes))
  }
})

test('after a refusal nothing comes, and nothing is kept', () => {
  const one = parser()
  deepEqual(one.feed(text('GET / HTTP/3.0\r\n\r\n'), 1), [{ kind: 'refused', code: 'VERSION_UNSUPPORTED', detail: '' }])
  deepEqual(one.feed(get('/')), [])
  equal(one.state, 'refused')
  equal(one.held, false)
})

test('data comes as views into what was fed', () => {
  const bytes = post('/', 'abc')
  const [, body] = parser().feed(bytes)
  equal(body?.kind === 'body' && body.bytes.buffer === bytes.buffer, true)
})

test('a connection that repeats its headers shares one block', () => {
  const one = parser()
  const [first, second] = heads(one.feed(Buffer.concat([get('/1'), get('/2')])))
  equal(first?.block, second?.block)
})

test('connections share a block from its third sight on', () => {
  const cache = new HeaderCache()
  const blocks = [1, 2, 3, 4].map(() => heads(parser(cache).feed(get('/')))[0]?.block)
  notEqual(blocks[0], blocks[1])
  equal(blocks[1], blocks[2])
  equal(blocks[2], blocks[3])
})

test('a head that comes in two pieces shares blocks too', () => {
  const cache = new HeaderCache()
  for (let sight = 0; sight < 2; sight++) parser(cache).feed(get('/'))
  const [whole] = heads(parser(cache).feed(get('/')))
  const halves = parser(cache)
  halves.feed(get('/').subarray(0, 20))
  const [cut] = heads(halves.feed(get('/').subarray(20)))
  equal(cut?.block, whole?.block)
})

test('a shared block is not one of another version', () => {
  const cache = new HeaderCache()
  const old = text('GET / HTTP/1.0\r\nHost: a\r\n\r\n')
  for (let sight = 0; sight < 3; sight++) parser(cache).feed(get('/'))
  const one = parser(cache)
  const [newer, older] = heads(one.feed(Buffer.concat([get('/'), old])))
  notEqual(newer?.block, older?.block)
})

test('the block of an absolute target has its own host and its own environ', () => {
  const one = parser()
  const [plain] = heads(one.feed(get('/')))
  plain!.block.environ = {} as BlockEnviron
  const [absolute, same] = heads(one.feed(Buffer.concat([get('http://b/'), get('http://a/')])))
  equal(absolute?.block.host, 'b')
  equal(absolute?.block.environ, null)
  equal(same?.block, plain?.block)
})

test('a block from a cache must fit the limits of the parser that finds it', () => {
  const cache = new HeaderCache()
  const bytes = get('/', 'Host: a\r\nA: b\r\n')
  for (let sight = 0; sight < 3; sight++) parser(cache).feed(bytes)
  for (const [limits, code] of [
    [{ maxHeaders: 1 }, 'HEADERS_TOO_MANY'],
    [{ maxHeaderBytes: 10 }, 'HEADERS_TOO_LARGE'],
    [{ maxHeaderLineBytes: 6 }, 'HEADER_TOO_LONG'],
  ] as const) {
    const [event] = new Http1Parser({ ...ROOMY, ...limits }, cache).feed(bytes)
    equal(event?.kind === 'refused' && event.code, code)
  }
})
