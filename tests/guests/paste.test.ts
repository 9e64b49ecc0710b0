import { deepEqual, equal, match } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileScope, type Scope } from '../kit/ends.ts'
import { DRAM, folder, type LiveServer, PYTHON, run, start } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

const SHOP = `
import logging
from pyramid.config import Configurator
from pyramid.response import Response

log = logging.getLogger(__name__)

def hello(request):
    log.info("asked for %s", request.path)
    settings = request.registry.settings
    return Response("%s from %s" % (settings["shop.greeting"], request.client_addr))

def main(global_config, **settings):
    with Configurator(settings=settings) as config:
        config.add_route("hello", "/")
        config.add_view(hello, route_name="hello")
        return config.make_wsgi_app()
`

/** As a cookiecutter of Pyramid's writes it. */
function ini(server: string): string {
  return `
[DEFAULT]
greeting = hello

[app:main]
paste.app_factory = shop:main
pyramid.reload_templates = false
shop.greeting = %(greeting)s %(who)s

[app:other]
paste.app_factory = shop:main
shop.greeting = other

[server:main]
${server}

[loggers]
keys = root, shop

[handlers]
keys = console

[formatters]
keys = generic

[logger_root]
level = INFO
handlers = console

[logger_shop]
level = INFO
handlers =
qualname = shop

[handler_console]
class = StreamHandler
args = (sys.stderr,)
level = NOTSET
formatter = generic

[formatter_generic]
format = %(asctime)s %(levelname)-5.5s [%(name)s:%(lineno)s] %(message)s
`
}

const WAITRESS =
  'use = egg:waitress#main\nlisten = 127.0.0.1:0\nthreads = 3\ntrusted_proxy = 127.0.0.1\ntrusted_proxy_headers = x-forwarded-for'
const OWN = 'use = egg:dram#main\nbind = 127.0.0.1:0\nthreads = 2\nserver-header = shop'
const FORWARDED = [['X-Forwarded-For', '192.0.2.7']] as const

function project(scope: Scope, server: string): string {
  return folder(scope, { 'shop.py': SHOP, 'production.ini': ini(server) })
}

async function served(
  scope: Scope,
  args: readonly string[],
  options: Parameters<typeof start>[3],
): Promise<LiveServer> {
  // A worker that still loads must not write into the folder while that is taken away.
  const env = { PYTHONDONTWRITEBYTECODE: '1', ...options?.env }
  const server = await start(scope, '', args, { bind: false, ...options, env })
  server.port = Number(/http:\/\/127\.0\.0\.1:(\d+)/.exec(server.stderr)![1])
  return server
}

test('dram production.ini serves what pserve did, by the words of Waitress', async (t) => {
  const server = await served(t, ['production.ini', 'who=Ada'], { cwd: project(t, WAITRESS) })
  equal((await server.get('/', FORWARDED)).text, 'hello Ada from 192.0.2.7')
  match(server.stderr, /1 worker × 3 threads/)
  await server.until(/INFO +\[shop:\d+\] asked for \//)
})

test('another [app:NAME], and the application alone', async (t) => {
  const cwd = project(t, WAITRESS)
  const other = await served(t, ['production.ini#other'], { cwd })
  equal((await other.get('/')).text, 'other from 127.0.0.1')
  const alone = await served(t, ['--paste', 'production.ini#other', '--bind', '127.0.0.1:0', '--workers', '1'], { cwd })
  equal((await alone.get('/')).text, 'other from 127.0.0.1')
  match(alone.stderr, /1 worker × 1 thread/)
})

test('egg:dram#main: settings of dram', async (t) => {
  const server = await served(t, ['production.ini', '--paste-global', 'who=Ada'], { cwd: project(t, OWN) })
  const answer = await server.get('/')
  deepEqual([answer.text, answer.header('server')], ['hello Ada from 127.0.0.1', 'shop'])
})

test('egg:gunicorn#main, with its gunicorn.conf.py; and dram gunicorn --paste', async (t) => {
  const cwd = project(t, 'use = egg:gunicorn#main\nhost = 127.0.0.1\nport = 0\nworkers = 2\nthreads = 3')
  writeFileSync(join(cwd, 'gunicorn.conf.py'), 'threads = 5\nraw_env = ["SHOP=conf"]\n')
  const server = await served(t, ['production.ini', '--paste-global', 'who=Ada'], { cwd })
  equal((await server.get('/')).text, 'hello Ada from 127.0.0.1')
  match(server.stderr, /2 workers × 3 threads/)
  const line = ['gunicorn', '--bind', '127.0.0.1:0', '--paste', 'production.ini#other']
  const gunicorn = await served(t, line, { cwd, python: false, env: { DRAM_PYTHON: PYTHON } })
  equal((await gunicorn.get('/')).text, 'other from 127.0.0.1')
  match(gunicorn.stderr, /1 worker × 5 threads/)
})

/** The Python package, installed as a user does it; its folder. */
function installed(): string {
  const target = folder(fileScope)
  const path = execFileSync(process.execPath, [DRAM, 'python-path'], { encoding: 'utf8' }).trim()
  const before = readdirSync(path)
  // Nothing is fetched to build it, and nothing written where it lies.
  const options = ['--no-index', '--disable-pip-version-check', '--quiet', '--target', target]
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' }
  execFileSync(PYTHON, ['-m', 'pip', 'install', ...options, path], { env })
  deepEqual(readdirSync(path), before)
  return target
}

test('pserve itself finds egg:dram#main, and becomes dram', { timeout: 90_000 }, async (t) => {
  const cwd = project(t, OWN)
  const server = await served(t, [], {
    cwd,
    python: false,
    command: [join(dirname(PYTHON), 'pserve'), '--app-name', 'main', 'production.ini', 'who=Grace'],
    env: { PYTHONPATH: `${installed()}:${cwd}`, DRAM },
  })
  const answer = await server.get('/')
  deepEqual([answer.text, answer.header('server')], ['hello Grace from 127.0.0.1', 'shop'])
  match(server.stderr, /1 worker × 2 threads|workers? × 2 threads/)
  await server.until(/\[shop:\d+\] asked for \//)
})

test('a reload reads the file again, for the application and for the server', async (t) => {
  const cwd = project(t, OWN)
  const server = await served(t, ['production.ini', 'who=Ada'], { cwd })
  equal((await server.get('/')).text, 'hello Ada from 127.0.0.1')
  writeFileSync(
    join(cwd, 'production.ini'),
    ini(OWN.replace('= shop', '= other')).replace('greeting = hello', 'greeting = bye'),
  )
  server.signal('SIGHUP')
  await eventually(async () => {
    const answer = await server.get('/')
    return answer.text === 'bye Ada from 127.0.0.1' && answer.header('server') === 'other'
  }, 'the new settings')
})

test('what is missing is said', async (t) => {
  const cwd = project(t, WAITRESS)
  const variable = run(t, ['production.ini'], { cwd })
  equal((await variable.exit()).code, 4)
  match(variable.stderr, /APP_IMPORT_FAILED: .*production\.ini.*who/s)
  const file = run(t, ['nothing.ini'], { cwd })
  equal((await file.exit()).code, 2)
  match(file.stderr, /PASTE_FILE: .*there is no file/)
  const bare = join(folder(t), 'bare')
  execFileSync(PYTHON, ['-m', 'venv', '--without-pip', bare])
  const missing = run(t, ['production.ini'], { cwd, python: bare })
  equal((await missing.exit()).code, 4)
  match(missing.stderr, /PASTE_MISSING: .*\nhint: .*pip install PasteDeploy/)
})
