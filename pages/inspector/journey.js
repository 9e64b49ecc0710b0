/** @import { Journey } from '../../src/dev/inspector/journey.ts' */
/** @import { StageName, StageState } from './stages.js' */
import { bytesView, joined } from './bytes.js'
import { callSteps } from './call.js'
import { facts, h } from './dom.js'
import { clock, counted, time } from './format.js'
import { linkSources } from './link.js'
import { spansOfAnswer, spansOfRequest } from './spans.js'
import { decisions, environList, parsedHead } from './stageParts.js'
import { STAGES, statesOf } from './stages.js'
import { timingBar } from './timing.js'

/** How long the light takes from the first stage to the last. */
const SWEEP_MS = 1_200

/** @typedef {{ replay(): void, edit(): void, curl(): void, back(): void }} Acts */

/** One request's whole way, on one page. @param {Journey} journey @param {Acts} acts @returns {Node[]} */
export function drawJourney(journey, acts) {
  const states = statesOf(journey)
  const body = h(
    'div',
    { class: 'way' },
    column('Bytes come in', [
      card('listen', states, listen(journey)),
      card('parse', states, parsedHead(journey.parse), decisions(journey, 'parse')),
    ]),
    column('A call is made of them', [
      card('route', states, decisions(journey, 'route')),
      card('dispatch', states, waiting(journey), decisions(journey, 'dispatch')),
      card(
        'worker',
        states,
        decisions(journey, 'worker'),
        worker(journey),
        journey.environ.length > 0 && environList(journey.environ),
      ),
    ]),
    column('Its answer becomes bytes', [
      card('application', states, journey.call !== null && callSteps(journey.call)),
      card('respond', states, respond(journey)),
    ]),
  )
  linkSources(body)
  return [top(journey, acts), rail(journey, states), timingBar(journey), body]
}

/** @param {Journey} journey @param {Acts} acts */
function top(journey, { replay, edit, curl, back }) {
  const { number, method, target, status, tookMs, cameAt, connection, requestId, replayOf } = journey
  const button = (/** @type {string} */ id, /** @type {string} */ text, /** @type {() => void} */ click) =>
    h('button', { type: 'button', id, on: { click } }, text)
  return h(
    'header',
    { class: 'about' },
    h(
      'div',
      { class: 'acts' },
      button('back', '‹ Requests', back),
      button('replay', 'Replay', replay),
      button('again', 'Edit and send', edit),
      button('curl', 'Copy as curl', curl),
    ),
    h(
      'h2',
      { id: 'title', tabindex: '-1' },
      h('span', { class: 'number' }, `#${number}`),
      ' ',
      h('b', {}, method || 'Not read'),
      ' ',
      h('span', { class: 'target' }, target),
    ),
    h(
      'p',
      { class: 'sum' },
      badge(journey),
      ` ${tookMs === null ? 'goes on' : `took ${time(tookMs)}`} · came at ${clock(cameAt)} · ${connection.requestNumber === 1 ? 'first request' : `request ${connection.requestNumber}`} on connection ${connection.number}`,
      replayOf !== null && h('span', {}, ' · repeats ', h('a', { href: `#${replayOf}` }, `#${replayOf}`)),
      h('span', { class: 'id' }, ` · id ${requestId}`),
      status === 0 && tookMs !== null && ' · no answer',
    ),
  )
}

/** How it ended, in a word and a color. @param {Pick<Journey, 'status' | 'state'>} summary */
export function badge({ status, state }) {
  const word = {
    running: status === 0 ? 'running' : `${status} …`,
    done: String(status),
    refused: `${status || ''} refused`,
    failed: `${status || ''} failed`,
    left: 'left',
  }[state]
  const tone = state === 'done' ? `s${Math.floor(status / 100)}` : state
  return h(
    'span',
    {
      class: `badge ${tone}`,
      title: state === 'running' ? 'it goes on' : state === 'left' ? 'the client did not wait' : '',
    },
    word.trim(),
  )
}

/** The stages as stations of a line, that light up as they were reached. @param {Journey} journey @param {Map<StageName, StageState>} states */
function rail(journey, states) {
  const endMs = Math.max(journey.tookMs ?? 0, journey.marks.at(-1)?.atMs ?? 0) || 1
  const stations = STAGES.map(({ name, sign, title, brief }, at) => {
    const state = states.get(name)
    const station = h(
      'li',
      { class: `station ${name} ${state}` },
      h(
        'a',
        { href: `#${journey.number}/${name}` },
        h('span', { class: 'sign' }, state === 'bad' ? '×' : sign),
        h('b', {}, title),
        h('small', {}, state === 'off' ? 'not reached' : brief(journey)),
      ),
    )
    // In sequence, a little in proportion to the times: the short steps would all be one moment.
    const atMs = journey.marks.find(({ stage }) => stage === name)?.atMs ?? 0
    station.style.setProperty(
      '--wait',
      `${Math.round(SWEEP_MS * ((0.7 * at) / STAGES.length + (0.3 * atMs) / endMs))}ms`,
    )
    return station
  })
  return h('nav', { 'aria-label': 'Stages' }, h('ol', { class: 'rail' }, ...stations))
}

/** @param {string} title @param {readonly Node[]} cards */
function column(title, cards) {
  return h('div', { class: 'column' }, h('p', { class: 'direction' }, title), ...cards)
}

/** @param {StageName} name @param {Map<StageName, StageState>} states @param {...(Node | false | null)} content */
function card(name, states, ...content) {
  const stage = STAGES.find((one) => one.name === name)
  const state = states.get(name)
  return h(
    'section',
    { class: `card ${name} ${state}`, id: name, 'aria-labelledby': `${name}-title` },
    h(
      'h3',
      { id: `${name}-title`, tabindex: '-1' },
      h('span', { class: 'sign', 'aria-hidden': 'true' }, state === 'bad' ? '×' : stage?.sign),
      stage?.title,
      h('small', {}, stage?.does),
    ),
    ...(state === 'off' ? [h('p', { class: 'hint' }, 'Not reached.')] : content),
  )
}

/** @param {Journey} journey */
function listen(journey) {
  const { connection, bytes, parse } = journey
  const spans = spansOfRequest(joined(bytes), parse.head?.byteLength ?? 0, parse.bodyFraming === 'chunked')
  return h(
    'div',
    {},
    facts([
      ['Client', connection.client],
      ['Listener', connection.listener],
      ['TLS', connection.isSecure ? 'yes' : null],
    ]),
    decisions(journey, 'listen'),
    bytesView({
      recorded: bytes,
      spans,
      piece: 'read',
      refusedAt: parse.refusal?.atByte ?? null,
      label: 'Bytes that came',
    }),
  )
}

/** How long it waited stands among the decisions, once it is over. @param {Journey} journey */
function waiting({ dispatch }) {
  if (dispatch === null || dispatch.sentAtMs !== null) return null
  return h(
    'p',
    {},
    `It waits since ${time(dispatch.queuedAtMs)}, with ${counted(dispatch.waitingBefore, 'request')} before it.`,
  )
}

/** @param {Journey} journey */
function worker({ worker }) {
  if (worker === null) return null
  return facts([
    ['Process', `pid ${worker.pid}, Python ${worker.python}`],
    ['Thread', worker.thread],
  ])
}

/** @param {Journey} journey */
function respond(journey) {
  const { answer, answerFraming, call } = journey
  const given = new Set(call?.startResponses.at(-1)?.headers.map(([name]) => name.toLowerCase()))
  const spans = spansOfAnswer(joined(answer), answerFraming === 'chunked', given)
  const hints = [
    spans.some(({ kind }) => kind === 'ours') && call !== null && 'Grey is what the server adds.',
    spans.some(({ kind }) => kind === 'framing') && 'Outlined is the framing of chunks.',
  ]
  return h(
    'div',
    {},
    decisions(journey, 'respond'),
    answer.pieces.length > 0 && bytesView({ recorded: answer, spans, piece: 'write', label: 'Bytes that went out' }),
    h('p', { class: 'hint small' }, hints.filter(Boolean).join(' ')),
  )
}
