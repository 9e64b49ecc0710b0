import { deepEqual, equal } from 'node:assert/strict'
import { isIP } from 'node:net'
import { describe, test } from 'node:test'
import { contains, parseAddress, parseNetwork, plainAddress } from '../../../src/kit/address.ts'

describe('addresses', () => {
  const CASES: readonly [text: string, bytes: readonly number[] | null][] = [
    ['127.0.0.1', [127, 0, 0, 1]],
    ['255.255.255.255', [255, 255, 255, 255]],
    ['256.0.0.1', null],
    ['1.2.3', null],
    ['01.2.3.4', null],
    ['1.2.3.4 ', null],
    ['', null],
    ['::', new Array(16).fill(0)],
    ['::1', [...new Array(15).fill(0), 1]],
    ['2001:DB8::8:800:200c:417a', [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 8, 8, 0, 0x20, 0xc, 0x41, 0x7a]],
    ['1:2:3:4:5:6:7:8', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8]],
    ['1:2:3:4:5:6:7::', [0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 0]],
    ['1:2:3:4:5:6:7', null],
    ['1:2:3:4:5:6:7:8:9', null],
    ['1:2:3:4::5:6:7:8', null],
    ['1::2::3', null],
    [':1', null],
    ['12345::', null],
    ['::1.2.3.4:5', null],
    ['1.2.3.4::', null],
    ['fe80::1%eth0', [0xfe, 0x80, ...new Array(13).fill(0), 1]],
    ['::ffff:10.1.2.3', [10, 1, 2, 3]],
    ['::ffff:0a01:0203', [10, 1, 2, 3]],
    ['64:ff9b::10.1.2.3', [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, 10, 1, 2, 3]],
  ]
  for (const [text, bytes] of CASES) {
    test(text || 'empty', () => {
      deepEqual(parseAddress(text), bytes)
      equal(isIP(text) !== 0, bytes !== null, 'as Node reads it')
    })
  }
})

describe('networks', () => {
  const CASES: readonly [network: string, address: string, within: boolean][] = [
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.1.2.3/8', '10.9.9.9', true],
    ['192.168.4.0/22', '192.168.7.255', true],
    ['192.168.4.0/22', '192.168.8.0', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '::1', false],
    ['192.0.2.1', '192.0.2.1', true],
    ['192.0.2.1', '192.0.2.2', false],
    ['192.0.2.1', '::ffff:192.0.2.1', true],
    ['::ffff:10.0.0.0/104', '10.2.3.4', true],
    ['fd00::/8', 'fdff::1', true],
    ['fd00::/8', 'fe00::1', false],
    ['2001:db8::/33', '2001:db8:7fff::', true],
    ['2001:db8::/33', '2001:db8:8000::', false],
    ['::/0', '10.0.0.1', false],
    ['::1', '0:0:0:0:0:0:0:1', true],
  ]
  for (const [network, address, within] of CASES) {
    test(`${address} ${within ? 'in' : 'not in'} ${network}`, () => {
      equal(contains(parseNetwork(network)!, parseAddress(address)!), within)
    })
  }
  for (const text of [
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0/8',
    'example.com',
    '*',
    'unix',
    '::ffff:10.0.0.0/95',
    '1.2.3.4/8/9',
  ]) {
    test(`${text} is none`, () => equal(parseNetwork(text), null))
  }
})

test('mapped addresses are shown as the IPv4 ones they are', () => {
  equal(plainAddress('::ffff:192.0.2.1'), '192.0.2.1')
  equal(plainAddress('::1'), '::1')
  equal(plainAddress('192.0.2.1'), '192.0.2.1')
  equal(plainAddress(''), '')
})
