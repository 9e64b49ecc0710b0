import { equal, match, ok } from 'node:assert/strict'
import { test } from 'node:test'
import type { Scope } from '../kit/ends.ts'
import { folder, run, type StartOptions, start } from '../kit/server.ts'

const APP = 'def app(e, s):\n    s("200 OK", [])\n    return [b"ok"]\n'

async function settings(scope: Scope, files: Record<string, string>, args: string[] = [], options: StartOptions = {}) {
  const server = run(scope, ['settings', ...args], {
    cwd: folder(scope, { 'app.py': APP, ...files }),
    python: false,
    ...options,
  })
  equal((await server.exit()).code, 0, server.stderr)
  return server.stdout.split('\n')
}

const line = (lines: string[], name: string) => lines.find((text) => new RegExp(`(^|\\W)${name}\\b`).test(text)) ?? ''

test('dram settings says what is in force and from where', async (t) => {
  const lines = await settings(
    t,
    { 'dram.toml': 'workers = 3\nkeep-alive = "5s"\nmax-body = "2MiB"\n' },
    ['--threads', '2'],
    {
      env: { DRAM_KEEP_ALIVE: '6s', DRAM_QUEUE: '9' },
    },
  )
  match(line(lines, 'workers'), /3.*dram\.toml/)
  match(line(lines, 'keep-alive'), /6s.*DRAM_KEEP_ALIVE/)
  match(line(lines, 'queue'), /9.*DRAM_QUEUE/)
  match(line(lines, 'max-body'), /2 ?MiB/)
  match(line(lines, 'threads'), /2.*--threads/)
  match(line(lines, 'backlog'), /2048.*default/)
})

test('[tool.dram] of pyproject.toml, when there is no dram.toml', async (t) => {
  const project = '[project]\nname = "x"\n[tool.dram]\nworkers = 4\n'
  match(line(await settings(t, { 'pyproject.toml': project }), 'workers'), /4.*pyproject\.toml/)
  const both = await settings(t, { 'pyproject.toml': project, 'dram.toml': 'workers = 5\n' })
  match(line(both, 'workers'), /5.*dram\.toml/)
})

test('PORT and WEB_CONCURRENCY', async (t) => {
  const lines = await settings(t, {}, [], { env: { PORT: '4711', WEB_CONCURRENCY: '7' } })
  match(line(lines, 'bind'), /4711/)
  match(line(lines, 'workers'), /7.*WEB_CONCURRENCY/)
})

test('a file of another name', async (t) => {
  const lines = await settings(t, { 'other.toml': 'workers = 6\n' }, ['--config', 'other.toml'])
  match(line(lines, 'workers'), /6.*other\.toml/)
})

const WRONG: readonly (readonly [
  what: string,
  file: string,
  env: Record<string, string>,
  args: string[],
  told: RegExp,
])[] = [
  ['a key', 'wrokers = 3\n', {}, [], /workers/],
  ['a variable', '', { DRAM_WROKERS: '3' }, [], /WORKERS/i],
  ['an option', '', {}, ['--wrokers', '3'], /--workers/],
  ['a value', 'workers = "many"\n', {}, [], /workers/],
  ['a unit', '', {}, ['--keep-alive', '5 parsecs'], /keep-alive/],
  ['a number out of range', '', {}, ['--workers', '0'], /workers/],
  ['a file', 'workers = = 3\n', {}, [], /dram\.toml/],
  ['a missing value', '', {}, ['--workers'], /workers/],
]

for (const [what, file, env, args, told] of WRONG)
  test(`what is wrong with ${what} is said, with exit code 2`, async (t) => {
    const files: Record<string, string> = { 'app.py': APP, ...(file ? { 'dram.toml': file } : {}) }
    const server = run(t, ['app', ...args], { cwd: folder(t, files), env, python: false })
    equal((await server.exit()).code, 2, server.stderr)
    match(server.stderr, told)
    ok(server.lines.length < 8, server.stderr)
  })

test('the file’s settings are in force', async (t) => {
  const here = folder(t, { 'app.py': APP, 'dram.toml': 'app = "app"\nworkers = 1\nserver-header = "from file"\n' })
  const server = await start(t, '', [], { cwd: here })
  equal((await server.get('/')).header('server'), 'from file')
})
