import type { FaultCode } from '../../faults/table.ts'

/** What asks for it that these bytes are not taken, where it isn't a limit of ours alone. */
const RULES: Partial<Record<FaultCode, string>> = {
  TLS_UNEXPECTED: 'RFC 9110 §4.2.2',
  TLS_EXPECTED: 'RFC 9110 §4.2.2',
  LINE_BARE_LF: 'RFC 9112 §2.2',
  REQUEST_LINE_MALFORMED: 'RFC 9112 §3',
  REQUEST_LINE_TOO_LONG: 'RFC 9112 §3',
  METHOD_MALFORMED: 'RFC 9110 §9.1',
  METHOD_CONNECT: 'RFC 9110 §9.3.6',
  TARGET_MALFORMED: 'RFC 9112 §3.2',
  VERSION_MALFORMED: 'RFC 9112 §2.3',
  VERSION_UNSUPPORTED: 'RFC 9110 §15.6.6',
  HEADER_MALFORMED: 'RFC 9112 §5',
  HEADER_NAME_INVALID: 'RFC 9112 §5.1',
  HEADER_VALUE_INVALID: 'RFC 9110 §5.5',
  HEADER_FOLDED: 'RFC 9112 §5.2',
  HEADERS_TOO_MANY: 'RFC 6585 §5',
  HEADER_TOO_LONG: 'RFC 6585 §5',
  HEADERS_TOO_LARGE: 'RFC 6585 §5',
  HEADER_UNDERSCORE: 'RFC 3875 §4.1.18',
  HOST_MISSING: 'RFC 9112 §3.2',
  HOST_REPEATED: 'RFC 9112 §3.2',
  HOST_INVALID: 'RFC 9110 §7.2',
  LENGTH_INVALID: 'RFC 9112 §6.3',
  LENGTH_REPEATED: 'RFC 9112 §6.3',
  LENGTH_AND_CHUNKED: 'RFC 9112 §6.1',
  CODING_INVALID: 'RFC 9112 §6.3',
  CODING_ON_1_0: 'RFC 9112 §6.1',
  CODING_UNKNOWN: 'RFC 9112 §6.1',
  CHUNK_MALFORMED: 'RFC 9112 §7.1',
  CHUNK_LINE_TOO_LONG: 'RFC 9112 §7.1.1',
  TRAILER_MALFORMED: 'RFC 9112 §7.1.2',
  TRAILERS_TOO_LARGE: 'RFC 9112 §7.1.2',
  BODY_TOO_LARGE: 'RFC 9110 §15.5.14',
  EXPECTATION_UNKNOWN: 'RFC 9110 §10.1.1',
  FORWARDED_INVALID: 'RFC 7239 §4',
  SCHEME_HEADERS_DISAGREE: '--scheme-headers',
  SCRIPT_NAME_MISMATCH: 'RFC 3875 §4.1.13',
  HEAD_TIMEOUT: 'RFC 9110 §15.5.9',
  BODY_TIMEOUT: 'RFC 9110 §15.5.9',
  BODY_TOO_SLOW: 'RFC 9110 §15.5.9',
}

/** The request itself was not taken: its bytes, or how slowly they came. */
export function isRefusal(code: FaultCode): boolean {
  return Object.hasOwn(RULES, code)
}

/** "RFC 9112 §5.1"; '' for what is no refusal. */
export function ruleOf(code: FaultCode): string {
  return RULES[code] ?? ''
}
