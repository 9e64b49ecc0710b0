import { reason } from './reasons.ts'

export const CONTINUE = `HTTP/1.1 100 ${reason(100)}\r\n\r\n`

/** A 103 with the application's header lines, each ended by CRLF. For HTTP/1.1 clients alone (RFC 9110 §15.2). */
export function earlyHints(lines: string): string {
  return `HTTP/1.1 103 ${reason(103)}\r\n${lines}\r\n`
}
