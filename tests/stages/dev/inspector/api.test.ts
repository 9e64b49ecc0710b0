import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Beside } from '../../../../src/dev/beside.ts'
import { InspectorApi } from '../../../../src/dev/inspector/api.ts'
import type { Journey, JourneySummary } from '../../../../src/dev/inspector/journey.ts'
import { Recorder } from '../../../../src/dev/inspector/recorder.ts'
import type { PageRequest } from '../../../../src/dev/pages.ts'
import { type Client, request } from '../../../kit/client.ts'
import { eventually } from '../../../kit/wait.ts'
import { House } from '../../server/house.ts'
import { type FakeWorker, wholeFrame } from '../../worker/fakeWorker.ts'

type Headers = readonly (readonly [name: string, value: string])[]

interface Scene {
  readonly house: House
  readonly beside: Beside
  readonly worker: FakeWorker
  /** An answer of the application, to a request with this target. */
  visit(target: string, body?: string): Promise<void>
  /** What the API says to the page. */
  api<T>(method: string, path: string, body?: object): Promise<{ status: number; body: T }>
}

const SAME: Headers = [['Sec-Fetch-Site', 'same-origin']]

async function open(t: TestContext): Promise<Scene> {
  const house = await House.open(t)
  const beside = new Beside('test', false, null, null)
  house.server.bystander = beside
  const worker = await house.worker({ threads: 4 })
  const cookie = beside.guard.cookie.split(';')[0]!
  return {
    house,
    beside,
    worker,
    async visit(target, body = 'hello') {
      const client = await house.client()
      await client.write(
        request('POST', target, [
          ['Content-Length', '2'],
          ['Host', 'localhost'],
        ]),
      )
      await client.write('hi')
      const { id } = await worker.request()
      await worker.send(wholeFrame(id, body))
      await client.response()
      client.close()
    },
    async api(method, path, body) {
      const client = await house.client()
      await ask(client, method, path, [['Cookie', cookie], ...SAME], body)
      const { status, text } = await client.response()
      client.close()
      return { status, body: JSON.parse(text) }
    },
  }
}

async function ask(client: Client, method: string, path: string, headers: Headers, body?: object): Promise<void> {
  const bytes = Buffer.from(body === undefined ? '' : JSON.stringify(body))
  const lines = [['Host', 'localhost:8000'], ['Content-Length', String(bytes.length)], ...headers]
  const text = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  await client.write(Buffer.concat([Buffer.from(`${method} /-/inspector/api/${path} HTTP/1.1\r\n${text}\r\n`), bytes]))
}

const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64')

test('the page gets the list, one journey and a command for it; its own requests are not among them', async (t) => {
  const { visit, api, house } = await open(t)
  await visit("/one?it's=1")
  await house.turns()
  const { body } = await api<{ journeys: JourneySummary[]; isPaused: boolean }>('GET', 'journeys')
  deepEqual([body.journeys.map(({ number, target }) => [number, target]), body.isPaused], [[[1, "/one?it's=1"]], false])
  const one = await api<Journey>('GET', 'journeys/1')
  deepEqual([one.body.state, one.body.parse.head?.method, one.body.replayOf], ['done', 'POST', null])
  const { command } = (await api<{ command: string }>('GET', 'journeys/1/curl')).body
  match(command, /^curl .*--data-raw hi .*'http:\/\/127\.0\.0\.1:\d+\/one\?it'\\''s=1'$/)
  for (const path of ['journeys/2', 'journeys/x', 'journeys/1/other', 'journeys/99999999999999999999'])
    equal((await api('GET', path)).status, 404, path)
})

test('a request is sent again, edited, and broken, and is a journey of its own', async (t) => {
  const { visit, api, worker, beside } = await open(t)
  await visit('/one')
  const replaying = api<{ number: number }>('POST', 'journeys/1/replay')
  const again = await worker.request()
  deepEqual([again.method, again.target, again.body.toString()], ['POST', '/one', 'hi'])
  deepEqual((await replaying).body, { number: 2 })
  await worker.send(wholeFrame(again.id, 'again'))
  const { state, replayOf } = await beside.recorder.over(2)
  deepEqual([state, replayOf], ['done', 1])

  const edited = {
    method: 'PUT',
    target: '/two',
    headers: [
      ['Host', 'x'],
      ['Content-Length', '99'],
    ],
    body: base64('body'),
    replayOf: 2,
  }
  const sending = api<{ number: number }>('POST', 'send', edited)
  const put = await worker.request()
  deepEqual([put.method, put.target, put.body.toString()], ['PUT', '/two', 'body'])
  deepEqual((await sending).body, { number: 3 })
  await worker.send(wholeFrame(put.id))
  equal((await beside.recorder.over(3)).replayOf, 2)

  const raw = { raw: base64('GET / HTTP/1.1\r\nBad Name: x\r\n\r\n'), replayOf: null }
  deepEqual((await api('POST', 'send', raw)).body, { number: 4 })
  const refused = await beside.recorder.over(4)
  deepEqual([refused.state, refused.parse.refusal?.atByte], ['refused', 19])
})

test('what can not be sent is said to be so, and nothing is sent', async (t) => {
  const { api, worker } = await open(t)
  const unfit: readonly object[] = [
    {},
    { method: 'GET' },
    { method: 'GET', target: '/', headers: [['a']] },
    { method: 'GET', target: '/', body: '***' },
    { raw: '' },
    { raw: 1 },
    { raw: base64('GET'), replayOf: 'x' },
  ]
  for (const body of unfit) equal((await api('POST', 'send', body)).status, 400, JSON.stringify(body))
  equal((await api('POST', 'journeys/7/replay')).status, 404)
  equal(worker.asked.length, 0)
})

test('one whose bytes were not all kept is not sent again', async (t) => {
  const { api, house, worker, beside } = await open(t)
  const client = await house.client()
  const size = 70_000
  await client.write(`POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${size}\r\n\r\n`)
  await client.write(Buffer.alloc(size, 'x'))
  const { id } = await worker.request()
  await worker.send(wholeFrame(id))
  await beside.recorder.over(1)
  equal((await api('POST', 'journeys/1/replay')).status, 409)
  match(
    (await api<{ command: string }>('GET', 'journeys/1/curl')).body.command,
    /^# the end of its body was not kept\n/,
  )
})

test('events tell of requests as they come and end, of pauses, and of a list that was cleared', async (t) => {
  const { house, beside, visit, api } = await open(t)
  const viewer = await house.client()
  await ask(viewer, 'GET', 'events', [['Cookie', beside.guard.cookie.split(';')[0]!]])
  let text = ''
  const until = (wanted: RegExp): Promise<unknown> =>
    eventually(async () => {
      if (viewer.heldBytes > 0) text += (await viewer.some()).toString()
      return wanted.test(text)
    }, String(wanted))
  await until(/: welcome/)
  await visit('/seen')
  await until(
    /event: journey\ndata: \{"number":1,.*"state":"running"[\s\S]*event: journey\ndata: \{"number":1,.*"state":"done"/,
  )
  deepEqual((await api('POST', 'pause', { isPaused: true })).body, { isPaused: true })
  await until(/event: paused\ndata: \{"isPaused":true\}/)
  await visit('/unseen')
  deepEqual((await api('POST', 'clear')).body, {})
  await until(/event: cleared\ndata: \{\}/)
  equal(/unseen/.test(text), false)
  deepEqual((await api('GET', 'journeys')).body, { journeys: [], isPaused: true })
  beside.leave()
  await until(/\r\n0\r\n\r\n$/)
})

test('strangers, other pages and those without the token get nothing', async (t) => {
  const { house, beside, worker, visit } = await open(t)
  await visit('/secret')
  const cookie: Headers = [['Cookie', beside.guard.cookie.split(';')[0]!]]
  const refusals: readonly (readonly [method: string, path: string, headers: Headers])[] = [
    ['GET', 'journeys', []],
    ['GET', 'journeys/1', [['Sec-Fetch-Site', 'cross-site'], ...cookie]],
    ['POST', 'clear', [['Origin', 'https://evil.example'], ...cookie]],
    ['POST', 'send', [['Sec-Fetch-Site', 'same-site'], ...cookie]],
    ['POST', 'journeys/1/replay', []],
  ]
  for (const [method, path, headers] of refusals) {
    const client = await house.client()
    await ask(client, method, path, headers)
    equal((await client.response()).status, 403, path)
  }
  equal(beside.recorder.list()[0]?.number, 1)
  // A rebinding Host and a forwarded request are the application's, as if there were no page.
  const client = await house.client()
  await client.write(`GET /-/inspector/api/journeys HTTP/1.1\r\nHost: evil.example\r\nCookie: ${cookie[0]![1]}\r\n\r\n`)
  const { id, target } = await worker.request()
  equal(target, '/-/inspector/api/journeys')
  await worker.send(wholeFrame(id, 'none of ours'))
  equal((await client.response()).text, 'none of ours')
  const asked = await house.client()
  await ask(asked, 'GET', 'journeys', [['X-Forwarded-For', '10.0.0.1'], ...cookie])
  const forwarded = await worker.request()
  await worker.send(wholeFrame(forwarded.id, 'nor this'))
  equal((await asked.response()).text, 'nor this')
  ok(beside.recorder.list().every(({ number }) => number <= 3))
})

test('at a stop nobody is kept waiting for events, and nobody begins to', async (t) => {
  const { house, beside, api } = await open(t)
  const viewer = await house.client()
  await ask(viewer, 'GET', 'events', [['Cookie', beside.guard.cookie.split(';')[0]!], ...SAME])
  await viewer.head()
  await viewer.chunk()
  beside.leave()
  equal(await viewer.chunk(), null)
  equal((await api('GET', 'events')).status, 503)
})

test('who does not read the events is let go: nothing piles up for it, and it may come again', () => {
  const recorder = new Recorder({ isOwn: () => true })
  const events = new InspectorApi(recorder).pages.find(({ path }) => path.endsWith('/events'))!
  const said: string[] = []
  const answer = {
    waitingBytes: 0,
    whole() {},
    begun: () => said.push('begun'),
    piece: (bytes: Buffer) => said.push(/^event: (\w+)/.exec(bytes.toString())?.[1] ?? 'welcome'),
    ended: () => said.push('ended'),
    onLeft() {},
  }
  events.answer({} as PageRequest, answer)
  recorder.clear()
  answer.waitingBytes = 2 * 1024 * 1024
  recorder.clear()
  answer.waitingBytes = 0
  recorder.clear()
  deepEqual(said, ['begun', 'welcome', 'cleared', 'ended'])
  events.answer({} as PageRequest, answer)
  recorder.clear()
  deepEqual(said.slice(4), ['begun', 'welcome', 'cleared'])
})
