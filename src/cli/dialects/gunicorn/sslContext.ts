import type { SettingKey } from '../../../settings/registry.ts'
import { refuse } from '../translate.ts'
import { type Give, gift, isThing, type Thing, type Value, type Values, type Warn } from '../verdict.ts'

/** What the hook ssl_context wants of TLS, as the keeper found out (python/dram/dialects/gunicorn/tls.py). */
export interface HookTls {
  readonly certfile: string | null
  readonly keyfile: string | null
  readonly caCerts: string | null
  readonly certReqs: string
  readonly ciphers: string | null
  readonly tlsMin: string
  /** What it does that can't be a setting, and what to do instead. */
  readonly problems: readonly string[]
  /** It wants to offer HTTP/2. */
  readonly http2: boolean
}

const KEYS = ['certfile', 'keyfile', 'caCerts', 'certReqs', 'ciphers', 'tlsMin'] as const satisfies SettingKey[]

/** Beside the function, once it has run. */
export function withTls(hook: Value, tls: HookTls): Value {
  const thing: Thing = isThing(hook) ? hook : { $: 'function', name: String(hook) }
  return { ...thing, tls } as unknown as Value
}

/** Null: the hook isn't set, or has not run. */
export function hookTls(hook: Value | undefined): HookTls | null {
  const isRun = typeof hook === 'object' && hook !== null && 'tls' in hook
  return isRun ? ((hook as { readonly tls: unknown }).tls as HookTls) : null
}

export const giveHookTls: Give = (value, _, told) => {
  const tls = hookTls(value)
  if (tls === null) return []
  if (tls.problems.length > 0) throw refuse(told, tls.problems.join('; '))
  return KEYS.filter((key) => tls[key] !== null).map((key) => gift(key, tls[key]!))
}

export const warnOfHookTls: Warn = (value) => {
  const tls = hookTls(value)
  if (tls?.http2) return 'HTTP/2 is not offered, whatever set_alpn_protocols says'
  return tls === null ? null : 'it runs once, when the settings are read: what it looks up must be there by then'
}

/** Settings that the hook's context has taken over give nothing themselves. */
export function unlessHook(give: Give): Give {
  return (value, all, told) => (hookTls(all.ssl_context) === null ? give(value, all, told) : [])
}

export function hasTls({ certfile, keyfile }: Values): boolean {
  return Boolean(certfile || keyfile)
}
