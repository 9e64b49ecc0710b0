import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { isIP } from 'node:net'
import { bits, der, identifier, integer, octets, sequence, set, text, time, yes } from './der.ts'

/** A certificate and its key. */
export interface Pair {
  /** PEM. */
  readonly certificate: string
  /** PEM, PKCS #8, not encrypted. */
  readonly key: string
}

export interface Validity {
  readonly from: Date
  readonly to: Date
}

/** Who signs. */
export interface Authority {
  readonly name: string
  readonly key: KeyObject
}

const ECDSA_WITH_SHA256 = sequence(identifier('1.2.840.10045.4.3.2'))
const SERVER_AUTH = identifier('1.3.6.1.5.5.7.3.1')
const VERSION_3 = der(0xa0, integer([2]))
const SERIAL_BYTES = 15 // a first byte of 1 before them keeps it positive (RFC 5280 §4.1.2.2)

/**
 * An authority for what runs on this machine and in its network (RFC 5280): who gets hold of its key can pretend to be
 * no other host, for browsers that trust it heed its name constraints.
 * @param hosts names it may sign for, with all names below them
 */
export function makeAuthority(name: string, hosts: readonly string[], validity: Validity): Pair {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const permitted = [...hosts.map(hostName), ...PRIVATE_NETWORKS.map(networkOf)]
  return signed({ name, key: privateKey }, { name, key: privateKey }, validity, [
    extension('2.5.29.19', sequence(yes, integer([0]))), // an authority, with none below it
    extension('2.5.29.15', bits([0b0000_0110], 1)), // signs certificates and lists of revoked ones
    extension('2.5.29.37', sequence(SERVER_AUTH), false), // and those of servers alone: mail has names of other kinds
    extension('2.5.29.30', sequence(der(0xa0, ...permitted.map((one) => sequence(one))))),
  ])
}

/** A server's certificate. `hosts`: names and addresses. */
export function makeCertificate(hosts: readonly string[], authority: Authority, validity: Validity): Pair {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const names = hosts.map((host) => (isIP(host) === 0 ? hostName(host) : der(0x87, bytesOf(host))))
  return signed({ name: 'dram dev', key: privateKey }, authority, validity, [
    extension('2.5.29.19', sequence()),
    extension('2.5.29.15', bits([0b1000_0000], 7)), // signs what belongs to a handshake
    extension('2.5.29.37', sequence(SERVER_AUTH), false),
    extension('2.5.29.17', sequence(...names), false),
    extension('2.5.29.35', sequence(der(0x80, idOf(authority.key))), false),
  ])
}

/** Loopback, and what RFC 1918, RFC 4193 and the link-local ranges keep for networks of one's own. */
const PRIVATE_NETWORKS: readonly (readonly [address: string, bits: number])[] = [
  ['127.0.0.0', 8],
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
]

/** May an authority of ours sign for this address? */
export function isPrivate(address: string): boolean {
  const bytes = bytesOf(address)
  return PRIVATE_NETWORKS.some(([network, length]) => {
    const base = bytesOf(network)
    const mask = maskOf(base.length, length)
    return base.length === bytes.length && base.every((byte, at) => byte === (bytes[at]! & mask[at]!))
  })
}

function signed(subject: Authority, issuer: Authority, { from, to }: Validity, extensions: Buffer[]): Pair {
  const body = sequence(
    VERSION_3,
    integer(Buffer.concat([Buffer.from([1]), randomBytes(SERIAL_BYTES)])),
    ECDSA_WITH_SHA256,
    nameOf(issuer.name),
    sequence(time(from), time(to)),
    nameOf(subject.name),
    createPublicKey(subject.key).export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions, extension('2.5.29.14', octets(idOf(subject.key)), false))),
  )
  const whole = sequence(body, ECDSA_WITH_SHA256, bits(sign('sha256', body, issuer.key)))
  const lines = whole.toString('base64').match(/.{1,64}/g)!
  return {
    certificate: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
    key: subject.key.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

function extension(id: string, value: Buffer, isCritical = true): Buffer {
  return sequence(identifier(id), ...(isCritical ? [yes] : []), octets(value))
}

/** A common name alone. */
function nameOf(name: string): Buffer {
  return sequence(set(sequence(identifier('2.5.4.3'), text(name))))
}

const hostName = (host: string): Buffer => der(0x82, Buffer.from(host))

function networkOf([address, length]: readonly [string, number]): Buffer {
  const base = bytesOf(address)
  return der(0x87, base, maskOf(base.length, length))
}

function maskOf(bytes: number, length: number): number[] {
  return Array.from({ length: bytes }, (_, at) => (0xff00 >> Math.min(8, Math.max(0, length - at * 8))) & 0xff)
}

/** Names a key: by a hash, of which RFC 5280 §4.2.1.2 leaves the choice to us. */
function idOf(key: KeyObject): Buffer {
  return createHash('sha256')
    .update(createPublicKey(key).export({ type: 'spki', format: 'der' }))
    .digest()
    .subarray(0, 20)
}

/** Of an address: 4, or 16. */
function bytesOf(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number))
  const groups = new URL(`http://[${address}]`).hostname.slice(1, -1).split(':') // without zones, dotted ends, or upper case
  const gap = groups.indexOf('')
  const filled = groups.filter((group) => group !== '')
  const at = gap < 0 ? filled.length : gap
  const whole = [...filled.slice(0, at), ...Array(8 - filled.length).fill('0'), ...filled.slice(at)]
  return Buffer.from(whole.flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]))
}
