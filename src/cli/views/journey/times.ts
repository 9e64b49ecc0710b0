import type { Journey, Mark } from '../../../dev/inspector/journey.ts'
import type { Look } from '../grid.ts'
import { printable, widthOf } from '../words.ts'
import { GUTTER, type Row, timeText } from './layout.ts'

/** A bar shorter than this tells nothing. */
const LEAST_BAR = 10
const GAP = 2

/** A row for each mark: how long it took until the next one, and on a terminal a bar of when that was. */
export function timeRows({ marks, tookMs }: Pick<Journey, 'marks' | 'tookMs'>, look: Look): Row[] {
  const ordered = [...marks].sort((a, b) => a.atMs - b.atMs)
  const endMs = Math.max(tookMs ?? 0, ordered.at(-1)?.atMs ?? 0)
  const spans = ordered.map((mark, at) => ({ mark, untilMs: ordered[at + 1]?.atMs ?? endMs }))
  const names = spans.map(({ mark }) => nameOf(mark))
  const nameWidth = Math.max(0, ...names.map(widthOf))
  const lasts = spans.map(({ mark, untilMs }) => timeText(untilMs - mark.atMs))
  const lastWidth = Math.max(0, ...lasts.map(widthOf))
  const barWidth = (look.columns ?? 0) - (GUTTER + nameWidth + GAP + lastWidth + GAP)
  return spans.map(({ mark, untilMs }, at) => {
    const text = `${names[at]!.padEnd(nameWidth + GAP)}${lasts[at]!.padStart(lastWidth)}`
    const bar = barWidth < LEAST_BAR ? '' : barText(mark.atMs, untilMs, endMs, barWidth)
    return { atMs: mark.atMs, text: `${text}  ${bar}`.trimEnd(), isBytes: true }
  })
}

function nameOf({ stage, what }: Mark): string {
  return printable(`${stage}: ${what}`)
}

function barText(fromMs: number, untilMs: number, endMs: number, width: number): string {
  const columnOf = (ms: number): number => (endMs === 0 ? 0 : Math.round((ms / endMs) * (width - 1)))
  const start = columnOf(fromMs)
  return `${' '.repeat(start)}${'█'.repeat(Math.max(1, columnOf(untilMs) - start))}`
}
