import { deepEqual, equal, match } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { request } from '../kit/client.ts'
import type { Scope } from '../kit/ends.ts'
import { folder, type LiveServer, PYTHON } from '../kit/server.ts'
import { typed } from '../kit/typed.ts'
import { eventually } from '../kit/wait.ts'
import { GUESTS } from './visit.ts'

/**
 * Lines of the pages on deployment of Flask, Django, Gunicorn and Waitress, as they stand there but for their first
 * word. Where a line names an address, that is another here; where it names none, GUNICORN_CMD_ARGS does.
 */
interface Line {
  readonly typed: string
  /** Flask's hello.py, or what `django-admin startproject mysite` makes. */
  readonly app: 'hello' | 'mysite'
  readonly workers?: number
  readonly facts?: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string>>
  /** The one warning that it is given, which tells of what has no effect here. */
  readonly warns?: RegExp
  /** Beside the application. */
  readonly files?: Readonly<Record<string, string>>
}

const ANYWHERE = { GUNICORN_CMD_ARGS: '--bind 127.0.0.1:0' }

const CONF = `\
import multiprocessing

bind = "127.0.0.1:0"
workers = min(2, multiprocessing.cpu_count() * 2 + 1)
threads = 2
wsgi_app = "hello:app"
`

const LINES: readonly Line[] = [
  // flask.palletsprojects.com/deploying/gunicorn
  { app: 'hello', typed: "gunicorn -w 4 'hello:app'", env: ANYWHERE, workers: 4, facts: { multiprocess: true } },
  { app: 'hello', typed: "gunicorn -w 4 'hello:create_app()'", env: ANYWHERE, workers: 4 },
  { app: 'hello', typed: "gunicorn -w 4 -b 127.0.0.1:0 'hello:create_app()'", workers: 4 },
  {
    app: 'hello',
    typed: "gunicorn -w 4 --access-logfile=- 'hello:create_app()'",
    env: ANYWHERE,
    workers: 4,
  },
  { app: 'hello', typed: "gunicorn -k gevent 'hello:create_app()'", env: ANYWHERE, facts: { lock: 'gevent.thread' } },
  // flask.palletsprojects.com/deploying/waitress, docs.pylonsproject.org/projects/waitress
  { app: 'hello', typed: 'waitress-serve --host 127.0.0.1 --port 0 hello:app', facts: { multithread: true } },
  { app: 'hello', typed: 'waitress-serve --host 127.0.0.1 --port 0 --call hello:create_app' },
  { app: 'hello', typed: 'waitress-serve --listen=127.0.0.1:0 hello:app', facts: { multiprocess: false } },
  {
    app: 'hello',
    typed: 'waitress-serve --host=127.0.0.1 --port=0 --url-scheme=https hello:app',
    facts: { url_scheme: 'https' },
  },
  {
    app: 'hello',
    typed: 'waitress-serve --host=127.0.0.1 --port=0 --url-prefix=/shop hello.app',
    facts: { script_name: '/shop', path_info: '/facts' },
  },
  { app: 'hello', typed: 'waitress-serve --listen=127.0.0.1:0 --threads=8 --ident=shop --no-ipv6 hello:app' },
  // docs.djangoproject.com/howto/deployment/wsgi/gunicorn
  { app: 'mysite', typed: 'gunicorn mysite.wsgi', env: ANYWHERE },
  // docs.gunicorn.org: run, configure, settings
  { app: 'mysite', typed: 'gunicorn --env DJANGO_SETTINGS_MODULE=mysite.settings mysite.wsgi', env: ANYWHERE },
  { app: 'mysite', typed: 'gunicorn mysite.wsgi:application --workers 3 --log-file -', env: ANYWHERE, workers: 3 },
  { app: 'hello', typed: 'gunicorn --workers=2 hello:app', env: ANYWHERE, workers: 2 },
  { app: 'hello', typed: "gunicorn -b 127.0.0.1:0 -b '[::1]:0' hello:app" },
  {
    app: 'hello',
    typed: 'gunicorn --worker-class=gthread --threads=4 hello:app',
    env: ANYWHERE,
    facts: { multithread: true, multiprocess: false },
  },
  { app: 'hello', typed: 'gunicorn hello:app -e HELLO_SETTING=said', env: ANYWHERE, facts: { setting: 'said' } },
  {
    app: 'hello',
    typed: 'gunicorn -c deploy/gunicorn.py hello:app',
    files: { 'deploy/gunicorn.py': CONF },
    workers: 2,
  },
  { app: 'hello', typed: 'gunicorn --config python:deployment', files: { 'deployment.py': CONF }, workers: 2 },
  { app: 'hello', typed: 'gunicorn', files: { 'gunicorn.conf.py': CONF }, workers: 2, facts: { multithread: true } },
  {
    app: 'hello',
    typed: 'gunicorn hello:app',
    env: { GUNICORN_CMD_ARGS: '--bind=127.0.0.1:0 --workers=3' },
    workers: 3,
  },
  {
    app: 'hello',
    typed: 'gunicorn --preload --max-requests 1000 --max-requests-jitter 50 --keep-alive 5 hello:app',
    env: ANYWHERE,
  },
  {
    app: 'hello',
    typed: 'gunicorn --worker-tmp-dir /dev/shm --graceful-timeout 20 --timeout 60 --backlog 512 hello:app',
    env: ANYWHERE,
    warns: /--worker-tmp-dir\): workers have no heartbeat file/,
  },
]

/** What those pages tell to make first: Flask's first application, or a new Django project. */
function prepared(scope: Scope, { app, files = {} }: Line): string {
  const home = folder(scope)
  if (app === 'hello') copyFileSync(join(GUESTS, 'documented/hello.py'), join(home, 'hello.py'))
  else execFileSync(PYTHON, ['-m', 'django', 'startproject', 'mysite', home], { cwd: home })
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(home, name)), { recursive: true })
    writeFileSync(join(home, name), text)
  }
  return home
}

for (const line of LINES) {
  const more = line.files ? `, with ${Object.keys(line.files)}` : ''
  test(`dram ${line.typed}${more}`, { timeout: 60_000 }, async (t) => {
    const cwd = prepared(t, line)
    const server = await typed(t, `dram ${line.typed}`, { cwd, env: { ...line.env } })
    if (line.app === 'hello') await helloAnswers(server, line)
    else await mysiteAnswers(server)
    if (line.workers) await crew(server, line)
    equal((await server.stop()).code, 0)
    await server.gone()
    const warnings = server.lines.filter(
      (said) => / (?:warning|error) |\[(?:WARNING|ERROR|CRITICAL)\]/.test(said) && !line.warns?.test(said),
    )
    deepEqual(warnings, [])
    if (line.warns) match(server.stderr, line.warns)
  })
}

async function helloAnswers(server: LiveServer, { facts = {}, typed }: Line): Promise<void> {
  const prefix = /--url-prefix=(\S+)/.exec(typed)?.[1] ?? ''
  equal((await server.get(`${prefix}/`)).text, 'Hello, World!')
  const told = JSON.parse((await server.get(`${prefix}/facts`)).text) as Record<string, unknown>
  deepEqual({ ...told, ...facts }, told)
}

/** The page that a new project greets with, and the way to its admin. */
async function mysiteAnswers(server: LiveServer): Promise<void> {
  const page = await server.get('/')
  equal(page.status, 200)
  match(page.text, /The install worked successfully/)
  const admin = await server.get('/admin/')
  equal(admin.status, 302)
  equal(admin.header('location'), '/admin/login/?next=/admin/')
}

async function crew(server: LiveServer, { app, workers }: Line): Promise<void> {
  if (app === 'hello') equal((await server.workerPids(workers!)).length, workers)
  const titled = () => server.pythons().filter(({ command }) => / worker \d+$/.test(command)).length
  await eventually(() => titled() === workers, `${workers} workers`)
}

test('dram gunicorn --bind unix:…, dram waitress-serve --unix-socket=…', async (t) => {
  for (const line of [
    'dram gunicorn --bind unix:hello.sock hello:app',
    'dram waitress-serve --unix-socket=hello.sock hello:app',
  ]) {
    const cwd = prepared(t, { app: 'hello', typed: line })
    const server = await typed(t, line, { cwd })
    const client = await server.connect({ path: join(cwd, 'hello.sock') })
    await client.write(request('GET', '/'))
    equal((await client.response()).text, 'Hello, World!')
    equal((await server.stop()).code, 0)
    equal(existsSync(join(cwd, 'hello.sock')), false)
  }
})

test('dram gunicorn --chdir: the application is elsewhere', async (t) => {
  const cwd = prepared(t, { app: 'hello', typed: '' })
  const server = await typed(t, `dram gunicorn --chdir ${cwd} -b 127.0.0.1:0 hello:app`, { cwd: folder(t) })
  equal(JSON.parse((await server.get('/facts')).text).cwd, cwd)
})
