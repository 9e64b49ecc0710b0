import { deepEqual, equal, match, notEqual } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Guard } from '../../../src/dev/guard.ts'
import { asked, FETCH, STRANGERS } from './asked.ts'

const guard = new Guard('8000', false, 'the-token')
const COOKIE = `Cookie: a=b; ${guard.cookieName}=the-token; c=d`

describe('what is local', () => {
  for (const [host, peer] of [
    ['localhost:8000', '127.0.0.1'],
    ['LOCALHOST', '127.0.0.1'],
    ['127.0.0.1:8000', '::ffff:127.0.0.1'],
    ['[::1]:8000', '::1'],
  ] as const)
    test(`${host} from ${peer}`, () => equal(guard.admits(asked([], { host, peer }), 'local'), true))
  for (const [name, lines, how] of STRANGERS)
    test(`not ${name}, whatever the cookie`, () => {
      for (const need of ['local', 'token', 'act'] as const)
        equal(guard.admits(asked([COOKIE, ...lines], how), need), false, need)
    })
  test('not a head that could not be read', () => {
    equal(guard.admits({ ...asked(), head: null }, 'local'), false)
    equal(guard.isUsers({ ...asked(), head: null }), false)
  })
})

describe('the token', () => {
  for (const [name, cookie] of [
    ['none', 'A: b'],
    ['a wrong one', `Cookie: ${guard.cookieName}=the-tokem`],
    ['the beginning of it', `Cookie: ${guard.cookieName}=the`],
    ['an empty one', `Cookie: ${guard.cookieName}=`],
    ['a cookie without a value', `Cookie: ${guard.cookieName}`],
    ['that of a server beside it', 'Cookie: dram-dev-8001=the-token'],
    ['the right one under another name', 'Cookie: token=the-token'],
    ['a name in other letters', `Cookie: ${guard.cookieName.toUpperCase()}=the-token`],
  ] as const)
    test(`${name} opens nothing`, () => {
      equal(guard.admits(asked([cookie]), 'local'), true)
      equal(guard.admits(asked([cookie]), 'token'), false)
      equal(guard.admits(asked([cookie]), 'act'), false)
    })
  test('in a second line of cookies counts', () => equal(guard.admits(asked(['Cookie: a=b', COOKIE]), 'act'), true))
  test('is another one for each server', () => notEqual(new Guard('a', false).token, new Guard('a', false).token))
  test('travels in a cookie that scripts and other sites do not get', () => {
    match(guard.cookie, /^dram-dev-8000=the-token; Path=\/; HttpOnly; SameSite=Strict$/)
    match(new Guard('8000', true).cookie, /; SameSite=Strict; Secure$/)
  })
})

describe('tickets', () => {
  test('open once, and are no cookies', () => {
    const ticket = guard.ticket()
    equal(guard.admits(asked([`Cookie: ${guard.cookieName}=${ticket}`]), 'token'), false)
    deepEqual([guard.takes(ticket), guard.takes(ticket)], [true, false])
  })
  test('the token opens as often as it is shown, and nothing else does', () => {
    deepEqual([guard.takes('the-token'), guard.takes('the-token')], [true, true])
    for (const word of ['', 'the-toke', 'other']) equal(guard.takes(word), false, word)
  })
})

/** Who asks, and what they get with the cookie; `isUsers`: what shows to the user alone. */
const ASKED: readonly (readonly [who: keyof typeof FETCH, isUsers: boolean, token: boolean, act: boolean])[] = [
  ['typed', true, true, true],
  ['ownLink', true, true, true],
  ['ownScript', true, true, true],
  ['otherLink', true, true, false],
  ['otherForm', false, false, false],
  ['otherFrame', false, false, false],
  ['otherImage', false, false, false],
  ['otherScript', false, false, false],
  ['otherPort', false, false, false],
  ['oldForm', false, false, false],
  ['sandboxed', false, false, false],
]

describe('who asks', () => {
  for (const [who, isUsers, token, act] of ASKED)
    test(who, () => {
      const request = asked([COOKIE, ...FETCH[who]])
      equal(guard.isUsers(request), isUsers, 'isUsers')
      equal(guard.admits(request, 'token'), token, 'token')
      equal(guard.admits(request, 'act'), act, 'act')
    })
  test('curl, which says nothing', () => equal(guard.admits(asked([COOKIE]), 'act'), true))
})
