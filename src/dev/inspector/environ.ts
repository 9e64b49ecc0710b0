import type { RequestHead } from '../../events/request.ts'
import { isSecretName, withoutSecrets } from '../../kit/secrets.ts'
import type { PeerPolicy } from '../../route/policy.ts'
import type { EnvironEntry } from './journey.ts'

/** What decides where a value came from. */
export interface Origins {
  readonly head: RequestHead
  readonly policy: PeerPolicy
  readonly client: { readonly address: string }
  readonly peer: { readonly address: string }
}

interface KeyRow {
  readonly from: string | ((origins: Origins) => string)
  /** The section that asks for it, or what else lets it be there. */
  readonly rule: string
}

const PEP = 'PEP 3333, environ Variables'
const LINE = 'the request line'
const SERVER = 'the server'
const CONNECTION = 'the connection'
const CERTIFICATE = "the client's certificate"
const PROXY_LINE = 'the PROXY protocol'
const TLS_RULE = 'mod_ssl, Environment Variables (no standard asks for it)'
const PROXY_RULE = 'docs/decisions/0017 (no standard asks for it)'

/** Each key that the server sets itself; those that begin with HTTP_ have a rule of their own below. */
export const KEYS: Readonly<Record<string, KeyRow>> = {
  REQUEST_METHOD: { from: LINE, rule: `${PEP}; RFC 3875 §4.1.12` },
  SCRIPT_NAME: { from: (o) => prefixFrom(o), rule: `${PEP}; RFC 3875 §4.1.13` },
  PATH_INFO: { from: 'the request line, percent-decoded', rule: `${PEP}; RFC 3875 §4.1.5` },
  QUERY_STRING: { from: 'the request line, behind its first ?', rule: `${PEP}; RFC 3875 §4.1.7` },
  CONTENT_TYPE: { from: 'field content-type', rule: `${PEP}; RFC 3875 §4.1.3` },
  CONTENT_LENGTH: { from: (o) => lengthFrom(o), rule: `${PEP}; RFC 3875 §4.1.2` },
  SERVER_NAME: { from: (o) => nameFrom(o), rule: `${PEP}; RFC 3875 §4.1.14` },
  SERVER_PORT: { from: (o) => portFrom(o), rule: `${PEP}; RFC 3875 §4.1.15` },
  SERVER_PROTOCOL: { from: LINE, rule: `${PEP}; RFC 3875 §4.1.16` },
  SERVER_SOFTWARE: { from: SERVER, rule: 'RFC 3875 §4.1.17' },
  REMOTE_ADDR: { from: (o) => clientFrom(o), rule: 'RFC 3875 §4.1.8' },
  REMOTE_PORT: { from: (o) => clientFrom(o), rule: 'a custom of servers (no standard asks for it)' },
  REQUEST_URI: { from: 'the request line, as sent', rule: 'a custom of servers (no standard asks for it)' },
  RAW_URI: { from: 'the request line, as sent', rule: 'a custom of servers (no standard asks for it)' },
  HTTPS: { from: (o) => schemeFrom(o), rule: 'PEP 3333, URL Reconstruction' },
  'wsgi.version': { from: SERVER, rule: PEP },
  'wsgi.url_scheme': { from: (o) => schemeFrom(o), rule: PEP },
  'wsgi.input': { from: 'the body', rule: PEP },
  'wsgi.errors': { from: 'the log', rule: PEP },
  'wsgi.multithread': { from: '--threads', rule: PEP },
  'wsgi.multiprocess': { from: '--workers', rule: PEP },
  'wsgi.run_once': { from: SERVER, rule: PEP },
  'wsgi.file_wrapper': { from: SERVER, rule: 'PEP 3333, Optional Platform-Specific File Handling' },
  'wsgi.input_terminated': { from: SERVER, rule: 'a custom of servers: wsgi.input ends with the body' },
  'wsgi.early_hints': { from: SERVER, rule: 'RFC 8297; a custom of servers' },
  'dram.request_id': { from: (o) => idFrom(o), rule: 'dram: the id of the log' },
  'dram.client_disconnected': { from: SERVER, rule: 'dram: has the client left?' },
  PROXY_PROTOCOL: { from: PROXY_LINE, rule: PROXY_RULE },
  PROXY_ADDR: { from: PROXY_LINE, rule: PROXY_RULE },
  PROXY_PORT: { from: PROXY_LINE, rule: PROXY_RULE },
  SSL_PROTOCOL: { from: CONNECTION, rule: TLS_RULE },
  SSL_CIPHER: { from: CONNECTION, rule: TLS_RULE },
  SSL_TLS_SNI: { from: CONNECTION, rule: TLS_RULE },
  SSL_CLIENT_VERIFY: { from: CERTIFICATE, rule: TLS_RULE },
  SSL_CLIENT_S_DN: { from: CERTIFICATE, rule: TLS_RULE },
  SSL_CLIENT_S_DN_CN: { from: CERTIFICATE, rule: TLS_RULE },
  SSL_CLIENT_I_DN: { from: CERTIFICATE, rule: TLS_RULE },
  SSL_CLIENT_I_DN_CN: { from: CERTIFICATE, rule: TLS_RULE },
  SSL_CLIENT_M_SERIAL: { from: CERTIFICATE, rule: TLS_RULE },
  SSL_CLIENT_V_START: { from: CERTIFICATE, rule: TLS_RULE },
  SSL_CLIENT_V_END: { from: CERTIFICATE, rule: TLS_RULE },
  SSL_CLIENT_CERT: { from: CERTIFICATE, rule: TLS_RULE },
}

/** `value`: repr(), of which secrets are masked here. */
export function environEntry(key: string, value: string, origins: Origins | null): EnvironEntry {
  const shown = isSecretName(key) && value !== "''" ? "'***'" : withoutSecrets(value)
  const row = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined
  if (row !== undefined) {
    const from = typeof row.from === 'string' ? row.from : origins === null ? SERVER : row.from(origins)
    return { key, value: shown, from, rule: row.rule }
  }
  if (key.startsWith('HTTP_')) return { key, value: shown, from: fieldFrom(key, origins), rule: HTTP_RULE }
  return { key, value: shown, from: 'added on the way: by middleware, or an extension', rule: '' }
}

const HTTP_RULE = `${PEP}; RFC 3875 §4.1.18`

/** Of HTTP_ACCEPT: field accept. */
function fieldFrom(key: string, origins: Origins | null): string {
  const field = key.slice('HTTP_'.length)
  const names = new Set(origins?.head.block.fields.map(({ name }) => name))
  const own = [...names].find((name) => name.toUpperCase().replaceAll('-', '_') === field)
  if (key === 'HTTP_HOST' && origins !== null) {
    if (origins.head.origin !== null) return 'the request line: its target is a whole URL'
    const told = counted(origins, ['x-forwarded-host', 'forwarded'])
    if (told !== null) return ofProxy(told)
  }
  return own === undefined ? 'a field of the request' : `field ${own}`
}

function ofProxy(name: string): string {
  return `field ${name}, of a trusted proxy`
}

/** The first of these fields that is there and counts. */
function counted({ head, policy }: Origins, names: readonly string[]): string | null {
  const sent = new Set(head.block.fields.map(({ name }) => name))
  return names.find((name) => sent.has(name) && policy.forwarded.counts.has(name)) ?? null
}

function clientFrom(origins: Origins): string {
  if (origins.client.address === origins.peer.address) return CONNECTION
  const told = counted(origins, ['x-forwarded-for', 'forwarded'])
  return told === null ? 'a trusted proxy' : ofProxy(told)
}

function schemeFrom(origins: Origins): string {
  const own = [...origins.policy.schemeHeaders.keys()]
  const named = origins.head.block.fields.find(({ name }) => own.includes(name))?.name
  const told = named ?? counted(origins, ['x-forwarded-proto', 'forwarded'])
  if (told !== null) return ofProxy(told)
  return origins.policy.secure ? CONNECTION : '--url-scheme'
}

function nameFrom(origins: Origins): string {
  if (origins.policy.serverName !== null) return 'the listener, or --server-name'
  return 'field host'
}

function portFrom(origins: Origins): string {
  const told = counted(origins, ['x-forwarded-port'])
  if (told !== null) return ofProxy(told)
  return origins.policy.serverPort !== null ? 'the listener' : 'field host, or the scheme'
}

function prefixFrom(origins: Origins): string {
  const told = counted(origins, ['x-forwarded-prefix'])
  return told !== null ? ofProxy(told) : '--script-name'
}

function lengthFrom({ head }: Origins): string {
  return head.block.framing === 'chunked' ? 'the body, once it had come whole' : 'field content-length'
}

function idFrom({ head, policy }: Origins): string {
  const name = policy.requestIdHeader
  const isSent = policy.trusted && name !== '' && head.block.fields.some((field) => field.name === name)
  return isSent ? ofProxy(name) : SERVER
}
