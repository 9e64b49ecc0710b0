import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bits, der, identifier, integer, octets, sequence, set, text, time, yes } from '../../src/dev/https/der.ts'

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
    ...(isAuthority ? [sequence(identifier('2.5.29.19'), yes, octets(sequence(yes)))] : []),
    ...(hosts.length
      ? [sequence(identifier('2.5.29.17'), octets(sequence(...hosts.map((host) => der(0x82, Buffer.from(host))))))]
      : []),
  ]
  const body = sequence(
    der(0xa0, integer([2])),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    sequence(identifier(ECDSA_SHA256)),
    nameOf(signer.name),
    sequence(time(start), time(end)),
    nameOf(name),
    createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
    ...(extensions.length ? [der(0xa3, sequence(...extensions))] : []),
  )
  const signature = sign('sha256', body, signer.keyObject)
  const whole = sequence(body, sequence(identifier(ECDSA_SHA256)), bits(signature))
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
  return sequence(
    ...name.map(([type, value]) =>
      set(sequence(identifier(OIDS[type]), type === 'C' ? der(0x13, Buffer.from(value)) : text(value))),
    ),
  )
}
