import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { readSection } from '../../src/cli/paste/ini.ts'
import { Fault } from '../../src/faults/fault.ts'
import { ask, has } from './oracles/oracle.ts'

const USE = 'use = egg:waitress#main\n'
const HEAD = `[server:main]\n${USE}`

const TEXTS: readonly string[] = [
  HEAD,
  `${HEAD}threads = 4`,
  `${HEAD}threads=4\nhost:127.0.0.1\nport  :  80\n`,
  `${HEAD}ident = a = b : c\n`,
  `${HEAD}ident =\n`,
  `${HEAD}ident = a ; no comment\n`,
  `${HEAD}ident = a # no comment\n`,
  `# first\n; second\n${HEAD}# inside\nident = a\n; behind\n`,
  `${HEAD}listen = a:1\n  b:2\n\tc:3\n`,
  `${HEAD}listen =\n  a:1\n\n  b:2\n\nident = x\n`,
  `${HEAD}listen = a:1\n  # a comment inside\n  b:2\n`,
  `${HEAD}listen = a:1\n# a comment at the margin\n  b:2\n`,
  `${HEAD}Ident = Case\nident = case\n`,
  `${HEAD}ident = one\nident = two\n`,
  `${HEAD}[app:main]\nident = other\n[server:main]\nident = again\n`,
  `[DEFAULT]\nport = 80\n${HEAD}listen = 127.0.0.1:%(port)s\n`,
  `[DEFAULT]\na = %(b)s\nb = 1\n${HEAD}ident = %(a)s%(b)s\n`,
  `[DEFAULT]\na = 1\n${HEAD}a = 2\nident = %(a)s\n`,
  `[DEFAULT]\na = 1\n${HEAD}get ident = a\n`,
  `[DEFAULT]\na = 1\n${HEAD}set a = 2\nget ident = a\n`,
  `${HEAD}set debug = true\nident = x\n`,
  `${HEAD}ident = %(here)s/x\nserver_name = %(who)s\n`,
  `${HEAD}ident = 100%%\n`,
  `${HEAD}ident = 100%\n`,
  `${HEAD}ident = %(nothing)s\n`,
  `${HEAD}ident = %(threads)s\nthreads = 4\n`,
  `${HEAD}ident = a\r\nthreads = 4\r\n`,
  `  ${HEAD}`,
  `[server:main] ; behind\n${USE}`,
  `${HEAD}no value\n`,
  `ident = before\n${HEAD}`,
]

test('a section is read as PasteDeploy reads it', { skip: has('paste.deploy') ? false : 'no PasteDeploy' }, () => {
  const theirs = ask('paste_sections.py', TEXTS)
  const read = TEXTS.map((text, index) => ({ text, ours: ours(text), theirs: theirs[index] }))
  deepEqual(
    read.filter((one) => !isDeepStrictEqual(one.ours, one.theirs)),
    [],
  )
})

function ours(text: string): Record<string, string> | null {
  try {
    const section = readSection('/srv/a.ini', text, 'server:main', { here: '/srv', __file__: '/srv/a.ini', who: 'Ada' })
    const entries = [...(section ?? [])].filter(([name]) => name !== 'use').map(([name, { value }]) => [name, value])
    return section && Object.fromEntries(entries)
  } catch (error) {
    if (error instanceof Fault) return null
    throw error
  }
}
