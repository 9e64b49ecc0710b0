import { equal, match } from 'node:assert/strict'
import { test } from 'node:test'
import { noGevent } from '../kit/gevent.ts'
import { gunicorn } from '../kit/gunicorn.ts'
import { folder } from '../kit/server.ts'
import { visit } from './visit.ts'

if (noGevent) test('Flask in greenlets', { skip: noGevent }, () => {})
else visit({ name: 'Flask in greenlets', app: '', target: 'flask_app:app', gunicorn: ['-k', 'gevent'] })

const APP = `import socket, time
from flask import Flask
app = Flask(__name__)
running = most = 0
@app.get('/')
def index():
    global running, most
    running += 1
    most = max(most, running)
    time.sleep(0.2)
    running -= 1
    return f'{socket.socket.__module__}, {most} at a time'
`

const CONF = `from gevent import monkey
monkey.patch_all()
import multiprocessing
bind = '127.0.0.1:0'
workers = 1
worker_class = 'gevent'
worker_connections = 60
timeout = 120
`

test('a configuration file that patches', { skip: noGevent }, async (t) => {
  const cwd = folder(t, { 'shop.py': APP, 'gunicorn.conf.py': CONF })
  const server = await gunicorn(t, ['shop:app'], { cwd })
  await server.until(/1 worker × 60 greenlets/)
  const answers = await Promise.all(Array.from({ length: 50 }, () => server.get('/')))
  for (const { status, text } of answers) {
    equal(status, 200)
    match(text, /^gevent\./)
  }
  equal(
    answers.every(({ text }) => text.endsWith(', 1 at a time')),
    false,
  )
  server.signal('SIGHUP')
  await server.until(/reloaded/)
  equal((await server.get('/')).status, 200)
  equal((await server.stop()).code, 0)
})

const HOOKS = `${CONF}
import sys
def post_fork(server, worker):
    server.log.info('forked %s, flask is there: %s', worker.pid, 'flask' in sys.modules)
def post_worker_init(worker):
    worker.log.info('initialized, flask is there: %s', 'flask' in sys.modules)
def pre_request(worker, req):
    req.mine = req.path
def post_request(worker, req, environ, resp):
    worker.log.info('done %s %s %s', req.method, req.mine, resp.status)
def worker_exit(server, worker):
    server.log.info('left %s', worker.pid)
`

test('hooks around requests in greenlets, and before the application is loaded', { skip: noGevent }, async (t) => {
  const cwd = folder(t, { 'shop.py': APP, 'gunicorn.conf.py': HOOKS })
  const server = await gunicorn(t, ['shop:app'], { cwd })
  await server.until(/forked \d+, flask is there: False/)
  await server.until(/initialized, flask is there: True/)
  await Promise.all(Array.from({ length: 20 }, (_, at) => server.get(`/?${at}`)))
  await server.until(/done GET \/ 200 OK/)
  equal((await server.stop()).code, 0)
  equal(server.lines.filter((line) => line.includes('done GET / 200 OK')).length, 20)
  match(server.stderr, /left \d+/)
})

test('a file that patches, and whose application is preloaded', { skip: noGevent }, async (t) => {
  const cwd = folder(t, { 'shop.py': APP, 'gunicorn.conf.py': `${CONF}\npreload_app = True\n` })
  const server = await gunicorn(t, ['shop:app'], { cwd })
  const answers = await Promise.all(Array.from({ length: 50 }, () => server.get('/')))
  for (const { status } of answers) equal(status, 200)
  equal((await server.stop()).code, 0)
})
