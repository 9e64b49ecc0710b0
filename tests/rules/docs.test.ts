import { deepEqual, equal } from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { PAGES } from '../../tools/docs.ts'

for (const [name, page] of Object.entries(PAGES)) {
  test(`docs/${name} is what the table says (npm run docs)`, () => {
    equal(readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8'), page())
  })
}

test('docs/decisions/README.md lists each decision by its number and its title', () => {
  const folder = new URL('../../../docs/decisions/', import.meta.url)
  const lines = readdirSync(folder)
    .filter((name) => /^\d/.test(name))
    .map((name) => {
      const [, number, title] = /^# (\d+)\. (.+)/.exec(readFileSync(new URL(name, folder), 'utf8')) ?? []
      equal(Number.parseInt(name, 10), Number(number), name)
      return `- ${number}: [${title}](${name})`
    })
  const listed = readFileSync(new URL('README.md', folder), 'utf8').split('\n')
  deepEqual(
    listed.filter((line) => line.startsWith('- ')),
    lines,
  )
})
