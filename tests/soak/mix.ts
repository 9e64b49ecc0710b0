import { equal, ok } from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { request } from '../kit/client.ts'
import type { Asked } from '../kit/load.ts'
import { randomOf } from './chaos.ts'

/** A body that goes to disk, with the server's settings of the soak. */
const LARGE_BYTES = 200_000

/** The next request of a lane: of many kinds, the same for the same seed. Each answer names the request it is for. */
export function mixed(seed: number): (id: string, count: number) => Asked {
  const random = randomOf(seed)
  return (id) => {
    const dice = random()
    if (dice < 0.4) return get(id, 'short', '', (text) => equal(text, id))
    if (dice < 0.55) return get(id, 'held', '&hold=0.01', (text) => equal(text, id))
    if (dice < 0.6) return get(id, 'held', '&hold=0.2', (text) => equal(text, id))
    if (dice < 0.7) return get(id, 'chunked', '', (text) => equal(text, `${id} `.repeat(5)))
    if (dice < 0.8) return get(id, 'sized', `&size=${LARGE_BYTES}`, (text) => checkSized(text, id))
    if (dice < 0.97) return post(id, 100 + Math.floor(random() * 5000))
    return post(id, LARGE_BYTES)
  }
}

function get(id: string, page: string, query: string, check: (text: string) => void): Asked {
  return {
    bytes: request('GET', `/${page}?id=${id}${query}`),
    method: 'GET',
    check: (answer) => check(answer.text),
  }
}

function post(id: string, bytes: number): Asked {
  const body = `${id} `.repeat(Math.ceil(bytes / (id.length + 1)))
  const digest = createHash('sha256').update(body, 'latin1').digest('hex')
  return {
    bytes: request('POST', `/digest?id=${id}`, [], body),
    method: 'POST',
    check: (answer) => equal(answer.text, `${id} ${digest}`),
  }
}

function checkSized(text: string, id: string): void {
  equal(text.length, LARGE_BYTES)
  ok(text.endsWith(`x${id}`))
}
