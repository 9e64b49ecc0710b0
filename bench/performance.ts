import { type Judgement, judgeAll } from './goals.ts'
import { plotsOf } from './plots/plots.ts'
import { countText, goalLines, methodText, noticeLines } from './report.ts'
import type { Report } from './results.ts'

/** Versions that are no peer's. */
const OURS: readonly string[] = ['dram', 'Node', 'Python', 'flask', 'django']

/** docs/performance.md, from a result in bench/results/. */
export function performancePage(report: Report, name: string): string {
  const { machine, versions, results } = report
  const judged = judgeAll(results)
  const missed = judged.filter(({ verdict }) => verdict === 'missed').map(missText)
  const others = Object.entries(versions).filter(([what]) => !OURS.includes(what))
  const [first, ...further] = plotsOf(report).map(
    ({ key, title }) => `![${title}](../bench/results/${name}-${key}.svg)`,
  )
  return [
    '<!-- Written by `npm run bench:docs` from a result in bench/results/: change that, not this. -->',
    '# Performance',
    '',
    ...noticeLines(report),
    `dram ${versions.dram} beside ${others.map(([what, version]) => `${what} ${version}`).join(', ')}; Flask ${versions.flask}, Django ${versions.django}, ${versions.Python}, Node ${versions.Node}; ${machine.cores} cores (${machine.processor}), on which the load generator runs too. ${methodText(report)}`,
    '',
    `${countText(judged)}.${missed.length ? ` **Missed:** ${missed.join('; ')}.` : ''}`,
    '',
    ...(first ? [first, ''] : []),
    '## Goals',
    'A ratio is dram’s median by the peer’s, in one run. For requests/s, Gbit/s and what is kept, more is better; for times, CPU and memory, less. The best maintained peer is the best of gunicorn (sync, gthread), waitress, uWSGI, granian and cheroot. bjoern, unmaintained, is the anchor: one bare C loop for each core, without timeouts or limits.',
    '',
    ...goalLines(results),
    '',
    ...further.flatMap((plot) => [plot, '']),
    '## All figures, and how to repeat them',
    `[bench/results/${name}.md](../bench/results/${name}.md) has every figure with its spread, the configuration of every server, and CPU and memory. \`npm run bench\` repeats it, \`npm run bench:docs\` writes this page from the newest result; [bench/README.md](../bench/README.md) tells the method. Ratios travel between machines, absolute figures don’t.`,
    '',
  ].join('\n')
}

/** `Flask hello (1.15 × granian)` */
function missText({ goal, peer, found }: Judgement): string {
  const figure = (found ?? 0).toFixed(goal.against ? 2 : 1)
  return `${goal.what} (${figure}${goal.against ? ` × ${peer}` : ''})`
}
