import { type Agent, request } from 'node:http'
import type { Exchange } from '../scenarios.ts'

const ANSWER_LIMIT_MS = 20_000
const SHOWN_CHARACTERS = 80

/** Throws when the answer isn't the application's; true when its connection had served before. */
export function ask(port: number, exchange: Exchange, agent: Agent): Promise<boolean> {
  const { path, cookie, bodyBytes = 0 } = exchange
  const headers = { ...(cookie ? { cookie } : {}), ...(bodyBytes ? { 'content-length': bodyBytes } : {}) }
  const method = bodyBytes ? 'POST' : 'GET'
  return new Promise((done, fail) => {
    const asked = request({ host: '127.0.0.1', port, path, method, headers, agent, timeout: ANSWER_LIMIT_MS })
    asked.on('response', (response) => {
      const parts: Buffer[] = []
      response.on('data', (part: Buffer) => parts.push(part))
      response.on('error', fail).on('end', () => {
        const body = Buffer.concat(parts)
        if (response.statusCode === 200 && isRight(body, exchange.answer)) done(asked.reusedSocket)
        else fail(new Error(`a wrong answer: ${response.statusCode}, ${body.length} bytes, ${shown(body)}`))
      })
    })
    // A server that closes without saying so has answered before: its connections aren't kept, that is all.
    asked
      .on('error', (error) => (asked.reusedSocket ? done(false) : fail(error)))
      .on('timeout', () => {
        asked.destroy(new Error(`no answer within ${ANSWER_LIMIT_MS / 1000} s`))
      })
    asked.end(bodyBytes ? Buffer.alloc(bodyBytes, 'x') : undefined)
  })
}

export function isRight(body: Buffer, answer: Exchange['answer']): boolean {
  if ('bytes' in answer) return body.length === answer.bytes && body.equals(Buffer.alloc(answer.bytes, 'x'))
  const text = body.toString('utf8')
  return 'text' in answer ? text === answer.text : answer.includes.every((part) => text.includes(part))
}

function shown(body: Buffer): string {
  return JSON.stringify(body.toString('latin1', 0, SHOWN_CHARACTERS))
}
