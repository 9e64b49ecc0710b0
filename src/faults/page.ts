import { FAULTS, type FaultRow } from './table.ts'

const INTRODUCTION = `# Faults

This page is printed from the table (\`src/faults/table.ts\`) by \`npm run docs\`. A code is never renamed and never reused. What stands in braces is filled in where the fault is raised.
`

/** docs/faults.md */
export function faultsPage(): string {
  return [
    INTRODUCTION,
    section('What a client gets', 'status', 'HTTP status'),
    section('How the process ends', 'exit', 'Exit code'),
    logged(),
  ].join('\n')
}

function section(title: string, column: 'status' | 'exit', heading: string): string {
  const rows = Object.entries<FaultRow>(FAULTS).filter(([, row]) => row[column] !== undefined)
  const lines = rows.map(([code, row]) => `| ${row[column]} | ${code} | ${cell(row.says)} | ${cell(row.hint)} |`)
  return `## ${title}\n\n| ${heading} | Code | What it says | What to do |\n|-|-|-|-|\n${lines.join('\n')}\n`
}

function logged(): string {
  const rows = Object.entries<FaultRow>(FAULTS).filter(([, row]) => row.status === undefined && row.exit === undefined)
  const lines = rows.map(([code, row]) => `| ${code} | ${cell(row.says)} | ${cell(row.hint)} |`)
  return `## What is logged and counted alone\n\n| Code | What it says | What to do |\n|-|-|-|\n${lines.join('\n')}\n`
}

const cell = (text: string): string => text.replaceAll('|', '\\|')
