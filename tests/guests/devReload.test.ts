import { ok } from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { loads } from '../kit/devSite.ts'
import { FULL, folder, fullOnly, start } from '../kit/server.ts'
import { eventually } from '../kit/wait.ts'

interface Project {
  readonly app: readonly string[]
  readonly files: Readonly<Record<string, string>>
  /** A file, what is to stand in it, and what the application answers then. One after the other. */
  readonly saves: readonly (readonly [file: string, text: string, answer: RegExp])[]
}

const FLASK_VIEWS = (text: string): string => `
from flask import Blueprint, render_template

views = Blueprint("views", __name__)

@views.get("/")
def index():
    return render_template("index.html", text=${JSON.stringify(text)})
`
const FLASK_FILES = {
  'shop/__init__.py': `
from flask import Flask

def create_app():
    app = Flask(__name__)
    from shop.views import views
    app.register_blueprint(views)
    return app
`,
  'shop/views.py': FLASK_VIEWS('view 1'),
  'shop/templates/index.html': 'page 1, {{ text }}',
}
const SAVES: Project['saves'] = [
  ['views.py', FLASK_VIEWS('view 2'), /page 1, view 2/],
  ['templates/index.html', 'page 2, {{ text }}', /page 2, view 2/],
  ['views.py', 'def index(:\n', /SyntaxError/],
  ['views.py', FLASK_VIEWS('view 3'), /page 2, view 3/],
]
const DJANGO_VIEWS = (text: string): string => `
from django.shortcuts import render

def index(request):
    return render(request, "index.html", {"text": ${JSON.stringify(text)}})
`

const PROJECTS: Readonly<Record<string, Project>> = {
  'Flask, one file': {
    app: ['app'],
    files: {
      'app.py': `from flask import Flask\napp = Flask(__name__)\n\n@app.get("/")\ndef index():\n    return "1"\n`,
    },
    saves: [
      [
        'app.py',
        `from flask import Flask\napp = Flask(__name__)\n\n@app.get("/")\ndef index():\n    return "2"\n`,
        /^2$/,
      ],
    ],
  },
  'Flask, a factory in a package': {
    app: ['shop:create_app()'],
    files: FLASK_FILES,
    saves: SAVES.map(([file, ...rest]) => [`shop/${file}`, ...rest] as const),
  },
  'Django, by its manage.py': {
    app: [],
    files: {
      'manage.py': `import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_of_mine.settings")\n`,
      'site_of_mine/__init__.py': '',
      'site_of_mine/settings.py': `
from pathlib import Path
DEBUG = True
SECRET_KEY = "for tests"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "site_of_mine.urls"
WSGI_APPLICATION = "site_of_mine.wsgi.application"
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "DIRS": [Path(__file__).parent / "templates"],
}]
`,
      'site_of_mine/wsgi.py': `
from django.core.wsgi import get_wsgi_application
application = get_wsgi_application()
`,
      'site_of_mine/urls.py': `
from django.urls import path
from site_of_mine import views
urlpatterns = [path("", views.index)]
`,
      'site_of_mine/views.py': DJANGO_VIEWS('view 1'),
      'site_of_mine/templates/index.html': 'page 1, {{ text }}',
    },
    saves: [
      ['site_of_mine/views.py', DJANGO_VIEWS('view 2'), /page 1, view 2/],
      ['site_of_mine/templates/index.html', 'page 2, {{ text }}', /page 2, view 2/],
      ['site_of_mine/views.py', 'def index(:\n', /SyntaxError/],
      ['site_of_mine/views.py', DJANGO_VIEWS('view 3'), /page 2, view 3/],
    ],
  },
}

for (const [name, { app, files, saves }] of Object.entries(PROJECTS))
  test(`${name}: what is saved is what is answered`, { skip: saves.length === 1 && fullOnly }, async (t) => {
    const path = folder(t)
    const write = (file: string, text: string): void => {
      mkdirSync(dirname(join(path, file)), { recursive: true })
      writeFileSync(join(path, file), text)
    }
    for (const [file, text] of Object.entries(files)) write(file, text)
    const server = await start(t, 'dev', [...app, '--log-level', 'info'], { cwd: path })
    await eventually(() => server.stdout.includes('watching'), 'the watcher')
    const text = async (): Promise<string> => (await server.get('/', [['Host', 'localhost']])).text
    ok(/^(?:1|page 1, view 1)/.test(await text()), await text()) // and all of it has been imported
    for (const [file, content, answer] of FULL ? saves : saves.slice(0, 1)) {
      const before = loads(server)
      write(file, content)
      await eventually(async () => answer.test(await text()), `${answer} after ${file} was saved`)
      if (!/SyntaxError/.test(answer.source)) await eventually(() => loads(server) > before, 'its load to be told')
    }
  })
