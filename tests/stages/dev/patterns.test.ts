import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { patternOf } from '../../../src/dev/patterns.ts'

const ROWS: readonly [pattern: string, base: string, yes: readonly string[], no: readonly string[]][] = [
  ['/shop/site.yml', '/shop/site.yml', ['/shop/site.yml'], ['/shop/site_yml', '/shop/a/site.yml']],
  ['/shop/*.yml', '/shop', ['/shop/a.yml', '/shop/.yml'], ['/shop/a/b.yml', '/shop/a.yml2']],
  ['/shop/a?.yml', '/shop', ['/shop/ab.yml'], ['/shop/a.yml', '/shop/a/.yml']],
  ['/shop/**/*.sql', '/shop', ['/shop/a.sql', '/shop/a/b/c.sql'], ['/shopping/a.sql', '/shop/a.sq']],
  ['/shop/conf', '/shop/conf', ['/shop/conf', '/shop/conf/a/b.ini'], ['/shop/config']],
  ['/shop/conf/**', '/shop/conf', ['/shop/conf/a/b.ini'], ['/shop/a']],
  ['/a (1)+[x]/*.txt', '/a (1)+[x]', ['/a (1)+[x]/n.txt'], ['/a 1x/n.txt']],
]

for (const [text, base, yes, no] of ROWS) {
  test(text, () => {
    const pattern = patternOf(text)
    equal(pattern.base, base)
    for (const path of yes) equal(pattern.matches(path), true, path)
    for (const path of no) equal(pattern.matches(path), false, path)
  })
}
