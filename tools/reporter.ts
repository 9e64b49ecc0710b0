import { relative } from 'node:path'
import type { TestEvent } from 'node:test/reporters'

/** What a run of the test runner came to; the last line of the report says it. */
export interface Counts {
  passed: number
  failed: number
  skipped: number
}

interface FileRow extends Counts {
  ms: number
}

/**
 * A reporter for `node --test`: one line a file, every failure in full, and a last line that tools/test.ts reads.
 * Events of several files come mixed, so a file's line is written when the whole run is over.
 */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const files = new Map<string, FileRow>()
  for await (const event of events) {
    if (event.type === 'test:stderr') yield event.data.message
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue
    const { data } = event
    const row = rowOf(files, data.file ?? '')
    // A suite or a file that holds a failed test fails too; the test itself has been told already.
    const cause = event.type === 'test:fail' ? event.data.details.error : null
    const isEcho = cause !== null && 'failureType' in cause && cause.failureType === 'subtestsFailed'
    if (data.nesting === 0) row.ms += data.details.duration_ms
    if (data.details.type === 'suite' || isEcho) continue
    if (data.skip !== undefined || data.todo !== undefined) row.skipped += 1
    else if (event.type === 'test:pass') row.passed += 1
    else {
      row.failed += 1
      yield `\nFAILED  ${nameOf(data.file)}:${data.line ?? 0}  ${data.name}\n${indent(detailOf(event.data.details.error))}\n\n`
    }
  }
  const all: Counts = { passed: 0, failed: 0, skipped: 0 }
  for (const [file, row] of [...files].sort(([a], [b]) => a.localeCompare(b))) {
    yield `  ${row.failed ? 'FAILED' : 'ok    '} ${nameOf(file)}  ${countsText(row)}, ${(row.ms / 1000).toFixed(1)} s\n`
    all.passed += row.passed
    all.failed += row.failed
    all.skipped += row.skipped
  }
  yield `${countsText(all)}\n`
}

/** `12 passed, 0 failed`, and the skipped where there are any. */
export function countsText({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`
}

export function readCounts(line: string): Counts | null {
  const match = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/.exec(line)
  return match && { passed: Number(match[1]), failed: Number(match[2]), skipped: Number(match[3] ?? 0) }
}

function rowOf(files: Map<string, FileRow>, file: string): FileRow {
  const known = files.get(file)
  if (known) return known
  const row = { passed: 0, failed: 0, skipped: 0, ms: 0 }
  files.set(file, row)
  return row
}

function nameOf(file: string | undefined): string {
  return relative(process.cwd(), file ?? '')
    .replace(/^build\//, '')
    .replace(/\.js$/, '')
}

function detailOf(error: Error): string {
  const cause = error.cause
  if (cause instanceof Error) return cause.stack ?? cause.message
  return cause === undefined ? (error.stack ?? error.message) : String(cause)
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ')
}
