import { deepEqual, equal } from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Family, FamilyType, Label, Sample } from '../../../src/observe/family.ts'
import { prometheusText } from '../../../src/observe/prometheus.ts'
import { readPrometheus } from '../../../src/observe/prometheusReader.ts'

function gauge(name: string, samples: [labels: Label[], value: number][], help = ''): Family {
  return { name, type: 'gauge', help, samples: samples.map(([labels, value]) => ({ suffix: '', labels, value })) }
}

describe('what is written', () => {
  test('help, type, labels, values', () => {
    const family = gauge(
      'a_bytes',
      [
        [[], 1.5],
        [
          [
            ['x', 'y'],
            ['z', ''],
          ],
          Number.POSITIVE_INFINITY,
        ],
        [[['x', 'n']], Number.NEGATIVE_INFINITY],
        [[['x', 'o']], Number.NaN],
        [[['x', 'p']], 1e21],
      ],
      'Size.',
    )
    equal(
      prometheusText([family]),
      '# HELP a_bytes Size.\n# TYPE a_bytes gauge\na_bytes 1.5\na_bytes{x="y",z=""} +Inf\na_bytes{x="n"} -Inf\na_bytes{x="o"} NaN\na_bytes{x="p"} 1e+21\n',
    )
  })
  test('what would end a line or a value is escaped', () => {
    equal(
      prometheusText([gauge('a', [[[['x', 'q"\\\n']], 0]], 'two\nlines, "quoted" \\')]),
      '# HELP a two\\nlines, "quoted" \\\\\n# TYPE a gauge\na{x="q\\"\\\\\\n"} 0\n',
    )
  })
  test('a family without samples is left out', () => equal(prometheusText([gauge('a', [], 'A.')]), ''))
})

describe('what is read', () => {
  test('blanks, comments, timestamps, numbers as people write them', () => {
    const text =
      '# a comment\n#\n# TYPE  a   counter\n  \na 1\na {x = "1" , y="2",} 2.5e3 1234\r\na{} .5\na{x="}"} +Inf\na{x="b"} nan'
    deepEqual(readPrometheus(text), {
      families: [
        {
          name: 'a',
          type: 'counter',
          help: '',
          samples: [
            sample([], 1),
            sample(
              [
                ['x', '1'],
                ['y', '2'],
              ],
              2500,
            ),
            sample([], 0.5),
            sample([['x', '}']], Number.POSITIVE_INFINITY),
            sample([['x', 'b']], Number.NaN),
          ],
        },
      ],
      malformed: 0,
    })
  })
  test('what can’t be read is counted and left out', () => {
    const lines = [
      '1a 1',
      'a',
      'a b',
      'a 0x10',
      'a{x} 1',
      'a{x="1} 1',
      'a{x="1"y="2"} 1',
      'a{"x"="1"} 1',
      '{a="b"} 1',
      'a 1 2 3',
    ]
    deepEqual(readPrometheus(`${lines.join('\n')}\nb 1\n`), {
      families: [{ name: 'b', type: 'untyped', help: '', samples: [sample([], 1)] }],
      malformed: lines.length,
    })
  })
  test('suffixes belong to histograms and summaries alone', () => {
    const { families } = readPrometheus(
      '# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_sum 2\nh_count 1\n# TYPE g gauge\ng_sum 3\n',
    )
    deepEqual(
      families.map(({ name, samples }) => [name, samples.map(({ suffix }) => suffix)]),
      [
        ['h', ['_bucket', '_sum', '_count']],
        ['g_sum', ['']],
      ],
    )
  })
})

function sample(labels: Label[], value: number): Sample {
  return { suffix: '', labels, value }
}

test('what we write parses back', () => {
  const name = fc.stringMatching(/^[a-z][a-z_]{0,6}[xyz]$/)
  const labels = fc.uniqueArray(fc.tuple(name, fc.string({ unit: 'binary' })), {
    maxLength: 3,
    selector: ([first]) => first,
  })
  const value = fc.double().map((number) => (number === 0 ? 0 : number)) // −0 is written as 0
  const help = fc.string({ unit: 'binary' }).map((text) => text.replace(/^[ \t]+/, '')) // blanks before it mean nothing
  const family = (types: FamilyType[], suffixes: string[]): fc.Arbitrary<Family> => {
    const suffix = fc.constantFrom(...suffixes)
    const one = fc.tuple(suffix, labels, value).map(([suffix, labels, value]) => ({ suffix, labels, value }))
    const samples = fc.array(one, { minLength: 1, maxLength: 4 })
    return fc
      .tuple(name, fc.constantFrom(...types), help, samples)
      .map(([name, type, help, samples]) => ({ name, type, help, samples }))
  }
  const plain = family(['counter', 'gauge', 'untyped'], [''])
  const buckets = family(['histogram'], ['_bucket', '_sum', '_count'])
  const families = fc.uniqueArray(fc.oneof(plain, buckets), { maxLength: 4, selector: (family) => family.name })
  fc.assert(
    fc.property(families, (given) => {
      deepEqual(readPrometheus(prometheusText(given)), { families: given, malformed: 0 })
    }),
  )
})

test('no text makes the reader fail', () => {
  const bit = fc.constantFrom(
    'a',
    '{',
    '}',
    '"',
    '\\',
    '\n',
    ' ',
    '=',
    ',',
    '1',
    '# TYPE a histogram\n',
    'a_bucket',
    '+Inf',
  )
  fc.assert(
    fc.property(fc.array(bit, { maxLength: 40 }), (bits) => {
      readPrometheus(bits.join(''))
    }),
  )
})
