import { deepEqual, equal } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseForwarded } from '../../../src/route/rfc7239.ts'

describe('Forwarded', () => {
  const CASES: readonly [text: string, elements: readonly Record<string, string>[]][] = [
    ['for=192.0.2.43', [{ for: '192.0.2.43' }]],
    ['For="[2001:db8:cafe::17]:4711"', [{ for: '[2001:db8:cafe::17]:4711' }]],
    ['for=192.0.2.60;proto=http;by=203.0.113.43', [{ for: '192.0.2.60', proto: 'http', by: '203.0.113.43' }]],
    ['for=192.0.2.43, for=198.51.100.17', [{ for: '192.0.2.43' }, { for: '198.51.100.17' }]],
    ['for="a, for=b"', [{ for: 'a, for=b' }]],
    ['host="a\\"b\\\\"', [{ host: 'a"b\\' }]],
    [', for=a ,, for=b;', [{ for: 'a' }, { for: 'b' }]],
    ['for=a ; proto=https', [{ for: 'a', proto: 'https' }]],
    ['for=""', [{ for: '' }]],
  ]
  for (const [text, elements] of CASES) {
    test(text, () =>
      deepEqual(
        parseForwarded(text)?.map((element) => Object.fromEntries(element)),
        elements,
      ),
    )
  }
  const MALFORMED = [
    'for',
    'for=',
    '=a',
    'for =a',
    'for=a b',
    'for=[::1]',
    'for=a:80',
    'for="a',
    'for="a"b',
    'for=a;for=b',
    'for=a proto=b',
    'for="\x01"',
  ]
  for (const text of MALFORMED) {
    test(`${JSON.stringify(text)} is malformed`, () => equal(parseForwarded(text), null))
  }
})
