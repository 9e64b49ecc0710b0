/** `npm run bench:docs [-- RESULT.json]`: docs/performance.md and the plots, from a result; from the newest otherwise. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { performancePage } from './performance.ts'
import type { Report } from './results.ts'
import { writePages } from './save.ts'

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..')
const RESULTS = join(ROOT, 'bench/results')

const file = process.argv[2] ? basename(process.argv[2]) : newest()
const report: Report = JSON.parse(readFileSync(join(RESULTS, file), 'utf8'))
const files = await writePages(report, RESULTS)
writeFileSync(join(ROOT, 'docs/performance.md'), performancePage(report, basename(file, '.json')))
process.stdout.write(`written: docs/performance.md, and in bench/results/ ${files.join(', ')}\n`)

function newest(): string {
  const found = readdirSync(RESULTS)
    .filter((name) => /^\d{4}-\d\d-\d\dT\d{4}\.json$/.test(name))
    .sort()
    .at(-1)
  if (!found) throw new Error('there is no result in bench/results/')
  return found
}
