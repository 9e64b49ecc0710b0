import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { grid, PLAIN } from '../../../src/cli/views/grid.ts'
import { requestsView, requestsWithHeaders } from '../../../src/cli/views/requests.ts'
import { stacksView } from '../../../src/cli/views/stacks.ts'
import { statusView } from '../../../src/cli/views/status.ts'
import { paces, topScreen } from '../../../src/cli/views/top.ts'
import { ageText, bytesText, clipped, printable, rateText, widthOf } from '../../../src/cli/views/words.ts'
import { SLOW, status, worker } from '../control/fakes.ts'

const NARROW = { columns: 80, colors: false }

test('ages and sizes are short', () => {
  deepEqual(
    [0, 999, 1_000, 9_990, 10_000, 59_999, 60_000, 3_599_999, 3_600_000, 86_399_999, 86_400_000, 9 * 86_400_000].map(
      ageText,
    ),
    ['0 ms', '999 ms', '1.0 s', '9.9 s', '10 s', '59 s', '1m 0s', '59m 59s', '1h 0m', '23h 59m', '1d 0h', '9d 0h'],
  )
  deepEqual([0, 1_023, 1_024, 10_000, 80 * 1024 ** 2, 1_023.9 * 1024, 5.25 * 1024 ** 3, null].map(bytesText), [
    '0 B',
    '1023 B',
    '1.0 KiB',
    '9.8 KiB',
    '80 MiB',
    '1.0 MiB',
    '5.3 GiB',
    '?',
  ])
  deepEqual([0, 0.44, 9.94, 9.96, 17_200.4].map(rateText), ['0', '0.4', '9.9', '10', '17200'])
})

test('widths are those of the terminal, not of the string', () => {
  deepEqual(['abc', 'é', 'e\u0301', '日本', '👍'].map(widthOf), [3, 1, 1, 4, 2])
  deepEqual(
    [clipped('abcdef', 6), clipped('abcdef', 5), clipped('日本語', 5), clipped('x', 0)],
    ['abcdef', 'abcd…', '日本…', ''],
  )
})

test('what comes from outside drives no terminal', () => {
  equal(printable('a\x1b[31mb\nc\u202e'), 'a\\x1b[31mb\\x0ac\\u202e')
  equal(printable('a\n\tb\r', '\n\t'), 'a\n\tb\\x0d')
  const evil = { ...SLOW, target: '/\x1b]0;x\x07', client: '\x9b1m', headers: [['a\n', '\x1b']] as const }
  const shown = [
    ...requestsWithHeaders([evil], PLAIN),
    ...statusView(status({ name: '\x1b[2J', folder: '\n', workers: [worker({ current: evil })] }), PLAIN),
    ...topScreen(null, status({ workers: [worker({ current: evil })] }), PLAIN, 24),
    ...stacksView(
      [{ number: 1, pid: 2, threads: [{ name: '\x1b', ident: 1, requestId: '\x07', stack: '\x1b' }] }],
      [],
      PLAIN,
    ),
  ]
  ok(shown.every((line) => !/[\0-\x1f\x7f-\x9f]/.test(line)))
})

test('columns are as wide as their widest cell; figures stand to the right', () => {
  const columns = [{ title: 'NAME' }, { title: 'SIZE', right: true }, { title: 'REST' }]
  deepEqual(
    grid(
      columns,
      [
        ['日本語', '7', 'x'],
        ['a', '12345', ''],
      ],
      PLAIN,
    ),
    ['NAME     SIZE  REST', '日本語      7  x', 'a       12345'],
  )
  deepEqual(grid(columns, [['日本語', '7', 'very long']], { columns: 16, colors: false }), [
    'NAME    SIZE  R…',
    '日本語     7  v…',
  ])
})

test('colors change no width', () => {
  const plain = statusView(status(), { columns: 60, colors: false })
  const colored = statusView(status(), { columns: 60, colors: true })
  deepEqual(
    colored.map((line) => stripVTControlCharacters(line).trimEnd()),
    plain,
  )
  ok(colored.some((line) => line.includes('\x1b[32m')))
})

test('status: a table, the head lines above it', () => {
  const current = { ...SLOW, ageMs: 3_400 }
  const workers = [worker({ running: 2, current, busyMs: 39_600 }), worker({ number: 12, pid: 4_721, rssBytes: null })]
  deepEqual(statusView(status({ workers, lastReload: { ok: false, text: 'oops', agoMs: 65_000 } }), PLAIN), [
    'shop: serving and ready, pid 4711, up 3h 12m, dram 0.1.0',
    '  application  shop.wsgi:application',
    '  python       CPython 3.11.7 (/usr/bin/python3)',
    '  addresses    http://127.0.0.1:8000',
    '  folder       /srv/shop',
    '  workers      2 wanted (--workers 2..8), 2 serve',
    '  queue        0 of 2048',
    '  connections  12 of 10000',
    '  memory       front 58 MiB, workers 80 MiB, bodies 0 B',
    '  last reload  1m 5s ago failed: oops',
    '',
    'WORKER   PID  STATE    REQUESTS  BUSY  MEMORY     AGE  RUNS',
    '     1  4720  serving     12034   43%  80 MiB  1m 40s  3.4 s (+1) GET /slow?x=1',
    '    12  4721  serving     12034   43%       ?  1m 40s',
  ])
})

test('status: generations where there are several', () => {
  const generations = [
    { number: 2, state: 'current', preloaded: true, zygotePid: 90, forkerPids: [90, 91], ageMs: 1_000 },
    { number: 1, state: 'draining', preloaded: false, zygotePid: 80, forkerPids: [80], ageMs: 60_000 },
  ] as const
  const lines = statusView(status({ generations, workers: [worker({ generation: 2 })] }), PLAIN)
  ok(lines.includes('2           current   yes            90  1.0 s'))
  ok(lines.includes('1           draining  no             80  1m 0s'))
  ok(lines.includes('WORKER   PID  GEN  STATE    REQUESTS  BUSY  MEMORY     AGE  RUNS'))
})

test('status: before anything serves, and without workers', () => {
  const lines = statusView(
    status({
      state: 'starting',
      ready: false,
      application: '',
      python: '',
      addresses: [],
      workers: [],
      generations: [],
    }),
    PLAIN,
  )
  match(lines[0]!, /^shop: starting, /)
  equal(lines.at(-1), '  memory       front 58 MiB, workers 0 B, bodies 0 B')
  match(statusView(status({ ready: false }), PLAIN)[0]!, /^shop: not ready, /)
})

test('requests: the oldest first', () => {
  const waiting = { ...SLOW, requestId: 'abc-2', ageMs: 12, state: 'waiting', worker: null, client: '' } as const
  deepEqual(requestsView([waiting, SLOW], PLAIN), [
    '  AGE  STATE    WORKER  ID     CLIENT     REQUEST',
    '1.2 s  running       1  abc-1  192.0.2.7  GET /slow?x=1',
    '12 ms  waiting       -  abc-2  -          GET /slow?x=1',
  ])
  deepEqual(requestsWithHeaders([SLOW], PLAIN).slice(2), ['    host: shop.example', '    cookie: ***'])
  deepEqual(requestsView([], PLAIN), ['No request runs or waits.'])
})

test('stacks: as Python writes them, those that run a request first, the silent said to be so', () => {
  const threads = [
    { name: 'MainThread', ident: 16, requestId: null, stack: '  File "serve.py", line 1, in loop\n' },
    { name: 'serve-1', ident: 255, requestId: 'abc-1', stack: '  File "x.py", line 3, in name\n    wait("\\n")\n' },
    { name: 'serve-2', ident: 256, requestId: 'gone', stack: '' },
    { name: 'serve-3', ident: 257, requestId: null, stack: '' },
  ]
  const workers = [
    { number: 1, pid: 20, threads },
    { number: 2, pid: 21, threads: null },
  ]
  deepEqual(stacksView(workers, [SLOW], PLAIN), [
    'Worker 1 (pid 20)',
    '',
    'Thread serve-1 (0xff), runs GET /slow?x=1 for 1.2 s (request abc-1):',
    '  File "x.py", line 3, in name',
    '    wait("\\n")',
    '',
    'Thread serve-2 (0x100), runs request gone: not in Python code of the application',
    '',
    'Thread MainThread (0x10):',
    '  File "serve.py", line 1, in loop',
    '',
    'Thread serve-3 (0x101): idle',
    '',
    'Worker 2 (pid 21): it does not answer: a call into C may keep the interpreter to itself, or the process is stopped',
  ])
  deepEqual(stacksView([], [], PLAIN), ['No worker serves.'])
})

test('top: rates and busy are differences of two looks', () => {
  const before = status({ uptimeMs: 10_000, workers: [worker({ requests: 100, busyMs: 1_000 })] })
  const now = status({
    uptimeMs: 12_000,
    workers: [
      worker({ requests: 140, busyMs: 2_000 }),
      worker({ number: 2, requests: 5, busyMs: 0, current: { ...SLOW, worker: 2, ageMs: 1_000 } }),
    ],
  })
  deepEqual(
    [...paces(before, now)!],
    [
      [1, { rate: 20, busy: 0.5 }],
      [2, { rate: 2.5, busy: 0.5 }],
    ],
  )
  equal(paces(null, now), null)
  equal(paces(before, { ...now, pid: 1 }), null)
  equal(paces(now, now), null)
})

test('top: a request that ends is not counted twice', () => {
  const before = status({ uptimeMs: 1_000, workers: [worker({ busyMs: 0, current: { ...SLOW, ageMs: 900 } })] })
  const now = status({ uptimeMs: 2_000, workers: [worker({ busyMs: 1_400 })] })
  equal(paces(before, now)!.get(1)!.busy, 0.5)
})

test('top: a screen of 80 columns holds it', () => {
  const workers = [worker({ current: SLOW, running: 1 }), worker({ number: 2, pid: 4_721, rssBytes: null })]
  const now = status({ workers })
  deepEqual(topScreen({ ...now, uptimeMs: now.uptimeMs - 1_000 }, now, NARROW, 24), [
    'shop: serving and ready, pid 4711, up 3h 12m, dram 0.1.0',
    'workers: 2 wanted (--workers 2..8), 2 serve; generation 1',
    'requests: 0 a second, busy 0%; queue 0 of 2048; connections 12',
    'memory: front 58 MiB, workers 80 MiB, bodies 0 B',
    '',
    'WORKER   PID  STATE    REQ/S  BUSY  MEMORY     AGE  RUNS',
    '     1  4720  serving      0    0%  80 MiB  1m 40s  1.2 s GET /slow?x=1',
    '     2  4721  serving      0    0%       ?  1m 40s',
    '',
    'q: quit',
  ])
})

test('top: never more lines than the terminal, never wider than it, the busiest kept', () => {
  const workers = Array.from({ length: 40 }, (_, at) => worker({ number: at + 1, busyMs: 0, requests: 0 }))
  const before = status({ uptimeMs: 0, workers })
  const busy = workers.map((one) => (one.number > 36 ? { ...one, busyMs: 900, current: { ...SLOW, ageMs: 0 } } : one))
  const now = status({ uptimeMs: 1_000, name: 'n'.repeat(64), workers: busy })
  for (const [columns, rows] of [
    [80, 24],
    [40, 12],
    [20, 5],
    [1, 1],
  ] as const) {
    const lines = topScreen(before, now, { columns, colors: true }, rows)
    ok(lines.length <= rows)
    ok(lines.every((line) => widthOf(stripVTControlCharacters(line)) <= columns))
  }
  const lines = topScreen(before, now, NARROW, 12)
  deepEqual(
    lines.slice(6, 10).map((line) => line.trim().split(' ')[0]),
    ['37', '38', '39', '40'],
  )
  equal(lines.at(-2), '… and 36 more, less busy')
})
