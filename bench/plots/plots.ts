import { GOALS, type Judgement, judgeAll, type Verdict } from '../goals.ts'
import { METRICS, type MetricName } from '../metrics.ts'
import type { PeerName } from '../peers.ts'
import { type Report, type ScenarioResult, summaryOf } from '../results.ts'
import { scenarioOf } from '../scenarios.ts'
import { ACCENT, BAD, Drawing, FAINT, GOOD, INK, LINE } from './svg.ts'

export interface Plot {
  /** Part of a file's name. */
  readonly key: string
  readonly title: string
  readonly svg: string
}

const WIDTH = 960
const SOON = '#bf8700'
const COLORS: Readonly<Record<Verdict, string>> = {
  'aim reached': GOOD,
  met: '#4ac26b',
  missed: BAD,
  'not measured': LINE,
}

/** Those for which there is something to show. */
export function plotsOf(report: Report): Plot[] {
  const plots = [goalsPlot(report), throughputPlot(report), latencyPlot(report)]
  return plots.filter((plot) => plot !== null)
}

/** How far each goal is from its bound, so that all fit on one scale: on the right of 1 is where dram is to be. */
export function goalsPlot(report: Report): Plot | null {
  const rows = judgeAll(report.results, GOALS).filter(({ found }) => found !== null && found > 0)
  if (rows.length === 0) return null
  const [left, right, top, height] = [390, 850, 92, 25]
  const drawing = new Drawing(WIDTH, top + rows.length * height + 44)
  const title = 'dram against its goals'
  drawing.text(24, 34, title, { size: 19, bold: true })
  drawing.text(24, 56, `Longer is better. The black line is the goal, the ring the aim. ${dateOf(report)}`, {
    fill: FAINT,
  })
  const most = 2
  const x = (value: number) => left + (Math.min(value, most) / most) * (right - left)
  const bottom = top + rows.length * height
  for (const tick of [0, 0.5, 1, 1.5, 2]) {
    drawing.line(x(tick), top - 6, x(tick), bottom, LINE)
    drawing.text(x(tick), bottom + 18, tick === most ? '2 or more' : `${tick}`, {
      size: 11,
      anchor: 'middle',
      fill: FAINT,
    })
  }
  drawing.text((left + right) / 2, bottom + 36, 'found ÷ goal (for times, CPU and memory: goal ÷ found)', {
    size: 11,
    anchor: 'middle',
    fill: FAINT,
  })
  drawing.text(866, top - 10, 'found', { size: 11, fill: FAINT })
  for (const [at, row] of rows.entries()) goalBar(drawing, row, top + at * height, x, height)
  drawing.line(x(1), top - 6, x(1), bottom, INK, 2)
  legend(drawing, 24, 78, [
    [GOOD, 'aim reached'],
    [COLORS.met, 'goal met'],
    [BAD, 'goal missed'],
  ])
  return { key: 'goals', title, svg: `${drawing}` }
}

function goalBar(drawing: Drawing, row: Judgement, y: number, x: (value: number) => number, height: number): void {
  const { goal, found, own, verdict, peer } = row
  const isMore = METRICS[goal.metric].better === 'more'
  const share = (value: number, bound: number) => (isMore ? value / bound : bound / value)
  const score = share(found!, goal.atLeast)
  const color = COLORS[verdict]
  const against = goal.against ? ` ÷ ${peer}` : ''
  drawing.text(380, y + 15, `${goal.what}${against}`, { anchor: 'end' })
  drawing.rect(x(0), y + 4, x(score) - x(0), height - 9, color)
  if (goal.aim !== null) {
    // Where the aim is dram's own figure: how much more that would be.
    const aim = goal.isAimAbsolute ? score * (goal.aim / own!) : share(goal.aim, goal.atLeast)
    drawing.circle(x(aim), y + 4 + (height - 9) / 2, 4.5, '#ffffff', SOON)
  }
  const text = goal.against ? `${found!.toFixed(2)} ×` : `${found!.toFixed(1)}`
  drawing.text(866, y + 16, text, { bold: true, fill: verdict === 'missed' ? BAD : INK })
}

/** What each server does in each scenario, as a share of the best there. */
export function throughputPlot(report: Report): Plot | null {
  const panels = report.results.filter(({ scenario }) => ['rate', 'kept'].includes(scenarioOf(scenario).metrics[0]))
  const title = 'Throughput, scenario by scenario'
  return panelsPlot('throughput', title, `Longer is better; dram is blue. ${dateOf(report)}`, panels, (result) => ({
    metric: scenarioOf(result.scenario).metrics[0],
    others: [],
  }))
}

/** Times under a load that is the same for all, and of everything whose first figure is a time. */
export function latencyPlot(report: Report): Plot | null {
  const panels = report.results.filter(({ scenario }) => ['p99', 'p50'].includes(scenarioOf(scenario).metrics[0]))
  const title = 'Latency under the same load for all'
  const note = `Shorter is better; dram is blue. Bars: p99; a dark mark: p50, a light one: p99.9. ${dateOf(report)}`
  return panelsPlot('latency', title, note, panels, () => ({ metric: 'p99', others: ['p50', 'p999'] }))
}

interface Shown {
  readonly metric: MetricName
  readonly others: readonly MetricName[]
}

const PANEL_WIDTH = 456
const BAR_HEIGHT = 19

/** Two panels beside each other, each with its own scale; there have to be two servers to be compared. */
function panelsPlot(
  key: string,
  title: string,
  note: string,
  panels: readonly ScenarioResult[],
  shownOf: (result: ScenarioResult) => Shown,
): Plot | null {
  const filled = panels.filter((panel) => panel.peers.length > 1)
  if (filled.length === 0) return null
  const heightOf = (panel: ScenarioResult | undefined) => (panel ? 42 + panel.peers.length * BAR_HEIGHT : 0)
  const lines = Array.from({ length: Math.ceil(filled.length / 2) }, (_, at) => filled.slice(at * 2, at * 2 + 2))
  const heights = lines.map(([left, right]) => Math.max(heightOf(left), heightOf(right)))
  const drawing = new Drawing(WIDTH, 84 + heights.reduce((sum, height) => sum + height, 0))
  drawing.text(24, 34, title, { size: 19, bold: true })
  drawing.text(24, 56, note, { fill: FAINT })
  let y = 76
  for (const [at, line] of lines.entries()) {
    for (const [column, panel] of line.entries())
      drawPanel(drawing, panel, 24 + column * PANEL_WIDTH, y, shownOf(panel))
    y += heights[at]!
  }
  return { key, title, svg: `${drawing}` }
}

function drawPanel(drawing: Drawing, panel: ScenarioResult, x: number, y: number, { metric, others }: Shown): void {
  const rows = panel.peers.flatMap((row) => {
    const found = summaryOf(row, metric)
    const marks = others.flatMap((name) => summaryOf(row, name)?.median ?? [])
    return found ? [{ peer: row.peer, value: found.median, marks }] : []
  })
  const isMore = METRICS[metric].better === 'more'
  rows.sort((a, b) => (isMore ? b.value - a.value : a.value - b.value))
  const { short } = scenarioOf(panel.scenario)
  drawing.text(x, y + 14, short, { size: 13, bold: true })
  drawing.text(x + PANEL_WIDTH - 30, y + 14, METRICS[metric].title.replace(', µs', ''), {
    size: 11,
    anchor: 'end',
    fill: FAINT,
  })
  const scale = scaleOf(
    rows.map(({ value }) => value),
    isMore,
  )
  const [from, length] = [x + 122, PANEL_WIDTH - 122 - 106]
  for (const [at, { peer, value, marks }] of rows.entries()) {
    const top = y + 24 + at * BAR_HEIGHT
    const share = Math.min(1, value / scale)
    drawing.text(from - 8, top + 11, nameOf(peer), { size: 11, anchor: 'end', bold: isOurs(peer) })
    drawing.rect(from, top, share * length, 13, isOurs(peer) ? ACCENT : '#afb8c1')
    for (const [which, mark] of marks.entries())
      if (mark <= scale) drawing.rect(from + (mark / scale) * length - 1, top - 2, 2, 17, which === 0 ? INK : SOON)
    const cut = value > scale ? '… ' : ''
    // Marks may lie behind a bar's end: then the values stand in a column of their own.
    const style = { size: 11, bold: isOurs(peer), anchor: others.length ? 'end' : 'start' } as const
    const textAt = others.length ? x + PANEL_WIDTH - 30 : from + share * length + 6
    drawing.text(textAt, top + 11, cut + valueText(value, metric), style)
  }
}

/** Where less is better, one that is far off must not flatten all others. */
function scaleOf(found: readonly number[], isMore: boolean): number {
  const most = Math.max(...found, Number.MIN_VALUE)
  if (isMore) return most
  const middle = [...found].sort((a, b) => a - b)[found.length >> 1] ?? most
  return Math.min(most, middle * 4)
}

function valueText(value: number, metric: MetricName): string {
  if (['p50', 'p99', 'p999', 'longest'].includes(metric))
    return value >= 10_000 ? `${(value / 1000).toFixed(0)} ms` : `${(value / 1000).toFixed(1)} ms`
  if (metric === 'kept') return `${value.toFixed(1)} %`
  return value.toLocaleString('en-US', { maximumFractionDigits: value < 100 ? 1 : 0 })
}

function isOurs(peer: PeerName): boolean {
  return peer === 'dram' || peer === 'beside'
}

function nameOf(peer: PeerName): string {
  return peer === 'beside' ? 'dram, beside' : peer
}

function legend(drawing: Drawing, x: number, y: number, entries: readonly (readonly [string, string])[]): void {
  let at = x
  for (const [color, text] of entries) {
    drawing.rect(at, y - 10, 12, 12, color)
    drawing.text(at + 18, y, text, { size: 12 })
    at += 40 + text.length * 7.5
  }
}

function dateOf({ began, isSmoke }: Report): string {
  return `${began.slice(0, 10)}${isSmoke ? ', a smoke run: the figures mean nothing' : ''}`
}
