import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { RequestIdLine } from '../../../src/respond/requestId.ts'

const LINE = new RequestIdLine('X-Request-ID')

test('goes back to the client', () => equal(LINE.for({ head: '200 OK\r\nA: b\r\n' }, 'a1'), 'X-Request-ID: a1\r\n'))

test('the application’s own stays alone', () => {
  equal(LINE.for({ head: '200 OK\r\nA: b\r\nx-request-id: mine\r\n' }, 'a1'), '')
  equal(LINE.for({ head: '200 OK\r\nA: x-request-id: no\r\n' }, 'a1'), 'X-Request-ID: a1\r\n')
})

test('a header name is not a pattern', () => {
  equal(new RequestIdLine('X.*|$').for({ head: '200 OK\r\nX-A: b\r\n' }, 'a1'), 'X.*|$: a1\r\n')
})

test('can be turned off', () => equal(new RequestIdLine('').for({ head: '200 OK\r\n' }, 'a1'), ''))
