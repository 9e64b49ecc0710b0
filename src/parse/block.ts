import type { BodyFraming, HeaderBlock, HeaderField } from '../events/request.ts'
import { isToken, withoutOuterSpace } from './grammar.ts'
import { isHostAndPort } from './host.ts'
import { Refusal } from './refusal.ts'

/** What the fields of a valid header section mean together. `raw` is their lines as sent. */
export function readBlock(raw: string, fields: readonly HeaderField[], minor: 0 | 1): HeaderBlock {
  const host = readHost(valuesOf(fields, 'host'), minor)
  const { framing, contentLength } = readFraming(fields, minor)
  return {
    raw,
    fields,
    host,
    framing,
    contentLength,
    connection: readConnection(valuesOf(fields, 'connection')),
    expectsContinue: readExpect(valuesOf(fields, 'expect'), minor) && framing !== 'none',
    environ: null,
  }
}

/**
 * RFC 9112 §3.2. An empty value is taken: RFC 9110 §7.2 tells clients to send it where the target has no
 * authority, and RFC 9112 §3.3 lets a server fill in its own name, as for 1.0 without Host.
 */
function readHost(values: readonly string[], minor: 0 | 1): string {
  if (values.length > 1) throw new Refusal('HOST_REPEATED')
  const [value] = values
  if (value === undefined && minor === 1) throw new Refusal('HOST_MISSING')
  if (value && !isHostAndPort(value)) throw new Refusal('HOST_INVALID')
  return value ?? ''
}

/** RFC 9112 §6.3, but what it lets a server repair is refused: a proxy may have repaired it the other way. */
function readFraming(fields: readonly HeaderField[], minor: 0 | 1): { framing: BodyFraming; contentLength: number } {
  const codings = valuesOf(fields, 'transfer-encoding')
  const lengths = valuesOf(fields, 'content-length')
  if (codings.length > 0) {
    if (minor === 0) throw new Refusal('CODING_ON_1_0')
    if (lengths.length > 0) throw new Refusal('LENGTH_AND_CHUNKED')
    checkCodings(codings.join(','))
    return { framing: 'chunked', contentLength: -1 }
  }
  const contentLength = readLength(lengths)
  return { framing: contentLength > 0 ? 'length' : 'none', contentLength }
}

function readLength(values: readonly string[]): number {
  if (values.length > 1) throw new Refusal('LENGTH_REPEATED')
  const [value] = values
  if (value === undefined) return -1
  const length = /^[0-9]+$/.test(value) ? Number(value) : Number.NaN
  if (!Number.isSafeInteger(length)) throw new Refusal('LENGTH_INVALID')
  return length
}

/** The registered transfer codings (RFC 9112 §7); of these only chunked is spoken here. */
const CODINGS: ReadonlySet<string> = new Set(['chunked', 'gzip', 'x-gzip', 'deflate', 'compress', 'x-compress'])

/** Chunked, once, last (RFC 9112 §6.3) and nothing else. Empty elements hide a coding from some readers: refused. */
function checkCodings(list: string): void {
  const codings = list.split(',').map((coding) => withoutOuterSpace(coding).toLowerCase())
  if (!codings.every(isToken)) throw new Refusal('CODING_INVALID')
  if (!codings.every((coding) => CODINGS.has(coding))) throw new Refusal('CODING_UNKNOWN')
  if (codings.indexOf('chunked') !== codings.length - 1) throw new Refusal('CODING_INVALID')
  if (codings.length > 1) throw new Refusal('CODING_UNKNOWN')
}

function readConnection(values: readonly string[]): HeaderBlock['connection'] {
  const options = listOf(values)
  if (options.includes('close')) return 'close'
  return options.includes('keep-alive') ? 'keepAlive' : 'default'
}

/** RFC 9110 §10.1.1: 1.0 knows no expectations. */
function readExpect(values: readonly string[], minor: 0 | 1): boolean {
  if (minor === 0 || values.length === 0) return false
  if (listOf(values).some((expectation) => expectation !== '100-continue')) throw new Refusal('EXPECTATION_UNKNOWN')
  return true
}

function valuesOf(fields: readonly HeaderField[], name: string): string[] {
  const values = []
  for (const field of fields) if (field.name === name) values.push(field.value)
  return values
}

function listOf(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(',').map((part) => withoutOuterSpace(part).toLowerCase()))
}
