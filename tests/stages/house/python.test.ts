import { equal, match, throws } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { findPython } from '../../../src/house/python.ts'
import { isTooOld, pythonFault } from '../../../src/house/pythonFault.ts'
import { readArguments } from '../../../src/settings/arguments.ts'
import { load } from '../../../src/settings/load.ts'
import { atEnd } from '../../kit/ends.ts'

function found(argv: string, there: string[], variables: Record<string, string> = {}, folders: string[] = []): string {
  const settings = load(readArguments(argv.split(' ').filter(Boolean)).given, {}, '/here', () => null)
  const look = (path: string) => (there.includes(path) ? 'executable' : folders.includes(path) ? 'folder' : null)
  return findPython(settings, { PATH: '/usr/local/bin:/usr/bin', ...variables }, look).path
}

test('the order of interpreters', () => {
  const all = [
    '/env/bin/python',
    '/here/.venv/bin/python',
    '/here/venv/bin/python',
    '/usr/bin/python3',
    '/usr/bin/python',
  ]
  const active = { VIRTUAL_ENV: '/env' }
  equal(found('--python /usr/bin/python', all, active), '/usr/bin/python')
  equal(found('', all, active), '/env/bin/python')
  equal(found('', all), '/here/.venv/bin/python')
  equal(found('', all.slice(2)), '/here/venv/bin/python')
  equal(found('', all.slice(3)), '/usr/bin/python3')
  equal(found('', all.slice(4)), '/usr/bin/python')
})

test('an environment beside the application’s file, or in the folder it runs in', () => {
  const all = ['/here/site/.venv/bin/python', '/here/.venv/bin/python']
  equal(found('site/app.py:app', all), '/here/site/.venv/bin/python')
  equal(found('site/app.py', all), '/here/site/.venv/bin/python')
  equal(found('--paste site/a.ini#shop', all), '/here/site/.venv/bin/python')
  equal(found('site.app:app', all), '/here/.venv/bin/python')
  equal(found('app --chdir site', all), '/here/site/.venv/bin/python')
  equal(found('other/app.py', all), '/here/.venv/bin/python')
})

test('--python takes a path, a folder of an environment, or a name', () => {
  equal(found('--python .venv', ['/here/.venv/bin/python'], {}, ['/here/.venv']), '/here/.venv/bin/python')
  equal(found('--python python3.12', ['/usr/bin/python3.12']), '/usr/bin/python3.12')
  equal(found('--python ./my/python', ['/here/my/python']), '/here/my/python')
})

test('what was asked for and isn’t there is not replaced', () => {
  const code = 'PYTHON_NOT_FOUND'
  throws(() => found('--python /no/python', ['/usr/bin/python3']), {
    code,
    message: /tried \/no\/python \(--python\)$/,
  })
  throws(() => found('--python python9', ['/usr/bin/python3']), { code, message: /tried python9 \(--python\)$/ })
})

test('a fault tells all that was tried', () => {
  throws(() => found('', [], { VIRTUAL_ENV: '/env' }), {
    code: 'PYTHON_NOT_FOUND',
    message:
      /\/env\/bin\/python \(the active .*\/here\/\.venv\/bin\/python .*\/here\/venv\/bin\/python .*python3 \(on PATH\), python \(on PATH\)$/,
  })
})

test('3.9 is the oldest', () => {
  equal(isTooOld('2.7.18'), true)
  equal(isTooOld('3.8.18'), true)
  equal(isTooOld('3.9.0'), false)
  equal(isTooOld('3.13.0'), false)
  equal(isTooOld('4.0.0'), false)
})

test('a failed interpreter is asked why', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'dram-test-'))
  atEnd(t, () => rmSync(folder, { recursive: true }))
  const program = (name: string, lines: string): string => {
    const path = join(folder, name)
    writeFileSync(path, `#!/bin/sh\n${lines}\n`)
    chmodSync(path, 0o755)
    return path
  }
  const old = await pythonFault(program('old', 'printf 3.8.1'), process.env)
  match(String(old), /Python 3\.8\.1 \(.*old\) is too old/)
  const broken = await pythonFault(program('broken', 'echo no libpython >&2; exit 127'), process.env)
  equal(broken?.code, 'PYTHON_BROKEN')
  equal(broken?.trace, 'no libpython')
  equal((await pythonFault(join(folder, 'none'), process.env))?.code, 'PYTHON_BROKEN')
  const python = execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim()
  equal(await pythonFault(python, process.env), null)
})
