import type { ExchangeFacts } from '../../../src/server/facts.ts'
import { blockOf } from '../route/kit.ts'

export interface Asked {
  readonly host?: string
  readonly peer?: string
  readonly method?: string
  readonly target?: string
  /** `Peer.pairs` */
  readonly pairs?: string
  readonly minor?: 0 | 1
}

/** A request as a bystander sees it. `lines`: `Name: value`, a line each. */
export function asked(lines: readonly string[] = [], how: Asked = {}): ExchangeFacts {
  const { host = 'localhost:8000', peer = '127.0.0.1', method = 'GET', target = '/', pairs = '', minor = 1 } = how
  return {
    connection: { peer: { address: peer, port: '50000', pairs } },
    head: { method, target, origin: null, minor, block: blockOf([`Host: ${host}`, ...lines], host) },
    target: null,
    requestId: 'r1',
    startedMs: 0,
    place: null,
    status: 0,
    answerHead: null,
    bodyBytes: 0,
  }
}

/** What a browser says of a request, by who has caused it. */
export const FETCH = {
  typed: ['Sec-Fetch-Site: none', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document'],
  ownLink: ['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document'],
  ownScript: [
    'Sec-Fetch-Site: same-origin',
    'Sec-Fetch-Mode: cors',
    'Sec-Fetch-Dest: empty',
    'Origin: http://localhost:8000',
  ],
  otherLink: ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document'],
  otherForm: [
    'Sec-Fetch-Site: cross-site',
    'Sec-Fetch-Mode: navigate',
    'Sec-Fetch-Dest: document',
    'Origin: https://other.example',
  ],
  otherFrame: ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: iframe'],
  otherImage: ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: no-cors', 'Sec-Fetch-Dest: image'],
  otherScript: [
    'Sec-Fetch-Site: cross-site',
    'Sec-Fetch-Mode: cors',
    'Sec-Fetch-Dest: empty',
    'Origin: https://other.example',
  ],
  /** Another port of this machine: of the same site, so that cookies come along. */
  otherPort: [
    'Sec-Fetch-Site: same-site',
    'Sec-Fetch-Mode: cors',
    'Sec-Fetch-Dest: empty',
    'Origin: http://localhost:3000',
  ],
  /** A browser that says nothing of its own but this. */
  oldForm: ['Origin: https://other.example'],
  sandboxed: ['Origin: null'],
} as const

export const STRANGERS: readonly (readonly [name: string, lines: readonly string[], how: Asked])[] = [
  ['a name that was made to lead here', [], { host: 'rebound.example' }],
  ['a name that begins like ours', [], { host: 'localhost.rebound.example:8000' }],
  ['no name', [], { host: '' }],
  ['an address of the network', [], { peer: '192.0.2.7', host: '192.0.2.7:8000' }],
  ['a peer of the network that says localhost', [], { peer: '192.0.2.7' }],
  ['a Unix socket', [], { peer: '' }],
  ['X-Forwarded-For', ['X-Forwarded-For: 203.0.113.9'], {}],
  ['X-Forwarded-Host', ['X-Forwarded-Host: shop.example'], {}],
  ['Forwarded', ['Forwarded: for=203.0.113.9'], {}],
  ['Via', ['Via: 1.1 tunnel'], {}],
  ['a client that a proxy speaks for', [], { pairs: '\0PROXY_PROTOCOL\0TCP4' }],
  ['a proxy that says nothing of itself', [], { minor: 0 }],
]
