import { deepEqual, equal, match } from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { folder, run } from '../kit/server.ts'

const APP = `def application(environ, start_response):
    start_response('200 OK', [])
    return [b'']
`

test('dram check loads the application, opens nothing and leaves nothing', async (t) => {
  const cwd = folder(t, {
    'good.py': APP,
    'dram.toml': 'bind = "127.0.0.1:1"\npidfile = "p.pid"\nlog-file = "l.log"\n',
  })
  const before = readdirSync(cwd)
  const server = run(t, ['check', 'good'], { cwd })
  equal((await server.exit()).code, 0)
  match(server.stdout, /^good:application loads: CPython 3/)
  equal(server.stderr.trim(), '')
  deepEqual(
    readdirSync(cwd).filter((name) => name !== '__pycache__'),
    before,
  )
  await server.gone()
})

test('dram check says what is wrong, and ends as a start would', async (t) => {
  const cwd = folder(t, { 'bad.py': '1 / 0\n' })
  const server = run(t, ['check', 'bad'], { cwd })
  equal((await server.exit()).code, 4)
  match(server.stderr, /APP_IMPORT_FAILED[\s\S]*ZeroDivisionError/)
})
