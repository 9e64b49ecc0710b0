import { deepEqual, equal, match } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { answerApi, ROUTES } from '../../../src/control/api.ts'
import { Fault } from '../../../src/faults/fault.ts'
import { FakeOperations, SLOW } from './fakes.ts'

async function ask(operations: FakeOperations, method: string, target: string, body = '') {
  const [path = '', query = ''] = target.split('?')
  const answer = await answerApi(operations, { method, path, query: new URLSearchParams(query), body })
  const json = answer.type === 'application/json' ? JSON.parse(answer.body) : null
  return { ...answer, json }
}

test('what is asked for is answered as JSON', async () => {
  const operations = new FakeOperations()
  operations.threads = [{ number: 1, pid: 4_720, threads: null }]
  deepEqual((await ask(operations, 'GET', '/v1/status')).json, operations.now)
  deepEqual((await ask(operations, 'GET', '/v1/requests')).json, { requests: [SLOW] })
  deepEqual((await ask(operations, 'GET', '/v1/stacks')).json, { workers: operations.threads })
  deepEqual((await ask(operations, 'GET', '/v1/stacks?worker=1')).json, { workers: operations.threads })
})

test('metrics are Prometheus text', async () => {
  const { status, type, body } = await ask(new FakeOperations(), 'GET', '/v1/metrics')
  equal(status, 200)
  equal(type, 'text/plain; version=0.0.4; charset=utf-8')
  equal(body, 'dram_info 1\n')
})

test('what is to be done is done', async () => {
  const operations = new FakeOperations()
  deepEqual((await ask(operations, 'POST', '/v1/reload')).json, { generation: 2, tookMs: 810, needRestart: [] })
  deepEqual((await ask(operations, 'POST', '/v1/scale', '{"workers": 3}')).json, { workers: 3 })
  deepEqual((await ask(operations, 'POST', '/v1/upgrade')).json, { pid: 99 })
  deepEqual((await ask(operations, 'POST', '/v1/logs/reopen')).json, {})
  deepEqual((await ask(operations, 'POST', '/v1/stop')).json, { withinMs: 1_000 })
  await ask(operations, 'POST', '/v1/stop', '{"fast":true}')
  deepEqual(operations.asked, ['reload', 'scale 3', 'upgrade', 'reopen', 'stop gracefully', 'stop fast'])
})

test('a failed reload is its fault, with the trace', async () => {
  const operations = new FakeOperations()
  operations.onReload = () =>
    Promise.reject(new Fault('RELOAD_FAILED', { detail: 'SyntaxError' }, '  File "shop.py", line 3\n'))
  const { status, json } = await ask(operations, 'POST', '/v1/reload')
  equal(status, 500)
  deepEqual(json, {
    code: 'RELOAD_FAILED',
    message: 'the reload failed: SyntaxError',
    hint: 'the old generation goes on serving; mend it and reload again',
    trace: '  File "shop.py", line 3\n',
  })
})

test('an error that is no fault is one of ours', async () => {
  const operations = new FakeOperations()
  operations.onReload = () => Promise.reject(new TypeError('oops'))
  const { status, json } = await ask(operations, 'POST', '/v1/reload')
  deepEqual([status, json.code, json.message], [500, 'INTERNAL', 'dram failed: oops'])
  match(json.trace, /TypeError: oops/)
})

const REFUSED: readonly (readonly [method: string, target: string, body: string, status: number, code: string])[] = [
  ['GET', '/', '', 404, 'CONTROL_UNKNOWN'],
  ['GET', '/v1/nothing', '', 404, 'CONTROL_UNKNOWN'],
  ['GET', '/v1/constructor', '', 404, 'CONTROL_UNKNOWN'],
  ['GET', '/v1/reload', '', 405, 'CONTROL_METHOD'],
  ['toString', '/v1/reload', '', 405, 'CONTROL_METHOD'],
  ['POST', '/v1/status', '', 405, 'CONTROL_METHOD'],
  ['GET', '/v1/stacks?worker=x', '', 400, 'CONTROL_REQUEST'],
  ['GET', '/v1/stacks?worker=9', '', 404, 'WORKER_UNKNOWN'],
  ['POST', '/v1/scale', '', 400, 'CONTROL_REQUEST'],
  ['POST', '/v1/scale', 'four', 400, 'CONTROL_REQUEST'],
  ['POST', '/v1/scale', '[4]', 400, 'CONTROL_REQUEST'],
  ['POST', '/v1/scale', '{"workers":"4"}', 400, 'CONTROL_REQUEST'],
  ['POST', '/v1/scale', '{"workers":1.5}', 400, 'CONTROL_REQUEST'],
  ['POST', '/v1/scale', '{"workers":-1}', 400, 'CONTROL_REQUEST'],
  ['POST', '/v1/scale', '{"workers":100000}', 400, 'CONTROL_REQUEST'],
  ['POST', '/v1/stop', '{"fats":true}', 400, 'CONTROL_REQUEST'],
  ['POST', '/v1/stop', '{"fast":1}', 400, 'CONTROL_REQUEST'],
]

for (const [method, target, body, status, code] of REFUSED) {
  test(`${method} ${target} ${body} is refused: ${code}`, async () => {
    const operations = new FakeOperations()
    const answer = await ask(operations, method, target, body)
    deepEqual([answer.status, answer.json.code], [status, code])
    deepEqual(operations.asked, [])
  })
}

test('a wrong method is told the right ones', async () => {
  equal((await ask(new FakeOperations(), 'GET', '/v1/scale')).allow, 'POST')
})

test('docs/control.md tells of each path with its method', () => {
  const page = readFileSync(new URL('../../../../docs/control.md', import.meta.url), 'utf8')
  const told = [...page.matchAll(/^\| `(GET|POST) (\/v1\/[\w/]+)/gm)].map(([, method, path]) => `${method} ${path}`)
  const routes = Object.entries(ROUTES).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  )
  deepEqual(told.sort(), routes.sort())
})
