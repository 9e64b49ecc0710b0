import { ENDS, type EndRow } from '../events/ends.ts'
import { STATES } from '../supervisor/status.ts'
import { DEED_ROWS, type DeedRow, SIGNALS, type SignalRow } from './signals.ts'

const INTRODUCTION = `# Signals, states, ends

This page is printed from tables (\`src/house/signals.ts\`, \`src/supervisor/status.ts\`, \`src/events/ends.ts\`) by \`npm run docs\`.
`

const SIGNALS_NOTE = `Send them to the front, the process that was started (\`--pidfile\`, \`dram status\`). Zygotes and workers pay no heed to HUP, INT, TERM and QUIT, so a signal to the whole group is the same as one to the front. \`--signal\` changes what one does.`

const DEEDS_NOTE = `While the server starts, what the column *starting* says: it is obeyed at once, or kept until the server serves, or passed over; the same while it stops. What is passed over is said in the log.`

const STATES_NOTE = `What \`dram status\` and \`dram_workers{state}\` say of a worker.`

const ENDS_NOTE = `Why a worker ended: the label of \`dram_worker_ends_total\`, and the field \`reason\` in the log. What was not planned is an error there.`

/** docs/lifecycle.md */
export function lifecyclePage(): string {
  return [
    INTRODUCTION,
    section('Signals', SIGNALS_NOTE, ['Signal', 'Deed', ''], signalRows()),
    section('Deeds', DEEDS_NOTE, ['Deed', 'What it does', 'Starting', 'Stopping'], deedRows()),
    section('States of a worker', STATES_NOTE, ['State', 'What it means'], Object.entries(STATES)),
    section('Ends of a worker', ENDS_NOTE, ['Reason', 'Planned', 'What the log says'], endRows()),
  ].join('\n')
}

function signalRows(): string[][] {
  return Object.entries<SignalRow>(SIGNALS).map(([name, { deed, says }]) => [name, deed, says])
}

function deedRows(): string[][] {
  const words = { now: 'at once', later: 'once it serves', never: 'passed over' } as const
  return Object.entries<DeedRow>(DEED_ROWS).map(([name, { says, starting, stopping }]) => [
    name,
    says,
    words[starting],
    words[stopping],
  ])
}

function endRows(): string[][] {
  return Object.entries<EndRow>(ENDS).map(([name, { planned, says }]) => [name, planned ? 'yes' : 'no', says])
}

function section(title: string, note: string, heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(' | ')} |`
  const rule = `|${heads.map(() => '-').join('|')}|`
  return `## ${title}\n\n${note}\n\n${[line(heads), rule, ...rows.map(line)].join('\n')}\n`
}

const cell = (text: string): string => text.replaceAll('|', '\\|')
