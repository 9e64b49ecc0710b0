import { createHash, createPrivateKey, type KeyObject, randomBytes, X509Certificate } from 'node:crypto'
import { Fault } from '../../faults/fault.ts'
import type { Settings } from '../../settings/registry.ts'
import type { Keypair, TlsMaterial } from './material.ts'
import { contextOf } from './secure.ts'

export type TlsSettings = Pick<
  Settings,
  'certfile' | 'keyfile' | 'keyPassword' | 'sni' | 'caCerts' | 'certReqs' | 'ciphers' | 'tlsMin'
>

/** What reading needs of the system. */
export interface TlsDoors {
  /** Throws what the system says. */
  readFile(path: string): string
  variable(name: string): string | undefined
  /** Milliseconds since 1970. */
  nowMs(): number
}

export interface ReadTls {
  readonly material: TlsMaterial
  /** What may be meant, but hardly is: a certificate that has expired. */
  readonly warnings: readonly string[]
}

/** Forward secrecy, and seals that authenticate: what Mozilla calls intermediate, without the finite fields. */
const CIPHERS_1_2 = ['ECDSA', 'RSA']
  .flatMap((kind) =>
    ['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'CHACHA20-POLY1305'].map((end) => `ECDHE-${kind}-${end}`),
  )
  .join(':')
const SUITES_1_3 = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256'
const TICKET_KEY_BYTES = 48
const FIRST = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[\s\S]*?-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g
const KEY = /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----[\s\S]*?-----END (?:[A-Z0-9]+ )*PRIVATE KEY-----/

/** The files that settings name, each once. */
export function tlsFiles({ certfile, keyfile, keyPassword, sni, caCerts }: TlsSettings): readonly string[] {
  const password = keyPassword?.startsWith('file:') ? keyPassword.slice('file:'.length) : null
  const named = sni.flatMap((one) => [placesOf(one).certificate, placesOf(one).key])
  return [...new Set([certfile, keyfile, password, ...named, caCerts].filter((path) => path !== null))]
}

/**
 * Reads and checks all that TLS needs; null: there is to be none. `before`: what was in force, whose tickets go on.
 * Faults: CERTIFICATE_*, KEY_*, CIPHERS_INVALID.
 */
export function readTls(settings: TlsSettings, doors: TlsDoors, before: TlsMaterial | null = null): ReadTls | null {
  const { certfile, keyfile, sni, caCerts, certReqs } = settings
  if (certfile === null && keyfile === null) {
    if (sni.length > 0) throw missing('--sni stands beside no --certfile, for clients that name no host')
    if (certReqs !== 'none') throw missing('--cert-reqs is for TLS, and there is no --certfile')
    return null
  }
  if (certReqs !== 'none' && caCerts === null) throw missing('--cert-reqs needs --ca-certs: who signs for clients?')
  const reading = new Reading(settings.keyPassword, doors)
  const pair = reading.pair(certfile ?? keyfile!, keyfile ?? certfile!)
  const named = sni.map(placesOf).map(({ host, certificate, key }) => [host, reading.pair(certificate, key)] as const)
  const authorities = caCerts === null ? null : reading.authorities(caCerts)
  const material: TlsMaterial = {
    pair,
    named: Object.fromEntries(named),
    authorities: certReqs === 'none' ? null : authorities,
    clientCertificates: certReqs,
    ciphers: ciphersOf(settings.ciphers),
    least: settings.tlsMin === '1.3' ? 'TLSv1.3' : 'TLSv1.2',
    ticketKeys: before?.ticketKeys ?? randomBytes(TICKET_KEY_BYTES),
    sessionContext: createHash('sha256').update(`${certReqs} ${authorities}`).digest('hex').slice(0, 32),
  }
  checkCiphers(settings.ciphers, material)
  return { material, warnings: reading.warnings }
}

function missing(detail: string): Fault {
  return new Fault('CERTIFICATE_MISSING', { detail })
}

function placesOf(sni: string): { host: string; certificate: string; key: string } {
  const equals = sni.indexOf('=')
  const [certificate = '', key = certificate] = sni.slice(equals + 1).split(':')
  return { host: sni.slice(0, equals), certificate, key }
}

/** Node takes a list without suites of 1.3 for a wish to have no 1.3; OpenSSL has two lists. */
function ciphersOf(list: string | null): string {
  if (list === null) return `${SUITES_1_3}:${CIPHERS_1_2}`
  return list.split(/[:, ]/).some((name) => name.startsWith('TLS_')) ? list : `${SUITES_1_3}:${list}`
}

/** What is read here is adopted where nobody expects a failure: OpenSSL has a look at all of it. */
function checkCiphers(list: string | null, material: TlsMaterial): void {
  try {
    for (const pair of [material.pair, ...Object.values(material.named)]) contextOf(pair, material)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (/CIPHER/.test(String(code)) || /cipher/i.test(message))
      throw new Fault('CIPHERS_INVALID', { detail: list ?? '' })
    throw new Fault('CERTIFICATE_INVALID', { detail: `OpenSSL can't use the certificate: ${message}` })
  }
}

/** One reading of files, and what was noticed in it. */
class Reading {
  readonly warnings: string[] = []
  readonly #password: string | null
  readonly #doors: TlsDoors

  constructor(password: string | null, doors: TlsDoors) {
    this.#password = password
    this.#doors = doors
  }

  pair(certificatePath: string, keyPath: string): Keypair {
    const chain = this.#certificates(certificatePath)
    const [own] = chain
    const key = this.#key(keyPath)
    if (!own!.checkPrivateKey(key)) throw new Fault('KEY_MISMATCH', { key: keyPath, certificate: certificatePath })
    this.#lookAtTimes(certificatePath, own!)
    return {
      certificate: chain.map(String).join(''),
      key: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    }
  }

  authorities(path: string): string {
    return this.#certificates(path).map(String).join('')
  }

  #certificates(path: string): X509Certificate[] {
    const texts = this.#text(path).match(FIRST)
    if (texts === null) throw new Fault('CERTIFICATE_INVALID', { detail: `there is no certificate in ${path}` })
    try {
      return texts.map((text) => new X509Certificate(text))
    } catch (error) {
      throw new Fault('CERTIFICATE_INVALID', { detail: `a certificate in ${path} is damaged: ${reason(error)}` })
    }
  }

  #key(path: string): KeyObject {
    const [text] = KEY.exec(this.#text(path)) ?? []
    if (text === undefined) throw new Fault('KEY_INVALID', { detail: `there is no private key in ${path}` })
    const isSealed = text.includes('ENCRYPTED')
    if (isSealed && this.#password === null)
      throw new Fault('KEY_PASSWORD', { detail: `the key in ${path} is encrypted, and there is no password` })
    try {
      return createPrivateKey(isSealed ? { key: text, passphrase: this.#readPassword() } : text)
    } catch (error) {
      if (error instanceof Fault) throw error
      if (isSealed) throw new Fault('KEY_PASSWORD', { detail: `the password does not open the key in ${path}` })
      throw new Fault('KEY_INVALID', { detail: `the key in ${path} is damaged: ${reason(error)}` })
    }
  }

  #readPassword(): string {
    const place = this.#password!
    if (place.startsWith('file:')) return this.#text(place.slice('file:'.length)).split(/\r?\n/, 1)[0]!
    const name = place.slice('env:'.length)
    const value = this.#doors.variable(name)
    if (value === undefined) throw new Fault('KEY_PASSWORD', { detail: `there is no variable ${name}` })
    return value
  }

  #text(path: string): string {
    try {
      return this.#doors.readFile(path)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      const why =
        code === 'ENOENT' ? 'there is no such file' : code === 'EACCES' ? 'this user may not' : (code ?? message)
      throw new Fault('CERTIFICATE_UNREADABLE', { detail: `${path}: ${why}` })
    }
  }

  #lookAtTimes(path: string, certificate: X509Certificate): void {
    const now = this.#doors.nowMs()
    if (Date.parse(certificate.validTo) < now)
      this.warnings.push(`the certificate in ${path} has expired: ${certificate.validTo}`)
    if (Date.parse(certificate.validFrom) > now)
      this.warnings.push(`the certificate in ${path} is not valid yet: ${certificate.validFrom}`)
  }
}

function reason(error: unknown): string {
  const { reason: why, message } = error as Error & { reason?: string }
  return why ?? message
}
