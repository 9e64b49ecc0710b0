import { CYAN, DIM, GREEN, RED, RESET, YELLOW } from '../kit/ansi.ts'
import type { AccessFacts } from './access.ts'
import { escapedBytes } from './escape.ts'

const SLOW_MICROS = 500_000

const PLAIN = ''

/**
 * A line for people who look on: `12:03:04 GET 200 /path?q 3.2 ms 1.2 kB`. What failed and what was slow stands out.
 * The line ends with a newline.
 */
export function briefLine({ head, status, bodyBytes, tookMicros, wallMs }: AccessFacts, colors: boolean): string {
  const paint = (color: string, text: string): string => (colors && color !== PLAIN ? color + text + RESET : text)
  const time = new Date(wallMs).toTimeString().slice(0, 8)
  const method = (head?.method ?? '-').padEnd(6)
  const target = paint(status >= 500 ? RED : PLAIN, head === null ? '-' : escapedBytes(head.target))
  const took = paint(tookMicros >= SLOW_MICROS ? YELLOW : DIM, durationText(tookMicros))
  const size = paint(DIM, bytesText(bodyBytes))
  return `${paint(DIM, time)} ${method} ${paint(colorOf(status), String(status))} ${target} ${took} ${size}\n`
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
