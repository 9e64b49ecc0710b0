import { equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import { packageOf } from '../../../../src/dev/errors/folding.ts'
import { trimmed } from '../../../../src/dev/errors/trace.ts'

const FLASK = '/v/lib/python3.11/site-packages/flask/app.py'
const SIX = '/v/lib/python3.11/site-packages/six.py'
const own = (line: number) => `  File "/shop/shop.py", line ${line}, in cart\n    total()\n    ^^^^^^^`
const foreign = (file: string) => `  File "${file}", line 7, in run\n    return self.run()\n           ~~~~~~~~^^`

for (const [file, name] of [
  ['/shop/shop.py', null],
  ['/home/ann/python3/lib/shop.py', null],
  ['<string>', null],
  [FLASK, 'flask'],
  ['/v/lib/python3.11/site-packages/six.py', 'six'],
  ['/shop/.venv/lib64/python3.13t/site-packages/werkzeug/serving.py', 'werkzeug'],
  ['/usr/lib/python3/dist-packages/yaml/__init__.py', 'yaml'],
  ['/usr/lib/python3.9/json/decoder.py', 'json'],
  ['/usr/lib/python3.9/threading.py', 'threading'],
  ['<frozen importlib._bootstrap>', 'importlib'],
] as const)
  test(`${file} is of ${name ?? 'the application'}`, () => equal(packageOf(file), name))

test('runs of library frames are one line, the application’s stay as they are', () => {
  const trace = [
    'Traceback (most recent call last):',
    foreign(FLASK),
    foreign(FLASK),
    own(3),
    foreign('/usr/lib/python3.11/json/decoder.py'),
    own(4),
    'ValueError: told to',
  ]
  equal(
    trimmed(trace.join('\n')),
    [
      'Traceback (most recent call last):',
      '  … 2 frames in flask',
      own(3),
      '  … 1 frame in json',
      own(4),
      'ValueError: told to',
    ].join('\n'),
  )
})

test('packages are named once each, in their order', () => {
  const werkzeug = FLASK.replace('flask', 'werkzeug')
  match(
    trimmed([foreign(FLASK), foreign(werkzeug), foreign(FLASK), own(1)].join('\n')),
    /^ {2}… 3 frames in flask, werkzeug\n/,
  )
})

test('frames that Python has left out count', () => {
  const repeated = `${foreign(FLASK)}\n  [Previous line repeated 971 more times]`
  match(trimmed([own(1), repeated, 'RecursionError: x'].join('\n')), /\n {2}… 972 frames in flask\nRecursionError/)
})

test('where none is the application’s, those stay in which something was raised', () => {
  const trace = ['Traceback (most recent call last):', foreign(FLASK), 'ValueError: x'].join('\n')
  equal(trimmed(trace), trace)
  const long = [
    foreign(FLASK),
    foreign(FLASK),
    foreign(SIX),
    'ValueError: x',
    foreign(FLASK),
    foreign(SIX),
    'KeyError: x',
  ]
  const frames = (count: number) => `  … ${count} frame${count === 1 ? '' : 's'} in flask`
  equal(
    trimmed(long.join('\n')),
    [frames(2), foreign(SIX), 'ValueError: x', frames(1), foreign(SIX), 'KeyError: x'].join('\n'),
  )
})

test('causes, the place of a syntax error and other text stay', () => {
  const place = '  File "/v/lib/python3.11/site-packages/broken.py", line 3\n    a = (\n        ^\nSyntaxError: '
  const trace = `${own(1)}\n\nThe above exception was the direct cause of the following exception:\n\n${own(2)}\n${place}`
  equal(trimmed(trace), trace)
  equal(trimmed('no traceback at all\n  at node:internal'), 'no traceback at all\n  at node:internal')
})

test('exception groups keep their bars', () => {
  const group = [
    '  + Exception Group Traceback (most recent call last):',
    `  |   File "${FLASK}", line 1, in x`,
    '  |     return 1',
    '  |   File "/shop/shop.py", line 2, in y',
    '  |     raise ExceptionGroup("g", [])',
    '  | ExceptionGroup: g (1 sub-exception)',
    '  +-+---------------- 1 ----------------',
    '    | ValueError: one',
  ]
  equal(trimmed(group.join('\n')), [group[0], '  |   … 1 frame in flask', ...group.slice(3)].join('\n'))
})

test('colors: what was raised, the application’s places, and what is folded', () => {
  const text = trimmed([foreign(FLASK), own(1), 'shop.SoldOut: x'].join('\n'), true)
  equal(
    text,
    [
      '  \x1b[2m… 1 frame in flask\x1b[0m',
      '\x1b[36m  File "/shop/shop.py", line 1, in cart\x1b[0m\n    total()\n    ^^^^^^^',
      '\x1b[31m\x1b[1mshop.SoldOut: x\x1b[0m',
    ].join('\n'),
  )
})

test('a trace of any size is read in one go', () => {
  const many = Array.from({ length: 20_000 }, () => foreign(FLASK)).join('\n')
  equal(trimmed(`${many}\n${own(1)}`), `  … 20000 frames in flask\n${own(1)}`)
  equal(trimmed(`${'| '.repeat(200_000)}x`).length, 400_001)
})

const DURING = '\n\nDuring handling of the above exception, another exception occurred:\n\n'
const CAUSE = '\n\nThe above exception was the direct cause of the following exception:\n\n'

test('exceptions of a chain that say the same again are counted', () => {
  const block = (frames: number, what: string): string =>
    ['Traceback (most recent call last):', ...Array(frames).fill(foreign(FLASK)), own(3), what].join('\n')
  const shown = (frames: number, what: string): string =>
    `Traceback (most recent call last):\n  … ${frames} frames in flask\n${own(3)}\n${what}`
  const chain = [block(2, 'E: 1'), block(9, 'E: 1'), block(8, 'E: 1'), block(2, 'E: 2'), block(3, 'E: 2')]
  equal(
    trimmed(chain.join(DURING)),
    `${shown(2, 'E: 1')}\n\n… and the same 2 times more, while that was handled${DURING}${shown(2, 'E: 2')}\n\n… and the same once more, while that was handled`,
  )
  const different = [block(2, 'E: 1'), block(2, 'E: 2')].join(CAUSE)
  equal(trimmed(different), [shown(2, 'E: 1'), shown(2, 'E: 2')].join(CAUSE))
})
