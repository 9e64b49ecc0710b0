/** @import { RecordedBytes } from '../../src/dev/inspector/journey.ts' */
/** @import { Span } from './spans.js' */
import { h } from './dom.js'
import { bytesOf, counted, size, time, utf8 } from './format.js'

/** More is shown when it is asked for: a browser is slow with many small elements. */
const SHOWN_BYTES = 6_000
const HEX_COLUMNS = 8

/** How bytes are shown, for all places at once. @type {'text' | 'hex'} */
let view = 'text'

/** All pieces as one. @param {RecordedBytes} recorded */
export function joined({ pieces }) {
  const parts = pieces.map(({ bytes }) => bytesOf(bytes))
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

/**
 * Bytes as they came or left, piece by piece.
 * @param {object} shown
 * @param {RecordedBytes} shown.recorded
 * @param {readonly Span[]} shown.spans
 * @param {string} shown.piece what one is called: "read", "write"
 * @param {number | null} [shown.refusedAt]
 * @param {string} shown.label
 */
export function bytesView({ recorded, spans, piece, refusedAt = null, label }) {
  const bytes = joined(recorded)
  let isWhole = false
  const list = h('ol', { class: 'pieces' })
  const draw = () => {
    const limit = isWhole ? bytes.length : Math.max(SHOWN_BYTES, (refusedAt ?? 0) + 200)
    list.replaceChildren(...pieces(recorded, bytes, spans, piece, refusedAt, limit))
    if (bytes.length > limit) list.append(h('li', {}, more(bytes.length, drawWhole)))
    if (recorded.dropped > 0) list.append(h('li', { class: 'hint' }, `${size(recorded.dropped)} more were not kept.`))
  }
  const drawWhole = () => {
    isWhole = true
    draw()
  }
  const button = (/** @type {'text' | 'hex'} */ name, /** @type {string} */ title) =>
    h(
      'button',
      { type: 'button', 'aria-pressed': String(view === name), data: { view: name }, on: { click: () => show(name) } },
      title,
    )
  draw()
  list.addEventListener('redraw', draw)
  return h(
    'div',
    { class: 'bytes', role: 'group', 'aria-label': label },
    h('div', { class: 'views' }, button('text', 'Text'), button('hex', 'Hex')),
    list,
  )
}

/** @param {'text' | 'hex'} name */
function show(name) {
  view = name
  for (const button of document.querySelectorAll('[data-view]'))
    button.setAttribute('aria-pressed', String(/** @type {HTMLElement} */ (button).dataset.view === name))
  for (const list of document.querySelectorAll('.pieces')) list.dispatchEvent(new Event('redraw'))
}

/** @param {number} bytes @param {() => void} clicked */
function more(bytes, clicked) {
  return h('button', { type: 'button', class: 'more', on: { click: clicked } }, `Show all ${size(bytes)}`)
}

/**
 * @param {RecordedBytes} recorded @param {Uint8Array} bytes @param {readonly Span[]} spans @param {string} name
 * @param {number | null} refusedAt @param {number} limit
 */
function* pieces({ pieces }, bytes, spans, name, refusedAt, limit) {
  let from = 0
  for (const [at, piece] of pieces.entries()) {
    const to = from + Math.floor((piece.bytes.length * 3) / 4) - (piece.bytes.match(/=+$/)?.[0].length ?? 0)
    if (from > limit) return
    const runs = runsOf(from, Math.min(to, limit), spans, refusedAt)
    yield h(
      'li',
      {},
      h('p', { class: 'piece' }, h('b', {}, `${name} ${at + 1}`), ` at ${time(piece.atMs)}, ${size(to - from)}`),
      h(
        'pre',
        { class: view },
        ...(view === 'text'
          ? runs.map((run) => drawn(run, textOf(bytes.subarray(run.from, run.to))))
          : hexRows(bytes, runs)),
      ),
    )
    from = to
  }
}

/** @typedef {{ from: number, to: number, span: Span | undefined, isRefused: boolean }} Run */

/** Cuts a piece where something else begins. @param {number} from @param {number} to @param {readonly Span[]} spans @param {number | null} refusedAt @returns {Run[]} */
function runsOf(from, to, spans, refusedAt) {
  const cuts = new Set([from, to])
  for (const span of spans) for (const cut of [span.from, span.to]) if (cut > from && cut < to) cuts.add(cut)
  if (refusedAt !== null) for (const cut of [refusedAt, refusedAt + 1]) if (cut > from && cut < to) cuts.add(cut)
  const sorted = [...cuts].sort((one, other) => one - other)
  return sorted.slice(1).map((end, at) => {
    const start = /** @type {number} */ (sorted[at])
    return {
      from: start,
      to: end,
      span: spans.find((one) => one.from <= start && start < one.to),
      isRefused: start === refusedAt,
    }
  })
}

/** @param {Run} run @param {readonly (Node | string)[]} content */
function drawn({ span, isRefused }, content) {
  if (isRefused) {
    const signs = content.map((one) => (one === ' ' && view === 'text' ? h('i', {}, 'SP') : one))
    return h('mark', { class: 'refused', title: 'refused at this byte' }, ...signs)
  }
  if (span === undefined) return h('span', {}, ...content)
  return h('span', { class: span.kind, data: span.source === '' ? {} : { sources: span.source } }, ...content)
}

/** What is not seen is shown by a sign. @param {Uint8Array} bytes @returns {(Node | string)[]} */
function textOf(bytes) {
  const text = utf8(bytes)
  /** @type {(Node | string)[]} */
  const parts = []
  let plain = ''
  const sign = (/** @type {string} */ shown, /** @type {string} */ after = '') => {
    parts.push(plain, h('i', {}, shown), after)
    plain = ''
  }
  for (const one of text ?? Array.from(bytes, (byte) => String.fromCharCode(byte))) {
    const code = one.charCodeAt(0)
    if (one === '\r') sign('CR')
    else if (one === '\n') sign('LF', '\n')
    else if (one === '\t') sign('TAB')
    else if (code < 0x20 || code === 0x7f || (text === null && code > 0x7e))
      sign(`\\x${code.toString(16).padStart(2, '0')}`)
    else plain += one
  }
  return [...parts, plain]
}

/** @param {Uint8Array} bytes @param {readonly Run[]} runs @returns {Node[]} */
function hexRows(bytes, runs) {
  /** @type {Node[]} */
  const rows = []
  const [first] = runs
  if (first === undefined) return rows
  const end = runs[runs.length - 1]?.to ?? 0
  for (let from = first.from; from < end; from += HEX_COLUMNS) {
    const to = Math.min(from + HEX_COLUMNS, end)
    const cut = runs
      .filter((run) => run.to > from && run.from < to)
      .map((run) => ({ ...run, from: Math.max(run.from, from), to: Math.min(run.to, to) }))
    const part = (/** @type {(byte: number) => string} */ shown) =>
      cut.map((run) => drawn(run, [Array.from(bytes.subarray(run.from, run.to), shown).join('')]))
    rows.push(
      h('span', { class: 'offset' }, `${from.toString(16).padStart(4, '0')}  `),
      ...part((byte) => `${byte.toString(16).padStart(2, '0')} `),
      document.createTextNode(' '.repeat((HEX_COLUMNS - (to - from)) * 3 + 1)),
      ...part((byte) => (byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : byte === 0x20 ? ' ' : '·')),
      document.createTextNode('\n'),
    )
  }
  return rows
}

/** @param {RecordedBytes} recorded @param {string} piece */
export function sumOf({ pieces, dropped }, piece) {
  const bytes = pieces.reduce((sum, one) => sum + bytesOf(one.bytes).length, dropped)
  return `${counted(pieces.length, piece)}, ${size(bytes)}`
}
