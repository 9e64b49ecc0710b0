import { request as httpRequest } from 'node:http'
import { Fault, isFaultCode } from '../faults/fault.ts'
import type { FaultBody } from './api.ts'

/** How long an answer that is at hand may take; a server that is silent for longer hangs. */
const ANSWER_MS = 10_000

export interface Ask {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: unknown
  /** Waits for the answer as long as it takes: the server itself bounds a reload. */
  readonly patient?: boolean
}

/**
 * Asks a server on its control socket; gives what its JSON says.
 * Faults: SERVER_SILENT, and whatever the server answers.
 */
export async function askServer(socketPath: string, ask: Ask): Promise<unknown> {
  const { status, text } = await exchange(socketPath, ask)
  const value = readJson(text)
  if (status === 200) return value
  throw faultOf(value as Partial<FaultBody> | null, `${ask.method} ${ask.path} was answered ${status}`)
}

function exchange(socketPath: string, ask: Ask): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const silent = (why: string) => reject(new Fault('SERVER_SILENT', { detail: `${socketPath}: ${why}` }))
    const body = ask.body === undefined ? '' : JSON.stringify(ask.body)
    const request = httpRequest({
      socketPath,
      method: ask.method,
      path: ask.path,
      agent: false,
      headers: { host: 'dram', 'content-length': Buffer.byteLength(body) },
    })
    if (!ask.patient) {
      request.setTimeout(ANSWER_MS, () => {
        silent(`no answer within ${ANSWER_MS / 1000} s`)
        request.destroy()
      })
    }
    request.on('error', (error: NodeJS.ErrnoException) => silent(WORDS[error.code ?? ''] ?? error.message))
    request.on('response', (response) => {
      const pieces: Buffer[] = []
      response.on('data', (piece: Buffer) => pieces.push(piece))
      response.on('error', () => silent('it broke off within its answer'))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString() }))
    })
    request.end(body)
  })
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ENOENT: 'there is no such socket',
  EACCES: 'it is not open to this user',
  ECONNRESET: 'it hung up',
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** The server's fault as ours. A code that only its version knows stands in the message. */
function faultOf(body: Partial<FaultBody> | null, otherwise: string): Fault {
  const { code = '', message = otherwise, trace = '', hint = '' } = body ?? {}
  if (!isFaultCode(code)) {
    return new Fault('CONTROL_REQUEST', { detail: code === '' ? message : `${code}: ${message}` }, trace, hint)
  }
  const fault = new Fault(code, {}, trace, hint)
  fault.message = message
  return fault
}
