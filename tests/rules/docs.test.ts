import { equal } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { PAGES } from '../../tools/docs.ts'

for (const [name, page] of Object.entries(PAGES)) {
  test(`docs/${name} is what the table says (npm run docs)`, () => {
    equal(readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8'), page())
  })
}
