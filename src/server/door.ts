import type { Listener } from '../listen/listener.ts'
import { HeaderCache } from '../parse/headerCache.ts'
import { ListenerPolicies, type PeerPolicy } from '../route/policy.ts'
import { TrustedProxies } from '../route/proxies.ts'
import type { Settings } from '../settings/registry.ts'
import type { Manner } from './connection.ts'
import type { ProxyRules } from './greeting.ts'

/** One listener, and what decides how the bytes of its new connections are read. */
export interface Door {
  readonly listener: Listener
  policies: ListenerPolicies
  manners: ReadonlyMap<PeerPolicy, Manner>
  /** Null: nobody may speak for somebody else. */
  proxied: ProxyRules | null
}

/** A cache holds what was made under one policy: new policies come with new ones. */
export function door(listener: Listener, settings: Settings): Door {
  const policies = new ListenerPolicies(settings, listener.where, listener.isSecure)
  const limits = { ...settings, maxBodyBytes: settings.maxBodyBytes || Number.POSITIVE_INFINITY }
  const { streamRequests: streamsRequests } = settings
  const manners = new Map<PeerPolicy, Manner>()
  for (const policy of [policies.trusted, policies.untrusted])
    manners.set(policy, { policy, limits, streamsRequests, cache: new HeaderCache() })
  return { listener, policies, manners, proxied: proxyRules(settings) }
}

function proxyRules({ proxyProtocol, proxyProtocolFrom }: Settings): ProxyRules | null {
  return proxyProtocol === 'off' ? null : { versions: proxyProtocol, from: new TrustedProxies(proxyProtocolFrom) }
}

/** May a peer with this address send the PROXY protocol here? */
export function speaksForOthers({ listener, proxied }: Door, address: string): boolean {
  if (proxied === null) return false
  return listener.where.kind === 'unix' ? proxied.from.unix : proxied.from.trusts(address)
}
