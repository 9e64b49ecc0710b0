import { isIP } from 'node:net'

// RFC 3986 §3.2.2, reg-name (IPv4 is one in form) less the comma: two Host lines joined by an intermediary look
// like that. RFC 3986 §3.2.3 allows an empty port, which nobody sends and SERVER_PORT can't be (PEP 3333).
const HOST_AND_PORT = /^(?:\[([0-9A-Fa-f:.]+)\]|(?:[A-Za-z0-9\-._~!$&'()*+;=]|%[0-9A-Fa-f]{2})+)(?::([0-9]{1,5}))?$/

/** Is it `host` or `host:port`, the host being a name, an IPv4 address or an IPv6 address in brackets? */
export function isHostAndPort(text: string): boolean {
  const parts = HOST_AND_PORT.exec(text)
  if (!parts) return false
  const [, v6, port] = parts
  return (v6 === undefined || isIP(v6) === 6) && Number(port ?? 0) <= 65_535
}
