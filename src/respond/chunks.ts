/** What goes before the data of one chunk; `CHUNK_END` goes after it. A chunk is never empty: that would end the body. */
export function chunkStart(bytes: number): string {
  return `${bytes.toString(16)}\r\n`
}

export const CHUNK_END = '\r\n'

/** Ends a chunked body. An answer that failed goes without it, so that the client can tell. */
export const LAST_CHUNK = '0\r\n\r\n'
