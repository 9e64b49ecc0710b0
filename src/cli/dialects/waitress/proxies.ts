import { isDefault } from '../../../settings/given.ts'
import { wrong } from '../translate.ts'
import { type Give, gift, type Told } from '../verdict.ts'
import { usage } from './getopt.ts'

const KNOWN = [
  'forwarded',
  'x-forwarded-by',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-proto',
]

/** What Waitress trusts where nothing says which headers count. */
const IMPLIED = 'x-forwarded-proto'

export const IMPLIED_WARNING = `--trusted-proxy without --trusted-proxy-headers believes ${IMPLIED} alone: name the headers that your proxy writes`

/** One address, or `*`; there the peers of Unix sockets have the address `localhost`. */
export const giveTrustedProxy: Give = (value) => {
  if (value === null || value === '') return [{ key: 'trustedProxies', words: [], off: true }]
  return [gift('trustedProxies', value === 'localhost' ? 'unix' : String(value))]
}

export const giveCount: Give = (value, all, told) => {
  needsProxy('--trusted-proxy-count', all.trusted_proxy ?? null, told)
  return [gift('proxyHops', String(value))]
}

export const giveHeaders: Give = (value, all, told) => {
  needsProxy('--trusted-proxy-headers', all.trusted_proxy ?? null, told)
  const names = (value as readonly string[]).map((name) => name.toLowerCase())
  if (names.some((name) => !KNOWN.includes(name))) throw wrong(told, `some of ${KNOWN.join(', ')}`)
  if (names.includes('forwarded') && names.some((name) => name !== 'forwarded')) {
    throw usage('Forwarded and X-Forwarded-* exclude each other', 'name those that your proxy writes')
  }
  return [gift('forwardedHeaders', ...(names.length > 0 ? names : [IMPLIED])), gift('forwardedRules', 'counted')]
}

function needsProxy(option: string, proxy: unknown, { origin }: Told): void {
  if (!isDefault(origin) && !proxy) throw usage(`${option} has no meaning without --trusted-proxy`, 'name the proxy')
}
