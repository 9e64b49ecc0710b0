/** A certificate with its chain, and the key that goes with it, as PEM. The key is not encrypted. */
export interface Keypair {
  readonly certificate: string
  readonly key: string
}

/** All that TLS needs, read and checked. It can travel between threads. */
export interface TlsMaterial {
  /** For whoever names no host, or one that has no certificate of its own. */
  readonly pair: Keypair
  /** By host name in lower case; `*.example.org` stands for one label more. */
  readonly named: Readonly<Record<string, Keypair>>
  /** PEM; null where no client certificate is asked for. */
  readonly authorities: string | null
  readonly clientCertificates: 'none' | 'optional' | 'required'
  /** As OpenSSL reads it, suites of TLS 1.3 included. */
  readonly ciphers: string
  readonly least: 'TLSv1.2' | 'TLSv1.3'
  /**
   * What session tickets are sealed with: the same in all threads, and over a renewal, so that sessions live on.
   * 48 bytes.
   */
  readonly ticketKeys: Uint8Array
  /** Follows from how clients are verified: a session that was verified otherwise is not resumed. */
  readonly sessionContext: string
}
