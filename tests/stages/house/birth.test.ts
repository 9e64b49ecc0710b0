import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { type Birth, NOTHING_INHERITED, passedOn, takeInherited } from '../../../src/house/birth.ts'
import { readVariables } from '../../../src/settings/variables.ts'

test('a start by hand inherits nothing', () => {
  const variables = { PATH: '/bin' }
  deepEqual(takeInherited(variables, 7), NOTHING_INHERITED)
  deepEqual(variables, { PATH: '/bin' })
})

test('what a service manager says is taken out of the environment', () => {
  const variables: Record<string, string | undefined> = {
    LISTEN_FDS: '2',
    LISTEN_PID: '7',
    LISTEN_FDNAMES: 'web:web',
    NOTIFY_SOCKET: '@/run/notify',
    WATCHDOG_USEC: '30000000',
    WATCHDOG_PID: '7',
    HOME: '/root',
  }
  deepEqual(takeInherited(variables, 7), {
    birth: { kind: 'started' },
    activated: 2,
    notifySocket: '@/run/notify',
    watchdogMs: 30_000,
  })
  deepEqual(variables, { HOME: '/root' })
})

test('what is meant for another process is not ours', () => {
  const { activated, watchdogMs } = takeInherited(
    { LISTEN_FDS: '1', LISTEN_PID: '8', WATCHDOG_USEC: '1000000', WATCHDOG_PID: '8' },
    7,
  )
  equal(activated, 0)
  equal(watchdogMs, null)
  equal(takeInherited({ WATCHDOG_USEC: '1000000' }, 7).watchdogMs, 1000)
})

test('a successor learns all that its predecessor knew', () => {
  const birth: Birth = { kind: 'successor', of: 7, report: 4, activated: 1, sockets: [] }
  const known = { ...NOTHING_INHERITED, notifySocket: '/run/notify', watchdogMs: 30_000 }
  const variables: Record<string, string | undefined> = passedOn(known, birth)
  deepEqual(takeInherited(variables, 9), { birth, activated: 1, notifySocket: '/run/notify', watchdogMs: 30_000 })
  deepEqual(variables, {})
})

test('the variable is none of the settings’', () => {
  deepEqual(readVariables(passedOn(NOTHING_INHERITED, { kind: 'daemon', report: 3 })), [])
})
