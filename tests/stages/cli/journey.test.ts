import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { PLAIN } from '../../../src/cli/views/grid.ts'
import { chunkNotes, pointedRows, textOf } from '../../../src/cli/views/journey/bytes.ts'
import { journeyView } from '../../../src/cli/views/journey/journey.ts'
import { widthOf } from '../../../src/cli/views/words.ts'
import type { Journey } from '../../../src/dev/inspector/journey.ts'
import { base64, HELLO, RAISED, REFUSED, recorded, STREAMED } from './journeys.ts'

const NARROW = { columns: 40, colors: false }
const USUAL = { columns: 80, colors: false }

/** The lines of one section, without its title. */
function section(journey: Journey, name: string, printed = [] as { atMs: number; text: string }[]): string[] {
  const lines = journeyView(journey, printed, USUAL)
  const start = lines.findIndex((line) => line.startsWith(`${name}  `))
  ok(start > 0, name)
  const end = lines.indexOf('', start)
  return lines.slice(start + 1, end < 0 ? lines.length : end)
}

test('a journey is told stage by stage', () => {
  const lines = journeyView(HELLO, [], USUAL)
  deepEqual(lines.slice(0, 2), ['GET /hello?name=you', 'answered with 200, 3.21 ms'])
  const titles = lines.filter((_, at) => lines[at - 1] === '').map((line) => line.split(' ')[0])
  deepEqual(titles, ['listen', 'parse', 'route', 'dispatch', 'worker', 'environ', 'call', 'respond', 'time'])
})

test('bytes that came apart are shown apart', () => {
  deepEqual(section(HELLO, 'listen').slice(2), [
    '  0.00 ms  40 bytes came',
    '           | GET /hello?name=you HTTP/1.1\\r\\n',
    '           | Host: loca',
    '  1.50 ms  31 bytes came, apart from those before',
    '           | lhost\\r\\n',
    '           | User-Agent: curl/8.0\\r\\n',
    '           | \\r\\n',
  ])
})

test('the call is told in its order, with what was printed between', () => {
  deepEqual(section(STREAMED, 'call', [{ atMs: 20, text: 'half way' }]), [
    '  2.00 ms  called',
    "  2.10 ms  start_response('200 OK', [",
    "             ('Content-Type', 'text/plain'),",
    '           ])',
    '  2.20 ms  returned: generator',
    '  2.30 ms  chunk 1, 4 bytes: one\\n',
    '           printed: half way',
    '  52.0 ms  chunk 2, by write(), 3 bytes: two',
    '  53.0 ms  close()',
  ])
})

test('the framing of chunks is named', () => {
  deepEqual(section(STREAMED, 'respond').slice(5), [
    '           | \\r\\n',
    '           | 4\\r\\n   <- a chunk of 4 bytes',
    '           | one\\n',
    '           | \\r\\n   <- its end',
    '  52.1 ms  13 bytes left, apart from those before',
    '           | 3\\r\\n   <- a chunk of 3 bytes',
    '           | two\\r\\n',
    '           | 0\\r\\n   <- the last chunk',
    '           | \\r\\n',
  ])
})

test('chunked framing that breaks off, or is none, has the notes of its beginning', () => {
  const head = 'HTTP/1.1 200 OK\r\n\r\n'
  deepEqual([...chunkNotes(Buffer.from(`${head}5\r\nhel`)).values()], ['a chunk of 5 bytes'])
  deepEqual([...chunkNotes(Buffer.from(`${head}no chunk`))], [])
  deepEqual([...chunkNotes(Buffer.from('HTTP/1.1 200'))], [])
})

test('a refusal names the rule, and points at its byte in the line and in the dump', () => {
  const lines = section(REFUSED, 'parse')
  deepEqual(lines, [
    '           refused: HEADER_NAME_INVALID',
    '           a header name is empty or not a token',
    '           rule: RFC 9112 §5.1',
    '           | Host : localhost\\r\\n',
    '           |     ^ byte 20',
    '   0  47 45 54 20 2f 20 48 54 54 50 2f 31 2e 31 0d 0a  GET / HTTP/1.1..',
    '  16  48 6f 73 74 20 3a 20 6c 6f 63 61 6c 68 6f 73 74  Host : localhost',
    '                  ^^',
    '  32  0d 0a 0d 0a                                      ....',
    '           hint: no space before the colon (RFC 9112 §5.1)',
  ])
})

test('every byte can be pointed at, and the end behind the last', () => {
  const bytes = Buffer.from('GET / HTTP/1.1\r\nA\x01B: \xff\n\r\n', 'latin1')
  for (let at = 0; at <= bytes.length; at++) {
    const [line, caret, ...dump] = pointedRows(bytes, at, 80).map(({ text }) => text)
    match(caret!, new RegExp(`byte ${at}$`))
    const row = dump.findIndex((text) => /^ +\^\^$/.test(text))
    const [before, below] = [row === 0 ? '' : dump[row - 1]!, dump[row]!]
    const pointed = before.slice(below.indexOf('^^'), below.indexOf('^^') + 2)
    if (at === bytes.length) continue
    equal(Number.parseInt(pointed, 16), bytes[at], `byte ${at} of the dump`)
    const shown = line!.slice(caret!.indexOf('^'), caret!.lastIndexOf('^') + 1)
    equal(shown, textOf(bytes.subarray(at, at + 1)), `byte ${at} of the line`)
  }
})

test('a traceback is shown, and drives no terminal', () => {
  const lines = journeyView(RAISED, [{ atMs: 1, text: '\x1b[31mred' }], PLAIN)
  ok(lines.includes('           ValueError: told to\\x1b[2J'))
  ok(lines.every((line) => !/[\0-\x1f\x7f-\x9f]/.test(line)))
  equal(lines[1], 'failed with 500, APP_RAISED, 3.21 ms')
})

test('text is shown as UTF-8 where it is, and byte by byte where it is not', () => {
  equal(textOf(Buffer.from('é日\t\r\n')), 'é日\\t\\r\\n')
  equal(textOf(Buffer.from('a\xff\x00', 'latin1')), 'a\\xff\\x00')
})

test('no line is wider than the terminal, whatever comes', () => {
  const long = 'x'.repeat(300)
  const wild: Journey = {
    ...STREAMED,
    target: `/${long}`,
    bytes: recorded([0, `GET /${long} HTTP/1.1\r\n\r\n`], [1, '日本'.repeat(60)]),
    environ: [{ key: 'HTTP_COOKIE', value: `'${long}'`, from: 'field cookie', rule: 'PEP 3333, environ Variables' }],
  }
  for (const journey of [HELLO, STREAMED, REFUSED, RAISED, wild])
    for (const look of [NARROW, USUAL])
      for (const line of journeyView(journey, [{ atMs: 3, text: long }], look))
        ok(widthOf(line) <= look.columns, `${widthOf(line)}: ${line}`)
})

test('what the edge of the terminal cuts off of a line of bytes is no line of its own', () => {
  const lines = journeyView(HELLO, [], NARROW).filter((line) => /^ {11}[|:] /.test(line))
  deepEqual(lines.slice(0, 2), ['           | GET /hello?name=you HTTP/1.', '           : 1\\r\\n'])
})

test('colors change nothing but colors', () => {
  for (const journey of [HELLO, STREAMED, REFUSED, RAISED]) {
    const colored = journeyView(journey, [], { columns: 80, colors: true })
    deepEqual(colored.map(stripVTControlCharacters), journeyView(journey, [], USUAL))
    ok(colored.some((line) => line.includes('\x1b[')))
  }
})

test('where there is no terminal nothing is broken, and there are no bars', () => {
  const lines = journeyView(HELLO, [], PLAIN)
  ok(lines.some((line) => line.endsWith('<dram.body.Body object at 0x7f0000000000>')))
  equal(
    lines.some((line) => line.includes('█')),
    false,
  )
})

test('much is cut short, and said to be', () => {
  const body = 'y'.repeat(5000)
  const lines = section({ ...HELLO, bytes: { ...recorded([0, body]), dropped: 7 } }, 'listen')
  ok(lines.includes('           … and 2952 bytes more'))
  ok(lines.includes('           7 bytes more were not kept'))
  const call = {
    ...HELLO.call!,
    chunks: [{ atMs: 3, size: 900, start: base64(body.slice(0, 64)), by: 'iterable' as const }],
  }
  ok(section({ ...HELLO, call }, 'call').some((line) => line.endsWith('…')))
})
