import { deepEqual, equal, notEqual, ok, throws } from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect, createServer } from 'node:tls'
import { isPrivate, makeAuthority, makeCertificate } from '../../../src/dev/https/certificate.ts'
import { der, identifier, time } from '../../../src/dev/https/der.ts'
import { localCertificate } from '../../../src/dev/https/local.ts'
import { redirectToTls } from '../../../src/dev/https/plain.ts'
import type { Fault } from '../../../src/faults/fault.ts'
import { atEnd } from '../../kit/ends.ts'
import { folder } from '../../kit/server.ts'
import { asked } from './asked.ts'

const DAY_MS = 86_400_000
const NOW = Date.UTC(2030, 0, 1)
const VALIDITY = { from: new Date(NOW - DAY_MS), to: new Date(NOW + 30 * DAY_MS) }

test('lengths, identifiers and times as DER writes them', () => {
  equal(der(4, Buffer.alloc(127)).subarray(0, 2).toString('hex'), '047f')
  equal(der(4, Buffer.alloc(128)).subarray(0, 3).toString('hex'), '048180')
  equal(der(4, Buffer.alloc(256)).subarray(0, 4).toString('hex'), '04820100')
  equal(identifier('1.2.840.10045.4.3.2').toString('hex'), '06082a8648ce3d040302')
  equal(time(new Date(Date.UTC(2049, 11, 31, 23, 59, 59))).toString('latin1'), '\x17\x0d491231235959Z')
  equal(time(new Date(Date.UTC(2050, 0, 1))).toString('latin1'), '\x18\x0f20500101000000Z')
})

test('an authority signs a certificate, and both say what they are for', () => {
  const made = makeAuthority('dram dev on here', ['localhost'], VALIDITY)
  const authority = new X509Certificate(made.certificate)
  const pair = makeCertificate(
    ['localhost', '127.0.0.1', '::1', 'fd00::a:1'],
    { name: 'dram dev on here', key: createPrivateKey(made.key) },
    VALIDITY,
  )
  const certificate = new X509Certificate(pair.certificate)
  ok(authority.ca)
  deepEqual(authority.keyUsage, ['1.3.6.1.5.5.7.3.1'], 'it signs nothing else, mail for instance')
  ok(!certificate.ca)
  ok(certificate.checkIssued(authority))
  ok(certificate.verify(authority.publicKey))
  ok(certificate.checkPrivateKey(createPrivateKey(pair.key)))
  for (const host of ['localhost']) equal(certificate.checkHost(host), host)
  for (const address of ['127.0.0.1', '::1', 'fd00::a:1']) equal(certificate.checkIP(address), address)
  equal(certificate.checkHost('example.org'), undefined)
  deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1'])
  equal(Date.parse(certificate.validTo), NOW + 30 * DAY_MS)
})

test('private addresses', () => {
  for (const address of ['127.0.0.1', '10.1.2.3', '172.31.0.1', '192.168.7.7', '::1', 'fd00::1', 'fe80::1'])
    ok(isPrivate(address), address)
  for (const address of ['8.8.8.8', '172.32.0.1', '192.169.0.1', '2001:db8::1', '::2']) ok(!isPrivate(address), address)
})

test('it is kept for its user alone, and made anew before it ends', (t) => {
  const home = folder(t)
  const at = (days: number, hosts: string[] = []) =>
    localCertificate(hosts, { nowMs: NOW + days * DAY_MS, variables: { XDG_DATA_HOME: home } })
  const first = at(0)
  const content = readFileSync(first.certfile, 'utf8')
  equal(statSync(first.keyfile).mode & 0o777, 0o600)
  equal(statSync(first.authority!.replace(/pem$/, 'key')).mode & 0o777, 0o600)
  deepEqual(at(10), first)
  equal(readFileSync(first.certfile, 'utf8'), content, 'the same while it lasts')
  const authority = readFileSync(first.authority!, 'utf8')
  deepEqual(at(20), first)
  notEqual(readFileSync(first.certfile, 'utf8'), content, 'another in time')
  equal(readFileSync(first.authority!, 'utf8'), authority, 'by the same authority')
  const wider = new X509Certificate(
    readFileSync(at(0, ['box.local', '192.168.1.5', '8.8.8.8', 'bank.example']).certfile),
  )
  equal(wider.checkHost('box.local'), 'box.local')
  equal(wider.checkIP('192.168.1.5'), '192.168.1.5')
  equal(wider.checkIP('8.8.8.8'), undefined, 'what the authority may not sign for would spoil the whole')
  equal(wider.checkHost('bank.example'), undefined)
})

test('the authority vouches for no name that stands alone, as that of a machine may', (t) => {
  const home = folder(t)
  const own = hostname().toLowerCase()
  const names = [own, 'dev', `bank.${own}`].filter((name) => !own.includes('.') || name === 'dev')
  const { certfile } = localCertificate(names, { nowMs: NOW, variables: { XDG_DATA_HOME: home } })
  for (const name of names) equal(new X509Certificate(readFileSync(certfile)).checkHost(name), undefined, name)
})

test('a certificate beside the key of another, as two leave it that start at once, is made anew', (t) => {
  const made = () => localCertificate([], { nowMs: NOW, variables: { XDG_DATA_HOME: home } })
  const home = folder(t)
  const { certfile, keyfile, authority } = made()
  for (const [file, key] of [
    [certfile, keyfile],
    [authority!, authority!.replace(/pem$/, 'key')],
  ] as const) {
    writeFileSync(key, makeAuthority('another', ['localhost'], VALIDITY).key)
    const renewed = made()
    const pair = file === certfile ? [renewed.certfile, renewed.keyfile] : [file, key]
    ok(new X509Certificate(readFileSync(pair[0]!)).checkPrivateKey(createPrivateKey(readFileSync(pair[1]!))), file)
  }
})

test('its folder is closed to others', (t) => {
  const home = folder(t)
  const kept = join(home, 'dram/https')
  mkdirSync(kept, { recursive: true })
  chmodSync(kept, 0o777)
  localCertificate([], { nowMs: NOW, variables: { XDG_DATA_HOME: home } })
  equal(statSync(kept).mode & 0o777, 0o700)
  const made = () => localCertificate([], { nowMs: NOW, variables: { XDG_DATA_HOME: '/dev/null' } })
  throws(made, ({ code }: Fault) => code === 'CERTIFICATE_UNREADABLE')
})

test('where mkcert is installed, with an authority, it signs', (t) => {
  const home = folder(t)
  const bin = join(home, 'bin')
  mkdirSync(bin)
  writeFileSync(join(home, 'rootCA.pem'), makeAuthority('mkcert', ['localhost'], VALIDITY).certificate)
  const script = `#!/bin/sh
if [ "$1" = -CAROOT ]; then echo ${home}; else cp ${home}/rootCA.pem "$2"; echo "$@" > "$4"; fi
`
  writeFileSync(join(bin, 'mkcert'), script)
  chmodSync(join(bin, 'mkcert'), 0o755)
  const variables = { XDG_DATA_HOME: home, PATH: `${bin}:${process.env.PATH}` }
  const made = localCertificate([], { nowMs: NOW, variables })
  equal(made.authority, null)
  ok(readFileSync(made.keyfile, 'utf8').includes('localhost 127.0.0.1 ::1'))
})

test('clients that trust the authority take from it what it is made for, and nothing else', async (t) => {
  const validity = { from: new Date(Date.now() - DAY_MS), to: new Date(Date.UTC(2060, 0, 1)) }
  const name = 'dram dev on bär'
  const made = makeAuthority(name, ['localhost', 'test'], validity)
  const authority = { name, key: createPrivateKey(made.key) }
  const server = createServer((socket) => socket.end())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  atEnd(t, () => server.close())
  const { port } = server.address() as AddressInfo
  const verdict = async (host: string): Promise<string> => {
    const { certificate, key } = makeCertificate([host], authority, validity)
    server.setSecureContext({ cert: certificate, key })
    // The chain alone is judged: nobody here has these names.
    const client = connect({ port, ca: made.certificate, checkServerIdentity: () => undefined })
    const said = await once(client, 'secureConnect').then(
      () => 'taken',
      (error: Error) => error.message,
    )
    client.destroy()
    return said
  }
  for (const host of ['localhost', 'shop.test', '127.0.0.1', '172.31.0.1', '::1', 'fdab::1', 'fe80::1'])
    equal(await verdict(host), 'taken', host)
  for (const host of ['bank.example', 'test.example', '8.8.8.8', '172.32.0.1', '2001:db8::1', '::2'])
    equal(await verdict(host), 'permitted subtree violation', host)
})

test('who asks without TLS is led to the same host and path', () => {
  const place = (target: string, host = 'localhost:8000') => {
    const found = redirectToTls(asked([], { host, target }))
    return found && /^307 [\s\S]*\r\nLocation: (.*)\r\n/.exec(found.head.head)?.[1]
  }
  equal(place('/a?b=c'), 'https://localhost:8000/a?b=c')
  equal(place('//other.example/', '[::1]:8000'), 'https://[::1]:8000//other.example/')
  equal(place('/', ''), null, 'nobody can tell where to')
  equal(place('*'), null)
  const absolute = asked([], { host: 'site.local', target: 'http://site.local/x' })
  const found = redirectToTls({ head: { ...absolute.head!, origin: '/x' } })
  ok(found?.head.head.includes('Location: https://site.local/x\r\n'))
  equal(redirectToTls({ head: null }), null)
})
