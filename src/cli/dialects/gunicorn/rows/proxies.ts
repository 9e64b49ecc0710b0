import { wrong } from '../../translate.ts'
import { accepted, type Give, gift, mapped, refused, same } from '../../verdict.ts'
import { addresses, choice, dict, names, proxyMode } from '../kinds.ts'
import { type GunicornRow, section } from '../row.ts'

export const PROXIES: readonly GunicornRow[] = section('Server Mechanics', {
  secure_scheme_headers: {
    kind: dict,
    default: { 'X-FORWARDED-PROTOCOL': 'ssl', 'X-FORWARDED-PROTO': 'https', 'X-FORWARDED-SSL': 'on' },
    help: 'Headers of a trusted proxy that tell of https, and their values.',
    verdict: mapped('`--scheme-headers`', giveSchemeHeaders),
  },
  forwarded_allow_ips: {
    kind: addresses,
    flags: '--forwarded-allow-ips',
    metavar: 'STRING',
    default: '127.0.0.1,::1',
    help: 'Whose forwarding headers are believed.',
    verdict: mapped('`--trusted-proxies`, with the peers of Unix sockets', (value) => [
      gift('trustedProxies', ...(value as readonly string[]), 'unix'),
    ]),
  },
  proxy_protocol: {
    kind: proxyMode,
    flags: '--proxy-protocol',
    metavar: 'MODE',
    default: 'off',
    help: 'Take the PROXY protocol: off, v1, v2 or auto (the flag alone).',
    verdict: same('`--proxy-protocol`', (value) => [gift('proxyProtocol', value as string)]),
  },
  proxy_allow_ips: {
    kind: addresses,
    flags: '--proxy-allow-from',
    default: '127.0.0.1,::1',
    help: 'Who may send the PROXY protocol.',
    verdict: mapped('`--proxy-protocol-from`, with the peers of Unix sockets', (value) => [
      gift('proxyProtocolFrom', ...(value as readonly string[]), 'unix'),
    ]),
  },
  protocol: {
    kind: choice('http', 'uwsgi'),
    flags: '--protocol',
    metavar: 'STRING',
    default: 'http',
    help: 'What clients speak: http or uwsgi.',
    verdict: refused('speak HTTP: proxy_pass instead of uwsgi_pass in nginx'),
  },
  uwsgi_allow_ips: {
    kind: addresses,
    flags: '--uwsgi-allow-from',
    default: '127.0.0.1,::1',
    help: 'Who may speak uwsgi.',
    verdict: accepted('uwsgi is not spoken here'),
  },
  forwarder_headers: {
    kind: names,
    flags: '--forwarder-headers',
    default: 'SCRIPT_NAME,PATH_INFO',
    help: 'Headers with an underscore that a trusted proxy may send.',
    verdict: same('`--forwarder-headers`', (value) => {
      // Others than these pass anyway.
      const names = (value as readonly string[]).filter((name) => name === '*' || name.includes('_'))
      return [names.length > 0 ? gift('forwarderHeaders', ...names) : { key: 'forwarderHeaders', words: [], off: true }]
    }),
  },
  header_map: {
    kind: choice('drop', 'refuse', 'dangerous'),
    flags: '--header-map',
    default: 'drop',
    help: 'What to do with header names that have an underscore: drop, refuse, dangerous.',
    verdict: mapped('`--header-underscores`; dangerous is `keep`', (value) => [
      gift('headerUnderscores', value === 'dangerous' ? 'keep' : (value as string)),
    ]),
  },
})

function giveSchemeHeaders(...[value, , told]: Parameters<Give>): ReturnType<Give> {
  const pairs = Object.entries(value as object)
  if (pairs.length === 0) return [{ key: 'schemeHeaders', words: [], off: true }]
  // With a comma it would be two headers in our words; without a value it would mean https where nothing is said.
  const isGood = ([, word]: [string, unknown]) => typeof word === 'string' && word !== '' && !word.includes(',')
  if (!pairs.every(isGood)) throw wrong(told, 'header names, each with a value without commas')
  return [gift('schemeHeaders', ...pairs.map((pair) => pair.join('=')))]
}
