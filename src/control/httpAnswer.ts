import type { IncomingMessage, ServerResponse } from 'node:http'
import { Fault } from '../faults/fault.ts'
import type { ApiAnswer } from './api.ts'

/** Sends an answer, the last one of its connection: whoever asks is rare, and nothing is left to time out. */
export function sendAnswer(response: ServerResponse, method: string, { status, type, body, allow }: ApiAnswer): void {
  const bytes = Buffer.from(body)
  response.writeHead(status, {
    'content-type': type,
    'content-length': bytes.length,
    'cache-control': 'no-store',
    connection: 'close',
    ...(allow !== undefined && { allow }),
  })
  response.end(method === 'HEAD' ? undefined : bytes)
}

/** The body as text. Faults: CONTROL_REQUEST above `limit` bytes; what comes beyond is let go by. */
export function readBody(request: IncomingMessage, limit: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = []
    let length = 0
    request.on('data', (piece: Buffer) => {
      length += piece.length
      if (length <= limit) pieces.push(piece)
      else reject(new Fault('CONTROL_REQUEST', { detail: `the body is larger than ${limit} bytes` }))
    })
    request.on('end', () => resolve(Buffer.concat(pieces).toString()))
    request.on('error', reject)
  })
}

/** A request target's path and query; both as they were sent, for the paths here need no decoding. */
export function splitTarget(target: string): { path: string; query: URLSearchParams } {
  const at = target.indexOf('?')
  return at < 0
    ? { path: target, query: new URLSearchParams() }
    : { path: target.slice(0, at), query: new URLSearchParams(target.slice(at + 1)) }
}
