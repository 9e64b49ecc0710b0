import { deepEqual, equal, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { readArguments } from '../../../src/settings/arguments.ts'

function words(...argv: string[]): unknown[] {
  return readArguments(argv).given.map(({ key, words, off }) => (off ? [key, 'off'] : [key, ...words]))
}

test('options stand before and after the application, in every form', () => {
  const expected = [
    ['workers', '4'],
    ['app', 'shop:app'],
    ['bind', ':80'],
  ]
  deepEqual(words('--workers', '4', 'shop:app', '--bind', ':80'), expected)
  deepEqual(words('--workers=4', 'shop:app', '-b', ':80'), expected)
  deepEqual(words('-w4', 'shop:app', '-b:80'), expected)
  deepEqual(words('-w=4', 'shop:app', '--bind=:80'), expected)
})

test('switches take no word, and can be turned off', () => {
  deepEqual(words('--strict-headers', 'app'), [
    ['strictHeaders', 'true'],
    ['app', 'app'],
  ])
  deepEqual(words('--no-date-header'), [['dateHeader', 'false']])
  deepEqual(words('--date-header=off'), [['dateHeader', 'off']])
  deepEqual(words('--no-server-header', '--no-access-log'), [
    ['serverHeader', 'off'],
    ['accessLog', 'off'],
  ])
})

test('a value may be empty, a dash, or hold an equals sign', () => {
  deepEqual(words('--script-name='), [['scriptName', '']])
  deepEqual(words('--access-log', '-'), [['accessLog', '-']])
  deepEqual(words('--env', 'A=1=2'), [['env', 'A=1=2']])
  deepEqual(words('--', '-odd'), [['app', '-odd']])
})

test('switches of the command are told apart', () => {
  const { given, switches } = readArguments(['-h', 'app'], { '--help': '--help', '-h': '--help' })
  deepEqual([...switches], ['--help'])
  equal(given.length, 1)
})

const FAULTS: [argv: string[], code: string, message: RegExp, hint?: RegExp][] = [
  [['--wokers', '4'], 'SETTING_UNKNOWN', /no setting --wokers/, /did you mean --workers\?/],
  [['--no-workers'], 'SETTING_UNKNOWN', /--no-workers/],
  [['-x'], 'SETTING_UNKNOWN', /-x/],
  [['--workers'], 'USAGE', /--workers needs a value/],
  [['--workers', '--threads', '2'], 'USAGE', /--workers=--threads/],
  [['--no-date-header=1'], 'USAGE', /takes no value/],
  [['one', 'two'], 'USAGE', /two applications: one and two/],
  [['app.initial', 'a=1'], 'USAGE', /two applications: app.initial and a=1/],
]

test('mistakes', () => {
  for (const [argv, code, message, hint = /./] of FAULTS) {
    throws(() => readArguments(argv), { code, message, hint }, argv.join(' '))
  }
})

test('behind a file of PasteDeploy stand its variables, as pserve takes them', () => {
  deepEqual(words('conf/a.ini#shop', 'port=80', '-w', '2', 'b=c'), [
    ['app', 'conf/a.ini#shop'],
    ['pasteGlobal', 'port=80'],
    ['workers', '2'],
    ['pasteGlobal', 'b=c'],
  ])
})
