import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { LineSplitter } from '../../../src/observe/lineSplitter.ts'

function split(pieces: readonly (Buffer | string)[], maxLineBytes = 8): string[] {
  const splitter = new LineSplitter(maxLineBytes)
  const lines = pieces.flatMap((piece) => splitter.feed(Buffer.from(piece as string)))
  const rest = splitter.flush()
  return rest === null ? lines : [...lines, rest]
}

test('lines, empty ones too, and what has no newline', () => {
  deepEqual(split(['a\n\nb\r\nc']), ['a', '', 'b', 'c'])
  deepEqual(split(['']), [])
})

test('a long line comes in pieces, none longer than the bound', () => {
  deepEqual(split(['12345678\n']), ['12345678'])
  deepEqual(split(['123456789\nx\n']), ['12345678', '9', 'x'])
  deepEqual(split(['x'.repeat(20)]), ['x'.repeat(8), 'x'.repeat(8), 'x'.repeat(4)])
})

test('a character is not cut', () => {
  deepEqual(split(['1234567é\n']), ['1234567', 'é'])
  deepEqual(split(['12345😀\n']), ['12345', '😀'])
  deepEqual(split(['1234😀\n']), ['1234😀'])
  equal(split([Buffer.alloc(20, 0x80)]).length, 3)
})

test('cuts of the input make no difference', () => {
  const bytes = Buffer.from('one\n\ntwo é\n12345678901234567é890\r\n\nlast')
  const whole = split([bytes])
  deepEqual(split(Array.from(bytes, (byte) => Buffer.of(byte))), whole)
  for (let at = 1; at < bytes.length; at++)
    deepEqual(split([bytes.subarray(0, at), bytes.subarray(at)]), whole, `cut at ${at}`)
})
