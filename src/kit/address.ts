/** IP addresses and networks, as bytes: 4 or 16. An IPv4 address mapped into IPv6 (RFC 4291 §2.5.5.2) is the IPv4 one. */
export type AddressBytes = readonly number[]

/** The bytes of an IPv4 or IPv6 address; null if the text is none. A zone (`%eth0`) is left out. */
export function parseAddress(text: string): AddressBytes | null {
  if (!text.includes(':')) return parseV4(text)
  const bytes = parseV6(text.replace(/%.*$/, ''))
  return bytes && isMapped(bytes) ? bytes.slice(12) : bytes
}

/** The address as applications should see it: mapped ones, which sockets for both families report, as plain IPv4. */
export function plainAddress(text: string): string {
  if (!text.includes(':')) return text
  const bytes = parseAddress(text)
  return bytes?.length === 4 ? bytes.join('.') : text
}

export interface Network {
  readonly bytes: AddressBytes
  /** Leading bits that count. */
  readonly bits: number
}

/** `10.0.0.0/8`, `fd00::/8`, or an address alone; null if it is neither. Bits behind the prefix don't count. */
export function parseNetwork(text: string): Network | null {
  const [, address, prefix] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const bytes = address === undefined ? null : parseAddress(address)
  if (!bytes) return null
  const width = bytes.length * 8
  if (prefix === undefined) return { bytes, bits: width }
  // The prefix of a mapped network counts from the start of the IPv6 address.
  const bits = Number(prefix) - (address!.includes(':') && width === 32 ? 96 : 0)
  return bits >= 0 && bits <= width ? { bytes, bits } : null
}

export function contains({ bytes, bits }: Network, address: AddressBytes): boolean {
  if (bytes.length !== address.length) return false
  for (let at = 0, left = bits; left > 0; at++, left -= 8) {
    const mask = left >= 8 ? 0xff : (0xff << (8 - left)) & 0xff
    if (((bytes[at]! ^ address[at]!) & mask) !== 0) return false
  }
  return true
}

function parseV4(text: string): AddressBytes | null {
  const parts = text.split('.')
  // No leading zeros: some readers take them for octal.
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255))
    return null
  return parts.map(Number)
}

// RFC 4291 §2.2: eight groups, one run of zeros as `::`, the last two groups as IPv4 if wanted.
function parseV6(text: string): AddressBytes | null {
  const halves = text.split('::')
  if (halves.length > 2) return null
  const [head, tail] = halves.map((half, at) => groups(half, at === halves.length - 1))
  if (!head || tail === null) return null
  if (tail === undefined) return head.length === 16 ? head : null
  const zeros = 16 - head.length - tail.length
  return zeros >= 2 ? [...head, ...new Array<number>(zeros).fill(0), ...tail] : null
}

function groups(text: string, mayEndInV4: boolean): number[] | null {
  if (text === '') return []
  const bytes: number[] = []
  const parts = text.split(':')
  for (const [at, part] of parts.entries()) {
    const v4 = mayEndInV4 && at === parts.length - 1 ? parseV4(part) : null
    if (v4) bytes.push(...v4)
    else if (/^[0-9a-fA-F]{1,4}$/.test(part))
      bytes.push(Number.parseInt(part, 16) >> 8, Number.parseInt(part, 16) & 0xff)
    else return null
  }
  return bytes
}

function isMapped(bytes: AddressBytes): boolean {
  return bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff
}
