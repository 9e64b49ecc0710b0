import { deepEqual, equal, match } from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Scope } from '../kit/ends.ts'
import { folder, PYTHON, run, type Server, type StartOptions } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

const APP = `import os, sys
def application(environ, start_response):
    start_response('200 OK', [('Content-Type', 'text/plain')])
    return [os.environ.get('FROM_CONF', 'nothing').encode()]
def factory(word, n=0):
    def app(environ, start_response):
        start_response('200 OK', [('Content-Type', 'text/plain')])
        return [('%s %s' % (word, n)).encode()]
    return app
`

function gunicorn(scope: Scope, args: readonly string[], options: StartOptions): Server {
  return run(scope, ['gunicorn', ...args], { ...options, python: false, env: { DRAM_PYTHON: PYTHON, ...options.env } })
}

async function bodyOf(server: Server): Promise<string> {
  const [, port] = await server.until(/Listening at: http:\/\/127\.0\.0\.1:(\d+)/)
  await server.until(/\bworkers? ×/)
  const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })
  return response.text()
}

test('a command line of Gunicorn serves', async (t) => {
  const cwd = folder(t, { 'myapp.py': APP })
  const server = gunicorn(t, ['--workers', '2', '--bind', '127.0.0.1:0', 'myapp'], { cwd })
  equal(await bodyOf(server), 'nothing')
  await server.until(/2 workers × 1 thread/)
  deepEqual(await server.stop(), { code: 0, signal: null })
})

test('an application made by a factory, PORT of the platform, and GUNICORN_CMD_ARGS', async (t) => {
  const cwd = folder(t, { 'myapp.py': APP })
  const env = { PORT: '1', WEB_CONCURRENCY: '3', GUNICORN_CMD_ARGS: '--bind=127.0.0.1:0 other:app --threads 2' }
  const server = gunicorn(t, ['myapp:factory("hi", n=2)'], { cwd, env })
  equal(await bodyOf(server), 'hi 2')
  await server.until(/3 workers × 2 threads/)
})

test('the configuration file is run, and warns where a name is no setting', async (t) => {
  const conf = `import os
workers = 1
bind = ['127.0.0.1:0']
wsgi_app = 'myapp'
log_level = 'debug'
worker_tmp_dir = '/dev/shm'
`
  const cwd = folder(t, { 'myapp.py': APP, 'gunicorn.conf.py': conf })
  const server = gunicorn(t, ['-w', '2'], { cwd })
  equal(await bodyOf(server), 'nothing')
  await server.until(/2 workers × 1 thread/)
  await server.until(/log_level is no setting of Gunicorn: did you mean loglevel\?/)
  await server.until(/gunicorn\.conf\.py, line 6, worker_tmp_dir.*heartbeat/)
})

const FAILURES: readonly (readonly [args: string, code: number, says: RegExp])[] = [
  ['--workers', 2, /USAGE: argument -w\/--workers: expected one argument/],
  ['--bind 127.0.0.1:99999 myapp', 1, /BIND_INVALID/],
  ['--spew myapp', 1, /SETTING_REFUSED: not served here: command line, --spew\n/],
  ['-k tornado myapp', 1, /SETTING_REFUSED: not served here: command line, -k "tornado"\n/],
  ['-c missing.py myapp', 1, /CONFIG_FAILED/],
  ['-b 127.0.0.1:0 nowhere', 3, /APP_NOT_FOUND/],
  ['-b 127.0.0.1:0 myapp:nothing', 4, /APP_ATTRIBUTE_MISSING/],
  ['-b 127.0.0.1:0', 1, /no application is named/],
]

for (const [args, code, says] of FAILURES) {
  test(`dram gunicorn ${args}: exit code ${code}`, async (t) => {
    const server = gunicorn(t, args.split(' '), { cwd: folder(t, { 'myapp.py': APP }) })
    equal((await server.exit()).code, code)
    match(server.stderr, says)
  })
}

test('--check-config loads the application and ends', async (t) => {
  const cwd = folder(t, {
    'myapp.py': APP,
    'gunicorn.conf.py': 'def post_fork(server, worker):\n    1 / 0\n',
    'bad.py': '1 / 0',
  })
  const good = gunicorn(t, ['--check-config', 'myapp'], { cwd })
  equal((await good.exit()).code, 0)
  match(good.stderr, /myapp:application loads/)
  const bad = gunicorn(t, ['--check-config', 'bad'], { cwd })
  equal((await bad.exit()).code, 1)
  match(bad.stderr, /APP_IMPORT_FAILED.*\n[\s\S]*ZeroDivisionError/)
})

test('--print-config and --explain print', async (t) => {
  const cwd = folder(t, { 'myapp.py': APP, 'gunicorn.conf.py': 'threads = 3\n' })
  const printed = gunicorn(t, ['--print-config', 'myapp'], { cwd })
  equal((await printed.exit()).code, 0)
  match(printed.stdout, /^threads +3$|^threads += 3$/m)
  const explained = gunicorn(t, ['--explain', 'myapp'], { cwd })
  equal((await explained.exit()).code, 0)
  match(explained.stdout, /^threads = 3 {3}# gunicorn\.conf\.py, line 1, threads$/m)
})

test('a failing configuration file ends with its traceback and 1', async (t) => {
  const cwd = folder(t, { 'myapp.py': APP, 'gunicorn.conf.py': 'workers = undefined_name\n' })
  const server = gunicorn(t, ['myapp'], { cwd })
  equal((await server.exit()).code, 1)
  match(server.stderr, /CONFIG_FAILED/)
  match(server.stderr, /gunicorn\.conf\.py", line 1/)
})

test('a reload runs the file again', async (t) => {
  const cwd = folder(t, { 'myapp.py': APP, 'gunicorn.conf.py': 'bind = "127.0.0.1:0"\nthreads = 1\n' })
  const server = gunicorn(t, ['myapp'], { cwd })
  equal(await bodyOf(server), 'nothing')
  writeFileSync(
    join(cwd, 'gunicorn.conf.py'),
    'bind = "127.0.0.1:0"\nthreads = 1\nworkers = 2\nworker_tmp_dir = "/x"\n',
  )
  server.signal('SIGHUP')
  await server.until(/gunicorn\.conf\.py, line 4, worker_tmp_dir/)
})

test('a header line longer than limit_request_field_size gets 431, CRLF counted, as there', async (t) => {
  const cwd = folder(t, { 'myapp.py': APP })
  const server = gunicorn(t, ['-b', '127.0.0.1:0', '--limit-request-field_size', '100', 'myapp'], { cwd })
  await bodyOf(server)
  const [, port] = await server.until(/Listening at: http:\/\/127\.0\.0\.1:(\d+)/)
  const status = async (bytes: number): Promise<number> => {
    const value = 'v'.repeat(bytes - 'X-Long: \r\n'.length)
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { 'X-Long': value, connection: 'close' } })
    await response.text()
    return response.status
  }
  equal(await status(100), 200)
  equal(await status(101), 431)
})

test('--reload looks at the configuration file, too', async (t) => {
  const conf = (word: string) => `reload = True\nraw_env = ["FROM_CONF=${word}"]\n`
  const cwd = folder(t, { 'myapp.py': APP, 'gunicorn.conf.py': conf('old') })
  const server = gunicorn(t, ['-b', '127.0.0.1:0', 'myapp'], { cwd })
  equal(await bodyOf(server), 'old')
  writeFileSync(join(cwd, 'gunicorn.conf.py'), conf('new'))
  await eventually(async () => (await bodyOf(server)) === 'new', 'the new file to count')
})
