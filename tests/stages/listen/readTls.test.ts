import { deepEqual, equal, ok, throws } from 'node:assert/strict'
import { test } from 'node:test'
import type { Fault } from '../../../src/faults/fault.ts'
import { readTls, type TlsSettings, tlsFiles } from '../../../src/listen/tls/read.ts'
import { defaultSettings } from '../../../src/settings/load.ts'
import { makeCertificate, sealedKey } from '../../kit/certificates.ts'

const NOW = Date.now()
const site = makeCertificate({ name: [['CN', 'site.test']], hosts: ['site.test'] })
const other = makeCertificate({ name: [['CN', 'other.test']], hosts: ['other.test'] })
const weak = makeCertificate({ name: [['CN', 'weak.test']], curve: 'secp224r1' })
const authority = makeCertificate({ name: [['CN', 'authority']], isAuthority: true })
const old = makeCertificate({ name: [['CN', 'old.test']], from: new Date(NOW - 9e8), to: new Date(NOW - 1e8) })

const FILES: Readonly<Record<string, string>> = {
  '/site.pem': site.certificate,
  '/site.key': site.key,
  '/both.pem': site.key + site.certificate + authority.certificate,
  '/other.pem': other.certificate,
  '/other.key': other.key,
  '/weak.pem': weak.key + weak.certificate,
  '/sealed.key': sealedKey(site, 'open sesame'),
  '/password': 'open sesame\nand more',
  '/authority.pem': authority.certificate,
  '/old.pem': old.certificate,
  '/old.key': old.key,
  '/empty': '',
  '/damaged.pem': site.certificate.replace(/MII.{40}/, 'MIIAAAAA'),
}

function read(own: Partial<TlsSettings>, variables: Record<string, string> = {}) {
  return readTls(defaultSettings(own), {
    readFile: (path) => {
      if (path === '/secret') throw Object.assign(new Error(), { code: 'EACCES' })
      if (FILES[path] === undefined) throw Object.assign(new Error(), { code: 'ENOENT' })
      return FILES[path]
    },
    variable: (name) => variables[name],
    nowMs: () => NOW,
  })
}

const SITE = { certfile: '/site.pem', keyfile: '/site.key' }

test('without certificates there is no TLS', () => equal(read({}), null))

test('certificate and key, in two files or in one, the chain behind the certificate', () => {
  equal(read(SITE)!.material.pair.key, site.key)
  equal(read(SITE)!.warnings.length, 0)
  for (const own of [{ certfile: '/both.pem' }, { keyfile: '/both.pem' }]) {
    const { pair } = read(own)!.material
    equal(pair.certificate.match(/BEGIN/g)!.length, 2)
    equal(pair.key, site.key)
  }
})

test('an encrypted key is opened by a password from a file or a variable', () => {
  const own = { certfile: '/site.pem', keyfile: '/sealed.key' }
  equal(read({ ...own, keyPassword: 'file:/password' })!.material.pair.key, site.key)
  equal(read({ ...own, keyPassword: 'env:PASS' }, { PASS: 'open sesame' })!.material.pair.key, site.key)
})

const BAD: readonly [what: string, own: Partial<TlsSettings>, code: string, says: RegExp][] = [
  ['no such file', { certfile: '/none.pem' }, 'CERTIFICATE_UNREADABLE', /\/none.pem: there is no such file/],
  ['not allowed', { ...SITE, keyfile: '/secret' }, 'CERTIFICATE_UNREADABLE', /\/secret: this user may not/],
  ['not PEM', { certfile: '/empty' }, 'CERTIFICATE_INVALID', /no certificate in \/empty/],
  ['damaged', { ...SITE, certfile: '/damaged.pem' }, 'CERTIFICATE_INVALID', /damaged.pem/],
  ['no key', { certfile: '/site.pem' }, 'KEY_INVALID', /no private key in \/site.pem/],
  ['another key', { ...SITE, keyfile: '/other.key' }, 'KEY_MISMATCH', /\/other.key .* \/site.pem/],
  ['encrypted', { ...SITE, keyfile: '/sealed.key' }, 'KEY_PASSWORD', /\/sealed.key is encrypted/],
  [
    'wrong password',
    { ...SITE, keyfile: '/sealed.key', keyPassword: 'file:/site.pem' },
    'KEY_PASSWORD',
    /does not open/,
  ],
  ['no variable', { ...SITE, keyfile: '/sealed.key', keyPassword: 'env:NO' }, 'KEY_PASSWORD', /no variable NO/],
  ['ciphers', { ...SITE, ciphers: 'NONSENSE' }, 'CIPHERS_INVALID', /NONSENSE/],
  ['no authority file', { ...SITE, certReqs: 'required', caCerts: '/none' }, 'CERTIFICATE_UNREADABLE', /\/none/],
  ['no authority', { ...SITE, certReqs: 'required' }, 'CERTIFICATE_MISSING', /--ca-certs/],
  ['clients without TLS', { certReqs: 'optional', caCerts: '/authority.pem' }, 'CERTIFICATE_MISSING', /--certfile/],
  ['hosts alone', { sni: ['a.test=/site.pem:/site.key'] }, 'CERTIFICATE_MISSING', /--certfile/],
  [
    'a host whose key is too weak for the ciphers',
    { ...SITE, ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256:@SECLEVEL=3', sni: ['a.test=/weak.pem'] },
    'CERTIFICATE_INVALID',
    /too small/,
  ],
  ['a bad host', { ...SITE, sni: ['a.test=/other.pem:/site.key'] }, 'KEY_MISMATCH', /other.pem/],
]

for (const [what, own, code, says] of BAD)
  test(`${what} is ${code}, which names the file`, () =>
    throws(
      () => read(own),
      (fault: Fault) => fault.code === code && says.test(fault.message) && fault.hint !== '',
    ))

test('an expired certificate is a warning', () => {
  const [warning] = read({ certfile: '/old.pem', keyfile: '/old.key' })!.warnings
  ok(warning?.includes('/old.pem has expired'), warning)
})

test('ciphers of TLS 1.2 leave the suites of 1.3 as they are', () => {
  const { ciphers } = read({ ...SITE, ciphers: 'ECDHE+AESGCM' })!.material
  ok(ciphers.startsWith('TLS_') && ciphers.endsWith(':ECDHE+AESGCM'), ciphers)
  equal(read({ ...SITE, ciphers: 'TLS_AES_128_GCM_SHA256' })!.material.ciphers, 'TLS_AES_128_GCM_SHA256')
})

test('sessions live over a renewal, but not over another rule for clients', () => {
  const doors = { readFile: (path: string) => FILES[path]!, variable: () => undefined, nowMs: () => NOW }
  const before = read(SITE)!.material
  const renewed = readTls(defaultSettings(SITE), doors, before)!.material
  deepEqual([renewed.ticketKeys, renewed.sessionContext], [before.ticketKeys, before.sessionContext])
  const asking = readTls(defaultSettings({ ...SITE, certReqs: 'required', caCerts: '/authority.pem' }), doors, before)!
  ok(asking.material.sessionContext !== before.sessionContext)
})

test('all files are watched, each once', () => {
  const own = { ...SITE, sni: ['a.test=/both.pem'], caCerts: '/authority.pem', keyPassword: 'file:/password' }
  const files = ['/site.pem', '/site.key', '/password', '/both.pem', '/authority.pem']
  deepEqual(tlsFiles(defaultSettings(own)), files)
})
