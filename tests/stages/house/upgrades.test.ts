import { deepEqual, equal, rejects, throws } from 'node:assert/strict'
import { test } from 'node:test'
import type { Offspring, Outcome } from '../../../src/house/offspring.ts'
import { type Legacy, legacyOf, Upgrades } from '../../../src/house/upgrades.ts'
import type { Given } from '../../../src/listen/handed.ts'

const WHERE = { kind: 'tcp', family: 4, address: '127.0.0.1', port: 80 } as const

function listener(own: Partial<Given>): Given {
  return { key: 'bind', where: WHERE, fd: null, file: null, descriptor: 20, ...own }
}

test('sockets take the first free numbers, those of the service manager keep theirs', () => {
  const file = { path: '/run/s', device: 1n, inode: 2n ** 60n }
  const { descriptors, sockets, report } = legacyOf([
    listener({ key: 'a', descriptor: 20 }),
    listener({ key: 'b', descriptor: 3, fd: 3 }),
    listener({ key: 'c', descriptor: 21, where: { kind: 'unix', path: '/run/s' }, file }),
    listener({ key: 'd', descriptor: 7, fd: 7 }),
  ])
  deepEqual(descriptors, [0, 1, 2, 3, 20, 21, null, 7])
  deepEqual(
    sockets.map(({ key, descriptor }) => `${key} ${descriptor}`),
    ['a 4', 'b 3', 'c 5', 'd 7'],
  )
  deepEqual(JSON.parse(JSON.stringify(sockets[2]!.file)), { path: '/run/s', device: '1', inode: String(2n ** 60n) })
  equal(report, 6)
})

test('a socket without a number can’t be passed on', () => {
  throws(() => legacyOf([listener({ descriptor: null })]), { code: 'UPGRADE_REFUSED' })
})

function stage(obstacle: string | null = null) {
  const seen: string[] = []
  let tell!: (outcome: Outcome) => void
  const offspring: Offspring = {
    pid: 9,
    outcome: new Promise((resolve) => {
      tell = resolve
    }),
    kill: (signal) => seen.push(signal),
    release: () => seen.push('released'),
  }
  const upgrades = new Upgrades({
    obstacle: () => obstacle,
    listeners: () => [],
    prepare: () => null,
    start: ({ report }: Legacy) => {
      seen.push(`started, reports on ${report}`)
      return offspring
    },
    handOver: (pid) => seen.push(`${pid} has taken over`),
  })
  return { upgrades, seen, tell: (outcome: Outcome) => tell(outcome) }
}

test('the successor takes over once it is ready', async () => {
  const { upgrades, seen, tell } = stage()
  const done = upgrades.upgrade()
  deepEqual(seen, ['started, reports on 3'])
  await rejects(upgrades.upgrade(), { code: 'UPGRADE_REFUSED', message: /under way/ })
  tell({ kind: 'ready' })
  deepEqual(await done, { pid: 9 })
  deepEqual(seen.slice(1), ['released', '9 has taken over'])
})

test('a successor that fails, or ends, changes nothing, and another may be tried', async () => {
  const { upgrades, seen, tell } = stage()
  const failed = upgrades.upgrade()
  tell({ kind: 'failed', exit: 5, text: 'dram: BIND_IN_USE: the address is in use\nhint: stop it\n' })
  await rejects(failed, {
    code: 'UPGRADE_FAILED',
    message: /BIND_IN_USE: the address is in use$/,
    trace: 'hint: stop it',
  })
  deepEqual(seen, ['started, reports on 3'])

  const other = stage()
  const ended = other.upgrades.upgrade()
  other.tell({ kind: 'ended', why: 'SIGKILL' })
  await rejects(ended, { code: 'UPGRADE_FAILED', message: /SIGKILL/ })
  const again = other.upgrades.upgrade()
  other.upgrades.cancel()
  await rejects(again, { code: 'UPGRADE_FAILED' })
  deepEqual(other.seen.slice(1), ['started, reports on 3', 'SIGTERM'])
})

test('what stands in the way is said', async () => {
  await rejects(stage('it is process 1').upgrades.upgrade(), { code: 'UPGRADE_REFUSED', message: /process 1/ })
})
