import { ok } from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const ROOT = new URL('../../../', import.meta.url)
const PAGES = readdirSync(new URL('docs/', ROOT)).filter((name) => name.startsWith('moving-from-'))

/** A line of a table: its last cell names a test file, and how the name of a test in it begins. */
const LINE = /^\|.*\| `([\w/]+)`: ([^|]+?) \|$/gm

for (const page of PAGES) {
  test(`each line of docs/${page} has its test`, () => {
    const text = readFileSync(new URL(`docs/${page}`, ROOT), 'utf8')
    const lines = [...text.matchAll(LINE)]
    // But for each table's head and the rule below it, no line goes without a test.
    const rows = text.split('\n').filter((line) => line.startsWith('| ') && !/\| test \|$/.test(line))
    for (const row of rows)
      ok(
        lines.some(([line]) => line === row),
        `names no test: ${row}`,
      )
    ok(lines.length > 0)
    for (const [, file, title] of lines) {
      const path = new URL(`tests/${file}.test.ts`, ROOT)
      ok(existsSync(path), `there is no tests/${file}.test.ts`)
      ok(readFileSync(path, 'utf8').includes(title!), `tests/${file}.test.ts has no test "${title}"`)
    }
  })
}
