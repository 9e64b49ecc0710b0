/** Values of ASN.1 as DER writes them (X.690), as far as certificates need it. */

const TWO_BYTES = 0x82

/** @param tag universal, or of a context: 0xa0 is [0] with parts, 0x80 is [0] without */
export function der(tag: number, ...parts: readonly (Buffer | readonly number[])[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part as Buffer)))
  const { length } = content
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [TWO_BYTES, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

export const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts)
export const set = (...parts: readonly Buffer[]): Buffer => der(0x31, ...parts)
export const octets = (bytes: Buffer): Buffer => der(0x04, bytes)
export const text = (value: string): Buffer => der(0x0c, Buffer.from(value))
export const yes: Buffer = der(0x01, [0xff])
export const integer = (bytes: Buffer | readonly number[]): Buffer => der(0x02, bytes)
/** `unused`: how many of the last bits don't count. */
export const bits = (bytes: Buffer | readonly number[], unused = 0): Buffer => der(0x03, [unused], bytes)

/** "2.5.29.17" */
export function identifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return der(0x06, [first * 40 + second, ...rest.flatMap(base128)])
}

/** RFC 5280 §4.1.2.5: two digits of the year up to 2049, four from then on. */
export function time(date: Date): Buffer {
  const digits = `${date.toISOString().replace(/[-:T]|\.\d+Z/g, '')}Z`
  return date.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits))
}

function base128(number: number): number[] {
  const digits = [number & 0x7f]
  for (let left = number >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80)
  return digits
}
