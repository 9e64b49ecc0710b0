import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { HeaderCache } from '../../../src/parse/headerCache.ts'
import type { ParseLimits } from '../../../src/parse/http1.ts'
import { bytesOf, type Case, cuts, loadCases, visible } from '../../kit/cases.ts'
import { ROOMY, record } from './record.ts'

for (const one of loadCases('parse')) {
  test(`${one.where} ${one.name}`, () => {
    const limits = limitsOf(one)
    const expected = expectedLines(one)
    // Shared by all cuts, so that blocks come from it as well as into it.
    const cache = new HeaderCache()
    for (const [name, pieces] of cuts(bytesOf(blockOf(one, 'in')))) {
      deepEqual(asFar(expected, record(pieces, null, limits)), expected, `${name}, line by line`)
      deepEqual(asFar(expected, record(pieces, cache, limits)), expected, name)
      deepEqual(asFar(expected, record(pieces, cache, limits, 1)), expected, `${name}, a head at a time`)
    }
  })
}

/** Escapes may stand for more than they must. Where a case writes no `eof`, the end must be a clean one. */
function expectedLines(one: Case): string[] {
  const lines = blockOf(one, 'out')
    .split('\n')
    .map((line) => visible(bytesOf(line)).trimEnd())
    .filter(Boolean)
  return lines.at(-1)?.startsWith('eof ') ? lines : [...lines, 'eof clean']
}

function blockOf({ where, blocks }: Case, info: string): string {
  const block = blocks[info]
  if (block === undefined) throw new Error(`${where}: there is no block ${info}`)
  return block
}

/** Fields are compared where a case writes some. */
function asFar(expected: readonly string[], lines: string[]): string[] {
  const isField = (line: string) => line.startsWith('field ')
  return expected.some(isField) ? lines : lines.filter((line) => !isField(line))
}

function limitsOf({ blocks }: Case): ParseLimits {
  const lines = (blocks.limits ?? '').split('\n').filter(Boolean)
  const changes = lines.map((line) => line.split(' ')).map(([name = '', value]) => [name, Number(value)])
  for (const [name = ''] of changes) if (!(name in ROOMY)) throw new Error(`there is no limit ${name}`)
  return { ...ROOMY, ...Object.fromEntries(changes) }
}
