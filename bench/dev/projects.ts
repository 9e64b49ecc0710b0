import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** An application whose files are written by the bench, which then changes one of them. */
export interface Project {
  readonly name: 'flask' | 'django'
  /** What it consists of: path → text. */
  readonly files: Readonly<Record<string, string>>
  /** The module that is saved, and imported by most of the others. */
  readonly edited: string
}

const THINGS = 'user product order invoice basket review stock address coupon'.split(' ')
const capital = (word: string): string => word[0]!.toUpperCase() + word.slice(1)
const each = (text: (thing: string) => string): string => THINGS.map(text).join('')

/** Flask with a factory, nine blueprints, forms, models by SQLAlchemy, sessions: some twenty modules. */
export const FLASK: Project = {
  name: 'flask',
  edited: 'shop/version.py',
  files: {
    'shop/__init__.py': `from flask import Flask

from . import settings
from .extensions import db, login


def create_app():
    app = Flask(__name__)
    app.config.from_object(settings)
    db.init_app(app)
    login.init_app(app)
    from .views import ALL
    for blueprint in ALL:
        app.register_blueprint(blueprint)
    return app
`,
    'shop/settings.py': 'SECRET_KEY = "bench"\nSQLALCHEMY_DATABASE_URI = "sqlite:///:memory:"\n',
    'shop/extensions.py': `from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()
login = LoginManager()
login.user_loader(lambda name: None)
`,
    'shop/models.py': `from .extensions import db
${each(
  (thing) => `

class ${capital(thing)}(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(80), nullable=False)
    made = db.Column(db.DateTime)
`,
)}`,
    'shop/rates.py': 'import requests\n\nSESSION = requests.Session()\n',
    'shop/templates/page.html': '<!doctype html><title>{{ title }}</title><p>{{ version }}</p>\n',
    'shop/views/__init__.py': `from . import ${THINGS.join(', ')}, home

ALL = [${['home', ...THINGS].map((name) => `${name}.blueprint`).join(', ')}]
`,
    'shop/views/home.py': `from flask import Blueprint, render_template

from .. import rates
from ..version import VERSION

blueprint = Blueprint("home", __name__)


@blueprint.get("/")
def home():
    return render_template("page.html", title="home", version=VERSION)
`,
    ...Object.fromEntries(
      THINGS.map((thing) => [
        `shop/views/${thing}.py`,
        `from flask import Blueprint, render_template
from flask_wtf import FlaskForm
from wtforms import StringField

from ..models import ${capital(thing)}
from ..version import VERSION

blueprint = Blueprint("${thing}", __name__, url_prefix="/${thing}")


class Form(FlaskForm):
    name = StringField("name")


@blueprint.get("/")
def index():
    return render_template("page.html", title="${thing}", version=VERSION)


@blueprint.get("/<int:number>")
def one(number):
    return "${thing} %d" % number
`,
      ]),
    ),
  },
}

/** Django as startproject makes it, with the admin, sessions and three applications. */
export const DJANGO: Project = {
  name: 'django',
  edited: 'shop/version.py',
  files: {
    'manage.py': `import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    from django.core.management import execute_from_command_line
    execute_from_command_line(sys.argv)
`,
    'shop/__init__.py': '',
    'shop/wsgi.py': `import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
application = get_wsgi_application()
`,
    'shop/settings.py': `DEBUG = True
SECRET_KEY = "bench"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "shop.urls"
WSGI_APPLICATION = "shop.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
STATIC_URL = "static/"
INSTALLED_APPS = ["django.contrib." + name for name in "admin auth contenttypes sessions messages staticfiles".split()]
INSTALLED_APPS += ["people", "goods", "orders"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "DIRS": [],
    "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
    ]},
}]
`,
    'shop/urls.py': `from django.contrib import admin
from django.urls import include, path

from . import views

urlpatterns = [path("admin/", admin.site.urls), path("", views.home)]
urlpatterns += [path(name + "/", include(name + ".urls")) for name in ("people", "goods", "orders")]
`,
    'shop/views.py': `from django.http import HttpResponse

from .version import VERSION


def home(request):
    return HttpResponse(VERSION)
`,
    ...Object.fromEntries(
      ['people', 'goods', 'orders'].flatMap((app) => [
        [`${app}/__init__.py`, ''],
        [
          `${app}/models.py`,
          `from django.db import models


class ${capital(app)}(models.Model):
    name = models.CharField(max_length=80)
    made = models.DateTimeField(auto_now_add=True)
`,
        ],
        [
          `${app}/admin.py`,
          `from django.contrib import admin

from .models import ${capital(app)}

admin.site.register(${capital(app)})
`,
        ],
        [
          `${app}/urls.py`,
          'from django.urls import path\n\nfrom . import views\n\nurlpatterns = [path("", views.ListView.as_view())]\n',
        ],
        [
          `${app}/views.py`,
          `from django.views import generic

from .models import ${capital(app)}


class ListView(generic.ListView):
    model = ${capital(app)}
`,
        ],
      ]),
    ),
  },
}

/** Its version is the text that an answer holds. */
export function save(project: Project, folder: string, version: string): void {
  writeFileSync(join(folder, project.edited), `VERSION = "${version}"\n`)
}

export function writeProject(project: Project, folder: string): void {
  for (const [path, text] of Object.entries(project.files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  save(project, folder, 'first')
}
