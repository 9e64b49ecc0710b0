import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { headOf, page } from '../../../src/dev/answers.ts'
import { Fault } from '../../../src/faults/fault.ts'
import type { Bystander, DeskAnswer, DeskQuestion, Finish } from '../../../src/server/bystander.ts'
import type { RequestWitness } from '../../../src/server/witness.ts'
import { WIRE } from '../../../src/worker/table.ts'
import { chunked, request } from '../../kit/client.ts'
import { eventually } from '../../kit/wait.ts'
import { pattern } from '../spool/room.ts'
import { endFrame, frame, headFrame, wholeFrame } from '../worker/fakeWorker.ts'
import { handOver, sized } from './handedFile.ts'
import { House, type HouseOptions } from './house.ts'

const { worker: W } = WIRE
const NONE: Bystander = { deskFor: () => null, finish: () => null, faultPage: () => null }

async function accompanied(t: TestContext, bystander: Partial<Bystander>, options: HouseOptions = {}): Promise<House> {
  const house = await House.open(t, options)
  house.server.bystander = { ...NONE, ...bystander }
  return house
}

/** Each request below /-/ comes to this desk, and waits in `asked` until the test answers it. */
async function withDesk(t: TestContext, options: HouseOptions = {}) {
  const asked: { question: DeskQuestion; answer: DeskAnswer }[] = []
  const desk = { ask: (question: DeskQuestion, answer: DeskAnswer) => void asked.push({ question, answer }) }
  const house = await accompanied(t, { deskFor: ({ head }) => (head!.target.startsWith('/-/') ? desk : null) }, options)
  return { house, asked, next: async (at = 0) => await eventually(() => asked[at], `question ${at}`) }
}

const TEXT = 'text/plain'

describe('a desk', () => {
  test('answers whole, and its connection goes on; no worker is there, and the access log knows nothing of it', async (t) => {
    const { house, next } = await withDesk(t)
    const client = await house.client()
    for (const at of [0, 1]) {
      await client.write(request('GET', '/-/a'))
      const { answer } = await next(at)
      answer.whole(page(200, TEXT, 'ours'))
      equal((await client.response()).text, 'ours')
    }
    deepEqual(house.lines, [])
    client.halfClose()
    await house.allGivenBack()
  })

  test('gets the whole body, of any framing, and null for one that memory does not hold', async (t) => {
    const { house, next } = await withDesk(t, { settings: { bodyBufferBytes: 1024 } })
    const client = await house.client()
    for (const [at, headers, sent, body] of [
      [0, [['Content-Length', '4']], 'body', 'body'],
      [1, [['Transfer-Encoding', 'chunked']], chunked('bo', 'dy'), 'body'],
      [2, [], '', ''],
      [3, [['Content-Length', '5000']], 'x'.repeat(5000), null],
    ] as const) {
      await client.write(Buffer.concat([request('POST', '/-/a', headers), Buffer.from(sent)]))
      const { question, answer } = await next(at)
      equal(question.body?.toString() ?? null, body)
      equal(question.head.method, 'POST')
      answer.whole(page(200, TEXT, 'ok'))
      equal((await client.response()).status, 200)
    }
    client.halfClose()
    await house.allGivenBack()
  })

  test('also where request bodies are streamed to the application', async (t) => {
    const { house, next } = await withDesk(t, { settings: { streamRequests: true } })
    const client = await house.client()
    await client.write(request('POST', '/-/a', [['Content-Length', '4']]))
    await client.write('body')
    const { question, answer } = await next()
    equal(question.body?.toString(), 'body')
    answer.whole(page(200, TEXT, 'ok'))
    equal((await client.response()).text, 'ok')
  })

  test('answers in pieces, each as it comes', async (t) => {
    const { house, next } = await withDesk(t)
    const client = await house.client()
    await client.write(request('GET', '/-/events'))
    const { answer } = await next()
    answer.begun(headOf(200, { 'Content-Type': 'text/event-stream' }))
    const { status, headers } = await client.head()
    equal(status, 200)
    ok(headers.some(([name, value]) => name === 'Transfer-Encoding' && value === 'chunked'))
    for (const text of ['one', 'two']) {
      answer.piece(Buffer.from(text))
      equal((await client.chunk())?.toString(), text)
    }
    answer.ended()
    equal(await client.chunk(), null)
    answer.piece(Buffer.from('late')) // dropped
    answer.ended()
    answer.whole(page(200, TEXT, 'late'))
    await client.write(request('GET', '/-/again'))
    const again = await next(1)
    again.answer.whole(page(200, TEXT, 'again'))
    equal((await client.response()).text, 'again')
  })

  test('is told once that its client has left, and not after the end', async (t) => {
    const { house, next } = await withDesk(t)
    const left: string[] = []
    const [leaving, staying] = [await house.client(), await house.client()]
    await leaving.write(request('GET', '/-/1'))
    const first = await next(0)
    first.answer.onLeft = () => left.push('first')
    first.answer.begun(headOf(200, {}))
    first.answer.piece(Buffer.from('x'))
    await leaving.head()
    await staying.write(request('GET', '/-/2'))
    const second = await next(1)
    second.answer.onLeft = () => left.push('second')
    second.answer.whole(page(200, TEXT, 'done'))
    await staying.response()
    staying.reset()
    leaving.reset()
    await eventually(() => left.length > 0, 'the end of the first')
    await house.allGivenBack()
    deepEqual(left, ['first'])
    first.answer.piece(Buffer.from('late'))
    first.answer.ended()
  })

  test('of what a client leaves before it is answered it is told, too', async (t) => {
    const { house, next } = await withDesk(t)
    const client = await house.client()
    await client.write(request('GET', '/-/1'))
    const { answer } = await next()
    const gone = new Promise<void>((resolve) => {
      answer.onLeft = resolve
    })
    client.reset()
    await gone
    answer.whole(page(200, TEXT, 'late'))
    await house.allGivenBack()
  })

  test('that answers with what is no answer costs the connection, and nothing else', async (t) => {
    const { house, next } = await withDesk(t)
    const client = await house.client()
    await client.write(request('GET', '/-/1'))
    const { answer } = await next()
    answer.whole({ head: null as never, body: Buffer.alloc(0) })
    await client.failure()
    equal(house.bugs.splice(0).length, 1)
    const other = await house.client()
    await other.write(request('GET', '/-/2'))
    const again = await next(1)
    again.answer.whole(page(200, TEXT, 'ours'))
    equal((await other.response()).text, 'ours')
  })

  test('HEAD gets the head alone', async (t) => {
    const { house, next } = await withDesk(t)
    const client = await house.client()
    await client.write(request('HEAD', '/-/a'))
    const { answer } = await next()
    answer.whole(page(200, TEXT, 'four'))
    const { headers, text } = await client.response({ method: 'HEAD' })
    ok(headers.some(([name, value]) => name === 'Content-Length' && value === '4'))
    equal(text, '')
  })

  test('stands in the line of its connection, between requests of the application', async (t) => {
    const { house, next } = await withDesk(t)
    const worker = await house.worker({ threads: 3 })
    const client = await house.client()
    await client.write(Buffer.concat([request('GET', '/1'), request('GET', '/-/2'), request('GET', '/3')]))
    const one = await worker.request()
    const { answer } = await next()
    answer.whole(page(200, TEXT, 'two'))
    const three = await worker.request()
    await worker.send(wholeFrame(three.id, 'three'), wholeFrame(one.id, 'one'))
    const answers = await client.responses(3)
    deepEqual(
      answers.map(({ text }) => text),
      ['one', 'two', 'three'],
    )
  })

  test('answers while the application is broken, or held', async (t) => {
    const { house, next } = await withDesk(t)
    house.server.standIn = new Fault('APP_IMPORT_FAILED', { detail: 'it says' })
    house.server.pool.held = true
    const client = await house.client()
    await client.write(request('GET', '/-/a'))
    const { answer } = await next()
    answer.whole(page(200, TEXT, 'ours'))
    equal((await client.response()).text, 'ours')
    await client.write(request('GET', '/a'))
    equal((await client.response()).status, 500)
  })
})

const TAIL = Buffer.from('<tail>')

/** As for an answer that has a Content-Length in its head, or none. */
function finishing(): { readonly bystander: Partial<Bystander>; readonly asked: string[] } {
  const asked: string[] = []
  const finish: Bystander['finish'] = (request, head): Finish => {
    asked.push(`${request.head!.method} ${head.status}`)
    const longer = (_: string, count: string): string => `Content-Length: ${Number(count) + TAIL.length}`
    const lines = head.head.replace(/Content-Length: (\d+)/, longer)
    return { head: { ...head, head: `${lines}X-Finished: yes\r\n` }, tail: TAIL }
  }
  return { bystander: { finish }, asked }
}

const isFinished = (headers: readonly (readonly [string, string])[]): boolean =>
  headers.some(([name, value]) => name === 'X-Finished' && value === 'yes')

describe('a finish', () => {
  for (const [name, body] of [
    ['a small one', Buffer.from('small')],
    ['a large one', pattern(300_000)],
  ] as const)
    for (const hasLength of [true, false])
      test(`of a whole answer, ${name}, ${hasLength ? 'with' : 'without'} a length of its own`, async (t) => {
        const house = await accompanied(t, finishing().bystander)
        const worker = await house.worker()
        const client = await house.client()
        await client.write(request('GET', '/'))
        const { id } = await worker.request()
        await worker.send(wholeFrame(id, body, hasLength ? sized(body.length) : {}))
        const answer = await client.response()
        ok(isFinished(answer.headers))
        ok(answer.body.equals(Buffer.concat([body, TAIL])))
        equal(house.lines[0]?.bodyBytes, body.length + TAIL.length)
      })

  test('of an answer that comes in pieces: behind the last', async (t) => {
    const house = await accompanied(t, finishing().bystander)
    const worker = await house.worker()
    const client = await house.client()
    await client.write(request('GET', '/'))
    const { id } = await worker.request()
    await worker.send(headFrame(id, 'one'), frame(W.DATA, id, 'two'), endFrame(id))
    const answer = await client.response()
    equal(answer.text, 'onetwo<tail>')
    ok(isFinished(answer.headers))
    await client.write(request('GET', '/'))
    const again = await worker.request()
    await worker.send(headFrame(again.id, 'o', sized(2)), frame(W.DATA, again.id, 'k'), endFrame(again.id))
    equal((await client.response()).text, 'ok<tail>')
  })

  test('of a file that the front sends', async (t) => {
    const house = await accompanied(t, finishing().bystander)
    const worker = await house.worker()
    const client = await house.client()
    const content = pattern(500_000)
    await client.write(request('GET', '/'))
    const { id } = await worker.request()
    await worker.send(headFrame(id, '', sized(content.length)), handOver(t, id, content).frame)
    await worker.heard('OPENED')
    await worker.send(endFrame(id))
    ok((await client.response()).body.equals(Buffer.concat([content, TAIL])))
    client.halfClose()
    await house.allGivenBack()
  })

  test('of an answer whose end is that of the connection', async (t) => {
    const house = await accompanied(t, finishing().bystander)
    const worker = await house.worker()
    const client = await house.client()
    await client.write('GET / HTTP/1.0\r\n\r\n')
    const { id } = await worker.request()
    await worker.send(headFrame(id, 'one'), frame(W.DATA, id, 'two'), endFrame(id))
    equal((await client.response()).text, 'onetwo<tail>')
    equal(await client.end(), 'ended')
  })

  test('of answers in a pipeline that closes: each its own, in their order', async (t) => {
    const house = await accompanied(t, finishing().bystander)
    const worker = await house.worker({ threads: 2 })
    const client = await house.client()
    await client.write(Buffer.concat([request('GET', '/1'), request('GET', '/2', [['Connection', 'close']])]))
    const [first, second] = [await worker.request(), await worker.request()]
    await worker.send(wholeFrame(second.id, 'two'))
    await worker.send(headFrame(first.id, 'o', sized(3)), frame(W.DATA, first.id, 'ne'), endFrame(first.id))
    equal((await client.response()).text, 'one<tail>')
    equal((await client.response()).text, 'two<tail>')
    equal(await client.end(), 'ended')
  })

  test('of an answer that breaks off: no tail, so that nobody takes it for whole', async (t) => {
    const house = await accompanied(t, finishing().bystander)
    const worker = await house.worker()
    const client = await house.client()
    await client.write(request('GET', '/'))
    const { id } = await worker.request()
    await worker.send(headFrame(id, 'one', sized(10)), endFrame(id, { short: true }))
    equal(await client.failure(), 'short')
  })

  test('of HEAD and of what has no body changes the head alone', async (t) => {
    const { bystander, asked } = finishing()
    const house = await accompanied(t, bystander)
    const worker = await house.worker()
    const client = await house.client()
    await client.write(request('HEAD', '/'))
    const { id } = await worker.request()
    await worker.send(wholeFrame(id, '', sized(7)))
    const head = await client.response({ method: 'HEAD' })
    ok(isFinished(head.headers))
    ok(head.headers.some(([name, value]) => name === 'Content-Length' && value === String(7 + TAIL.length)))
    for (const status of [204, 304]) {
      await client.write(request('GET', '/'))
      const bodiless = await worker.request()
      await worker.send(wholeFrame(bodiless.id, '', { status, head: `${status} X\r\n` }))
      const answer = await client.response()
      deepEqual([answer.status, answer.text, isFinished(answer.headers)], [status, '', true])
    }
    deepEqual(asked, ['HEAD 200', 'GET 204', 'GET 304'])
  })

  test('is for answers of the application: not for a desk’s, nor for faults', async (t) => {
    const { bystander, asked } = finishing()
    const house = await accompanied(t, {
      ...bystander,
      deskFor: ({ head }) =>
        head!.target === '/-/' ? { ask: (_, answer) => answer.whole(page(200, TEXT, 'ours')) } : null,
    })
    const worker = await house.worker()
    const client = await house.client()
    await client.write(request('GET', '/-/'))
    equal((await client.response()).text, 'ours')
    await client.write(request('GET', '/'))
    const { id } = await worker.request()
    await worker.send(frame(W.ERROR, id, JSON.stringify({ code: 'APP_RAISED', says: 'x', traceback: '' })))
    equal((await client.response()).status, 500)
    deepEqual(asked, [])
  })
})

describe('the page of a fault', () => {
  const faultPage: Bystander['faultPage'] = ({ head }, { code, report }) =>
    head === null ? null : page(500, TEXT, `${code} ${JSON.stringify(report)}`)

  test('is in the place of the plain one, knows the report, and leaves the connection as that would', async (t) => {
    const house = await accompanied(t, { faultPage })
    const worker = await house.worker()
    const client = await house.client()
    await client.write(request('GET', '/'))
    const { id } = await worker.request()
    const report = { exceptions: [] }
    await worker.send(frame(W.ERROR, id, JSON.stringify({ code: 'APP_RAISED', says: 'x', traceback: '', report })))
    equal((await client.response()).text, 'APP_RAISED {"exceptions":[]}')
    await client.write(request('HEAD', '/'))
    const head = await worker.request()
    await worker.send(frame(W.ERROR, head.id, JSON.stringify({ code: 'APP_RAISED', says: 'x', traceback: '' })))
    equal((await client.response({ method: 'HEAD' })).status, 500)
    await client.write(request('GET', '/', [['Content-Length', 'x']]))
    match((await client.response()).text, /LENGTH_INVALID/)
    equal(await client.end(), 'ended')
  })

  test('of a broken application, too', async (t) => {
    const house = await accompanied(t, { faultPage })
    house.server.standIn = new Fault('APP_IMPORT_FAILED', { detail: 'x' }, '', '', { exceptions: [] })
    const client = await house.client()
    await client.write(request('GET', '/'))
    equal((await client.response()).text, 'APP_IMPORT_FAILED {"exceptions":[]}')
  })

  test('where there is none, or nobody stands by, it is the plain one', async (t) => {
    const house = await accompanied(t, {})
    house.server.standIn = new Fault('APP_IMPORT_FAILED', { detail: 'x' })
    const client = await house.client()
    for (const bystander of [NONE, null]) {
      house.server.bystander = bystander
      await client.write(request('GET', '/'))
      equal((await client.response()).text, '500 Internal Server Error\n\nAPP_IMPORT_FAILED\n')
    }
  })
})

describe('a bystander that throws', () => {
  const fails = (): never => {
    throw new Error('told to')
  }

  test('is as one that has nothing to say, and each mistake is told', async (t) => {
    const house = await accompanied(t, { deskFor: fails, finish: fails, faultPage: fails, connected: fails })
    const worker = await house.worker()
    const client = await house.client()
    await client.write(request('GET', '/-/a'))
    const { id } = await worker.request()
    await worker.send(wholeFrame(id, 'hello'))
    equal((await client.response()).text, 'hello')
    await client.write(request('GET', '/'))
    const failing = await worker.request()
    await worker.send(frame(W.ERROR, failing.id, JSON.stringify({ code: 'APP_RAISED', says: 'x', traceback: '' })))
    equal((await client.response()).text, '500 Internal Server Error\n\nAPP_RAISED\n')
    equal(house.bugs.length, 5) // connected, deskFor, finish; deskFor, faultPage
    house.bugs.length = 0
  })

  test('as a witness, too: of connections and of requests', async (t) => {
    const witness = new Proxy({} as RequestWitness, { get: () => fails })
    for (const begun of [fails, () => witness]) {
      const house = await accompanied(t, { connected: ({ client }) => ({ client, request: begun }) })
      const worker = await house.worker()
      const client = await house.client()
      for (const text of ['one', 'two']) {
        await client.write(request('GET', '/'))
        const { id } = await worker.request()
        await worker.send(headFrame(id, text), endFrame(id))
        equal((await client.response()).text, text)
      }
      ok(house.bugs.length >= 2)
      house.bugs.length = 0
      client.halfClose()
      await house.allGivenBack()
    }
  })
})
