import { deepEqual, equal, ok } from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { EVERY_PYTHON, FORKING, LONG, ONE_NODE, ONE_PYTHON, SELDOM } from '../../tools/reach.ts'

const ROOT = new URL('../../../', import.meta.url)

test('each test file that is to be run here and not there is one', () => {
  for (const files of [EVERY_PYTHON, FORKING, ONE_NODE, ONE_PYTHON, SELDOM]) {
    equal(new Set(files).size, files.length)
    for (const file of files) ok(existsSync(new URL(file, ROOT)), file)
  }
})

test('what one Python is enough for is not asked of every one', () => {
  deepEqual(
    EVERY_PYTHON.filter((file) => ONE_PYTHON.includes(file)),
    [],
  )
})

// A test that is long by a helper's doing would not be run after `npm test`: LONG has to know that helper.
test('helpers that do more in the full tests are known', () => {
  const helpers = readdirSync(new URL('tests/', ROOT), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .filter((name) => LONG.test(readFileSync(new URL(`tests/${name}`, ROOT), 'utf8')))
  deepEqual(helpers.sort(), ['guests/visit.ts', 'kit/server.ts'])
})
