import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { isLocal } from '../../../src/route/local.ts'

const head = (host: string, ...names: string[]) => ({ host, fields: names.map((name) => ({ name, value: 'x' })) })

test('local is who asks from this machine and calls it so', () => {
  for (const host of ['localhost', 'localhost:8000', '127.0.0.1:8000', '[::1]:8000', 'LOCALHOST'])
    equal(isLocal('127.0.0.1', head(host)), true, host)
  equal(isLocal('::1', head('localhost')), true)
  equal(isLocal('::ffff:127.0.0.1', head('localhost')), true)
})

test('a rebinding name, a tunnel, another machine are not', () => {
  for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', '', '0.0.0.0:8000'])
    equal(isLocal('127.0.0.1', head(host)), false, host)
  for (const name of ['x-forwarded-for', 'forwarded', 'via', 'cf-connecting-ip'])
    equal(isLocal('127.0.0.1', head('localhost', name)), false, name)
  for (const address of ['10.0.0.1', '', '128.0.0.1']) equal(isLocal(address, head('localhost')), false, address)
})
