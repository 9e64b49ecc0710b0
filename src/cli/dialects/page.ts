import type { ForeignRow, Verdict } from './verdict.ts'

/** A table of another server's settings, section by section, for its page in docs/. */
export function verdictTables(rows: readonly ForeignRow[]): string {
  const sections = [...new Set(rows.map(({ section }) => section))]
  return sections
    .map((title) => {
      const lines = rows.filter(({ section }) => section === title).map(line)
      return `## ${title}\n\n| setting | default | verdict | |\n|-|-|-|-|\n${lines.join('\n')}\n`
    })
    .join('\n')
}

function line({ name, flags, default: given, help, verdict }: ForeignRow): string {
  const names = [`\`${name}\``, ...flags.map((flag) => `\`${flag}\``)].join(' ')
  const cells = [names, given === null ? '' : `\`${shown(given)}\``, verdict.kind, `${help} ${fate(verdict)}`]
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function shown(value: unknown): string {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
    ? value.join(',') || '(none)'
    : typeof value === 'object' || value === ''
      ? JSON.stringify(value)
      : String(value)
}

function fate(verdict: Verdict): string {
  switch (verdict.kind) {
    case 'same':
    case 'mapped':
      return `→ ${verdict.to}`
    case 'accepted':
      return `No effect: ${verdict.why}`
    case 'refused':
      return `Instead: ${verdict.instead}`
  }
}
