/** "0.42 ms", "84 ms", "1.3 s". @param {number} ms */
export function time(ms) {
  if (ms < 10) return `${ms.toFixed(2)} ms`
  if (ms < 1_000) return `${Math.round(ms)} ms`
  return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`
}

/** "1 read", "2 reads". @param {number} count @param {string} one @param {string} [many] */
export function counted(count, one, many = `${one}s`) {
  return `${count} ${count === 1 ? one : many}`
}

/** "312 B", "1.2 KB" (of 1,000). @param {number} bytes */
export function size(bytes) {
  if (bytes < 1_000) return `${bytes} B`
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} KB` : `${(bytes / 1e6).toFixed(1)} MB`
}

/** "14:03:22", in the reader's zone. @param {string} iso */
export function clock(iso) {
  return new Date(iso).toLocaleTimeString('en-GB')
}

/** @param {string} base64 @returns {Uint8Array<ArrayBuffer>} */
export function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (one) => one.charCodeAt(0))
}

/** @param {Uint8Array} bytes */
export function base64Of(bytes) {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}

/** One character a byte. @param {Uint8Array} bytes */
export function latin1(bytes) {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return text
}

/** Text as UTF-8; null where the bytes are none. @param {Uint8Array} bytes */
export function utf8(bytes) {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return null
  }
}
