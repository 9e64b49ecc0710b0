import { accepted, refused } from '../../verdict.ts'
import { anything, number, text, toggle } from '../kinds.ts'
import { type GunicornRow, section } from '../row.ts'

const NOT_YET = 'TLS is not served yet: let a proxy end it, and name the proxy in forwarded_allow_ips'

export const TLS: readonly GunicornRow[] = section('SSL', {
  keyfile: { kind: text, flags: '--keyfile', metavar: 'FILE', help: 'The private key.', verdict: refused(NOT_YET) },
  certfile: { kind: text, flags: '--certfile', metavar: 'FILE', help: 'The certificate.', verdict: refused(NOT_YET) },
  ssl_version: {
    kind: anything,
    flags: '--ssl-version',
    default: 2,
    help: 'The version of TLS (Gunicorn takes no notice of it either).',
    verdict: accepted('Gunicorn takes no notice of it either, since version 21'),
  },
  cert_reqs: {
    kind: number,
    flags: '--cert-reqs',
    default: 0,
    help: 'Whether clients are asked for a certificate: 0 no, 1 yes, 2 they must have one.',
    verdict: refused(NOT_YET),
  },
  ca_certs: {
    kind: text,
    flags: '--ca-certs',
    metavar: 'FILE',
    help: 'Who may sign the certificates of clients.',
    verdict: refused(NOT_YET),
  },
  suppress_ragged_eofs: {
    kind: toggle,
    flags: '--suppress-ragged-eofs',
    default: true,
    help: 'Take the end of a connection without the end of TLS for an end.',
    verdict: accepted('the end of a connection is an end here'),
  },
  do_handshake_on_connect: {
    kind: toggle,
    flags: '--do-handshake-on-connect',
    default: false,
    help: 'Make the handshake before anything is read.',
    verdict: accepted('a handshake holds nobody up here'),
  },
  ciphers: {
    kind: text,
    flags: '--ciphers',
    help: 'The ciphers that may be used, as OpenSSL writes them.',
    verdict: refused(NOT_YET),
  },
})
