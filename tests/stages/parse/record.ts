import { Buffer } from 'node:buffer'
import type { RequestEvent, RequestHead } from '../../../src/events/request.ts'
import type { HeaderCache } from '../../../src/parse/headerCache.ts'
import { Http1Parser, type ParseLimits } from '../../../src/parse/http1.ts'
import { visible } from '../../kit/cases.ts'

export const ROOMY: ParseLimits = {
  maxRequestLineBytes: 8190,
  maxHeaders: 100,
  maxHeaderLineBytes: 0,
  maxHeaderBytes: 65_536,
  maxBodyBytes: Number.MAX_SAFE_INTEGER,
  maxTrailerBytes: 8192,
  maxChunkLineBytes: 1024,
}

/** What a parser says of these pieces, a line per event, with the data of a body in one; last what `eof` says. */
export function record(
  pieces: readonly Buffer[],
  cache: HeaderCache | null,
  limits: ParseLimits = ROOMY,
  maxHeads = Number.POSITIVE_INFINITY,
): string[] {
  const parser = new Http1Parser(limits, cache)
  const lines: string[] = []
  for (const piece of pieces) {
    tell(parser.feed(piece, maxHeads), lines)
    while (parser.held) tell(parser.feed(Buffer.alloc(0), maxHeads), lines)
  }
  lines.push(`eof ${parser.eof()}`)
  return lines
}

function tell(events: readonly RequestEvent[], lines: string[]): void {
  for (const event of events) {
    if (event.kind === 'head') lines.push(...tellHead(event.head))
    else if (event.kind === 'body') tellBody(visible(event.bytes), lines)
    else lines.push(event.kind === 'bodyEnd' ? 'end' : `refused ${event.code} ${event.detail}`.trimEnd())
  }
}

function tellBody(data: string, lines: string[]): void {
  const last = lines.at(-1) ?? ''
  if (last.startsWith('body ')) lines[lines.length - 1] = last + data
  else lines.push(`body ${data}`)
}

function tellHead({ method, target, origin, minor, block }: RequestHead): string[] {
  const facts = [visible(`head ${method} ${target} 1.${minor} host=${block.host}`)]
  if (origin !== null) facts.push(visible(`origin=${origin}`))
  if (block.framing === 'chunked') facts.push('chunked')
  if (block.contentLength >= 0) facts.push(`length=${block.contentLength}`)
  if (block.connection !== 'default') facts.push(block.connection)
  if (block.expectsContinue) facts.push('continue')
  return [facts.join(' '), ...block.fields.map(({ name, value }) => `field ${name}: ${visible(value)}`.trimEnd())]
}
