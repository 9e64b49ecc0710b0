import { deepEqual, equal, match } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { userInfo } from 'node:os'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { identityOf } from '../../../src/system/users.ts'

const USERS = fileURLToPath(new URL('../../../src/system/users.js', import.meta.url))
const isRoot = process.getuid?.() === 0
const asRoot = { skip: isRoot ? false : 'only root may change the user' }

/** In a process of its own, which is changed for good. */
function elsewhere(source: string, command: readonly string[] = []): string {
  const script = `const { identityOf, become } = await import(${JSON.stringify(USERS)}); ${source}`
  const [program, ...argv] = [...command, process.execPath, '--input-type=module', '-e', script]
  const { stdout, stderr } = spawnSync(program!, argv, { encoding: 'utf8' })
  return stdout.trim() || stderr
}

test('who one is already needs no change', () => {
  const { username, uid, gid } = userInfo()
  equal(identityOf(null, null), null)
  equal(identityOf(username, null), null)
  equal(identityOf(String(uid), String(gid)), null)
})

test('unknown users and groups are faults', () => {
  for (const [user, group] of [
    ['no-such-user', null],
    [null, 'no-such-group'],
  ] as const) {
    let code = ''
    try {
      identityOf(user, group)
    } catch (error) {
      code = (error as { code: string }).code
    }
    equal(code, 'USER_UNKNOWN')
  }
})

test('a user is found with its group, and afterwards we are who we were', asRoot, () => {
  const nobody = identityOf('nobody', null)!
  equal(nobody.name, 'nobody')
  deepEqual(identityOf(String(nobody.uid), null), nobody)
  equal(identityOf('nobody', '0')?.gid, 0)
  deepEqual([process.geteuid?.(), process.getegid?.()], [0, 0])
})

test('a number without an entry needs a group', asRoot, () => {
  const said = elsewhere("try { identityOf('54321', null) } catch (fault) { console.log(fault.code, fault.message) }")
  match(said, /^USER_UNKNOWN .*54321: name one with --group$/)
  deepEqual(identityOf('54321', '54322'), { uid: 54321, gid: 54322, name: null })
})

test('one becomes it for good, without root’s groups', asRoot, () => {
  const who =
    'console.log(JSON.stringify([process.getuid(), process.geteuid(), process.getgid(), process.getgroups()]))'
  const { uid, gid } = identityOf('nobody', null)!
  deepEqual(JSON.parse(elsewhere(`become(identityOf('nobody', null), true); ${who}`)), [uid, uid, gid, [gid]])
  deepEqual(JSON.parse(elsewhere(`become(identityOf('nobody', null), false); ${who}`)), [uid, uid, gid, [gid]])
  match(elsewhere("become(identityOf('nobody', null), true); process.setuid(0)"), /EPERM/)
})

test('only root may', asRoot, () => {
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
  const said = elsewhere("try { identityOf('root', null) } catch (fault) { console.log(fault.code) }", nobody)
  equal(said, 'USER_FORBIDDEN')
})
