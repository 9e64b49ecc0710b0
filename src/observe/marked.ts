import type { Level } from './level.ts'

/** A record of Python's logging, as python/dram/records.py writes it among what the application prints. */
export interface MarkedRecord {
  /** null: it is to stand in the log as it is. */
  readonly level: Level | null
  text: string
}

const MARK = '\x1e'
const LEVEL_OF: Readonly<Record<string, Level | null>> = {
  D: 'debug',
  I: 'info',
  W: 'warning',
  E: 'error',
  C: 'critical',
  R: null,
}

/**
 * Lines of an application, those of one record put together again: its first line begins with the mark and a letter for
 * its level, each further one with the mark and `+`. All others are text as it was printed.
 */
export function withRecords(lines: readonly string[]): (string | MarkedRecord)[] {
  const found: (string | MarkedRecord)[] = []
  for (const line of lines) {
    const last = found.at(-1)
    const level = line.startsWith(MARK) ? LEVEL_OF[line[1]!] : undefined
    if (level !== undefined) found.push({ level, text: line.slice(2) })
    else if (!line.startsWith(`${MARK}+`)) found.push(line)
    else if (typeof last === 'object') last.text += `\n${line.slice(2)}`
    else found.push(line.slice(2)) // the first line came with an earlier read
  }
  return found
}
