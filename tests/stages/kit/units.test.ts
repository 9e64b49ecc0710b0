import { equal } from 'node:assert/strict'
import { test } from 'node:test'
import { durationText, parseDuration, parseSize, sizeText } from '../../../src/kit/units.ts'

const DURATIONS: [string, number | null][] = [
  ['30', 30_000],
  ['30s', 30_000],
  ['500ms', 500],
  ['1.5m', 90_000],
  ['2 h', 7_200_000],
  ['1d', 86_400_000],
  ['0', 0],
  ['', null],
  ['s', null],
  ['-1s', null],
  ['1x', null],
  ['1e3', null],
  ['1m30s', null],
  ['9999999999999999', null],
]

const SIZES: [string, number | null][] = [
  ['8190', 8190],
  ['64KiB', 65_536],
  ['64kib', 65_536],
  ['64K', 65_536],
  ['10MB', 10_000_000],
  ['1GiB', 1_073_741_824],
  ['0.5KiB', 512],
  ['1constructor', null],
  ['12 parsecs', null],
  ['999999999TiB', null],
]

test('durations', () => {
  for (const [text, ms] of DURATIONS) equal(parseDuration(text), ms, text)
})

test('sizes', () => {
  for (const [text, bytes] of SIZES) equal(parseSize(text), bytes, text)
})

test('the largest whole unit is shown', () => {
  equal(durationText(0), '0s')
  equal(durationText(1500), '1500ms')
  equal(durationText(75_000), '75s')
  equal(durationText(120_000), '2m')
  equal(sizeText(0), '0')
  equal(sizeText(8190), '8190')
  equal(sizeText(65_536), '64KiB')
  equal(sizeText(1_610_612_736), '1536MiB')
})
