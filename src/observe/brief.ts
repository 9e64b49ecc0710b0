import type { RequestHead } from '../events/request.ts'
import { CYAN, DIM, GREEN, RED, RESET, YELLOW } from '../kit/ansi.ts'
import { escaped, escapedBytes } from './escape.ts'

const SLOW_MICROS = 500_000

const PLAIN = ''
const INDENT = '    '

/** What is said of a request and its answer (AccessFacts has more). */
export interface BriefAccess {
  /** Null: the bytes were no request. */
  readonly head: Pick<RequestHead, 'method' | 'target'> | null
  readonly status: number
  readonly bodyBytes: number
  readonly tookMicros: number
  readonly wallMs: number
}

/**
 * A line for people who look on: `12:03:04 GET 200 /path?q 3.2 ms 1.2 kB`. What failed and what was slow stands out.
 * The line ends with a newline.
 */
export function briefLine({ head, status, bodyBytes, tookMicros, wallMs }: BriefAccess, colors: boolean): string {
  const paint = painter(colors)
  const method = (head?.method ?? '-').padEnd(6)
  const target = paint(status >= 500 ? RED : PLAIN, head === null ? '-' : escapedBytes(head.target))
  const took = paint(tookMicros >= SLOW_MICROS ? YELLOW : DIM, durationText(tookMicros))
  const size = paint(DIM, bytesText(bodyBytes))
  return `${paint(DIM, timeText(wallMs))} ${method} ${paint(colorOf(status), String(status))} ${target} ${took} ${size}\n`
}

export interface BriefRecord {
  readonly wallMs: number
  /** Its name, as wide as others that it stands below, in its color. */
  readonly level: string
  readonly message: string
  readonly hint: string
  /** Whole lines, indented. */
  readonly trace: string
}

/** A line of the log for the same people: what happened, and what to do. Facts for machines are left out. */
export function briefRecord({ wallMs, level, message, hint, trace }: BriefRecord, colors: boolean): string {
  const paint = painter(colors)
  const first = `${paint(DIM, timeText(wallMs))} ${level} ${escaped(message)}\n`
  const isSaid = hint === '' || (trace !== '' && hint.startsWith('see the traceback'))
  return first + (isSaid ? '' : `${INDENT}${paint(DIM, escaped(hint))}\n`) + trace
}

function painter(colors: boolean): (color: string, text: string) => string {
  return (color, text) => (colors && color !== PLAIN ? color + text + RESET : text)
}

function timeText(wallMs: number): string {
  return new Date(wallMs).toTimeString().slice(0, 8)
}

function colorOf(status: number): string {
  if (status >= 500) return RED
  if (status >= 400) return YELLOW
  if (status >= 300) return CYAN
  return status >= 200 ? GREEN : PLAIN
}

function durationText(micros: number): string {
  if (micros < 1000) return `${Math.round(micros)} µs`
  if (micros < 100_000) return `${(micros / 1000).toFixed(1)} ms`
  return micros < 1_000_000 ? `${Math.round(micros / 1000)} ms` : `${(micros / 1_000_000).toFixed(1)} s`
}

function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  return bytes < 1_000_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`
}
