import { deepEqual, equal, match, ok, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { request } from '../../kit/client.ts'
import { wholeFrame } from '../worker/fakeWorker.ts'
import { House, settingsOf } from './house.ts'

test('open connections see new settings where they are asked for, and keep their limits', async (t) => {
  const house = await House.open(t, { settings: { maxHeaders: 5, serverHeader: 'old' } })
  const worker = await house.worker()
  const old = await house.client()
  await old.write(request('GET', '/'))
  await worker.send(wholeFrame((await worker.request()).id))
  equal((await old.response()).header('server'), 'old')
  house.server.adopt(settingsOf({ maxHeaders: 2, serverHeader: 'new', requestIdHeader: 'X-Id', healthPaths: true }))
  const three = [1, 2, 3].map((n) => [`X-${n}`, 'x'] as [string, string])
  const young = await house.client()
  await young.write(request('GET', '/', three))
  equal((await young.response()).status, 431)
  await old.write(request('GET', '/', three))
  await worker.send(wholeFrame((await worker.request()).id))
  const answer = await old.response()
  deepEqual([answer.status, answer.header('server')], [200, 'new'])
  ok(answer.header('x-id'))
  await old.write(request('GET', '/-/health'))
  equal((await old.response()).text, 'ok\n')
})

test('a header block that was seen before means what the new policy says, on new connections', async (t) => {
  const house = await House.open(t, { settings: { urlScheme: 'http' } })
  const worker = await house.worker()
  const old = await house.client()
  const schemes: (string | undefined)[] = []
  async function ask(client: typeof old): Promise<void> {
    await client.write(request('GET', '/'))
    const { id, block } = await worker.request()
    schemes.push(/wsgi\.url_scheme\0(\w+)/.exec(block)?.[1])
    await worker.send(wholeFrame(id))
    await client.response()
  }
  for (let round = 0; round < 3; round++) await ask(old)
  house.server.adopt(settingsOf({ urlScheme: 'https' }))
  await ask(await house.client())
  await ask(old)
  deepEqual(schemes, ['http', 'http', 'http', 'https', 'http'])
})

test('settings that cannot be are refused, and nothing has changed', async (t) => {
  const house = await House.open(t, { settings: { serverHeader: 'old' } })
  const worker = await house.worker()
  throws(() => house.server.adopt(settingsOf({ serverHeader: 'new', scriptName: '/%00' })), /--script-name/)
  const client = await house.client()
  await client.write(request('GET', '/'))
  await worker.send(wholeFrame((await worker.request()).id))
  equal((await client.response()).header('server'), 'old')
})

test('the queue has its new limits at once', async (t) => {
  const house = await House.open(t, { settings: { queue: 5, queueTimeoutMs: 60_000 } })
  const [one, two] = [await house.client(), await house.client()]
  await one.write(request('GET', '/'))
  await house.turns()
  house.server.adopt(settingsOf({ queue: 1, queueTimeoutMs: 1_000 }))
  await two.write(request('GET', '/'))
  const full = await two.response()
  equal(full.status, 503)
  match(full.text, /QUEUE_FULL/)
  match(full.header('retry-after') ?? '', /^\d+$/)
  await house.pass(1_500)
  match((await one.response()).text, /QUEUE_TIMEOUT/)
})
