import type { CallRecord, Decision, EnvironEntry, Journey, Refusal } from '../../../dev/inspector/journey.ts'
import type { Look, Style } from '../grid.ts'
import { printable } from '../words.ts'
import { bytesRows, chunkNotes, countText, joined, pointedRows, textOf } from './bytes.ts'
import { type Row, type Section, sectionLines, sentenceLines, timeText } from './layout.ts'
import { timeRows } from './times.ts'

/** A line that the application printed while it ran, and that is not told with its call. */
export interface Printed {
  /** When it was read: milliseconds since the first byte of the request came. */
  readonly atMs: number
  readonly text: string
}

/** From here on key, value, origin and rule of a variable stand in one line. */
const WIDE_COLUMNS = 120

/** What `dram explain` prints of one request: its way through the server, stage by stage. */
export function journeyView(journey: Journey, printed: readonly Printed[], look: Look): string[] {
  const sections = [
    listenSection(journey),
    parseSection(journey, look),
    ...decisionsSection(journey, 'route', 'who asks, and for what'),
    ...dispatchSection(journey),
    ...workerSection(journey),
    ...environSection(journey.environ, look),
    ...callSection(journey.call, printed),
    respondSection(journey),
    { name: 'time', about: 'where it went', rows: timeRows(journey, look) },
  ]
  return [...headLines(journey, look), ...sections.flatMap((section) => sectionLines(section, look))]
}

const STATE_TEXTS: Readonly<Record<Journey['state'], readonly [text: string, style: Style]>> = {
  running: ['not over yet', 'yellow'],
  done: ['answered', 'green'],
  refused: ['refused', 'red'],
  failed: ['failed', 'red'],
  left: ['the client left', 'yellow'],
}

function headLines({ method, target, status, state, fault, tookMs }: Journey, look: Look): string[] {
  const [text, style] = STATE_TEXTS[state]
  const asked = method === '' ? 'No request that could be read' : `${printable(method)} ${printable(target)}`
  const how = [
    status === 0 ? text : `${text} with ${status}`,
    ...(fault === null ? [] : [fault]),
    ...(tookMs === null ? [] : [timeText(tookMs)]),
  ]
  return [...sentenceLines(asked, 'bold', look), ...sentenceLines(how.join(', '), style, look)]
}

function listenSection({ connection, bytes, decisions }: Journey): Section {
  const { client, listener, isSecure, number, requestNumber } = connection
  const whence = client === '' ? 'a client' : printable(client)
  const rows: Row[] = [
    { text: `${whence} asks ${printable(listener)}${isSecure ? ' (TLS)' : ''}` },
    { text: `request ${requestNumber} of connection ${number}` },
    ...decisionRows(decisions, 'listen'),
    ...bytesRows(bytes, 'came'),
  ]
  return { name: 'listen', about: 'bytes come off a socket', rows }
}

function parseSection({ bytes, parse, decisions }: Journey, look: Look): Section {
  const { head, refusal } = parse
  const rows: Row[] = []
  if (head !== null) {
    const names = head.fields.map(({ name }) => printable(name))
    rows.push({ text: `method ${printable(head.method)}, target ${printable(head.target)}, HTTP/${head.version}` })
    rows.push({ text: `${counted(names.length, 'field')}${names.length > 0 ? `: ${names.join(', ')}` : ''}` })
    rows.push({ text: `${countText(head.byteLength)} of head` })
  }
  rows.push(...decisionRows(decisions, 'parse'))
  if (refusal !== null) rows.push(...refusalRows(refusal, joined(bytes), look.columns))
  else if (head === null) rows.push({ text: 'no whole head: the server waited for the rest of it', style: 'yellow' })
  return { name: 'parse', about: 'bytes become a request', rows }
}

function refusalRows({ code, says, hint, rule, atByte }: Refusal, bytes: Buffer, columns: number | null): Row[] {
  const isKnown = atByte !== null && atByte <= bytes.length
  return [
    { text: `refused: ${code}`, style: 'red' },
    { text: printable(says) },
    ...(rule === '' ? [] : [{ text: `rule: ${rule}` }]),
    ...(isKnown ? pointedRows(bytes, atByte, columns) : []),
    { text: `hint: ${printable(hint)}` },
  ]
}

function decisionsSection({ decisions }: Journey, stage: Decision['stage'], about: string): Section[] {
  const rows = decisionRows(decisions, stage)
  return rows.length === 0 ? [] : [{ name: stage, about, rows }]
}

function decisionRows(decisions: readonly Decision[], stage: Decision['stage']): Row[] {
  return decisions
    .filter((one) => one.stage === stage)
    .map(({ what, result, because }) => ({
      text: printable(`${what}: ${result}${because === '' ? '' : ` (${because})`}`),
    }))
}

function dispatchSection({ dispatch, decisions }: Journey): Section[] {
  if (dispatch === null) return []
  const { queuedAtMs, sentAtMs, waitingBefore } = dispatch
  const before = waitingBefore === 0 ? '' : `, behind ${counted(waitingBefore, 'other')}`
  const rows: Row[] = [
    { atMs: queuedAtMs, text: `into the queue${before}` },
    ...decisionRows(decisions, 'dispatch'),
    sentAtMs === null
      ? { text: 'it still waits', style: 'yellow' }
      : { atMs: sentAtMs, text: `sent to a worker: it waited ${timeText(sentAtMs - queuedAtMs)}` },
  ]
  return [{ name: 'dispatch', about: 'a queue, until a worker has room', rows }]
}

function workerSection({ worker, decisions }: Journey): Section[] {
  if (worker === null) return []
  const { number, pid, thread, python } = worker
  const rows: Row[] = [
    { text: `worker ${number}, process ${pid}${python === '' ? '' : `, Python ${printable(python)}`}` },
    ...(thread === '' ? [] : [{ text: `thread ${printable(thread)}` }]),
    ...decisionRows(decisions, 'worker'),
  ]
  return [{ name: 'worker', about: 'a Python process', rows }]
}

function environSection(entries: readonly EnvironEntry[], look: Look): Section[] {
  if (entries.length === 0) return []
  const isWide = look.columns === null || look.columns >= WIDE_COLUMNS
  const rows = isWide ? environTable(entries) : entries.flatMap(environPair)
  return [{ name: 'environ', about: 'the request as a dict: key, value, where from, which rule asks for it', rows }]
}

/** Values are as long as they are, so they stand last. */
function environTable(entries: readonly EnvironEntry[]): Row[] {
  const width = (cell: (one: EnvironEntry) => string): number => Math.max(...entries.map((one) => cell(one).length))
  const [keyWidth, fromWidth, ruleWidth] = [
    width(({ key }) => key),
    width(({ from }) => from),
    width(({ rule }) => rule),
  ]
  return entries.map(({ key, value, from, rule }) => ({
    text: printable(`${key.padEnd(keyWidth)}  ${from.padEnd(fromWidth)}  ${rule.padEnd(ruleWidth)}  ${value}`),
    isBytes: true,
  }))
}

function environPair({ key, value, from, rule }: EnvironEntry): Row[] {
  return [
    { text: printable(`${key} = ${value}`) },
    { margin: '    ', text: printable([from, rule].filter((text) => text !== '').join('; ')), style: 'dim' },
  ]
}

/** What is not told with the call was read a little later, by a clock of whole milliseconds: it has a place, but no time. */
const PRINT_DELAY_MS = 5

/** What happened in the application, in its order; what it printed stands where that came. */
function callSection(call: CallRecord | null, printed: readonly Printed[]): Section[] {
  if (call === null) {
    const rows = printed.map(({ text }) => printedRow(text))
    return rows.length === 0 ? [] : [{ name: 'output', about: 'of the application', rows }]
  }
  const prints = printed.map(({ atMs, text }) => {
    return { atMs: Math.max(atMs - PRINT_DELAY_MS, call.beganAtMs), rows: [printedRow(text)] }
  })
  const happenings = [...callHappenings(call), ...prints].sort((a, b) => a.atMs - b.atMs)
  const rows = happenings.flatMap((one) => one.rows)
  if (call.droppedChunks > 0) rows.push({ text: `${counted(call.droppedChunks, 'chunk')} more`, style: 'dim' })
  rows.push(...raisedRows(call.raised))
  return [{ name: 'call', about: `${printable(call.application)}(environ, start_response)`, rows }]
}

function printedRow(text: string): Row {
  return { text: `printed: ${printable(text)}`, style: 'yellow' }
}

function raisedRows(traceback: string): Row[] {
  const lines = traceback === '' ? [] : traceback.trimEnd().split('\n')
  return lines.map((line) => ({ text: printable(line), style: 'red', isBytes: true }))
}

/** Rows that belong to one time. */
interface Happening {
  readonly atMs: number
  readonly rows: readonly Row[]
}

function callHappenings(call: CallRecord): Happening[] {
  const at = (atMs: number, text: string): Happening => ({ atMs, rows: [{ atMs, text }] })
  return [
    at(call.beganAtMs, 'called'),
    ...call.startResponses.map((started) => ({ atMs: started.atMs, rows: startRows(started) })),
    ...(call.returnedAtMs === null ? [] : [at(call.returnedAtMs, `returned: ${printable(call.returned)}`)]),
    ...call.chunks.map(({ atMs, size, start, by }, index) => {
      const how = by === 'write' ? ', by write()' : ''
      return at(atMs, `chunk ${index + 1}${how}, ${countText(size)}: ${chunkStart(start, size)}`)
    }),
    ...(call.closedAtMs === null ? [] : [at(call.closedAtMs, 'close()')]),
    ...call.printed.map(({ atMs, text }) => ({ atMs, rows: [{ ...printedRow(text), atMs }] })),
  ]
}

function startRows({ atMs, status, headers, hasExcInfo }: CallRecord['startResponses'][number]): Row[] {
  const end = hasExcInfo ? '], exc_info)' : '])'
  if (headers.length === 0) return [{ atMs, text: `start_response(${quoted(status)}, [${end}` }]
  const pairs = headers.map(([name, value]) => ({ text: `  (${quoted(name)}, ${quoted(value)}),` }))
  return [{ atMs, text: `start_response(${quoted(status)}, [` }, ...pairs, { text: end }]
}

const MOST_CHUNK_BYTES = 48

function chunkStart(start: string, size: number): string {
  const bytes = Buffer.from(start, 'base64').subarray(0, MOST_CHUNK_BYTES)
  return `${textOf(bytes)}${bytes.length < size ? ' …' : ''}`
}

/** As Python would write it, near enough. */
function quoted(text: string): string {
  return `'${printable(text).replaceAll("'", "\\'")}'`
}

const FRAMING_TEXTS: Readonly<Record<NonNullable<Journey['answerFraming']>, string>> = {
  none: 'the answer has no body',
  length: 'Content-Length tells where the body ends',
  chunked: 'the body goes in chunks; an empty one ends it',
  close: 'the end of the connection ends the body',
}

function respondSection({ answer, answerFraming, decisions }: Journey): Section {
  const notes = answerFraming === 'chunked' ? chunkNotes(joined(answer)) : new Map<number, string>()
  const rows: Row[] = [
    ...(answerFraming === null ? [] : [{ text: FRAMING_TEXTS[answerFraming] }]),
    ...decisionRows(decisions, 'respond'),
    ...bytesRows(answer, 'left', notes),
  ]
  if (answer.pieces.length === 0) rows.push({ text: 'nothing was sent' })
  return { name: 'respond', about: 'the answer becomes bytes', rows }
}

function counted(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count === 0 ? 'no' : count} ${what}s`
}
