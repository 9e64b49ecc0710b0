import { equal, match, notEqual, ok } from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { folder, ROOT, run, start } from '../kit/server.ts'

const ONE = ['--workers', '1']

/** A module whose attributes say their own name. */
const NAMED = `
def make(name):
    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [name.encode()]
    return app
`

test('the start-up lines: version, link, application, Python, workers', async (t) => {
  const server = await start(t, 'probe.py', ['--workers', '2'])
  const said = server.startLines.join('\n')
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string }
  ok(said.includes(version))
  ok(said.includes(`http://127.0.0.1:${server.port}`))
  match(said, /probe/)
  match(said, /\b3\.\d+\.\d+/)
  match(said, /\bpython/i)
  match(said, /\b2\b.*worker|worker.*\b2\b/i)
  ok(server.startLines.length <= 8, said)
})

test('the sample application greets', async (t) => {
  const server = await start(t, join(ROOT, 'examples/hello.py'), ONE)
  const answer = await server.get('/some/path')
  equal(answer.text.trim(), 'Hello! You requested: /some/path')
  match(answer.header('content-type') ?? '', /^text\/plain/)
})

test('dram serve APP is the same', async (t) => {
  const server = run(t, ['serve', 'probe', '--bind', '127.0.0.1:0', ...ONE])
  await server.until(/http:\/\/127\.0\.0\.1:\d+/)
})

const FORMS: readonly (readonly [form: string, module: string, answer: string])[] = [
  ['forms', 'application = make("application"); app = make("app")', 'application'],
  ['forms', 'app = make("app")\ndef create_app(): return make("created")', 'app'],
  ['forms', 'def create_app(): return make("created")\ndef make_app(): return make("made")', 'created'],
  ['forms', 'def make_app(): return make("made")', 'made'],
  ['forms:other', 'other = make("other"); application = make("application")', 'other'],
  ['forms:holder.inner', 'class holder: inner = staticmethod(make("inner"))', 'inner'],
  ['forms:factory()', 'def factory(): return make("factory")', 'factory'],
  ['forms:factory("x", key=1)', 'def factory(a, key): return make(a + str(key))', 'x1'],
  [
    'forms:factory([1, 2], k={"a": None, "b": (True, -1.5)})',
    'def factory(a, k): return make(repr((a, k)))',
    "([1, 2], {'a': None, 'b': (True, -1.5)})",
  ],
  ['forms.py', 'application = make("by path")', 'by path'],
  ['./forms.py:other', 'other = make("by path and name")', 'by path and name'],
  ['package.module:app', '', 'in a package'],
]

for (const [form, module, answer] of FORMS)
  test(`the application ${form} of ${module.slice(0, 40)}`, async (t) => {
    const here = folder(t, { 'forms.py': `${NAMED}${module}\n` })
    mkdirSync(join(here, 'package'))
    writeFileSync(join(here, 'package/__init__.py'), '')
    writeFileSync(join(here, 'package/module.py'), `${NAMED}app = make("in a package")\n`)
    const server = await start(t, form, ONE, { cwd: here })
    equal((await server.get('/')).text, answer)
  })

test('a factory’s arguments are literals only', async (t) => {
  const here = folder(t, { 'forms.py': `${NAMED}def factory(a): return make(a)\n` })
  for (const form of [
    'forms:factory(__import__("os").getcwd())',
    'forms:factory(x)',
    'forms:factory("a"',
    'forms:factory()()',
  ]) {
    const server = run(t, [form, ...ONE, '--bind', '127.0.0.1:0'], { cwd: here })
    equal((await server.exit()).code, 4, form)
    match(server.stderr, /APP_SPEC_INVALID/)
  }
})

for (const name of ['wsgi.py', 'app.py', 'main.py'])
  test(`without APP: ${name}`, async (t) => {
    const server = await start(t, '', ONE, { cwd: folder(t, { [name]: `${NAMED}application = make("${name}")\n` }) })
    equal((await server.get('/')).text, name)
  })

test('without APP: wsgi.py before app.py', async (t) => {
  const files = { 'wsgi.py': `${NAMED}app = make("wsgi")\n`, 'app.py': `${NAMED}app = make("app")\n` }
  const server = await start(t, '', ONE, { cwd: folder(t, files) })
  equal((await server.get('/')).text, 'wsgi')
})

test('without APP in an empty folder', async (t) => {
  const server = run(t, [...ONE, '--bind', '127.0.0.1:0'], { cwd: folder(t) })
  equal((await server.exit()).code, 4)
  match(server.stderr, /APP_NOT_NAMED/)
  match(server.stderr, /wsgi\.py/)
})

test('--chdir, --pythonpath, --env and --env-file', async (t) => {
  const here = folder(t, {
    'app.py':
      'import os, beside\ndef app(e, s):\n    s("200 OK", [])\n    return [("%s %s %s %s" % (os.getcwd(), beside.WHERE, os.environ["A"], os.environ["B"])).encode()]\n',
  })
  const library = folder(t, { 'beside.py': 'WHERE = "library"\n' })
  const file = join(folder(t, { 'vars.env': '# a comment\nA=from file\nB="quoted # value"\n' }), 'vars.env')
  const args = ['--chdir', here, '--pythonpath', library, '--env-file', file, '--env', 'A=from line', ...ONE]
  const server = await start(t, 'app', args, { cwd: '/' })
  equal((await server.get('/')).text, `${here} library from line quoted # value`)
})

test('an application folder with modules named like the standard library’s breaks nothing', async (t) => {
  const names = ['socket', 'types', 'call', 'json', 'select', 'signal', 'struct', 'frames', 'zygote']
  const files = Object.fromEntries(names.map((name) => [`${name}.py`, 'raise RuntimeError("the wrong module")\n']))
  const server = await start(t, 'app', ONE, { cwd: folder(t, { ...files, 'app.py': `${NAMED}app = make("fine")\n` }) })
  equal((await server.get('/')).text, 'fine')
})

const FAILURES: readonly (readonly [what: string, app: string, module: string, told: readonly RegExp[]])[] = [
  ['a missing module', 'wheree', '', [/APP_NOT_FOUND/, /wheree/, /where\b/]],
  ['a command that is none', 'relaod', '', [/APP_NOT_FOUND/, /hint: did you mean dram reload\? APP is/]],
  ['a missing file', 'none.py', '', [/APP_NOT_FOUND/, /none\.py/]],
  ['a missing attribute', 'where:aplication', 'application = print', [/APP_ATTRIBUTE_MISSING/, /\bapplication\b/]],
  ['no attribute of any name', 'where', 'x = 1', [/APP_ATTRIBUTE_MISSING/]],
  ['not callable', 'where:app', 'app = 3', [/APP_NOT_CALLABLE/]],
  ['an ASGI function', 'where:app', 'async def app(scope, receive, send): pass', [/APP_IS_ASGI/]],
  [
    'an ASGI object',
    'where:app',
    'class A:\n    async def __call__(self, scope, receive, send): pass\napp = A()',
    [/APP_IS_ASGI/],
  ],
  [
    'an exception',
    'where:app',
    'def f():\n    raise KeyError("deep")\nf()',
    [/APP_IMPORT_FAILED/, /Traceback/, /KeyError: 'deep'/, /where\.py", line 3/],
  ],
  ['a syntax error', 'where:app', 'def f(:', [/APP_IMPORT_FAILED/, /SyntaxError/, /where\.py/]],
  [
    'an import error inside',
    'where:app',
    'import not_there_at_all',
    [/APP_IMPORT_FAILED|APP_NOT_FOUND/, /not_there_at_all/],
  ],
  ['a factory that raises', 'where:f()', 'def f(): raise ValueError("no")', [/APP_IMPORT_FAILED/, /ValueError: no/]],
  ['sys.exit at import', 'where:app', 'import sys; sys.exit(3)', [/APP_IMPORT_FAILED/]],
]

for (const [what, app, module, told] of FAILURES)
  test(`an application that can’t be loaded: ${what}`, async (t) => {
    const here = folder(t, { 'where.py': `# line 1\n${module}\n` })
    const server = run(t, [app, ...ONE, '--bind', '127.0.0.1:0'], { cwd: here })
    equal((await server.exit()).code, 4)
    for (const pattern of told) match(server.stderr, pattern)
    ok(!/http:\/\//.test(server.stderr), 'no address is announced')
    ok(!/python\/dram\//.test(server.stderr), `no frame of the runtime is shown:\n${server.stderr}`)
    await server.gone()
  })

test('--boot-timeout', async (t) => {
  const server = run(t, ['slow_import.py', ...ONE, '--bind', '127.0.0.1:0', '--boot-timeout', '1s'], {
    env: { NOTES: '/dev/null' },
  })
  equal((await server.exit()).code, 4)
  match(server.stderr, /APP_BOOT_TIMEOUT/)
  await server.gone()
})

test('--help, serve --help and --version', async (t) => {
  const help = run(t, ['--help'])
  equal((await help.exit()).code, 0)
  match(help.stdout, /serve/)
  const serve = run(t, ['serve', '--help'], { python: false })
  equal((await serve.exit()).code, 0)
  for (const flag of ['--bind', '--workers', '--python', '--max-body']) ok(serve.stdout.includes(flag), flag)
  for (const line of serve.stdout.split('\n')) ok(line.length <= 120, line)
  const version = run(t, ['--version'])
  equal((await version.exit()).code, 0)
  match(version.stdout, /\d+\.\d+\.\d+/)
})

test('unknown options are errors with a suggestion', async (t) => {
  const server = run(t, ['probe', '--wrokers', '2'])
  equal((await server.exit()).code, 2)
  match(server.stderr, /--workers/)
  const command = run(t, ['sereve', '--workers', '1'])
  notEqual((await command.exit()).code, 0)
})
