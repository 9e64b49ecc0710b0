import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { PLAIN } from '../../../src/cli/views/grid.ts'
import { chunkNotes, pointedRows, textOf } from '../../../src/cli/views/journey/bytes.ts'
import { journeyView } from '../../../src/cli/views/journey/journey.ts'
import { widthOf } from '../../../src/cli/views/words.ts'
import type { Journey } from '../../../src/dev/inspector/journey.ts'
import { ALL, base64, bytesOf, journey, queued, raised, refused, stream } from '../../kit/journeys.ts'

const NARROW = { columns: 40, colors: false }
const USUAL = { columns: 80, colors: false }

const SPLIT = journey(1, { bytes: bytesOf([0, 'GET /hello?name=you HTTP/1.1\r\nHost: loca'], [1.5, 'lhost\r\n\r\n']) })

/** The lines of one section, without its title. */
function section(
  told: Journey,
  name: string,
  printed = [] as { atMs: number; text: string }[],
  look = USUAL,
): string[] {
  const lines = journeyView(told, printed, look)
  const start = lines.findIndex((line) => line.startsWith(`${name}  `))
  ok(start > 0, name)
  const end = lines.indexOf('', start)
  return lines.slice(start + 1, end < 0 ? lines.length : end)
}

test('a journey is told stage by stage', () => {
  const lines = journeyView(journey(1), [], USUAL)
  deepEqual(lines.slice(0, 2), ['GET /tea?kind=green', 'answered with 200, 1.31 ms'])
  const titles = lines.filter((_, at) => lines[at - 1] === '').map((line) => line.split(' ')[0])
  deepEqual(titles, ['listen', 'parse', 'route', 'dispatch', 'worker', 'environ', 'call', 'respond', 'time'])
})

test('bytes that came apart are shown apart', () => {
  deepEqual(section(SPLIT, 'listen').slice(-6), [
    '  0.00 ms  40 bytes came',
    '           | GET /hello?name=you HTTP/1.1\\r\\n',
    '           | Host: loca',
    '  1.50 ms  9 bytes came, apart from those before',
    '           | lhost\\r\\n',
    '           | \\r\\n',
  ])
})

test('the call is told in its order, with what was printed between', () => {
  deepEqual(section(stream(1), 'call', [{ atMs: 150, text: 'half way' }]), [
    '  0.34 ms  called',
    "  0.50 ms  start_response('200 OK', [",
    "             ('Content-Type', 'text/plain'),",
    '           ])',
    '  0.82 ms  returned: generator',
    '  0.90 ms  chunk 1, by write(), 7 bytes: begins\\n',
    '   101 ms  chunk 2, 4 bytes: one\\n',
    '           printed: half way',
    '   201 ms  chunk 3, 4 bytes: two\\n',
    '   301 ms  chunk 4, 6 bytes: three\\n',
    '   301 ms  close()',
  ])
})

test('the framing of chunks is named', () => {
  deepEqual(section(stream(1), 'respond').slice(6, 14), [
    '           | \\r\\n',
    '           | 7\\r\\n   <- a chunk of 7 bytes',
    '           | begins\\n',
    '           | \\r\\n   <- its end',
    '   101 ms  9 bytes left, apart from those before',
    '           | 4\\r\\n   <- a chunk of 4 bytes',
    '           | one\\n',
    '           | \\r\\n   <- its end',
  ])
  ok(section(stream(1), 'respond').includes('           | 0\\r\\n   <- the last chunk'))
})

test('chunked framing that breaks off, or is none, has the notes of its beginning', () => {
  const head = 'HTTP/1.1 200 OK\r\n\r\n'
  deepEqual([...chunkNotes(Buffer.from(`${head}5\r\nhel`)).values()], ['a chunk of 5 bytes'])
  deepEqual([...chunkNotes(Buffer.from(`${head}no chunk`))], [])
  deepEqual([...chunkNotes(Buffer.from('HTTP/1.1 200'))], [])
})

test('a refusal names the rule, and points at its byte in the line and in the dump', () => {
  deepEqual(section(refused(1), 'parse'), [
    '           refused: HEADER_NAME_INVALID',
    '           a header name is empty or not a token',
    '           rule: RFC 9112 §5.1',
    '           | Host : 127.0.0.1:8000\\r\\n',
    '           |     ^ byte 23',
    '   0  47 45 54 20 2f 74 65 61 20 48 54 54 50 2f 31 2e  GET /tea HTTP/1.',
    '  16  31 0d 0a 48 6f 73 74 20 3a 20 31 32 37 2e 30 2e  1..Host : 127.0.',
    '                           ^^',
    '  32  30 2e 31 3a 38 30 30 30 0d 0a 0d 0a              0.1:8000....',
    '           hint: no space before the colon (RFC 9112 §5.1)',
  ])
})

test('every byte can be pointed at, and the end behind the last', () => {
  const bytes = Buffer.from('GET / HTTP/1.1\r\nA\x01B: \xff\n\r\n', 'latin1')
  for (let at = 0; at <= bytes.length; at++) {
    const [line, caret, ...dump] = pointedRows(bytes, at, 80).map(({ text }) => text)
    match(caret!, new RegExp(`byte ${at}$`))
    if (at === bytes.length) continue
    const row = dump.findIndex((text) => /^ +\^\^$/.test(text))
    const column = dump[row]!.indexOf('^^')
    equal(Number.parseInt(dump[row - 1]!.slice(column, column + 2), 16), bytes[at], `byte ${at} of the dump`)
    const shown = line!.slice(caret!.indexOf('^'), caret!.lastIndexOf('^') + 1)
    equal(shown, textOf(bytes.subarray(at, at + 1)), `byte ${at} of the line`)
  }
})

test('a traceback is shown, and drives no terminal', () => {
  const evil = { ...raised(1).call!, raised: 'Traceback:\nValueError: told to\x1b[2J\n' }
  const lines = journeyView({ ...raised(1), call: evil }, [{ atMs: 1, text: '\x1b[31mred' }], PLAIN)
  ok(lines.includes('           ValueError: told to\\x1b[2J'))
  ok(lines.every((line) => !/[\0-\x1f\x7f-\x9f]/.test(line)))
  equal(lines[1], 'failed with 500, APP_RAISED, 1.31 ms')
})

test('what waits is said to wait, behind whom', () => {
  deepEqual(section({ ...queued(1), decisions: [] }, 'dispatch'), [
    '  0.16 ms  into the queue, behind 7 others',
    '           it still waits',
  ])
})

test('text is shown as UTF-8 where it is, and byte by byte where it is not', () => {
  equal(textOf(Buffer.from('é日\t\r\n')), 'é日\\t\\r\\n')
  equal(textOf(Buffer.from('a\xff\x00', 'latin1')), 'a\\xff\\x00')
})

test('no line is wider than the terminal, whatever comes', () => {
  const long = 'x'.repeat(300)
  const wild = journey(1, {
    target: `/${long}`,
    bytes: bytesOf([0, `GET /${long} HTTP/1.1\r\n\r\n`], [1, '\xe6\x97\xa5'.repeat(60)]),
    environ: [{ key: 'HTTP_COOKIE', value: `'${long}'`, from: 'field cookie', rule: 'PEP 3333, environ Variables' }],
  })
  for (const told of [...ALL, wild])
    for (const look of [NARROW, USUAL])
      for (const line of journeyView(told, [{ atMs: 3, text: long }], look))
        ok(widthOf(line) <= look.columns, `${widthOf(line)}: ${line}`)
})

test('what the edge of the terminal cuts off of a line of bytes is no line of its own', () => {
  const lines = section(SPLIT, 'listen', [], NARROW).filter((line) => /^ {11}[|:] /.test(line))
  deepEqual(lines.slice(0, 2), ['           | GET /hello?name=you HTTP/1.', '           : 1\\r\\n'])
})

test('colors change nothing but colors', () => {
  for (const told of ALL) {
    const colored = journeyView(told, [], { columns: 80, colors: true })
    deepEqual(colored.map(stripVTControlCharacters), journeyView(told, [], USUAL))
    ok(colored.some((line) => line.includes('\x1b[')))
  }
})

test('where there is no terminal nothing is broken, and there are no bars', () => {
  const lines = journeyView(journey(1), [], PLAIN)
  ok(lines.some((line) => line.length > 120))
  equal(
    lines.some((line) => line.includes('█')),
    false,
  )
})

test('much is cut short, and said to be', () => {
  const body = 'y'.repeat(5000)
  const lines = section(journey(1, { bytes: { ...bytesOf([0, body]), dropped: 7 } }), 'listen')
  ok(lines.includes('           … and 2952 bytes more'))
  ok(lines.includes('           7 bytes more were not kept'))
  const chunks = [{ atMs: 3, size: 900, start: base64(body.slice(0, 64)), by: 'iterable' as const }]
  ok(section(journey(1, { call: { ...journey(1).call!, chunks } }), 'call').some((line) => line.endsWith('…')))
})
