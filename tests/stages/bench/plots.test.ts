import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { goalsPlot, latencyPlot, plotsOf, throughputPlot } from '../../../bench/plots/plots.ts'
import { Drawing } from '../../../bench/plots/svg.ts'
import { report, result } from './support.ts'

const FLASK = result('flask', { dram: [{ rate: 150, cpu: 0.1 }], granian: [{ rate: 100, cpu: 0.1 }] })
const PACED = result('django-paced', {
  dram: [{ p99: 5000, p50: 1000, p999: 9000 }],
  granian: [{ p99: 20_000, p50: 2000, p999: 30_000 }],
  waitress: [{ p99: 9_000_000, p50: 2000, p999: 9_000_000 }],
})

test('a drawing is well-formed: what is written in it cannot end it', () => {
  const svg = `${new Drawing(10, 10).text(1, 2, 'a < b & c > d')}`
  match(svg, /a &lt; b &amp; c &gt; d/)
  match(svg, /^<svg [^>]*viewBox="0 0 10 10"/)
  ok(svg.trimEnd().endsWith('</svg>'))
})

test('there is a plot for whatever there is to show, and none for nothing', () => {
  deepEqual(plotsOf(report([])), [])
  deepEqual(
    plotsOf(report([FLASK])).map(({ key }) => key),
    ['goals', 'throughput'],
  )
  deepEqual(
    plotsOf(report([FLASK, PACED])).map(({ key }) => key),
    ['goals', 'throughput', 'latency'],
  )
})

test('a goal that is missed looks otherwise than one that is met', () => {
  const { svg } = goalsPlot(report([FLASK]))!
  match(svg, /Flask hello ÷ granian/)
  match(svg, /1\.50 ×/)
  match(svg, /fill="#4ac26b"\/>/)
  match(svg, /fill="#cf222e"\/>/)
})

test('servers stand from best to worst, and dram stands out', () => {
  const { svg } = throughputPlot(report([FLASK]))!
  ok(svg.indexOf('>dram<') < svg.indexOf('>granian<'))
  equal(svg.split('fill="#0969da"').length - 1, 1)
  const latency = latencyPlot(report([PACED]))!.svg
  ok(latency.indexOf('>dram<') < latency.indexOf('>granian<'))
})

test('one that is far off does not flatten the others', () => {
  const { svg } = latencyPlot(report([PACED]))!
  const widths = [...svg.matchAll(/<rect x="[\d.]+" y="[\d.]+" width="([\d.]+)" height="13"/g)].map(([, width]) =>
    Number(width),
  )
  equal(widths.length, 3)
  ok(Math.min(...widths) > 10, `${widths}`)
  match(svg, /… 9000 ms/)
})

test('nothing is drawn outside of the picture', () => {
  for (const { svg } of plotsOf(report([FLASK, PACED]))) {
    const [, width = 0, height = 0] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)!.map(Number)
    for (const [, x, y, w, h] of svg.matchAll(/<rect x="([\d.-]+)" y="([\d.-]+)" width="([\d.]+)" height="([\d.]+)"/g))
      ok(Number(x) >= 0 && Number(y) >= 0 && Number(x) + Number(w) <= width && Number(y) + Number(h) <= height)
  }
})
