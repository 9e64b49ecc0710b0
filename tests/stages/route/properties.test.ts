import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseForwarded } from '../../../src/route/rfc7239.ts'
import { route } from '../../../src/route/route.ts'
import { blockOf, headOf, PEER, PROXY, policyOf } from './kit.ts'

const BYTE = fc.string({
  unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
  maxLength: 40,
})
const NAME = fc.oneof(
  fc.constantFrom(
    'X-Forwarded-For',
    'X-Forwarded-Proto',
    'X-Forwarded-Host',
    'X-Forwarded-Prefix',
    'Forwarded',
    'Content_Type',
  ),
  fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}$/),
)
const VALUE = fc.oneof(BYTE, fc.stringMatching(/^(?:(?:for|host|proto)=["a-z0-9.:[\]]{1,9}[;,] ?){0,5}$/))
const LINES = fc.array(
  fc.tuple(NAME, VALUE).map(([name, value]) => `${name}: ${value}`),
  { maxLength: 8 },
)

const KEYS = /^(?:HTTP_[^a-z]+|CONTENT_TYPE|CONTENT_LENGTH|SERVER_NAME|SERVER_PORT|SCRIPT_NAME|wsgi\.url_scheme)$/

test('any headers from anyone: a block of our own keys, each once, or a refusal', () => {
  const policies = [policyOf(), policyOf({ trustedProxies: [PROXY], proxyHops: 3, headerUnderscores: 'keep' })]
  fc.assert(
    fc.property(LINES, fc.constantFrom(...policies), (lines, policy) => {
      const found = route(headOf('/', blockOf(lines)), policy, PEER)
      if (found.kind === 'refused') return
      const parts = found.block.split('\0')
      equal(parts.length % 2, 0)
      const keys = parts.filter((_, at) => at % 2 === 0)
      equal(new Set(keys).size, keys.length)
      for (const key of keys) equal(KEYS.test(key), true, key)
    }),
  )
})

test('a stranger’s headers change neither address nor scheme nor host', () => {
  const plain = route(headOf('/', blockOf([])), policyOf(), PEER)
  fc.assert(
    fc.property(LINES, (lines) => {
      const found = route(headOf('/', blockOf(lines)), policyOf(), PEER)
      if (found.kind === 'refused' || plain.kind === 'refused') throw new Error('refused')
      equal(found.address, PROXY)
      equal(found.block.endsWith(plain.block), true)
    }),
  )
})

test('what a client writes before a proxy’s word is never taken for it', () => {
  const policy = policyOf({ trustedProxies: [PROXY], forwardedHeaders: ['forwarded', 'x-forwarded'] })
  fc.assert(
    fc.property(BYTE, fc.boolean(), (forged, standard) => {
      const line = standard ? `Forwarded: ${forged}, for=203.0.113.9` : `X-Forwarded-For: ${forged}, 203.0.113.9`
      const found = route(headOf('/', blockOf([line])), policy, PEER)
      if (found.kind === 'target') equal(found.address, '203.0.113.9')
    }),
  )
})

test('Forwarded: what is written is read', () => {
  const value = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) })
  const element = fc.dictionary(fc.constantFrom('for', 'by', 'host', 'proto', 'x'), value, { minKeys: 1 })
  fc.assert(
    fc.property(fc.array(element, { minLength: 1 }), (elements) => {
      const pair = ([name, text]: [string, string]) => `${name}="${text.replace(/["\\]/g, '\\$&')}"`
      const written = elements.map((each) => Object.entries(each).map(pair).join(';')).join(', ')
      const read = parseForwarded(written)?.map((each) => JSON.stringify([...each].sort()))
      equal(read?.join(), elements.map((each) => JSON.stringify(Object.entries(each).sort())).join())
    }),
  )
})
