import { equal, match } from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { ReportedFrame } from '../../src/faults/report.ts'
import { folder, start } from '../kit/server.ts'

const LOCAL = ['Host', 'localhost'] as const
const HTML = ['Accept', 'text/html'] as const

const FLASK = `
from flask import Flask, render_template

app = Flask(__name__)

@app.route("/")
def index():
    return render_template("cart.html", divisor=0)
`

/** Two whose own pages are on, side by side. */
const IN_CHARGE = `
from flask import Flask
from werkzeug.debug import DebuggedApplication
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.urls import path

flask = Flask(__name__)
flask.debug = True
flask.wsgi_app = DebuggedApplication(flask.wsgi_app, evalex=True)

@flask.route("/flask")
def index():
    raise ValueError("told to")

def view(request):
    raise ValueError("told to")

settings.configure(DEBUG=True, SECRET_KEY="x", ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"])
import django
django.setup()
urlpatterns = [path("django", view)]
site = WSGIHandler()

def application(environ, start_response):
    return (flask if environ["PATH_INFO"] == "/flask" else site)(environ, start_response)
`

test('an exception in a template of Flask is ours to show: the template is the application’s, too', async (t) => {
  const path = folder(t, { 'shop.py': FLASK })
  mkdirSync(join(path, 'templates'))
  writeFileSync(join(path, 'templates/cart.html'), '<h1>\n{{ 1 / divisor }}\n</h1>\n')
  const server = await start(t, 'dev', ['shop:app', '--log-level', 'info'], { cwd: path })
  const { status, text } = await server.get('/', [LOCAL, HTML])
  equal(status, 500)
  match(
    text,
    /ZeroDivisionError[\s\S]*templates\/cart\.html:2<[\s\S]*1 \/ divisor[\s\S]*frames in [^<]*jinja2[\s\S]*shop\.py:8</,
  )
  const json = JSON.parse((await server.get('/', [LOCAL, ['Accept', 'application/json']])).text)
  const own = json.exceptions[0].frames.filter((frame: ReportedFrame) => frame.own)
  equal(own.length, 2)
  match(
    server.stderr,
    /… \d+ frames in flask\n.*shop\.py", line 8, in index\n[\s\S]*… \d+ frames in flask, jinja2\n.*cart\.html/,
  )
})

test("Werkzeug's debugger and Django's page stay in charge where they are on", async (t) => {
  const path = folder(t, { 'both.py': IN_CHARGE })
  const server = await start(t, 'dev', ['both', '--log-level', 'info'], { cwd: path })
  for (const [target, page] of [
    ['/flask', /Werkzeug Debugger[\s\S]*ValueError/],
    ['/django', /You’re seeing this error because you have <code>DEBUG = True<\/code>/],
  ] as const) {
    const { status, text } = await server.get(target, [LOCAL, HTML])
    equal(status, 500)
    match(text, page)
    equal(text.includes('/-/dev/errors.css'), false)
  }
})
