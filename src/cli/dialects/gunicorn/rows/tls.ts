import { wrong } from '../../translate.ts'
import { accepted, type Give, gift, gifts, mapped, same, type Values } from '../../verdict.ts'
import { anything, number, text, toggle } from '../kinds.ts'
import { type GunicornRow, section } from '../row.ts'
import { hasTls, unlessHook } from '../sslContext.ts'

const CERT_REQS = ['none', 'optional', 'required']

export const TLS: readonly GunicornRow[] = section('SSL', {
  keyfile: {
    kind: text,
    flags: '--keyfile',
    metavar: 'FILE',
    help: 'The private key.',
    verdict: same(
      '`--keyfile`',
      unlessHook((value) => gifts('keyfile', value)),
    ),
  },
  certfile: {
    kind: text,
    flags: '--certfile',
    metavar: 'FILE',
    help: 'The certificate.',
    verdict: mapped(
      '`--certfile`, without Unix sockets',
      unlessHook((value) => gifts('certfile', value)),
      (_, all) => (hasUnix(all) ? 'Unix sockets stay without TLS' : null),
    ),
  },
  ssl_version: {
    kind: anything,
    flags: '--ssl-version',
    default: 2,
    help: 'The version of TLS (Gunicorn takes no notice of it either).',
    verdict: accepted(
      'Gunicorn takes no notice of it either, since version 21; 1.2 and 1.3 are spoken, see DRAM_TLS_MIN',
    ),
  },
  cert_reqs: {
    kind: number,
    flags: '--cert-reqs',
    default: 0,
    help: 'Whether clients are asked for a certificate: 0 no, 1 yes, 2 they must have one.',
    verdict: mapped('`--cert-reqs`: 0 is none, 1 optional, 2 required', unlessHook(giveCertReqs), (value, all) =>
      value !== 0 && !hasTls(all) ? 'there is no certfile, so nobody is asked' : null,
    ),
  },
  ca_certs: {
    kind: text,
    flags: '--ca-certs',
    metavar: 'FILE',
    help: 'Who may sign the certificates of clients.',
    verdict: same(
      '`--ca-certs`',
      unlessHook((value) => gifts('caCerts', value)),
    ),
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
    verdict: same(
      '`--ciphers`',
      unlessHook((value) => gifts('ciphers', value)),
    ),
  },
})

function giveCertReqs(...[value, all, told]: Parameters<Give>): ReturnType<Give> {
  const word = CERT_REQS[value as number]
  if (word === undefined) throw wrong(told, '0, 1 or 2')
  return hasTls(all) ? [gift('certReqs', word)] : []
}

function hasUnix({ bind }: Values): boolean {
  return Array.isArray(bind) && bind.some((address) => String(address).startsWith('unix:'))
}
