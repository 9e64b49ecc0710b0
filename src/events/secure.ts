/** What a client proved to be, by the certificate that was verified in its handshake. Text as the certificate has it. */
export interface ClientCertificate {
  /** RFC 2253: the most special part first, such as `CN=alice,O=Example,C=DE`. */
  readonly subject: string
  readonly issuer: string
  /** The first CN of the subject; '' where there is none. */
  readonly commonName: string
  readonly issuerCommonName: string
  /** Hexadecimal, upper case. */
  readonly serial: string
  /** As OpenSSL prints it: `Nov  3 08:00:00 2026 GMT`. */
  readonly from: string
  readonly to: string
  readonly pem: string
}

/** What a TLS handshake came to. */
export interface SecureFacts {
  /** `TLSv1.2`, `TLSv1.3` */
  readonly protocol: string
  /** OpenSSL's name. */
  readonly cipher: string
  /** The host that the client named (SNI); '' where it named none. */
  readonly serverName: string
  /** Was a client certificate asked for? */
  readonly asked: boolean
  /** Null: there is none. One that could not be verified ends the handshake. */
  readonly certificate: ClientCertificate | null
}
