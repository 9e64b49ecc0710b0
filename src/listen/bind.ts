import { isIP } from 'node:net'
import { Fault } from '../faults/fault.ts'
import { hostAndPort } from './address.ts'

/** What one `--bind` asks for. */
export type BindSpec =
  /** `host` '' means every address, v4 and v6; a name means all it resolves to. Port 0 means a free one. */
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number; readonly scheme?: 'http' | 'https' }
  | { readonly kind: 'unix'; readonly path: string }
  | { readonly kind: 'fd'; readonly fd: number }

const DEFAULT_PORT = 8000
const PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 }
const MAX_PORT = 65_535
const NAME = /^\w[\w-]*(\.\w[\w-]*)*\.?$/

/**
 * Reads HOST:PORT, HOST, [V6]:PORT, [V6], :PORT, each maybe with http:// or https:// before it, unix:PATH,
 * unix:///PATH or fd://N. Faults: BIND_INVALID.
 */
export function parseBind(text: string): BindSpec {
  if (text.startsWith('unix:')) return { kind: 'unix', path: unixPath(text) }
  if (text.startsWith('fd:')) return { kind: 'fd', fd: descriptor(text) }
  const [, scheme, rest = text] = /^(https?):\/\/(.*?)\/?$/s.exec(text) ?? []
  return scheme === undefined ? tcp(text) : { ...tcp(rest, PORTS[scheme]), scheme: scheme as 'http' | 'https' }
}

/** The spec as it could be written: one text per meaning. */
export function bindText(spec: BindSpec): string {
  switch (spec.kind) {
    case 'tcp':
      return (spec.scheme === undefined ? '' : `${spec.scheme}://`) + hostAndPort(spec.host, spec.port)
    case 'unix':
      return `unix:${spec.path}`
    case 'fd':
      return `fd://${spec.fd}`
  }
}

function tcp(text: string, usual = DEFAULT_PORT): Extract<BindSpec, { kind: 'tcp' }> {
  const parts = /^(?:\[(?<v6>[^\]]*)\]|(?<host>[^:[\]]*))(?::(?<port>.*))?$/.exec(text)?.groups
  if (parts === undefined) throw invalid(text, isIP(text) === 6 ? 'an IPv6 address stands in brackets' : '')
  const { v6, host = '', port } = parts
  if (host === '' && v6 === undefined && port === undefined) throw invalid(text)
  if (v6 !== undefined && isIP(v6) !== 6) throw invalid(text, `${v6} is not an IPv6 address`)
  if (host !== '' && isIP(host) !== 4 && !isName(host)) throw invalid(text)
  return { kind: 'tcp', host: v6 ?? host, port: port === undefined ? usual : portNumber(text, port) }
}

/** A name whose last label is all digits would be read as an IPv4 address by resolvers: `127.1` is 127.0.0.1. */
function isName(host: string): boolean {
  return NAME.test(host) && !/(^|\.)\d+\.?$/.test(host)
}

function portNumber(text: string, port: string): number {
  if (!/^\d{1,5}$/.test(port) || Number(port) > MAX_PORT) throw invalid(text, `a port is a number up to ${MAX_PORT}`)
  return Number(port)
}

function unixPath(text: string): string {
  const path = text.slice('unix:'.length).replace(/^\/\/(?=\/)/, '')
  if (path === '' || path.includes('\0')) throw invalid(text)
  if (path.startsWith('//')) throw invalid(text, 'after unix:// stands an absolute path')
  if (path.endsWith('/')) throw invalid(text, 'that is a folder')
  return path
}

function descriptor(text: string): number {
  const number = /^fd:\/\/(\d{1,9})$/.exec(text)?.[1]
  if (number === undefined) throw invalid(text)
  return Number(number)
}

function invalid(text: string, why = ''): Fault {
  return new Fault('BIND_INVALID', { detail: JSON.stringify(text) + (why && ` (${why})`) })
}
