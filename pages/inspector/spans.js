import { latin1 } from './format.js'

/**
 * A part of the bytes on the line that means something. `source` names it for what was made of it (link.js);
 * `kind` is how it is drawn.
 * @typedef {{ from: number, to: number, source: string, kind: 'start' | 'name' | 'value' | 'framing' | 'body' | 'ours' }} Span
 */

/**
 * What stands where in a request: its line, its fields, its body.
 * @param {Uint8Array} bytes @param {number} headLength with the empty line; 0 where there is no head
 * @param {boolean} isChunked
 * @returns {Span[]}
 */
export function spansOfRequest(bytes, headLength, isChunked) {
  const lines = linesOf(bytes, headLength)
  const [line, ...fields] = lines
  if (line === undefined) return []
  return [
    ...requestLine(line),
    ...fields.flatMap((one) => field(one, 'field')),
    ...body(bytes, headLength, isChunked, 'body'),
  ]
}

/**
 * What stands where in an answer.
 * @param {Uint8Array} bytes @param {boolean} isChunked
 * @param {ReadonlySet<string>} given names of the fields that the application gave, in lower case
 * @returns {Span[]}
 */
export function spansOfAnswer(bytes, isChunked, given) {
  const end = latin1(bytes).indexOf('\r\n\r\n')
  if (end < 0) return []
  const [line, ...lines] = linesOf(bytes, end + 4)
  /** @type {Span[]} */
  const status =
    line === undefined ? [] : [{ from: line.at, to: line.at + line.text.length, source: 'out status', kind: 'start' }]
  const fields = lines.flatMap((one) => field(one, 'out'))
  for (const one of fields) if (!given.has(one.source.slice('out '.length))) one.kind = 'ours'
  return [...status, ...fields, ...withTail(bytes, body(bytes, end + 4, isChunked, 'out body'))]
}

/** The script that `dram dev` puts behind a page has a span of its own. @param {Uint8Array} bytes @param {Span[]} spans */
function withTail(bytes, spans) {
  const text = latin1(bytes)
  const from = text.lastIndexOf('<script src="/-/dev/')
  const to = text.indexOf('</script>', from) + '</script>'.length
  const around = spans.find((one) => one.kind === 'body' && one.from <= from && to <= one.to)
  if (from < 0 || around === undefined) return spans
  /** @type {Span[]} */
  const cut = [
    { ...around, to: from },
    { from, to, source: '', kind: 'ours' },
    { ...around, from: to },
  ]
  return spans.flatMap((one) => (one === around ? cut.filter((part) => part.to > part.from) : [one]))
}

/** @typedef {{ at: number, text: string }} Line */

/** @param {Uint8Array} bytes @param {number} length @returns {Line[]} the lines of a head, without the empty one */
function linesOf(bytes, length) {
  const lines = []
  let at = 0
  for (const text of latin1(bytes.subarray(0, length)).split('\r\n')) {
    if (text !== '') lines.push({ at, text })
    at += text.length + 2
  }
  return lines
}

/** @param {Line} line @returns {Span[]} */
function requestLine({ at, text }) {
  const [method = '', target = '', version = ''] = text.split(' ')
  const targetAt = at + method.length + 1
  const [path = ''] = target.split('?')
  /** @type {Span[]} */
  const spans = [
    { from: at, to: at + method.length, source: 'method', kind: 'start' },
    { from: targetAt, to: targetAt + path.length, source: 'path', kind: 'start' },
    { from: targetAt + path.length + 1, to: targetAt + target.length, source: 'query', kind: 'start' },
    {
      from: targetAt + target.length + 1,
      to: targetAt + target.length + 1 + version.length,
      source: 'version',
      kind: 'start',
    },
  ]
  return spans.filter(({ from, to }) => to > from)
}

/** @param {Line} line @param {string} side @returns {Span[]} */
function field({ at, text }, side) {
  const colon = text.indexOf(':')
  if (colon < 0) return []
  const source = `${side} ${text.slice(0, colon).toLowerCase()}`
  const valueAt = colon + 1 + (text.slice(colon + 1).length - text.slice(colon + 1).trimStart().length)
  return [
    { from: at, to: at + colon, source, kind: 'name' },
    { from: at + valueAt, to: at + text.length, source, kind: 'value' },
  ]
}

/** @param {Uint8Array} bytes @param {number} at @param {boolean} isChunked @param {string} source @returns {Span[]} */
function body(bytes, at, isChunked, source) {
  if (at >= bytes.length) return []
  if (!isChunked) return [{ from: at, to: bytes.length, source, kind: 'body' }]
  /** @type {Span[]} */
  const spans = []
  for (let from = at; from < bytes.length; ) {
    const lineEnd = bytes.indexOf(0x0a, from) + 1
    const length = Number.parseInt(latin1(bytes.subarray(from, lineEnd)), 16)
    if (lineEnd === 0 || Number.isNaN(length)) break
    const dataEnd = Math.min(lineEnd + length, bytes.length)
    const end = length === 0 ? bytes.length : Math.min(dataEnd + 2, bytes.length)
    spans.push({ from, to: lineEnd, source: '', kind: 'framing' })
    if (length > 0) spans.push({ from: lineEnd, to: dataEnd, source, kind: 'body' })
    if (end > dataEnd) spans.push({ from: dataEnd, to: end, source: '', kind: 'framing' })
    from = end
  }
  return spans
}
