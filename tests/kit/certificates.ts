import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Certificates for tests, made without openssl: as much of X.509 (RFC 5280) as that takes. */
export interface Made {
  readonly certificate: string
  readonly key: string
  readonly name: Name
  readonly keyObject: KeyObject
}

type Name = readonly (readonly [type: 'C' | 'O' | 'CN', value: string])[]

export interface Wanted {
  readonly name: Name
  readonly hosts?: readonly string[]
  /** Who signs; left out: itself. */
  readonly by?: Made
  readonly isAuthority?: boolean
  readonly from?: Date
  readonly to?: Date
  /** Of its key. */
  readonly curve?: string
}

const DAY_MS = 86_400_000
const OIDS = { C: '2.5.4.6', O: '2.5.4.10', CN: '2.5.4.3' } as const
const ECDSA_SHA256 = '1.2.840.10045.4.3.2'

export function makeCertificate({ name, hosts = [], by, isAuthority = false, from, to, curve }: Wanted): Made {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: curve ?? 'prime256v1' })
  const signer = by ?? { name, keyObject: privateKey }
  const start = from ?? new Date(Date.now() - DAY_MS)
  const end = to ?? new Date(Date.now() + 30 * DAY_MS)
  const extensions = [
    ...(isAuthority ? [seq(oid('2.5.29.19'), der(1, [0xff]), octets(seq(der(1, [0xff]))))] : []),
    ...(hosts.length ? [seq(oid('2.5.29.17'), octets(seq(...hosts.map((host) => der(0x82, Buffer.from(host))))))] : []),
  ]
  const body = seq(
    der(0xa0, der(2, [2])),
    der(2, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    seq(oid(ECDSA_SHA256)),
    nameOf(signer.name),
    seq(time(start), time(end)),
    nameOf(name),
    createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
    ...(extensions.length ? [der(0xa3, seq(...extensions))] : []),
  )
  const signature = sign('sha256', body, signer.keyObject)
  const whole = seq(body, seq(oid(ECDSA_SHA256)), der(3, Buffer.concat([Buffer.from([0]), signature])))
  return {
    certificate: pem(whole),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    name,
    keyObject: privateKey,
  }
}

/** Its key, encrypted. */
export function sealedKey({ keyObject }: Made, passphrase: string): string {
  return keyObject.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }).toString()
}

/** Certificate and key as files of that folder. */
export function asFiles(folder: string, name: string, made: Made): { certfile: string; keyfile: string } {
  const certfile = join(folder, `${name}.pem`)
  const keyfile = join(folder, `${name}.key`)
  writeFileSync(certfile, made.certificate)
  writeFileSync(keyfile, made.key)
  return { certfile, keyfile }
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g)!
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n')
}

function nameOf(name: Name): Buffer {
  return seq(
    ...name.map(([type, value]) =>
      der(0x31, seq(oid(OIDS[type]), der(type === 'C' ? 0x13 : 0x0c, Buffer.from(value)))),
    ),
  )
}

function time(date: Date): Buffer {
  return der(
    0x17,
    Buffer.from(
      `${date
        .toISOString()
        .replace(/[-:T]|\.\d+/g, '')
        .slice(2, 14)}Z`,
    ),
  )
}

function seq(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts))
}

function octets(bytes: Buffer): Buffer {
  return der(4, bytes)
}

function oid(text: string): Buffer {
  const [first, second, ...rest] = text.split('.').map(Number)
  return der(6, [first! * 40 + second!, ...rest.flatMap(base128)])
}

function base128(number: number): number[] {
  const digits = [number & 0x7f]
  for (let left = number >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80)
  return digits
}

function der(tag: number, content: Buffer | readonly number[]): Buffer {
  const bytes = Buffer.from(content as Buffer)
  const { length } = bytes
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), bytes])
}
