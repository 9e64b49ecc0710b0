import { equal, match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { performancePage } from '../../../bench/performance.ts'
import { markdown, scenarioLines } from '../../../bench/report.ts'
import { report, result } from './support.ts'

const FLASK = result('flask', {
  dram: [
    { rate: 120, cpu: 0.1 },
    { rate: 130, cpu: 0.1 },
    { rate: 150, cpu: 0.1 },
  ],
  granian: [
    { rate: 100, cpu: 0.1 },
    { rate: 110, cpu: 0.1 },
    { rate: 100, cpu: 0.1 },
  ],
})

test('a figure is the median with its range, and a ratio that of the medians', () => {
  const lines = scenarioLines(FLASK)
  ok(lines.some((line) => line.startsWith('| dram | 2w × 1t | yes | 3 | 130 (120–150) |')))
  ok(
    lines.some((line) => line.startsWith('| granian |') && line.endsWith('| 1.30 (1.18–1.50) |')),
    lines.join('\n'),
  )
})

test('who was measured less often has a ratio all the same', () => {
  const once = result('flask', { dram: [{ rate: 200 }, { rate: 200 }], waitress: [{ rate: 50 }] })
  ok(scenarioLines(once).some((line) => line.startsWith('| waitress |') && line.endsWith('| 4.00 |')))
})

test('who is left out, and what was done again, is said', () => {
  const lines = scenarioLines(
    result(
      'flask',
      { dram: [{ rate: 1 }] },
      { failures: [{ peer: 'uwsgi', reason: 'it fell' }], again: [{ peer: 'bjoern', reason: 'it stumbled' }] },
    ),
  )
  ok(lines.includes('- uwsgi is left out: it fell'))
  ok(lines.includes('- a round of bjoern failed and was done again: it stumbled'))
})

test('the offered load stands beside what it was offered to', () => {
  ok(
    scenarioLines(result('django-paced', { dram: [{ p99: 1 }] }, { requestsPerSecond: 321 }))[1]?.endsWith(
      'Offered: 321 requests/s.',
    ),
  )
})

test('a page says what is met, what is missed and what was not measured', () => {
  const page = markdown(report([FLASK]), [{ title: 'a plot', file: 'x.svg' }])
  match(
    page,
    /\| Flask hello \| requests\/s \| the best maintained peer: granian \| 1\.30 × \| ≥ 1\.30 \| ≥ 1\.60 \| met \|/,
  )
  match(
    page,
    /\| CPU per request, Flask \| CPU, s per 1,000 \| granian \| 1\.00 × \| ≤ 0\.90 \| ≤ 0\.80 \| \*\*missed\*\* \|/,
  )
  match(page, /Of 4 goals 1 are met \(0 with their aim\), 1 missed, 2 not measured\./)
  match(page, /!\[a plot\]\(x\.svg\)/)
})

test('a run that was ended early, and one that means nothing, say so', () => {
  match(markdown(report([FLASK], { isWhole: false }), []), /ended early/)
  match(markdown(report([FLASK], { isSmoke: true }), []), /figures mean nothing/)
})

test('the page in the docs names what is missed as plainly as what is met', () => {
  const page = performancePage(report([FLASK]), '2026-01-02T0304')
  match(page, /\*\*Missed:\*\* CPU per request, Flask \(1\.00 × granian\)\./)
  match(page, /!\[dram against its goals\]\(\.\.\/bench\/results\/2026-01-02T0304-goals\.svg\)/)
  equal(page.includes('undefined'), false)
})
