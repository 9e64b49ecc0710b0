/** @import { CallRecord } from '../../src/dev/inspector/journey.ts' */
import { h } from './dom.js'
import { bytesOf, counted, size, time, utf8 } from './format.js'
import { rule } from './stageParts.js'

const SHOWN_CHUNKS = 50

/** The call by PEP 3333, step by step, with its times. @param {CallRecord} call */
export function callSteps(call) {
  const { application, beganAtMs, startResponses, chunks, printed, returnedAtMs, returned, closedAtMs, raised } = call
  /** @type {[atMs: number, order: number, content: Node][]} */
  const steps = [
    [beganAtMs, 0, line(h('code', {}, `${application}(environ, start_response)`), 'PEP 3333, application')],
  ]
  for (const one of startResponses) steps.push([one.atMs, 1, startResponse(one)])
  for (const one of chunks.slice(0, SHOWN_CHUNKS)) steps.push([one.atMs, one.by === 'write' ? 1 : 3, chunk(one)])
  for (const { atMs, text } of printed) steps.push([atMs, 1, h('div', {}, 'printed', h('q', { class: 'start' }, text))])
  if (returnedAtMs !== null)
    steps.push([returnedAtMs, 2, line(h('span', {}, 'returned a ', h('code', {}, returned)), '')])
  if (closedAtMs !== null) steps.push([closedAtMs, 4, line(h('code', {}, 'close()'), 'PEP 3333, close')])
  steps.sort(([one, first], [other, second]) => one - other || first - second)
  const left = Math.max(0, chunks.length - SHOWN_CHUNKS) + call.droppedChunks
  return h(
    'div',
    {},
    h(
      'ol',
      { class: 'steps' },
      ...steps.map(([atMs, , content]) => h('li', {}, h('span', { class: 'at' }, time(atMs)), content)),
    ),
    left > 0 && h('p', { class: 'hint' }, `${counted(left, 'chunk')} more.`),
    raised === '' && returnedAtMs === null && h('p', { class: 'hint' }, 'It has not returned yet.'),
    raised !== '' &&
      h(
        'div',
        { class: 'alert' },
        h('h4', {}, raised.trimEnd().split('\n').at(-1)),
        h('pre', { class: 'traceback', tabindex: '0', 'aria-label': 'Traceback' }, raised),
      ),
  )
}

/** @param {Node} what @param {string} because */
function line(what, because) {
  return h('div', {}, what, ' ', because !== '' && rule(because))
}

/** @param {CallRecord['startResponses'][number]} call */
function startResponse({ status, headers, hasExcInfo }) {
  return h(
    'div',
    {},
    h(
      'code',
      {},
      'start_response(',
      h('b', { data: { sources: 'out status' } }, `'${status}'`),
      hasExcInfo ? ', headers, exc_info)' : ', headers)',
    ),
    ' ',
    rule(hasExcInfo ? 'PEP 3333, exc_info' : 'PEP 3333, start_response'),
    headers.length > 0 &&
      h(
        'dl',
        { class: 'fields' },
        ...headers.map(([name, value]) =>
          h('div', { data: { sources: `out ${name.toLowerCase()}` } }, h('dt', {}, name), h('dd', {}, value)),
        ),
      ),
  )
}

/** @param {CallRecord['chunks'][number]} chunk */
function chunk({ size: bytes, start, by }) {
  const head = bytesOf(start)
  const text = utf8(head) ?? `${head.length} bytes that are no text`
  return h(
    'div',
    {},
    by === 'write' ? h('code', {}, 'write()') : 'chunk',
    ` of ${size(bytes)}`,
    by === 'write' && ' ',
    by === 'write' && rule('PEP 3333, write'),
    head.length > 0 &&
      h('q', { class: 'start' }, text.slice(0, 120), head.length < bytes || text.length > 120 ? '…' : ''),
  )
}
