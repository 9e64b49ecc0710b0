/** A request as the page's form has it, or its very bytes. */
export interface Composed {
  readonly bytes: Buffer
  readonly replayOf: number | null
}

/** What is wrong with what was asked for. */
export class Unfit {
  readonly says: string
  constructor(says: string) {
    this.says = says
  }
}

/** Throws `Unfit`. */
export function composed(text: string): Composed {
  const asked = readJson(text)
  const replayOf = asked.replayOf ?? null
  if (replayOf !== null && !Number.isSafeInteger(replayOf))
    throw new Unfit('replayOf is the number of a journey, or null')
  const bytes = asked.raw === undefined ? fromParts(asked) : fromBase64(asked.raw, 'raw')
  if (bytes.length === 0) throw new Unfit('there is nothing to send')
  return { bytes, replayOf: replayOf as number | null }
}

function readJson(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // said below
  }
  throw new Unfit('the body is a JSON object')
}

/** Its length is the body's, whatever the form says: who wants another sends `raw`. */
function fromParts({ method, target, headers = [], body = '' }: Record<string, unknown>): Buffer {
  if (typeof method !== 'string' || typeof target !== 'string') throw new Unfit('method and target are text')
  if (!Array.isArray(headers) || !headers.every(isPair)) throw new Unfit('headers are pairs of texts')
  const bytes = fromBase64(body, 'body')
  const hadBody = headers.some(([name]) => FRAMING.test(name))
  const lines = headers.filter(([name]) => !FRAMING.test(name)).map(([name, value]) => `${name}: ${value}\r\n`)
  const length = bytes.length > 0 || hadBody ? `Content-Length: ${bytes.length}\r\n` : ''
  const head = `${method} ${target} HTTP/1.1\r\n${lines.join('')}${length}\r\n`
  return Buffer.concat([Buffer.from(head, 'latin1'), bytes])
}

const FRAMING = /^(?:content-length|transfer-encoding)$/i

function isPair(pair: unknown): pair is [string, string] {
  return Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string')
}

function fromBase64(text: unknown, name: string): Buffer {
  if (typeof text !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new Unfit(`${name} is base64`)
  return Buffer.from(text, 'base64')
}
