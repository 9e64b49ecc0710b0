import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { StandingLines } from '../../../src/respond/standing.ts'

const NEITHER = { hasDate: false, hasServer: false }
const DATE = 'Date: Thu, 01 Jan 1970 00:00:01 GMT\r\n'

test('Server and Date; the date turns with the second', () => {
  const lines = new StandingLines({ server: 'dram', date: true })
  equal(lines.for(NEITHER, 1000), `Server: dram\r\n${DATE}`)
  equal(lines.for(NEITHER, 1999), `Server: dram\r\n${DATE}`)
  equal(lines.for(NEITHER, 2000), `Server: dram\r\n${DATE.replace(':01 ', ':02 ')}`)
})

test('what the application set is its own', () => {
  const lines = new StandingLines({ server: 'dram', date: true })
  equal(lines.for({ hasDate: true, hasServer: false }, 1000), 'Server: dram\r\n')
  equal(lines.for({ hasDate: false, hasServer: true }, 1000), DATE)
  equal(lines.for({ hasDate: true, hasServer: true }, 1000), '')
})

test('both can be turned off', () => {
  equal(new StandingLines({ server: '', date: false }).for(NEITHER, 1000), '')
  equal(new StandingLines({ server: '', date: true }).for(NEITHER, 1000), DATE)
})
