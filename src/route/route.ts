import type { RequestHead, RouteRefusal } from '../events/request.ts'
import { environOf } from './environ.ts'
import { afterPrefix, isEnvironText } from './escapes.ts'
import type { PeerPolicy } from './policy.ts'

/** Who is at the other end of the connection. */
export interface Peer {
  /** IPv4 or IPv6 (`plainAddress`); '' for the peer of a Unix socket. */
  readonly address: string
  /** Decimal; '' for the peer of a Unix socket. */
  readonly port: string
  /** What the connection itself adds to `environ`: NUL, key, NUL, value …; '' for nothing. */
  readonly pairs: string
}

/** Where a request goes: the parts of REQUEST that the front finds out (wire/README.md). */
export interface Target {
  readonly kind: 'target'
  /** The true client, behind trusted proxies. */
  readonly address: string
  readonly port: string
  /** The wire's *block*. */
  readonly block: string
  /** The raw path, where it isn't the target up to its `?` (flag PATH); null where it is. */
  readonly path: string | null
  /** A trusted peer's id for this request; null: make one. */
  readonly requestId: string | null
  /** Names of forwarding headers that don't count, where they are to be told of; null: none. */
  readonly untrusted: readonly string[] | null
}

/** No parser of ours lets such a target through; whichever comes next, nothing may forge a key of `environ`. */
const UNFIT: RouteRefusal = { kind: 'refused', code: 'TARGET_MALFORMED', values: { detail: 'not latin-1 without NUL' } }

/** Hot: runs once a request; all that follows from the header block was found out when its bytes were first seen. */
export function route(head: RequestHead, policy: PeerPolicy, peer: Peer): Target | RouteRefusal {
  if (!isEnvironText(head.target) || !isEnvironText(head.method)) return UNFIT
  const environ = environOf(head.block, policy)
  if (environ.refusal !== null) return environ.refusal
  const path =
    environ.cut === '' && head.origin === null && head.target !== '*' ? null : explicitPath(head, environ.cut)
  if (path === OUTSIDE && policy.refusesMismatch) return outside(environ.cut)
  return {
    kind: 'target',
    address: environ.address ?? peer.address,
    port: environ.address === null ? peer.port : (environ.port ?? peer.port),
    block: peer.pairs === '' ? environ.text : environ.text + peer.pairs,
    path: path === OUTSIDE ? wholePath(head) : path,
    requestId: environ.requestId,
    untrusted: environ.untrusted,
  }
}

function outside(cut: string): RouteRefusal {
  return { kind: 'refused', code: 'SCRIPT_NAME_MISMATCH', values: { detail: cut } }
}

/** *own*, the part of REQUEST that is this request's alone. `requestId`: the target's, or one that was made. */
export function ownText(head: RequestHead, target: Target, requestId: string): string {
  return `${head.method}\0${head.target}\0${target.path ?? ''}\0${target.address}\0${target.port}\0${requestId}`
}

/** No path begins like this: it doesn't begin with SCRIPT_NAME. */
const OUTSIDE = '\0'

function explicitPath(head: RequestHead, cut: string): string {
  const { origin, target } = head
  // The server itself is asked, not a resource: PATH_INFO begins with a slash or is empty (PEP 3333).
  if (target === '*') return ''
  const path = pathOf(origin ?? target)
  if (cut === '') return path
  const start = afterPrefix(path, cut)
  return start < 0 ? OUTSIDE : path.slice(start)
}

/** The raw path where nothing is cut off; null: it is the target's. */
function wholePath({ origin }: RequestHead): string | null {
  return origin === null ? null : pathOf(origin)
}

function pathOf(whole: string): string {
  const query = whole.indexOf('?')
  return query < 0 ? whole : whole.slice(0, query)
}
