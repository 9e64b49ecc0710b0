import type { X509Certificate } from 'node:crypto'
import type { ClientCertificate } from '../../events/secure.ts'

/** What is told of a client's certificate. */
export function clientCertificate(certificate: X509Certificate): ClientCertificate {
  const { subject, issuer } = certificate.toLegacyObject()
  return {
    subject: distinguishedName(certificate.subject),
    issuer: distinguishedName(certificate.issuer),
    commonName: first(subject?.CN),
    issuerCommonName: first(issuer?.CN),
    serial: certificate.serialNumber.toUpperCase(),
    from: certificate.validFrom,
    to: certificate.validTo,
    pem: certificate.toString(),
  }
}

/**
 * Node prints a part a line, the most general first, with RFC 2253's escapes but for the separators: ` + ` joins those
 * of one part, and a line's end is never part of a value.
 */
export function distinguishedName(lines: string | undefined): string {
  const parts = (lines ?? '').split('\n').filter((line) => line !== '')
  return parts
    .reverse()
    .map((part) => part.replaceAll(' + ', '+'))
    .join(',')
}

function first(values: string | readonly string[] | undefined): string {
  return typeof values === 'string' ? values : (values?.[0] ?? '')
}
