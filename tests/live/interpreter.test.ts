import { equal, match, ok } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Scope } from '../kit/ends.ts'
import { folder, PYTHON, run, start } from '../kit/server.ts'

const ONE = ['--workers', '1']
const APP = 'import sys\ndef app(e, s):\n    s("200 OK", [])\n    return [sys.prefix.encode()]\n'

/** A virtual environment without pip, which takes no time. */
function environment(path: string): string {
  execFileSync(PYTHON, ['-m', 'venv', '--without-pip', path])
  return path
}

function application(scope: Scope): string {
  return folder(scope, { 'app.py': APP })
}

test('.venv beside the application', async (t) => {
  const here = application(t)
  environment(join(here, '.venv'))
  const server = await start(t, 'app', ONE, { cwd: here, python: false })
  equal((await server.get('/')).text, join(here, '.venv'))
})

test('venv beside an application named by path from elsewhere', async (t) => {
  const here = application(t)
  environment(join(here, 'venv'))
  const server = await start(t, join(here, 'app.py'), ONE, { cwd: '/', python: false })
  equal((await server.get('/')).text, join(here, 'venv'))
})

test('the active environment is stronger', async (t) => {
  const here = application(t)
  environment(join(here, '.venv'))
  const active = environment(join(folder(t), 'active'))
  const server = await start(t, 'app', ONE, { cwd: here, python: false, env: { VIRTUAL_ENV: active } })
  equal((await server.get('/')).text, active)
})

test('--python is stronger still: an interpreter or an environment’s folder', async (t) => {
  const here = application(t)
  environment(join(here, '.venv'))
  const named = environment(join(folder(t), 'named'))
  for (const python of [join(named, 'bin/python'), named]) {
    const server = await start(t, 'app', ONE, { cwd: here, python, env: { VIRTUAL_ENV: join(here, '.venv') } })
    equal((await server.get('/')).text, named)
  }
})

test('else python3 of PATH', async (t) => {
  const bin = folder(t)
  const own = environment(join(folder(t), 'own'))
  symlinkSync(join(own, 'bin/python3'), join(bin, 'python3'))
  const server = await start(t, 'app', ONE, {
    cwd: application(t),
    python: false,
    env: { PATH: `${bin}:${process.env.PATH}` },
  })
  match(server.startLines.join('\n'), /3\.\d+\.\d+/)
  equal((await server.get('/')).status, 200)
})

test('a missing interpreter is a coded error', async (t) => {
  const server = run(t, ['app', ...ONE, '--bind', '127.0.0.1:0'], { cwd: application(t), python: '/none/python' })
  equal((await server.exit()).code, 3)
  match(server.stderr, /PYTHON_(NOT_FOUND|BROKEN)/)
  match(server.stderr, /\/none\/python/)
})

test('no interpreter at all: it says what was tried', async (t) => {
  const server = run(t, ['app', ...ONE, '--bind', '127.0.0.1:0'], {
    cwd: application(t),
    python: false,
    env: { PATH: '/none' },
  })
  equal((await server.exit()).code, 3)
  match(server.stderr, /PYTHON_NOT_FOUND/)
  match(server.stderr, /python3/)
})

test('an interpreter that doesn’t run', async (t) => {
  const python = join(folder(t), 'python')
  writeFileSync(python, '#!/bin/sh\necho it is out of order >&2\nexit 1\n')
  chmodSync(python, 0o755)
  const server = run(t, ['app', ...ONE, '--bind', '127.0.0.1:0'], { cwd: application(t), python })
  equal((await server.exit()).code, 3)
  match(server.stderr, /PYTHON_BROKEN/)
  match(server.stderr, /out of order/)
})

// `npm test` names one where one is installed.
const OLD = process.env.TEST_OLD_PYTHON ?? ''

test('an interpreter that is too old', { skip: OLD ? false : 'no old Python here' }, async (t) => {
  const server = run(t, ['app', ...ONE, '--bind', '127.0.0.1:0'], { cwd: application(t), python: OLD })
  equal((await server.exit()).code, 3)
  match(server.stderr, /PYTHON_TOO_OLD/)
  match(server.stderr, /3\.9/)
})

test('the start-up lines name version and interpreter', async (t) => {
  const here = application(t)
  environment(join(here, '.venv'))
  const server = await start(t, 'app', ONE, { cwd: here, python: false })
  const version = execFileSync(PYTHON, ['-c', 'import platform; print(platform.python_version())'], {
    encoding: 'utf8',
  }).trim()
  ok(server.startLines.join('\n').includes(version))
  match(server.startLines.join('\n'), /\.venv/)
})

test('a folder named .venv without an interpreter is passed over', async (t) => {
  const here = application(t)
  mkdirSync(join(here, '.venv'))
  const server = await start(t, 'app', ONE, { cwd: here, python: false })
  equal((await server.get('/')).status, 200)
})
