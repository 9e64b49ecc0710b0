import type { Asked, Data } from './asked.ts'

type Request = Extract<Asked, { kind: 'request' }>

const FORM = 'application/x-www-form-urlencoded'

/**
 * The request as curl would write it: with Host, User-Agent and Accept where nobody says otherwise. What is given is
 * sent as it is, also where it breaks a rule: then the server says which.
 * @param readBytes of a file, or of standard input (`-`)
 */
export function requestBytes(
  { method, target, headers, data }: Request,
  readBytes: (path: string) => Buffer,
  agent: string,
): Buffer {
  const body = data.length === 0 ? null : bodyOf(data, readBytes)
  const { host, origin } = splitTarget(target)
  const standing: [name: string, value: string][] = [
    ['Host', host],
    ['User-Agent', agent],
    ['Accept', '*/*'],
    ...(body === null
      ? []
      : ([
          ['Content-Length', String(body.length)],
          ['Content-Type', FORM],
        ] as [string, string][])),
  ]
  const named = new Set(headers.map(nameOf))
  const lines = [
    `${method ?? (body === null ? 'GET' : 'POST')} ${origin} HTTP/1.1`,
    ...standing.filter(([name]) => !named.has(name.toLowerCase())).map(([name, value]) => `${name}: ${value}`),
    ...headers.flatMap(headerLine),
  ]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body ?? Buffer.alloc(0)])
}

/** `Name: value`; as with curl `Name:` takes one of ours away, and `Name;` sends an empty one. */
function headerLine(header: string): string[] {
  if (/^[^:]+:\s*$/.test(header)) return []
  return [/^[^:;]+;$/.test(header) ? `${header.slice(0, -1)}:` : header]
}

function nameOf(header: string): string {
  return /^[^:;]*/.exec(header)![0].trim().toLowerCase()
}

/** Of a whole URL the host stands in Host, and the rest is asked for. */
function splitTarget(target: string): { host: string; origin: string } {
  const [, host, origin] = /^https?:\/\/([^/?#]*)([^#]*)/i.exec(target) ?? []
  if (host === undefined) return { host: 'localhost', origin: target }
  return { host, origin: origin!.startsWith('/') ? origin! : `/${origin}` }
}

function bodyOf(data: readonly Data[], readBytes: (path: string) => Buffer): Buffer {
  const parts = data.flatMap((one, at) => [...(at > 0 ? [Buffer.from('&')] : []), dataBytes(one, readBytes)])
  return Buffer.concat(parts)
}

function dataBytes({ text, isFile, isBinary }: Data, readBytes: (path: string) => Buffer): Buffer {
  if (!isFile) return Buffer.from(text)
  const bytes = readBytes(text)
  return isBinary ? bytes : Buffer.from(bytes.filter((byte) => byte !== 0x0d && byte !== 0x0a))
}

/** The bytes cut before these positions, as they are to leave apart. */
export function cutAt(bytes: Buffer, splits: readonly number[]): Buffer[] {
  const inside = [...new Set(splits)].filter((at) => at < bytes.length).sort((a, b) => a - b)
  return [0, ...inside].map((start, index) => bytes.subarray(start, inside[index] ?? bytes.length))
}
