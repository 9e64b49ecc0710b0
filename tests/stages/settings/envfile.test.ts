import { deepEqual, match, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { readEnvFile } from '../../../src/settings/envfile.ts'

const FILE = String.raw`
# a comment
PLAIN=value
export EXPORTED=yes
  SPACED = some words   # a comment
HASH=a#b
EMPTY=
SINGLE='as $it is \n # all of it'   # a comment
DOUBLE="two\nlines, a \"quote\" and a # sign"
EQUALS=a=b=c
URL=postgres://u:p@h/db?x=1#frag
PLAIN=again
`

test('lines of KEY=VALUE', () => {
  deepEqual(readEnvFile('app.env', FILE), {
    PLAIN: 'again',
    EXPORTED: 'yes',
    SPACED: 'some words',
    HASH: 'a#b',
    EMPTY: '',
    SINGLE: String.raw`as $it is \n # all of it`,
    DOUBLE: 'two\nlines, a "quote" and a # sign',
    EQUALS: 'a=b=c',
    URL: 'postgres://u:p@h/db?x=1#frag',
  })
})

test('a mark of byte order and CRLF are taken', () => {
  deepEqual(readEnvFile('app.env', '\ufeffA=1\r\nB=2\r\n'), { A: '1', B: '2' })
})

test('anything else is a fault with its line', () => {
  for (const line of ['NOPE', '=x', '1A=x', 'A="open', "A='open", 'A="x" y', 'A B=1']) {
    throws(
      () => readEnvFile('app.env', `OK=1\n${line}\n`),
      { code: 'SETTING_INVALID', message: /app\.env, line 2/ },
      line,
    )
  }
})

test('the fault names the line and the variable, and shows nothing of what may be a secret', () => {
  const says = (line: string) => {
    try {
      readEnvFile('app.env', line)
    } catch (error) {
      return (error as Error).message
    }
    return ''
  }
  match(says('DB_PASSWORD="hunter2'), /the value of DB_PASSWORD is not quoted rightly$/)
  match(says('hunter2'), /line 1: this is not KEY=VALUE$/)
})
