import { summary } from '../metrics.ts'

/** What a run leaves as JSON. */
export interface DevReport {
  /** ISO 8601, UTC. */
  readonly began: string
  readonly machine: Readonly<Record<string, string>>
  readonly versions: Readonly<Record<string, string>>
  readonly rows: readonly DevRow[]
}

export interface DevRow {
  readonly name: string
  readonly app: string
  /** From a save to the answer; the same place in the lists of one application is the same turn. */
  readonly timesMs: readonly number[]
}

export function devMarkdown(report: DevReport): string {
  const { began, machine, versions, rows } = report
  const facts = Object.entries(machine).map(([what, value]) => `${what} ${value}`)
  return [
    `# From a saved file to the answer of the new code, ${began.slice(0, 10)}`,
    '',
    `${Object.entries(versions)
      .map(([what, version]) => `${what} ${version}`)
      .join(', ')}; ${facts.join(', ')}. Script: \`node build/bench/dev/run.js\`.`,
    '',
    'Milliseconds: the median of the saves, with the least and the most in brackets. `dram ÷ it`: of the medians, and in brackets of the saves, each with its neighbor.',
    '',
    '| application | server | saves | to the new answer, ms | dram ÷ it |',
    '| - | - | - | - | - |',
    ...rows.map((row) => lineOf(row, ourRow(rows, row))),
    '',
  ].join('\n')
}

function ourRow(rows: readonly DevRow[], row: DevRow): DevRow {
  return rows.find(({ name, app }) => app === row.app && name === 'dram dev')!
}

function lineOf(row: DevRow, ours: DevRow): string {
  const times = textOf(row.timesMs, 0)
  const ratio = row === ours ? '' : ratioText(row.timesMs, ours.timesMs)
  return `| ${row.app} | ${row.name} | ${row.timesMs.length} | ${times} | ${ratio} |`
}

function ratioText(theirs: readonly number[], ours: readonly number[]): string {
  const median = (summary(ours).median / summary(theirs).median).toFixed(2)
  const { least, most } = summary(ours.map((time, at) => time / theirs[at]!))
  return `${median} (${least.toFixed(2)}–${most.toFixed(2)})`
}

function textOf(times: readonly number[], digits: number): string {
  const { median, least, most } = summary(times)
  return `${median.toFixed(digits)} (${least.toFixed(digits)}–${most.toFixed(digits)})`
}
