import type { HeaderField } from '../events/request.ts'
import { isFieldValue, isToken, withoutOuterSpace } from './grammar.ts'
import { Refusal } from './refusal.ts'

/** NAME: VALUE (RFC 9112 §5), from a line without its CRLF that is not empty. */
export function readField(line: string): HeaderField {
  // RFC 9112 §5.2, and §2.2 for the first line: one reader takes it for a continuation, another for a field.
  if (line.startsWith(' ') || line.startsWith('\t')) throw new Refusal('HEADER_FOLDED')
  const colon = line.indexOf(':')
  if (colon < 0) throw new Refusal('HEADER_MALFORMED')
  const name = line.slice(0, colon)
  if (!isToken(name)) throw new Refusal('HEADER_NAME_INVALID')
  const value = withoutOuterSpace(line, colon + 1)
  if (!isFieldValue(value)) throw new Refusal('HEADER_VALUE_INVALID', name)
  return { name: name.toLowerCase(), value }
}
