import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { answerPage } from '../../../src/control/pages.ts'

const pages = { ready: true, metrics: async () => 'dram_info 1\n' }

test('health is told while the process turns, readiness as it is', async () => {
  deepEqual(await answerPage(pages, 'GET', '/-/health'), {
    status: 200,
    type: 'text/plain; charset=utf-8',
    body: 'ok\n',
  })
  equal((await answerPage(pages, 'GET', '/-/ready')).status, 200)
  equal((await answerPage({ ...pages, ready: false }, 'GET', '/-/ready')).status, 503)
  equal((await answerPage({ ...pages, ready: false }, 'GET', '/-/health')).status, 200)
})

test('metrics are in the text format', async () => {
  const answer = await answerPage(pages, 'HEAD', '/metrics')
  deepEqual(answer, { status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: 'dram_info 1\n' })
})

test('nothing else is there', async () => {
  for (const path of ['/', '/metrics/', '/-/healthz', '/v1/stop', '/__proto__']) {
    equal((await answerPage(pages, 'GET', path)).status, 404)
  }
  const { status, allow } = await answerPage(pages, 'POST', '/metrics')
  deepEqual([status, allow], [405, 'GET, HEAD'])
})

test('metrics that fail are a 500, and the listener lives', async () => {
  const broken = { ready: true, metrics: () => Promise.reject(new Error('oops')) }
  equal((await answerPage(broken, 'GET', '/metrics')).status, 500)
})
