import { deepEqual, equal, ok } from 'node:assert/strict'
import { test } from 'node:test'
import type { ClientCertificate, SecureFacts } from '../../../src/events/secure.ts'
import { securePairs } from '../../../src/route/secure.ts'

const ALICE: ClientCertificate = {
  subject: 'CN=Zoë €,O=Ex\\, ample',
  issuer: 'CN=authority',
  commonName: 'Zoë €',
  issuerCommonName: 'authority',
  serial: '0A',
  from: 'Nov  3 08:00:00 2026 GMT',
  to: 'Nov  3 08:00:00 2027 GMT',
  pem: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
}
const PLAIN: SecureFacts = { protocol: 'TLSv1.3', cipher: 'C', serverName: 'a.test', asked: false, certificate: null }

function dict(facts: SecureFacts): Record<string, string> {
  const parts = securePairs(facts).split('\0').slice(1)
  equal(parts.length % 2, 0)
  return Object.fromEntries(parts.flatMap((key, at) => (at % 2 === 0 ? [[key, parts[at + 1]!]] : [])))
}

test('what the handshake came to', () => {
  deepEqual(dict(PLAIN), { SSL_PROTOCOL: 'TLSv1.3', SSL_CIPHER: 'C', SSL_TLS_SNI: 'a.test' })
  equal(dict({ ...PLAIN, asked: true }).SSL_CLIENT_VERIFY, 'NONE')
})

test('a certificate, in bytes of UTF-8', () => {
  const found = dict({ ...PLAIN, asked: true, certificate: ALICE })
  equal(found.SSL_CLIENT_VERIFY, 'SUCCESS')
  equal(Buffer.from(found.SSL_CLIENT_S_DN_CN!, 'latin1').toString('utf8'), 'Zoë €')
  equal(found.SSL_CLIENT_CERT, ALICE.pem)
  ok(!/[^\0-\xff]/.test(securePairs({ ...PLAIN, asked: true, certificate: ALICE })))
})

test('a name with a NUL or a line in it forges nothing: it is left out', () => {
  const bad = { ...ALICE, commonName: 'a\0REMOTE_USER\0root', subject: 'CN=a\nb' }
  const found = dict({ ...PLAIN, asked: true, certificate: bad })
  equal(found.REMOTE_USER, undefined)
  equal(found.SSL_CLIENT_S_DN_CN, undefined)
  equal(found.SSL_CLIENT_S_DN, undefined)
  equal(found.SSL_CLIENT_VERIFY, 'SUCCESS')
})

test('a huge certificate does not travel with every request', () => {
  const found = dict({ ...PLAIN, asked: true, certificate: { ...ALICE, pem: 'x'.repeat(40_000) } })
  equal(found.SSL_CLIENT_CERT, undefined)
  equal(found.SSL_CLIENT_M_SERIAL, '0A')
})
