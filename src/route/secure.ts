import type { ClientCertificate, SecureFacts } from '../events/secure.ts'

/** A certificate in PEM beyond it is left out: every request of the connection would carry it. */
const MOST_CERTIFICATE_CHARS = 32 * 1024

/** What a TLS connection adds to `environ`, as `Peer.pairs`: names and looks as mod_ssl has them. */
export function securePairs({ protocol, cipher, serverName, asked, certificate }: SecureFacts): string {
  return [
    ['SSL_PROTOCOL', protocol],
    ['SSL_CIPHER', cipher],
    ['SSL_TLS_SNI', serverName],
    ['SSL_CLIENT_VERIFY', !asked ? '' : certificate === null ? 'NONE' : 'SUCCESS'],
    ...(certificate === null ? [] : certificatePairs(certificate)),
  ]
    .map(([key, value]) => pair(key!, value!))
    .join('')
}

function certificatePairs(certificate: ClientCertificate): [key: string, value: string][] {
  const { subject, issuer, commonName, issuerCommonName, serial, from, to, pem } = certificate
  return [
    ['SSL_CLIENT_S_DN', subject],
    ['SSL_CLIENT_S_DN_CN', commonName],
    ['SSL_CLIENT_I_DN', issuer],
    ['SSL_CLIENT_I_DN_CN', issuerCommonName],
    ['SSL_CLIENT_M_SERIAL', serial],
    ['SSL_CLIENT_V_START', from],
    ['SSL_CLIENT_V_END', to],
    ['SSL_CLIENT_CERT', pem.length > MOST_CERTIFICATE_CHARS ? '' : pem],
  ]
}

/**
 * PEP 3333: text is bytes, so what isn't latin-1 becomes the bytes of its UTF-8. A value with a control character, NUL
 * above all, is left out: none of ours has one, and the wire puts NUL between values. PEM has its lines.
 */
function pair(key: string, value: string): string {
  if (value === '' || /[\0-\x09\x0b-\x1f\x7f]/.test(value)) return ''
  if (value.includes('\n') && key !== 'SSL_CLIENT_CERT') return ''
  return `\0${key}\0${Buffer.from(value, 'utf8').toString('latin1')}`
}
