import { constants } from 'node:crypto'
import type { Socket } from 'node:net'
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls'
import type { Keypair, TlsMaterial } from './material.ts'

const PROTOCOLS = ['http/1.1', 'http/1.0']
const SESSION_SECONDS = 300

/** The server's side of TLS: certificates by the host that a client names. What is adopted counts for new handshakes. */
export class Secure {
  #contexts: Contexts

  /** Throws what OpenSSL says of material that it can't use. */
  constructor(material: TlsMaterial) {
    this.#contexts = contextsOf(material)
  }

  adopt(material: TlsMaterial): void {
    this.#contexts = contextsOf(material)
  }

  /** What is asked of clients in new handshakes. */
  get clientCertificates(): TlsMaterial['clientCertificates'] {
    return this.#contexts.clientCertificates
  }

  /** Begins a handshake on a connection; bytes that were read and put back belong to it. */
  wrap(raw: Socket): TLSSocket {
    const contexts = this.#contexts
    return new TLSSocket(raw, {
      isServer: true,
      secureContext: contexts.general,
      SNICallback: (name, found) => found(null, contextFor(contexts, name)),
      ALPNProtocols: PROTOCOLS,
      requestCert: contexts.clientCertificates !== 'none',
      rejectUnauthorized: contexts.clientCertificates === 'required',
    })
  }
}

interface Contexts {
  readonly general: SecureContext
  readonly named: ReadonlyMap<string, SecureContext>
  readonly clientCertificates: TlsMaterial['clientCertificates']
}

function contextsOf(material: TlsMaterial): Contexts {
  const named = Object.entries(material.named)
  return {
    general: contextOf(material.pair, material),
    named: new Map(named.map(([host, pair]) => [host, contextOf(pair, material)])),
    clientCertificates: material.clientCertificates,
  }
}

/** Throws what OpenSSL says. */
export function contextOf({ certificate, key }: Keypair, material: Omit<TlsMaterial, 'pair' | 'named'>): SecureContext {
  const { authorities, ciphers, least, ticketKeys, sessionContext } = material
  return createSecureContext({
    cert: certificate,
    key,
    ...(authorities !== null && { ca: authorities }),
    ciphers,
    honorCipherOrder: true,
    minVersion: least,
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
    sessionIdContext: sessionContext,
    sessionTimeout: SESSION_SECONDS,
    ticketKeys: Buffer.from(ticketKeys),
  } as Parameters<typeof createSecureContext>[0])
}

/** RFC 6125 §6.4.3: a star stands for one whole label. */
function contextFor({ general, named }: Contexts, name: string): SecureContext {
  const host = name.toLowerCase().replace(/\.$/, '')
  return named.get(host) ?? named.get(host.replace(/^[^.]+/, '*')) ?? general
}
