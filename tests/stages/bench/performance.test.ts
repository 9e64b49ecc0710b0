import { equal, ok } from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { performancePage } from '../../../bench/performance.ts'
import type { Report } from '../../../bench/results.ts'

const ROOT = new URL('../../../../', import.meta.url)
const PAGE = new URL('docs/performance.md', ROOT)

test('docs/performance.md is what its result says (npm run bench:docs)', { skip: !existsSync(PAGE) }, () => {
  const page = readFileSync(PAGE, 'utf8')
  const name = /bench\/results\/([\dT-]+)\.md\)/.exec(page)?.[1]
  ok(name, 'it names its result')
  const report: Report = JSON.parse(readFileSync(new URL(`bench/results/${name}.json`, ROOT), 'utf8'))
  equal(page, performancePage(report, name))
})
