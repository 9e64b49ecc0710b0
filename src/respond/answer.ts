import type { AnswerHead } from '../events/answer.ts'
import { type Asked, isBodiless, type Plan, plan } from './framing.ts'

/**
 * The head of an answer, up to and with the empty line, latin-1.
 * `lines`: header lines of our own, each ended by CRLF (Server, Date, the request id).
 * `bodyBytes`: as in `plan`.
 */
export function headText(
  asked: Asked,
  answer: AnswerHead,
  { framing, staysOpen }: Plan,
  bodyBytes: number,
  lines: string,
): string {
  const coding = framing === 'chunked' ? 'Transfer-Encoding: chunked\r\n' : lengthLine(asked, answer, bodyBytes)
  return `HTTP/1.1 ${applicationLines(answer)}${lines}${coding}${connectionLine(asked, staysOpen)}\r\n`
}

/**
 * A whole answer as one text for `socket.write(text, 'latin1')`; `body` is latin-1 text too. Small answers alone: of
 * large ones the body had better stay bytes. Hot, and plain all the same: a version with the usual case written out
 * saved 25 ns.
 */
export function smallAnswer(asked: Asked, answer: AnswerHead, body: string, lines: string): string {
  const planned = plan(asked, answer, body.length)
  const head = headText(asked, answer, planned, body.length, lines)
  return planned.framing === 'none' ? head : head + body
}

function applicationLines(answer: AnswerHead): string {
  // RFC 9110 §8.6: no Content-Length in 1xx and 204; a 304 may tell the one that a 200 would have had.
  if (!answer.hasLength || answer.status === 304 || !isBodiless(answer.status)) return answer.head
  return answer.head.replace(/(?<=\r\n)content-length:[^\r]*\r\n/gi, '')
}

function lengthLine(asked: Asked, answer: AnswerHead, bodyBytes: number): string {
  if (bodyBytes < 0 || answer.hasLength || isBodiless(answer.status)) return ''
  // RFC 9110 §9.3.2: a HEAD request's length is that of GET, which an empty body says nothing about.
  if (asked.isHead && bodyBytes === 0) return ''
  return `Content-Length: ${bodyBytes}\r\n`
}

function connectionLine(asked: Asked, staysOpen: boolean): string {
  if (!staysOpen) return 'Connection: close\r\n'
  return asked.minor === 0 ? 'Connection: keep-alive\r\n' : ''
}
