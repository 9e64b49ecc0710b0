import { deepEqual, equal, match, ok, throws } from 'node:assert/strict'
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { ENDS, type End } from '../../../src/events/ends.ts'
import type { RequestFacts, ThreadStack } from '../../../src/events/worker.ts'
import { Fault } from '../../../src/faults/fault.ts'
import { Journal } from '../../../src/house/journal.ts'
import type { RunningOf } from '../../../src/house/output.ts'
import { linesOf } from '../../../src/house/supervisorLines.ts'
import type { ExchangeFacts } from '../../../src/server/facts.ts'
import { readArguments } from '../../../src/settings/arguments.ts'
import { load } from '../../../src/settings/load.ts'
import type { Settings } from '../../../src/settings/registry.ts'
import type { SupervisorEvent } from '../../../src/supervisor/events.ts'
import { atEnd } from '../../kit/ends.ts'

const LIMITS = { timeoutMs: 60_000, streamTimeoutMs: 10_000 }

const REQUEST: RequestFacts = {
  requestId: 'a1',
  method: 'GET',
  target: '/slow?token=abc',
  client: '203.0.113.9',
  ageMs: 60_123.4,
  state: 'running',
  worker: 3,
  headers: [],
}
const STACK: ThreadStack = {
  name: 'MainThread',
  ident: 7,
  requestId: 'a1',
  stack: '  File "shop.py", line 3, in pay\n    wait()\n',
}
const OVERDUE: SupervisorEvent = {
  kind: 'overdue',
  worker: 3,
  pid: 71,
  requests: [REQUEST],
  stacks: [STACK],
  dump: '',
}

function ended(end: End, detail = ''): SupervisorEvent {
  return { kind: 'workerEnded', worker: 3, pid: 71, generation: 1, end, detail, requests: 12, livedMs: 5_000.4 }
}

function only(event: SupervisorEvent) {
  const lines = linesOf(event, LIMITS)
  equal(lines.length, 1)
  return lines[0]!
}

describe('lines of the supervisor', () => {
  test('a worker that died', () => {
    deepEqual(only(ended('crashed', 'signal SIGSEGV')), {
      level: 'error',
      message: 'worker 3 (pid 71) died: a signal ended it (signal SIGSEGV)',
      fields: {
        event: 'worker_ended',
        worker: 3,
        pid: 71,
        generation: 1,
        reason: 'crashed',
        detail: 'signal SIGSEGV',
        requests: 12,
        livedMs: 5000,
      },
      trace: '',
    })
  })
  test('how loud an end is follows from its row', () => {
    for (const end of Object.keys(ENDS) as End[]) {
      const { level, message } = only(ended(end, 'x'))
      equal(level, !ENDS[end].planned ? 'error' : end === 'audited' ? 'debug' : 'info', end)
      ok(message.includes(ENDS[end].says), end)
      equal(message.includes(' died: '), ['crashed', 'exited', 'lost', 'boot_failed'].includes(end), end)
    }
  })

  test('where loads are shown, one that failed says why, and its worker no more', () => {
    const fault = new Fault('APP_IMPORT_FAILED', { detail: 'x' }, 'Traceback')
    const [failed] = linesOf({ kind: 'reloadFailed', generation: 2, fault }, LIMITS, true)
    deepEqual([failed!.message, failed!.trace], [fault.message, 'Traceback'])
    equal(linesOf(ended('boot_failed'), LIMITS, true)[0]!.level, 'debug')
    equal(linesOf(ended('crashed'), LIMITS, true)[0]!.level, 'error')
  })

  const LINES: readonly [event: SupervisorEvent, level: string, name: string, message: RegExp][] = [
    [
      { kind: 'workerReady', worker: 3, pid: 71, generation: 1, bootMs: 12.3 },
      'debug',
      'worker_ready',
      /^worker 3 \(pid 71\) is ready$/,
    ],
    [
      { kind: 'loadFailed', worker: 3, pid: 71, fault: new Fault('APP_IMPORT_FAILED', { detail: 'x' }, 'Traceback') },
      'error',
      'load_failed',
      /^worker 3 \(pid 71\) failed to load: .*x/,
    ],
    [
      { kind: 'loadFailed', worker: null, pid: null, fault: new Fault('FORK_FAILED', { detail: 'x' }) },
      'error',
      'load_failed',
      /^a worker failed to load/,
    ],
    [{ kind: 'preloaded', generation: 2 }, 'info', 'preloaded', /is preloaded/],
    [
      { kind: 'notPreloaded', generation: 2, findings: ['thread a', 'socket b'] },
      'info',
      'not_preloaded',
      /: thread a; socket b$/,
    ],
    [{ kind: 'reloadBegun', generation: 2 }, 'info', 'reload_begun', /generation 2/],
    [{ kind: 'reloaded', generation: 2, tookMs: 345.6 }, 'info', 'reloaded', /generation 2 serves, after 346 ms/],
    [
      { kind: 'reloadFailed', generation: 2, fault: new Fault('APP_BOOT_TIMEOUT', { limit: '60s' }) },
      'error',
      'reload_failed',
      /the old workers go on: .*60s/,
    ],
    [
      { kind: 'reloadFailed', generation: 2, fault: new Fault('RELOAD_CANCELLED', { detail: 'a stop' }) },
      'warning',
      'reload_failed',
      /cut short: a stop$/,
    ],
    [
      { kind: 'scaled', from: 2, to: 4, why: 'the queue waits' },
      'info',
      'scaled',
      /^from 2 to 4 workers: the queue waits$/,
    ],
    [
      { kind: 'overMemory', worker: 3, pid: 71, rssBytes: 600 << 20, limitBytes: 512 << 20, stacks: [STACK], dump: '' },
      'error',
      'worker_over_memory',
      /^worker 3 \(pid 71\) is killed: it uses 600 MiB of memory, --memory-limit is 512 MiB$/,
    ],
  ]
  for (const [event, level, name, message] of LINES)
    test(`${event.kind}: ${name}, ${level}`, () => {
      const line = only(event)
      equal(line.level, level)
      equal(line.fields.event, name)
      match(line.message, message)
    })
})

describe('an overdue request', () => {
  test('has one record, with the stacks of its worker', () => {
    deepEqual(only(OVERDUE), {
      level: 'error',
      message: 'GET /slow: no answer within 1m (worker 3, pid 71)',
      fields: {
        event: 'request_overdue',
        code: 'REQUEST_TIMEOUT',
        goesOn: undefined,
        requestId: 'a1',
        method: 'GET',
        path: '/slow',
        client: '203.0.113.9',
        ageMs: 60123,
        worker: 3,
        pid: 71,
        silent: undefined,
      },
      trace:
        'Thread 7 (MainThread), which runs this request, most recent call last:\n  File "shop.py", line 3, in pay\n    wait()',
    })
  })
  test('each of several has its own', () => {
    const requests = [REQUEST, { ...REQUEST, requestId: 'b2', state: 'answering' as const }]
    const lines = linesOf({ ...OVERDUE, requests }, LIMITS)
    deepEqual(
      lines.map(({ fields }) => [fields.requestId, fields.code]),
      [
        ['a1', 'REQUEST_TIMEOUT'],
        ['b2', 'STREAM_TIMEOUT'],
      ],
    )
    match(lines[1]!.message, /nothing more of its answer for 10s/)
  })
  test('in a call that keeps the GIL: the dump, and it says so', () => {
    const line = only({ ...OVERDUE, stacks: null, dump: 'Thread 0x1:\n  File "x.py", line 1 in y\n' })
    equal(line.fields.silent, true)
    match(line.trace, /keeps the GIL[\s\S]*File "x\.py", line 1 in y$/)
  })
})

// — with files —

interface Room {
  readonly journal: Journal
  readonly path: (name: string) => string
  readonly settings: (argv: string) => Settings
  /** Lines of a file, after all that waits is written. */
  readonly lines: (name: string) => Promise<string[]>
}

function room(t: TestContext, argv = '', runningOf: RunningOf = () => undefined): Room {
  const folder = mkdtempSync(join(tmpdir(), 'journal-'))
  const settings = (argv: string): Settings => {
    const { given } = readArguments(argv.split(' ').filter(Boolean))
    return load(given, {}, folder, () => null).settings
  }
  const journal = new Journal(settings(`--log-file log --log-format json ${argv}`), runningOf)
  atEnd(t, async () => {
    await journal.close()
    rmSync(folder, { recursive: true })
  })
  const path = (name: string): string => join(folder, name)
  const lines = async (name: string): Promise<string[]> => {
    await journal.close()
    return readFileSync(path(name), 'utf8').split('\n').slice(0, -1)
  }
  return { journal, path, settings, lines }
}

const EXCHANGE: ExchangeFacts = {
  connection: { peer: { address: '127.0.0.1', port: '4711', pairs: '' } },
  head: null,
  target: null,
  requestId: 'a1',
  startedMs: 0,
  place: null,
  status: 200,
  answerHead: null,
  bodyBytes: 5,
}

test('every event is one line of JSON', async (t) => {
  const { journal, lines } = room(t, '--log-level debug')
  journal.tell(OVERDUE)
  journal.tell(ended('crashed', 'signal SIGSEGV'))
  journal.refused(EXCHANGE.connection, new Fault('HOST_MISSING'))
  journal.turnedAway(3, new Fault('TOO_MANY_CONNECTIONS', { limit: 5 }))
  journal.failed(EXCHANGE, new Fault('QUEUE_FULL', { limit: 5 }))
  journal.left(EXCHANGE)
  journal.started({
    version: '1.2.3',
    addresses: ['http://127.0.0.1:8000'],
    application: 'shop:make(password="x")',
    implementation: 'CPython',
    python: '3.12.1',
    interpreter: '/usr/bin/python3',
    workers: 2,
    threads: 1,
  })
  const records = (await lines('log')).map((line) => JSON.parse(line))
  deepEqual(
    records.map(({ event }) => event),
    [
      'request_overdue',
      'worker_ended',
      'request_refused',
      'clients_turned_away',
      'request_failed',
      'client_left',
      'started',
      'listening',
      undefined,
      undefined,
    ],
  )
  match(records[0].trace, /^Thread 7/)
  equal(records[6].application, 'shop:make(password=***)')
  ok(!JSON.stringify(records).includes('"x"'))
})

test('what workers print: into the log, or through; their records always into the log', async (t) => {
  const { journal, lines, settings, path } = room(t, '--log-format classic --access-log access')
  const print = (text: string): boolean => journal.output(71, 'stderr', Buffer.from(text), () => {})
  print('printed\n\x1eWlook out\n\x1e+  a second line\nprinted again\n\x1eRas it is\n\x1eZno record\n')
  journal.output(71, 'stdout', Buffer.from('\x1eWno records here\n'), () => {})
  const written = (await lines('log')).map((line) => line.replace(/^\[[\d-]+ [\d:]+ [+-]\d{4}\]/, '[time]'))
  deepEqual(written, [
    'printed',
    '[time] [71] [WARNING] look out',
    '  a second line',
    'printed again',
    'as it is',
    '\x1eZno record',
    '\x1eWno records here',
  ])
  journal.adopt(settings(`--log-file ${path('log')} --log-format classic --app-output through`))
  print('\x1eEstill here\n')
  match((await lines('log')).at(-1)!, /\[71\] \[ERROR\] still here$/)
})

test('in a brief log what a request printed stands above what became of it', async (t) => {
  const { journal, lines } = room(t, '--log-format brief')
  journal.failed(EXCHANGE, new Fault('APP_RAISED', { detail: 'x' }))
  journal.output(71, 'stdout', Buffer.from('printed\n'), () => {})
  const [first, second, ...others] = await lines('log')
  equal(first, 'printed')
  match(second!, /^[\d:]{8} error {2}.*x$/)
  deepEqual(others, [])
})

test('an overdue request is told of once: its failure is for those who debug', async (t) => {
  const { journal, lines } = room(t)
  journal.failed(EXCHANGE, new Fault('REQUEST_TIMEOUT', { limit: '1m' }))
  journal.tell(OVERDUE)
  deepEqual(
    (await lines('log')).map((line) => JSON.parse(line).event),
    ['request_overdue'],
  )
})

test('what is told is counted', (t) => {
  const { journal } = room(t)
  const { counts } = journal
  journal.tell(OVERDUE)
  journal.tell(ended('crashed'))
  journal.tell(ended('reload'))
  journal.tell({ kind: 'workerReady', worker: 3, pid: 71, generation: 1, bootMs: 1 })
  journal.tell({ kind: 'reloaded', generation: 2, tookMs: 1 })
  journal.tell({ kind: 'reloadFailed', generation: 2, fault: new Fault('APP_IMPORT_FAILED') })
  journal.tell({ kind: 'reloadFailed', generation: 2, fault: new Fault('RELOAD_CANCELLED') })
  journal.refused(EXCHANGE.connection, new Fault('HOST_MISSING'))
  journal.refused(EXCHANGE.connection, new Fault('HEAD_TIMEOUT'))
  journal.failed(EXCHANGE, new Fault('WORKER_DIED'))
  journal.turnedAway(3, new Fault('TOO_MANY_CONNECTIONS'))
  journal.left(EXCHANGE)
  deepEqual(Object.keys(ENDS), [...counts.ends.keys()], 'all from the start')
  deepEqual([counts.ends.get('crashed'), counts.ends.get('reload'), counts.ends.get('lost')], [1, 1, 0])
  deepEqual([...counts.reloads.values()], [1, 1, 1])
  deepEqual(
    [...counts.timeouts.read()],
    [
      [['REQUEST_TIMEOUT'], 1],
      [['STREAM_TIMEOUT'], 0],
    ],
  )
  deepEqual(
    [...counts.refused.read()],
    [
      [['HEAD_TIMEOUT'], 1],
      [['HOST_MISSING'], 1],
    ],
  )
  deepEqual([...counts.failures.read()], [[['WORKER_DIED'], 1]])
  deepEqual(
    [...counts.turnedAway.read()],
    [
      [['TOO_MANY_CONNECTIONS'], 3],
      [['TOO_MANY_OF_CLIENT'], 0],
    ],
  )
  deepEqual([counts.workersReady, counts.clientAborts], [1, 1])
})

describe('a reload', () => {
  test('changes level, format and the access log', async (t) => {
    const { journal, settings, lines } = room(t)
    equal(journal.access, null)
    journal.log.debug('not shown')
    journal.adopt(settings('--log-level debug --log-format text --access-log access --access-log-format %(s)s'))
    journal.log.debug('shown')
    journal.access!(EXCHANGE)
    journal.adopt(settings('--access-log access --access-log-format %(id)s'))
    journal.access!(EXCHANGE)
    journal.adopt(settings('--access-log other --access-log-format %(id)s'))
    journal.access!(EXCHANGE)
    deepEqual(await lines('access'), ['200', 'a1'])
    deepEqual(await lines('other'), ['a1'])
    journal.adopt(settings(''))
    equal(journal.access, null)
    const log = await lines('log')
    equal(log.length, 1)
    match(log[0]!, /debug {3}shown$/)
  })

  test('loses no line of those who have not heard of it yet', async (t) => {
    const { journal, settings, lines } = room(t, '--access-log old --access-log-format %(s)s')
    const access = journal.access!
    access(EXCHANGE)
    journal.adopt(settings('--access-log new --access-log-format %(id)s'))
    access(EXCHANGE)
    deepEqual(await lines('old'), ['200'])
    deepEqual(await lines('new'), ['a1'])
    journal.adopt(settings(''))
    access(EXCHANGE)
    deepEqual(await lines('new'), ['a1'])
  })

  for (const argv of ['--access-log none/access', '--access-log access --access-log-format %h'])
    test(`with ${argv} changes nothing`, async (t) => {
      const { journal, settings, lines } = room(t, '--access-log old --access-log-format %(s)s')
      throws(() => journal.adopt(settings(`--log-level error ${argv}`)), Fault)
      journal.access!(EXCHANGE)
      journal.log.info('shown')
      deepEqual(await lines('old'), ['200'])
      equal((await lines('log')).length, 1)
    })
})

test('after a rotation the files are opened anew', async (t) => {
  const { journal, path, lines } = room(t, '--access-log access --access-log-format %(s)s')
  journal.log.info('one')
  journal.access!(EXCHANGE)
  await journal.close()
  for (const name of ['log', 'access']) renameSync(path(name), path(`${name}.1`))
  deepEqual(journal.reopen(), [])
  journal.access!(EXCHANGE)
  equal((await lines('log.1')).length, 1)
  deepEqual(
    (await lines('log')).map((line) => JSON.parse(line).event),
    ['logs_reopened'],
  )
  deepEqual(await lines('access'), ['200'])
})

test('a file that can’t be opened anew is told of, and written to as before', async (t) => {
  const { journal, path, lines } = room(t)
  renameSync(path('log'), path('moved'))
  const folder = path('.')
  journal.log.info('one')
  await journal.close()
  renameSync(folder, `${folder}-away`)
  const faults = journal.reopen()
  renameSync(`${folder}-away`, folder)
  deepEqual(
    faults.map(({ code }) => code),
    ['LOG_FILE'],
  )
  const events = (await lines('moved')).map((line) => JSON.parse(line).event)
  deepEqual(events, [undefined, 'logs_not_reopened'])
})

test('files can be given to the user that the server becomes', (t) => {
  const { journal, path } = room(t, '--access-log access')
  const { uid, gid } = statSync(path('log'))
  journal.own(uid, gid)
  equal(statSync(path('access')).uid, uid)
})

test('a log file that can’t be opened ends the start', (t) => {
  const { settings } = room(t)
  throws(() => new Journal(settings('--log-file none/log'), () => undefined), { code: 'LOG_FILE' })
})

test('output whose request another front has to name keeps its order', async (t) => {
  const answers: ((requestId: string | undefined) => void)[] = []
  const { journal, lines } = room(t, '', () => new Promise((resolve) => answers.push(resolve)))
  for (const text of ['one\n', 'two\nthree\n', 'four']) journal.output(71, 'stdout', Buffer.from(text), () => {})
  journal.outputEnded(71, 'stdout')
  answers[2]!('r3')
  answers[1]!(undefined)
  answers[0]!('r1')
  const told = (await lines('log')).map((line) => JSON.parse(line) as { message: string; requestId?: string })
  deepEqual(
    told.map(({ message, requestId }) => [message, requestId]),
    [
      ['one', 'r1'],
      ['two', undefined],
      ['three', undefined],
      ['four', 'r3'],
    ],
  )
})
