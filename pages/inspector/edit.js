/** @import { Journey } from '../../src/dev/inspector/journey.ts' */
/** @import { Sent } from './api.js' */
import { joined } from './bytes.js'
import { byId, h } from './dom.js'
import { base64Of, latin1 } from './format.js'
import { spansOfRequest } from './spans.js'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
/** What the server writes by itself, from the body that is sent. */
const FRAMING = ['content-length', 'transfer-encoding']

/**
 * Asks for a request: by its parts, or byte by byte.
 * @param {Journey | null} journey what it begins with
 * @param {(request: Sent) => Promise<void>} send
 */
export function openEditor(journey, send) {
  const dialog = /** @type {HTMLDialogElement} */ (byId('edit'))
  const parts = partsForm(journey)
  const raw = rawForm(journey)
  const says = h('p', { class: 'alert', role: 'alert', hidden: true })
  let isRaw = journey !== null && journey.parse.head === null
  const tab = (/** @type {string} */ title, /** @type {boolean} */ forRaw) =>
    h('button', { type: 'button', data: { raw: String(forRaw) }, on: { click: () => show(forRaw) } }, title)
  const tabs = [tab('Parts', false), tab('Raw bytes', true)]
  const show = (/** @type {boolean} */ forRaw) => {
    isRaw = forRaw
    parts.form.hidden = forRaw
    raw.form.hidden = !forRaw
    for (const one of tabs) one.setAttribute('aria-pressed', String(one.dataset.raw === String(forRaw)))
  }
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault()
    says.hidden = true
    try {
      await send(isRaw ? raw.read() : parts.read())
      dialog.close()
    } catch (error) {
      says.textContent = error instanceof Error ? error.message : String(error)
      says.hidden = false
    }
  }
  dialog.replaceChildren(
    h(
      'form',
      { on: { submit } },
      h('h2', { id: 'edit-title' }, journey === null ? 'New request' : `Send #${journey.number} again`),
      h('div', { class: 'views' }, ...tabs),
      parts.form,
      raw.form,
      says,
      h(
        'div',
        { class: 'acts' },
        h('button', { type: 'button', on: { click: () => dialog.close() } }, 'Cancel'),
        h('button', { class: 'main' }, 'Send'),
      ),
    ),
  )
  show(isRaw)
  dialog.showModal()
}

/** @param {string} title @param {HTMLElement} input @param {string} [hint] */
function labelled(title, input, hint) {
  return h('label', {}, h('span', {}, title), input, hint !== undefined && h('small', {}, hint))
}

/** @param {Journey | null} journey */
function partsForm(journey) {
  const head = journey?.parse.head ?? null
  const methods = h('datalist', { id: 'methods' }, ...METHODS.map((one) => h('option', { value: one })))
  const method = h('input', {
    value: head?.method ?? 'GET',
    list: 'methods',
    size: 8,
    spellcheck: 'false',
    autocomplete: 'off',
  })
  const target = h('input', { value: head?.target ?? '/', spellcheck: 'false', autocomplete: 'off' })
  const headers = h('textarea', { rows: 7, spellcheck: 'false' })
  headers.value = (head?.fields ?? [{ name: 'host', value: location.host }])
    .filter(({ name }) => !FRAMING.includes(name))
    .map(({ name, value }) => `${name}: ${value}`)
    .join('\n')
  const body = h('textarea', { rows: 5, spellcheck: 'false' })
  body.value = journey === null ? '' : bodyText(journey)
  const form = h(
    'div',
    { class: 'fieldset' },
    methods,
    h('div', { class: 'line' }, labelled('Method', method), labelled('Target', target)),
    labelled('Headers, one a line', headers),
    labelled('Body', body, 'Its size is told by itself.'),
  )
  return {
    form,
    read: () => ({
      method: method.value,
      target: target.value,
      headers: headersOf(headers.value),
      body: base64Of(new TextEncoder().encode(body.value)),
    }),
  }
}

/** @param {string} text @returns {[string, string][]} */
function headersOf(text) {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return lines.map((line) => {
    const colon = line.indexOf(':')
    return colon < 0 ? [line.trim(), ''] : [line.slice(0, colon).trim(), line.slice(colon + 1).trim()]
  })
}

/** The body as it was sent, without the framing of chunks. @param {Journey} journey */
function bodyText({ bytes, parse }) {
  const whole = joined(bytes)
  const spans = spansOfRequest(whole, parse.head?.byteLength ?? 0, parse.bodyFraming === 'chunked')
  const parts = spans
    .filter(({ kind }) => kind === 'body')
    .map(({ from, to }) => new TextDecoder().decode(whole.subarray(from, to)))
  return parts.join('')
}

/** @param {Journey | null} journey */
function rawForm(journey) {
  const text = h('textarea', { rows: 14, spellcheck: 'false', class: 'raw' })
  text.value = journey === null ? `GET / HTTP/1.1\nHost: ${location.host}\n\n` : escaped(joined(journey.bytes))
  const form = h(
    'div',
    { class: 'fieldset' },
    labelled(
      'Bytes',
      text,
      'A line ends with CR LF. \\n is an LF alone, \\r a CR alone, \\xff any byte, \\\\ a backslash.',
    ),
  )
  return { form, read: () => ({ raw: base64Of(unescaped(text.value)) }) }
}

/** Bytes as text that a textarea keeps as it is. @param {Uint8Array} bytes */
export function escaped(bytes) {
  return latin1(bytes).replace(/\r\n|[\\\x00-\x1f\x7f-\xff]/g, (one) => {
    if (one === '\r\n') return '\n'
    const known = { '\\': '\\\\', '\r': '\\r', '\n': '\\n' }[one]
    return known ?? `\\x${one.charCodeAt(0).toString(16).padStart(2, '0')}`
  })
}

/** @param {string} text @returns {Uint8Array} */
export function unescaped(text) {
  const bytes = text.replace(/\r?\n|\\(x[0-9a-f]{2}|[rn\\])|[^\x00-\x7f]/gi, (one, code) => {
    if (code === undefined) return /\n/.test(one) ? '\r\n' : latin1(new TextEncoder().encode(one))
    if (/^x/i.test(code)) return String.fromCharCode(Number.parseInt(code.slice(1), 16))
    return { r: '\r', n: '\n', '\\': '\\' }[String(code).toLowerCase()] ?? one
  })
  return Uint8Array.from(bytes, (one) => one.charCodeAt(0))
}
