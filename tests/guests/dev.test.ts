import { equal, match, ok } from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { folder, fullOnly, type LiveServer, type StartOptions, start } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'
import { GUESTS } from './visit.ts'

const SITE = join(GUESTS, 'django_site')
const PAGE: readonly [string, string][] = [
  ['Host', 'localhost'],
  ['Accept', 'text/html'],
]

function dev(t: TestContext, args: readonly string[], options: StartOptions): Promise<LiveServer> {
  return start(t, 'dev', ['--log-level', 'info', ...args], options)
}

/** The Django site, as its settings are for who develops. */
function develop(t: TestContext, settings: string, args: readonly string[] = []): Promise<LiveServer> {
  const own = folder(t, {
    'developed.py': `from shop.settings import *\nDEBUG = True\nWSGI_APPLICATION = "plain.application"\n${settings}`,
    'plain.py': 'from django.core.wsgi import get_wsgi_application\n\napplication = get_wsgi_application()\n',
  })
  const env = { GUEST_FOLDER: own, DJANGO_SETTINGS_MODULE: 'developed', PYTHONWARNINGS: 'ignore' }
  return dev(t, ['--pythonpath', own, ...args], { cwd: SITE, env })
}

test('Django: static files of its applications, checks and migrations, as manage.py runserver has them', async (t) => {
  const server = await develop(t, 'STATICFILES_DIRS = ["/nowhere"]\n')
  const css = await server.get('/static/admin/css/base.css')
  equal(css.status, 200)
  match(css.text, /DJANGO Admin styles/)
  equal(css.header('cache-control'), 'no-cache')
  equal((await server.get('/static/none.css')).status, 404)
  await server.until(/Django: \d+ migrations are not applied, of admin, auth, contenttypes, sessions, shop/)
  ok(
    server.lines.some((line) => /Django: .*staticfiles\.W004/.test(line)),
    server.stderr,
  )
  match((await server.get('/missing', PAGE)).text, /DEBUG = True[\s\S]*\/-\/dev\/reload\.js/)
})

/** As that of whitenoise.runserver_nostatic. */
const STILL = `
from django.contrib.staticfiles.management.commands.runserver import Command as Runserver

class Command(Runserver):
    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.set_defaults(use_static_handler=False)
`

test('Django: another runserver says itself whether it serves static files', { skip: fullOnly }, async (t) => {
  const own = folder(t)
  mkdirSync(join(own, 'still/management/commands'), { recursive: true })
  for (const name of ['still', 'still/management', 'still/management/commands'])
    writeFileSync(join(own, name, '__init__.py'), '')
  writeFileSync(join(own, 'still/management/commands/runserver.py'), STILL)
  const server = await develop(t, 'INSTALLED_APPS = ["still", *INSTALLED_APPS]\n', ['--pythonpath', own])
  equal((await server.get('/static/admin/css/base.css')).status, 404)
})

const FLASK = `
import os
from flask import Flask

def create_app(name="none"):
    app = Flask(__name__)
    app.config["DEBUG"] = False

    @app.get("/")
    def index():
        return "{} {} {} {}".format(name, app.debug, os.environ.get("ONE"), os.environ.get("TWO"))

    @app.get("/fails")
    def fails():
        raise ValueError("told to")

    return app
`

test('Flask: FLASK_APP, .flaskenv and .env, as flask run reads them', async (t) => {
  const own = folder(t, {
    'garden.py': FLASK,
    '.flaskenv': 'FLASK_APP=garden:create_app("rose")\nONE=flaskenv\nTWO=flaskenv\n',
    '.env': 'TWO=env\n',
  })
  const server = await dev(t, [], { cwd: own })
  equal((await server.get('/')).text, 'rose True flaskenv env')
  await eventually(() => server.stdout.includes('watching'), 'the watcher')
  writeFileSync(join(own, '.env'), 'TWO=anew\nONE=env\nFLASK_DEBUG=0\n')
  await eventually(async () => (await server.get('/')).text === 'rose False env anew', 'the new variables')
})

test('Flask: what it raises is shown, app.run() is passed over, variables that are there count most', async (t) => {
  const run = `${FLASK}\napp = create_app()\napp.run(port=1)\n`
  const own = folder(t, { 'garden.py': run, '.env': 'ONE=env\nTWO=env\n' })
  const server = await dev(t, ['garden'], { cwd: own, env: { TWO: 'ours' } })
  equal((await server.get('/')).text, 'none True env ours')
  match((await server.get('/fails', [['Host', 'localhost']])).text, /ValueError: told to/)
})

test('nothing of it is in dram serve', async (t) => {
  const own = folder(t, { 'app.py': `${FLASK}\napp = create_app()\n`, '.env': 'ONE=env\n', '.flaskenv': 'TWO=env\n' })
  const server = await start(t, '', ['--workers', '1'], { cwd: own })
  equal((await server.get('/')).text, 'none False None None')
  equal((await server.get('/fails')).text.includes('told to'), false)
})
