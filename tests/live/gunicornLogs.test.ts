import { deepEqual, doesNotMatch, equal, match, ok } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { has } from '../guests/oracles/oracle.ts'
import { atEnd, type Scope } from '../kit/ends.ts'
import { sendSignal } from '../kit/processes.ts'
import { folder, PYTHON, run, type Server } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

const NO_GUNICORN = has('gunicorn') ? false : 'there is no gunicorn for this Python'

const APP = `import logging, sys

def application(environ, start_response):
    path = environ['PATH_INFO']
    if path == '/log':
        logging.getLogger('gunicorn.error').warning('look out')
        logging.getLogger('gunicorn.error').debug('not this')
    if path == '/print':
        print('{"printed": 1}')
        print('to the other', file=sys.stderr)
    if path == '/errors':
        environ['wsgi.errors'].write('an error\\n')
    if path == '/raise':
        raise KeyError('x')
    start_response('200 OK', [('Content-Type', 'text/plain'), ('Content-Length', '2')])
    return [b'ok']
`

interface Started {
  readonly server: Server
  readonly cwd: string
  get(path: string): Promise<number>
}

async function started(
  t: Scope,
  args: readonly string[],
  files: Readonly<Record<string, string>> = {},
  log = '',
): Promise<Started> {
  const cwd = folder(t, { 'myapp.py': APP, ...files })
  const env = { DRAM_PYTHON: PYTHON }
  const server = run(t, ['gunicorn', '-b', '127.0.0.1:0', ...args, 'myapp'], { cwd, python: false, env })
  const said = (): string => (log === '' ? '' : textOf(join(cwd, log))) + server.stderr
  const [, port] = await eventually(
    () => (/workers? ×/.test(said()) ? /Listening at: http:\/\/127\.0\.0\.1:(\d+) \(\d+\)/.exec(said()) : null),
    'the address',
  ).catch((error: Error) => {
    throw new Error(`${error.message}; it said:\n${said()}`)
  })
  const get = async (path: string): Promise<number> =>
    (await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close', 'user-agent': 'test/1' } }))
      .status
  return { server, cwd, get }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Lines of Gunicorn's log that match. */
function line(level: string, text: string): RegExp {
  return new RegExp(
    `^\\[\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d [+-]\\d{4}\\] \\[\\d+\\] \\[${level}\\] ${text}`,
    'm',
  )
}

test('the log looks as log readers know it; what is printed goes through', async (t) => {
  const { server, get } = await started(t, ['--access-logfile', '-'])
  equal(await get('/print?a=b'), 200)
  equal(await get('/errors'), 200)
  await server.untilOut(/^127\.0\.0\.1 - - \[.*\] "GET \/print\?a=b HTTP\/1\.1" 200 2 "-" "test\/1"$/m)
  await server.untilOut(/^\{"printed": 1\}$/m)
  await server.until(/^to the other$/)
  await server.until(/^an error$/)
  match(server.stderr, line('INFO', 'Booting worker with pid: \\d+'))
  server.signal('SIGHUP')
  await server.until(line('INFO', 'Handling signal: hup'))
  await server.until(line('INFO', 'Worker exiting \\(pid: \\d+\\)'))
  equal((await server.stop()).code, 0)
  match(server.stderr, line('INFO', 'Handling signal: term'))
  match(server.stderr, line('INFO', 'Shutting down: Master'))
})

test('--capture-output writes what is printed into the log file, which SIGUSR1 opens anew', async (t) => {
  const args = ['--log-file', 'error.log', '--access-logfile', 'access.log', '--capture-output', '--log-level', 'debug']
  const { server, cwd, get } = await started(t, args, {}, 'error.log')
  const log = join(cwd, 'error.log')
  equal(await get('/print'), 200)
  await eventually(() => /^\{"printed": 1\}$/m.test(textOf(log)) && /^to the other$/m.test(textOf(log)), 'the output')
  for (const name of ['error.log', 'access.log']) renameSync(join(cwd, name), join(cwd, `${name}.1`))
  server.signal('SIGUSR1')
  await eventually(() => textOf(log).includes('opened anew'), 'the new file')
  equal(await get('/after'), 200)
  await eventually(() => textOf(join(cwd, 'access.log')).includes('GET /after'), 'the new access log')
  ok(!textOf(join(cwd, 'access.log.1')).includes('GET /after'))
})

test('an exception is at ERROR, with its traceback', async (t) => {
  const { server, get } = await started(t, ['--log-level', 'nonsense'])
  equal(await get('/raise'), 500)
  await server.until(line('ERROR', 'Error handling request'))
  await server.until(/KeyError: 'x'/)
})

test('StatsD by gunicorn’s names, with tags', async (t) => {
  const udp = createSocket('udp4').bind(0, '127.0.0.1')
  atEnd(t, () => udp.close())
  await once(udp, 'listening')
  let heard = ''
  udp.on('message', (bytes) => {
    heard += `${bytes}\n`
  })
  const host = `127.0.0.1:${udp.address().port}`
  const { get } = await started(t, ['--statsd-host', host, '--statsd-prefix', 'shop.', '--dogstatsd-tags', 'env:prod'])
  equal(await get('/'), 200)
  equal(await get('/raise'), 500)
  for (const wanted of [
    /^shop\.gunicorn\.requests:\d\|c\|#env:prod$/m,
    /^shop\.gunicorn\.request\.duration:\d+\.\d{3}\|ms\|#env:prod$/m,
    /^shop\.gunicorn\.request\.status\.200:1\|c\|#env:prod$/m,
    /^shop\.gunicorn\.request\.status\.500:1\|c\|#env:prod$/m,
    /^shop\.gunicorn\.log\.exception:1\|c\|#env:prod$/m,
    /^shop\.gunicorn\.workers:1\|g\|#env:prod$/m,
  ])
    await eventually(() => wanted.test(heard), `${wanted}`)
})

/** What datagrams come to a Unix socket, which Node can't hear. */
async function unixReceiver(t: TestContext, path: string): Promise<() => string> {
  const program = `import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('bound', flush=True)
while True:
    print(s.recv(65536).decode(), flush=True)`
  const child = spawn(PYTHON, ['-c', program, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  atEnd(t, () => child.kill())
  let heard = ''
  child.stdout.on('data', (bytes) => {
    heard += bytes
  })
  await eventually(() => heard.startsWith('bound'), 'the receiver')
  return () => heard
}

test('syslog and StatsD at Unix sockets', async (t) => {
  const sockets = folder(t)
  const [log, statsd] = [join(sockets, 'log'), join(sockets, 'statsd')]
  const [logged, told] = [await unixReceiver(t, log), await unixReceiver(t, statsd)]
  const syslog = ['--log-syslog', '--log-syslog-to', `unix://${log}#dgram`, '--log-syslog-facility', 'LOCAL1']
  const { server, get } = await started(t, [...syslog, '--statsd-host', `unix://${statsd}`])
  equal(await get('/'), 200)
  await eventually(() => /^<142>gunicorn\.myapp\.error: \[\d+\] Listening at: http/m.test(logged()), 'the log')
  await eventually(
    () => /^<142>gunicorn\.myapp\.access: \[\d+\] 127\.0\.0\.1 .*"GET \/ HTTP/m.test(logged()),
    'the line',
  )
  await eventually(() => /^gunicorn\.requests:1\|c$/m.test(told()), 'the metrics')
  equal((await server.stop()).code, 0)
})

test('gunicorn.error in an application reaches the log with its level, without any configuration', async (t) => {
  const { server, get } = await started(t, [])
  equal(await get('/log'), 200)
  await server.until(line('WARNING', 'look out'))
  ok(!server.stderr.includes('not this'))
})

const FLASK = `import logging
from flask import Flask
app = Flask(__name__)
gunicorn_logger = logging.getLogger('gunicorn.error')
app.logger.handlers = gunicorn_logger.handlers
app.logger.setLevel(gunicorn_logger.level)
app.logger.info('loading')

@app.route('/')
def hello():
    app.logger.debug('a detail')
    app.logger.critical('a cry')
    return 'ok'

application = app
`

test('what Flask applications do: its logger has gunicorn’s handlers and level', async (t) => {
  const { server, get } = await started(t, ['--log-level', 'debug'], { 'myapp.py': FLASK })
  equal(await get('/'), 200)
  await server.until(line('INFO', 'loading'))
  await server.until(line('DEBUG', 'a detail'))
  await server.until(line('CRITICAL', 'a cry'))
})

const INI = `[loggers]
keys=root,error,access
[handlers]
keys=console,file,json
[formatters]
keys=plain,json
[logger_root]
level=INFO
handlers=console
[logger_error]
level=DEBUG
handlers=file
propagate=0
qualname=gunicorn.error
[logger_access]
level=INFO
handlers=json
propagate=0
qualname=gunicorn.access
[handler_console]
class=StreamHandler
formatter=plain
args=(sys.stdout,)
[handler_file]
class=handlers.WatchedFileHandler
formatter=plain
args=('server.log',)
[handler_json]
class=FileHandler
formatter=json
args=('access.json',)
[formatter_plain]
format=%(levelname)s|%(process)d|%(name)s|%(message)s
[formatter_json]
class=forms.Json
`

const FORMS = `import json, logging

class Json(logging.Formatter):
    def format(self, record):
        args = record.args
        return json.dumps({'path': args['U'], 'status': args['s'], 'agent': args['{user-agent}i'], 'none': args['nothing']})
`

test('--log-config: handlers and formatters of any class write both logs; SIGUSR1 opens their files anew', async (t) => {
  const files = { 'logging.ini': INI, 'forms.py': FORMS }
  const { server, cwd, get } = await started(t, ['--log-config', 'logging.ini'], files, 'server.log')
  const log = join(cwd, 'server.log')
  equal(await get('/log'), 200)
  await eventually(() => /^WARNING\|\d+\|gunicorn\.error\|look out$/m.test(textOf(log)), 'a record of a worker')
  ok(/^DEBUG\|\d+\|gunicorn\.error\|not this$/m.test(textOf(log)), 'the level is the file’s')
  const access = join(cwd, 'access.json')
  const record = await eventually(
    () =>
      textOf(access)
        .split('\n')
        .find((text) => text.includes('/log')),
    'a line',
  )
  deepEqual(JSON.parse(record), { path: '/log', status: '200', agent: 'test/1', none: '-' })
  for (const name of ['server.log', 'access.json']) renameSync(join(cwd, name), join(cwd, `${name}.1`))
  server.signal('SIGUSR1')
  await eventually(async () => (await get('/again')) === 200 && textOf(access).includes('/again'), 'the new file')
  server.signal('SIGHUP')
  await eventually(() => textOf(log).includes('reloaded'), 'a reload')
  equal(await get('/after'), 200)
  await eventually(() => textOf(access).includes('/after'), 'the access log after a reload')
  equal((await server.stop()).code, 0)
  match(textOf(log), /^INFO\|\d+\|gunicorn\.error\|Shutting down: Master/m)
})

test('the keeper dies: the server goes on, says so, and after a reload Python writes both logs again', async (t) => {
  const files = { 'logging.ini': INI, 'forms.py': FORMS }
  const { server, cwd, get } = await started(t, ['--log-config', 'logging.ini'], files, 'server.log')
  const keeper = server.processes().find(({ command }) => /keeper/.test(command))!
  sendSignal(keeper.pid, 'SIGKILL')
  await eventually(() => /the keeper has ended/.test(server.stderr), 'the warning')
  equal(await get('/without'), 200)
  server.signal('SIGHUP')
  const access = join(cwd, 'access.json')
  await eventually(async () => (await get('/again')) === 200 && textOf(access).includes('/again'), 'the access log')
  await eventually(() => /\|reloaded/.test(textOf(join(cwd, 'server.log'))), 'the log')
  equal((await server.stop()).code, 0)
  doesNotMatch(server.stderr, /HOOK_FAILED/, 'the new one is there to the end')
})

const DICT_CONF = `import logging

class NoHealth(logging.Filter):
    def filter(self, record):
        return record.args['U'] != '/health'

logconfig_dict = {
    'filters': {'health': {'()': NoHealth}},
    'handlers': {
        'console': {'class': 'logging.StreamHandler', 'formatter': 'generic', 'stream': 'ext://sys.stdout', 'filters': []},
        'error_console': {'class': 'logging.StreamHandler', 'formatter': 'generic', 'stream': 'ext://sys.stderr'},
        'access': {'class': 'logging.StreamHandler', 'formatter': 'bare', 'stream': 'ext://sys.stdout', 'filters': ['health']},
    },
    'formatters': {'generic': {'format': '%(levelname)s: %(message)s'}, 'bare': {'format': 'ACCESS %(message)s'}},
    'loggers': {
        'gunicorn.error': {'level': 'INFO', 'handlers': ['error_console'], 'propagate': False},
        'gunicorn.access': {'level': 'INFO', 'handlers': ['access'], 'propagate': False},
    },
}
access_log_format = '%(m)s %(U)s %(s)s'
`

test('logconfig_dict with objects of the configuration file', async (t) => {
  const { server, get } = await started(t, [], { 'gunicorn.conf.py': DICT_CONF })
  equal(await get('/health'), 200)
  equal(await get('/log'), 200)
  await server.untilOut(/^ACCESS GET \/log 200$/m)
  await server.until(/^INFO: Listening at: http/)
  await server.until(/^WARNING: look out$/)
  ok(!server.stdout.includes('/health'))
})

const CLASS_CONF = `from gunicorn import glogging

class Quiet(glogging.Logger):
    def setup(self, cfg):
        super().setup(cfg)
        self.error_log.name = 'quiet'

    def access(self, resp, req, environ, request_time):
        if req.path != '/health':
            super().access(resp, req, environ, request_time)

logger_class = Quiet
accesslog = '-'
access_log_format = '%(m)s %(U)s %(s)s %({content-length}o)s'
`

test('logger_class: a subclass of Gunicorn’s own writes both logs, and hooks have it', {
  skip: NO_GUNICORN,
}, async (t) => {
  const { server, get } = await started(t, [], { 'gunicorn.conf.py': CLASS_CONF })
  equal(await get('/health'), 200)
  equal(await get('/log'), 200)
  await server.untilOut(/^GET \/log 200 2$/m)
  ok(!server.stdout.includes('/health'))
  await server.until(line('WARNING', 'look out'))
})

test('a configuration of logging that can’t be read is a coded error', async (t) => {
  const cwd = folder(t, { 'myapp.py': APP, 'broken.ini': '[loggers]\nkeys=root\n' })
  for (const [path, says] of [
    [
      'missing.ini',
      /CONFIG_FAILED: logging can't be configured by missing\.ini: .*no such file\nhint: check --log-config/,
    ],
    ['broken.ini', /CONFIG_FAILED: logging can't be configured by broken\.ini/],
  ] as const) {
    const options = { cwd, python: false, env: { DRAM_PYTHON: PYTHON } } as const
    const server = run(t, ['gunicorn', '-b', '127.0.0.1:0', '--log-config', path, 'myapp'], options)
    equal((await server.exit()).code, 1)
    match(server.stderr, says)
  }
})
