import { boundText, GOALS, type Judgement, judgeAll } from './goals.ts'
import { METRICS, type MetricName, type Summary, summary } from './metrics.ts'
import { configurationText } from './peers.ts'
import { type PeerResult, type Report, rowOf, type ScenarioResult, summaryOf, values } from './results.ts'
import { scenarioOf } from './scenarios.ts'

/** A result for people. `plots` are files beside it. */
export function markdown(report: Report, plots: readonly { readonly title: string; readonly file: string }[]): string {
  const facts = Object.entries({ ...report.machine, ...report.versions }).map(
    ([name, value]) => `| ${name} | ${value} |`,
  )
  return [
    `# Bench, ${report.began.slice(0, 16).replace('T', ' ')} UTC`,
    '',
    ...noticeLines(report),
    methodText(report),
    'Figures are medians (least–most). How to read them: [README](../README.md).',
    '',
    '| | |',
    '|-|-|',
    ...facts,
    '',
    '## Goals',
    ...goalLines(report.results),
    '',
    ...plots.flatMap(({ title, file }) => [`![${title}](${file})`, '']),
    ...report.results.flatMap(scenarioLines),
  ].join('\n')
}

export function noticeLines({ isSmoke, isWhole }: Report): string[] {
  return [
    ...(isSmoke ? ['A smoke run: everything ran; the figures mean nothing.', ''] : []),
    ...(isWhole ? [] : ['The run was ended early: this is what there was by then.', '']),
  ]
}

export function methodText({ method: { rounds, seconds, warmupSeconds } }: Report): string {
  return `${rounds} ${rounds === 1 ? 'round' : 'rounds'} in which the servers take turns, each started anew, checked, warmed up for ${warmupSeconds} s and loaded for ${seconds} s (where the scenario has no times of its own).`
}

/** The table of all goals that the results say something about. */
export function goalLines(results: readonly ScenarioResult[]): string[] {
  const judged = judgeAll(results).filter(({ goal }) => results.some(({ scenario }) => scenario === goal.scenario))
  if (judged.length === 0) return ['No scenario with a goal was part of this run.']
  return [
    '| scenario | figure | against | found | at least | aim | |',
    '|-|-|-|-:|-:|-:|-|',
    ...judged.map((judgement) => `| ${goalCells(judgement).join(' | ')} |`),
    '',
    `${countText(judged)}.`,
  ]
}

export function countText(judged: readonly Judgement[]): string {
  const of = (wanted: Judgement['verdict']) => judged.filter(({ verdict }) => verdict === wanted).length
  const without = of('not measured')
  return `Of ${judged.length} goals ${of('met') + of('aim reached')} are met (${of('aim reached')} with their aim), ${of('missed')} missed${without ? `, ${without} not measured` : ''}`
}

function goalCells({ goal, peer, found, own, verdict }: Judgement): string[] {
  const { against, metric, aim, isAimAbsolute } = goal
  const whom = against ? (peer && against.name !== peer ? `${against.name}: ${peer}` : against.name) : 'itself'
  const ratio = found === null ? '' : `${number(found, found >= 10 && !against ? 1 : 2)}${against ? ' ×' : ''}`
  const absolute = isAimAbsolute && own !== null ? ` (${number(own, 0)})` : ''
  return [
    goal.what,
    METRICS[metric].title,
    whom,
    ratio + absolute,
    boundText(goal, goal.atLeast),
    aim === null ? '' : boundText(goal, aim),
    verdict === 'missed' ? '**missed**' : verdict,
  ]
}

export function scenarioLines(result: ScenarioResult): string[] {
  const { title, metrics } = scenarioOf(result.scenario)
  const dram = rowOf(result, 'dram')
  const columns = [
    'server',
    'run as',
    'keep-alive',
    'rounds',
    ...metrics.map((name) => METRICS[name].title),
    'dram ÷ it',
  ]
  return [
    `## ${result.scenario}`,
    `${title}.${result.requestsPerSecond ? ` Offered: ${result.requestsPerSecond} requests/s.` : ''}`,
    '',
    `| ${columns.join(' | ')} |`,
    `|-|-|-|-:|${'-:|'.repeat(metrics.length + 1)}`,
    ...result.peers.map((row) => `| ${peerCells(row, metrics, dram).join(' | ')} |`),
    '',
    ...result.failures.map(({ peer, reason }) => `- ${peer} is left out: ${reason}`),
    ...result.again.map(({ peer, reason }) => `- a round of ${peer} failed and was done again: ${reason}`),
    ...goalSentences(result),
    '',
  ]
}

function goalSentences(result: ScenarioResult): string[] {
  const goals = GOALS.filter(({ scenario }) => scenario === result.scenario)
  return judgeAll([result], goals).map((judgement) => {
    const [, figure, whom, found, least, aim, verdict] = goalCells(judgement)
    return `- Goal: ${figure} ${least} against ${whom}${aim ? `, aim ${aim}` : ''}. Found ${found || 'nothing'}: ${verdict}.`
  })
}

function peerCells(row: PeerResult, metrics: readonly MetricName[], dram: PeerResult | null): string[] {
  return [
    row.peer,
    configurationText(row.configuration),
    row.rounds.every((round) => round.isKeptAlive) ? 'yes' : 'no',
    `${row.rounds.length}`,
    ...metrics.map((name) => cellText(row, name)),
    dram && row !== dram ? ratioText(dram, row, metrics[0]!) : '',
  ]
}

function cellText(row: PeerResult, name: MetricName): string {
  const found = summaryOf(row, name)
  return found ? rangeText(found, METRICS[name].digits) : ''
}

/** Of the medians, and in brackets the range of the turns, each with its neighbor. */
function ratioText(dram: PeerResult, other: PeerResult, name: MetricName): string {
  const [own, theirs] = [summaryOf(dram, name), summaryOf(other, name)]
  if (!own || !theirs || theirs.median === 0) return ''
  const neighbors = values(other, name)
  const turns = values(dram, name).flatMap((value, at) => (neighbors[at] ? [value / neighbors[at]] : []))
  if (turns.length === 0) return number(own.median / theirs.median, 2)
  return rangeText({ ...summary(turns), median: own.median / theirs.median }, 2)
}

function rangeText({ median, least, most }: Summary, digits: number): string {
  return least === most
    ? number(median, digits)
    : `${number(median, digits)} (${number(least, digits)}–${number(most, digits)})`
}

export function number(value: number, digits: number): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}
