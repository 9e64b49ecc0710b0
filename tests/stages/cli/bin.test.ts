import { equal, match } from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { atEnd } from '../../kit/ends.ts'

const DRAM = fileURLToPath(new URL('../../../../bin/dram', import.meta.url))

function run(program: string, ...argv: string[]) {
  return spawnSync(process.execPath, [program, ...argv], { encoding: 'utf8' })
}

test('bin/dram runs, also by a link, as npm makes them', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'dram-test-'))
  atEnd(t, () => rmSync(folder, { recursive: true }))
  symlinkSync(DRAM, join(folder, 'dram'))
  for (const program of [DRAM, join(folder, 'dram')]) {
    const { status, stdout, stderr } = run(program, '--version')
    equal(stderr, '')
    match(stdout, /^dram \d+\.\d+\.\d+ \(Node /)
    equal(status, 0)
  }
})

test('the exit code of a fault is that of the process', () => {
  equal(run(DRAM, '--no-such-option').status, 2)
})

test('a reader that leaves early is no failure', () => {
  const shell = '"$0" "$1" serve --help | head -n 1; echo "$PIPESTATUS"'
  const out = execFileSync('bash', ['-c', shell, process.execPath, DRAM], { encoding: 'utf8' })
  equal(out, 'Usage: dram serve [APP] [options]\n0\n')
})
