import { equal, match } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { folder, ROOT, run, start } from '../kit/server.ts'

test('what npm packs serves, from a folder of its own', async (t) => {
  const prefix = folder(t)
  // Without scripts: a build would change the files that other tests run from.
  execFileSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', prefix], { cwd: ROOT })
  const modules = join(prefix, 'node_modules')
  mkdirSync(modules)
  execFileSync('bash', ['-c', 'tar -xzf "$0"/*.tgz -C "$1" && mv "$1/package" "$1/dram"', prefix, modules])
  symlinkSync(join(ROOT, 'node_modules/smol-toml'), join(modules, 'smol-toml'))
  equal(existsSync(join(modules, 'dram/build/src/bundle/start.cjs')), true)
  equal(existsSync(join(modules, 'dram/pages/inspector/index.html')), true)
  const command = [process.execPath, join(modules, 'dram/bin/dram')]
  const server = await start(t, join(modules, 'dram/examples/hello.py'), ['--workers', '1'], { command })
  equal((await server.get('/x')).text.trim(), 'Hello! You requested: /x')
  equal((await server.stop()).code, 0)
})

test('an early Python ends with a start that fails', async (t) => {
  const occupied = await start(t, 'probe.py', ['--workers', '1'])
  const taken = ['--bind', `127.0.0.1:${occupied.port}`]
  const cases: [args: string[], code: RegExp][] = [
    [[...taken], /BIND_/],
    [['--bind', '127.0.0.1:0', '--runtime-dir', '/dev/null/none'], /RUNTIME_FOLDER/],
    [['--bind', '127.0.0.1:0', '--pidfile', '/dev/null/none'], /PIDFILE/],
  ]
  for (const [args, code] of cases) {
    const server = run(t, ['probe.py', '--workers', '1', ...args])
    equal((await server.exit()).code! > 0, true)
    match(server.stderr, code)
    await server.gone()
  }
})
