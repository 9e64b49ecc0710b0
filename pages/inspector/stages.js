/** @import { Journey, Mark } from '../../src/dev/inspector/journey.ts' */
import { sumOf } from './bytes.js'
import { counted, size, time } from './format.js'

/** @typedef {Mark['stage']} StageName */
/** `off`: it was never reached. `now`: it is there. `bad`: it ended there. @typedef {'on' | 'off' | 'now' | 'bad'} StageState */

/**
 * The way of a request through the server, in its order.
 * @type {readonly { name: StageName, sign: string, title: string, does: string, brief: (journey: Journey) => string }[]}
 */
export const STAGES = [
  { name: 'listen', sign: '1', title: 'Listen', does: 'Bytes come in.', brief: ({ bytes }) => sumOf(bytes, 'read') },
  { name: 'parse', sign: '2', title: 'Parse', does: 'Bytes become a request.', brief: parsed },
  { name: 'route', sign: '3', title: 'Route', does: 'Who asks, and for what.', brief: routed },
  { name: 'dispatch', sign: '4', title: 'Dispatch', does: 'It waits for a worker.', brief: waited },
  { name: 'worker', sign: '5', title: 'Worker', does: 'A Python process builds environ.', brief: worked },
  { name: 'application', sign: '()', title: 'Application', does: 'It is called, and answers.', brief: called },
  {
    name: 'respond',
    sign: '6',
    title: 'Respond',
    does: 'The answer becomes bytes.',
    brief: ({ answer }) => (answer.pieces.length > 0 ? sumOf(answer, 'write') : ''),
  },
]

/** @param {Journey} journey */
function parsed({ parse: { head, refusal } }) {
  if (refusal !== null) return refusal.atByte === null ? 'refused' : `refused at byte ${refusal.atByte}`
  return head === null ? '' : counted(head.fields.length, 'field')
}

/** @param {Journey} journey */
function routed({ decisions }) {
  const those = decisions.filter(({ stage }) => stage === 'route')
  return (those.find(({ what }) => what === 'True client') ?? those[0])?.result ?? ''
}

/** @param {Journey} journey */
function waited({ dispatch }) {
  if (dispatch === null) return ''
  return dispatch.sentAtMs === null
    ? `waits, ${dispatch.waitingBefore} before it`
    : `waited ${time(dispatch.sentAtMs - dispatch.queuedAtMs)}`
}

/** @param {Journey} journey */
function worked({ worker }) {
  return worker === null ? '' : `worker ${worker.number}, pid ${worker.pid}`
}

/** @param {Journey} journey */
function called({ call }) {
  if (call === null) return ''
  if (call.raised !== '') return 'raised'
  const status = call.startResponses.at(-1)?.status.slice(0, 3)
  if (status === undefined) return 'runs'
  return `${status}, ${counted(call.chunks.length + call.droppedChunks, 'chunk')}, ${size(call.chunks.reduce((sum, one) => sum + one.size, 0))}`
}

/** @param {Journey} journey @param {StageName} name */
function isReached({ bytes, parse, dispatch, worker, call, answer, marks }, name) {
  if (marks.some(({ stage }) => stage === name)) return true
  switch (name) {
    case 'listen':
      return true
    case 'parse':
      return bytes.pieces.length > 0
    case 'route':
      return parse.head !== null && parse.refusal === null
    case 'dispatch':
      return dispatch !== null
    case 'worker':
      return worker !== null
    case 'application':
      return call !== null
    case 'respond':
      return answer.pieces.length > 0
  }
}

/** How each stage is drawn. @param {Journey} journey @returns {Map<StageName, StageState>} */
export function statesOf(journey) {
  const { state, parse, call } = journey
  /** @type {Map<StageName, StageState>} */
  const states = new Map(STAGES.map(({ name }) => [name, isReached(journey, name) ? 'on' : 'off']))
  if (parse.refusal !== null) states.set('parse', 'bad')
  if (call !== null && call.raised !== '') states.set('application', 'bad')
  const last = STAGES.findLast(({ name }) => states.get(name) === 'on')
  if (state === 'running' && last !== undefined) states.set(last.name, 'now')
  return states
}
