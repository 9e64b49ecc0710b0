import { deepEqual, equal, match } from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Fault } from '../../../src/faults/fault.ts'
import { Log, type LogSettings } from '../../../src/observe/log.ts'
import { startLines } from '../../../src/observe/start.ts'

const TIME = '1970-01-01T00:00:01.500Z'

function logged(settings: Partial<LogSettings>, say: (log: Log) => void): string {
  const lines: string[] = []
  const sink = { write: (line: string) => lines.push(line), pass: (text: string) => lines.push(text) }
  say(new Log({ level: 'info', format: 'text', color: false, ...settings }, sink, () => 1500))
  return lines.join('')
}

describe('brief', () => {
  const brief = (say: (log: Log) => void, color = false): string =>
    logged({ format: 'brief', color }, say).replace(/^(\x1b\[2m)?\d\d:\d\d:\d\d/gm, '$1TIME')

  test('the time of day, level and message; facts for machines are left out', () => {
    equal(
      brief((log) => log.error('GET /: x\n\x1b[2J', { event: 'request_failed', pid: 1 })),
      'TIME error  GET /: x\\x0a\\x1b[2J\n',
    )
  })
  test('hint and traceback stand below; the traceback stands for a hint at it', () => {
    const fault = (trace: string, hint = '') => new Fault('APP_RAISED', { detail: 'x' }, trace, hint)
    equal(
      brief((log) => log.fault(fault(''))),
      'TIME error  the application raised x\n    see the traceback in the log\n',
    )
    equal(
      brief((log) => log.fault(fault('Traceback'))),
      'TIME error  the application raised x\n    Traceback\n',
    )
    equal(
      brief((log) => log.fault(fault('Traceback', 'do'))),
      'TIME error  the application raised x\n    do\n    Traceback\n',
    )
  })
  test('colors', () => {
    equal(
      brief((log) => log.warning('a', { hint: 'b' }), true),
      '\x1b[2mTIME\x1b[0m \x1b[33mwarning\x1b[0m a\n    \x1b[2mb\x1b[0m\n',
    )
  })
  test('what the application prints is left as it is, what it logs is brief', () => {
    equal(
      brief((log) => log.output({ pid: 42, text: 'hello', requestId: 'a1' })),
      'hello\n',
    )
    equal(
      brief((log) => log.record({ pid: 42, level: 'warning', text: 'm', requestId: 'a1' })),
      'TIME warning m\n',
    )
  })
})

describe('text', () => {
  test('time, level, message, fields', () => {
    equal(
      logged({}, (log) => log.info('worker 1 is ready', { pid: 42, requestId: 'a1', nothing: undefined })),
      `${TIME} info    worker 1 is ready pid=42 requestId=a1\n`,
    )
  })
  test('fields are quoted where they need it', () => {
    equal(
      logged({}, (log) => log.info('m', { a: 'b c', d: '', e: 'f"g' })),
      `${TIME} info    m a="b c" d="" e="f\\"g"\n`,
    )
  })
  test('nobody can add a line, or drive the terminal', () => {
    equal(
      logged({}, (log) => log.info('a\nb\x1b[2J', { path: '/\x00\x9b\u2028\\' })),
      `${TIME} info    a\\x0ab\\x1b[2J path="/\\x00\\x9b\\u2028\\\\"\n`,
    )
  })
  test('a fault: code, hint, traceback', () => {
    equal(
      logged({}, (log) =>
        log.fault(new Fault('APP_RAISED', { detail: 'KeyError' }, 'Traceback:\n  File "x"\n'), { pid: 1 }),
      ),
      `${TIME} error   the application raised KeyError pid=1 code=APP_RAISED hint="see the traceback in the log"\n    Traceback:\n      File "x"\n`,
    )
  })
  test('tracebacks are dressed once they are harmless, but not where everything is shown', () => {
    const raised = new Fault('APP_RAISED', { detail: 'x' }, 'one\x1b[2J\r\ntwo')
    const say = (log: Log): void => {
      log.dressTrace = (trace, hasColors) => `<${trace}>\n${hasColors}`
      log.fault(raised)
    }
    const trace = (settings: Partial<LogSettings>): string => logged(settings, say).replace(/^.*\n/, '')
    equal(trace({}), '    <one?[2J\n    two>\n    false\n')
    equal(trace({ color: true }), '    <one?[2J\n    two>\n    true\n')
    equal(trace({ level: 'debug' }), '    one?[2J\n    two\n')
    match(logged({ format: 'json' }, say), /"trace":"one/)
  })
  test('levels below the chosen one are left out', () => {
    equal(
      logged({ level: 'warning' }, (log) => log.info('b')),
      '',
    )
    match(
      logged({ level: 'warning' }, (log) => log.error('c')),
      /error {3}c/,
    )
  })
  test('colors where they are wanted', () => {
    equal(
      logged({ color: true }, (log) => log.warning('a')),
      `${TIME} \x1b[33mwarning\x1b[0m a\n`,
    )
  })
  test('what the application prints comes with its worker’s pid, whatever the level', () => {
    equal(
      logged({ level: 'error' }, (log) => log.output({ pid: 42, text: '\x1b[1mhello' })),
      '[42] \x1b[1mhello\n',
    )
    equal(
      logged({}, (log) => log.output({ pid: 42, text: 'hello', requestId: 'a1' })),
      '[42 a1] hello\n',
    )
  })
})

describe('classic', () => {
  const LINE = /^\[1970-01-01 \d\d:\d\d:01 [+-]\d{4}\] \[0\] (.*\n)$/s
  const said = (say: (log: Log) => void): string => logged({ format: 'classic' }, say).replace(LINE, '$1')

  test('time with its zone, pid, level, text; no fields but what helps', () => {
    equal(
      said((log) => log.warning('a\nb', { worker: 1, requestId: 'a1' })),
      '[WARNING] a\\x0ab [a1]\n',
    )
    equal(
      said((log) => log.fault(new Fault('APP_RAISED', { detail: 'KeyError' }))),
      '[ERROR] the application raised KeyError (APP_RAISED: see the traceback in the log)\n',
    )
  })
  test('the words that log readers look for, at the level they know', () => {
    const event = (event: string, fields = {}): string => said((log) => log.debug('told', { event, ...fields }))
    equal(event('worker_ready', { pid: 7 }), '[INFO] Booting worker with pid: 7: told\n')
    equal(event('request_overdue', { pid: 7 }), '[CRITICAL] WORKER TIMEOUT (pid:7): told\n')
    equal(event('signal', { signal: 'SIGHUP' }), '[INFO] Handling signal: hup: told\n')
    equal(
      said((log) => log.info('x', { event: 'listening', address: 'http://a:1' })),
      '[INFO] Listening at: http://a:1 (0)\n',
    )
    equal(
      said((log) => log.info('x', { event: 'listening', address: 'http://unix:/run/a.sock:' })),
      '[INFO] Listening at: unix:/run/a.sock (0)\n',
    )
    equal(event('other'), '')
  })
  test('what the application prints stands as it is; what it logs is a line', () => {
    equal(
      said((log) => log.output({ pid: 42, text: '{"a":1}', requestId: 'a1' })),
      '{"a":1}\n',
    )
    match(
      logged({ format: 'classic' }, (log) => log.record({ pid: 42, level: 'critical', text: 'a\n  b' })),
      /\] \[42\] \[CRITICAL\] a\n {2}b\n$/,
    )
  })
})

test('a record of the application’s: its level, its further lines below it', () => {
  const record = { pid: 42, level: 'warning', text: 'a\nb', requestId: 'r' } as const
  equal(
    logged({}, (log) => log.record(record)),
    `${TIME} warning a pid=42 requestId=r\n    b\n`,
  )
  const line = JSON.parse(logged({ format: 'json' }, (log) => log.record(record)))
  deepEqual([line.level, line.message, line.source], ['warning', 'a\nb', 'application'])
})

describe('json', () => {
  test('a line of our own', () => {
    const line = logged({ format: 'json' }, (log) => log.error('a\nb', { pid: 42 }, 'trace\n'))
    deepEqual(JSON.parse(line), { time: TIME, level: 'error', message: 'a\nb', pid: 42, trace: 'trace\n' })
    equal(line.indexOf('\n'), line.length - 1)
  })
  test('a line of the application’s', () => {
    const line = logged({ format: 'json' }, (log) => log.output({ pid: 42, text: 'x', level: 'warning' }))
    deepEqual(JSON.parse(line), { time: TIME, level: 'warning', message: 'x', source: 'application', pid: 42 })
  })
})

test('the start says what runs', () => {
  const facts = {
    version: '0.1.0',
    addresses: ['http://127.0.0.1:8000', 'unix:/run/a.sock'],
    application: 'hello:app',
    implementation: 'CPython',
    python: '3.12.1',
    interpreter: '/usr/bin/python3',
    workers: 2,
    threads: 1,
  }
  deepEqual(startLines(facts), [
    'dram 0.1.0 serves hello:app',
    'listening on http://127.0.0.1:8000',
    'listening on unix:/run/a.sock',
    'CPython 3.12.1 (/usr/bin/python3)',
    '2 workers × 1 thread',
  ])
})
