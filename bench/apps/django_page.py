"""
A page as Django's users write them: a template, the ORM on SQLite, a session that is read from the database.
`python django_page.py` makes the database, in the folder that BENCH_DATA names.
"""
import os

import django.conf

django.conf.settings.configure(
    SECRET_KEY="bench",
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["django.contrib." + name for name in ("auth", "contenttypes", "sessions", "messages")],
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {
                "loaders": [
                    (
                        "django.template.loaders.cached.Loader",
                        [
                            (
                                "django.template.loaders.locmem.Loader",
                                {
                                    "base.html": "<!doctype html><html><head><title>{% block title %}{% endblock %}"
                                    "</title></head><body>{% block page %}{% endblock %}</body></html>",
                                    "page.html": '{% extends "base.html" %}{% block title %}Entries{% endblock %}'
                                    "{% block page %}<h1>Welcome back, {{ name }}</h1><ul>{% for entry in entries %}"
                                    '<li><a href="/entries/{{ entry.id }}">{{ entry.title }}</a>'
                                    " by {{ entry.author }}, {{ entry.made|date:'Y-m-d' }}</li>{% endfor %}"
                                    "</ul>{% endblock %}",
                                },
                            )
                        ],
                    )
                ]
            },
        }
    ],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.path.join(os.environ["BENCH_DATA"], "django.sqlite3"),
            "CONN_MAX_AGE": None,
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    USE_TZ=True,
)
django.setup()

from django.core.wsgi import get_wsgi_application  # noqa: E402 (the settings come first)
from django.db import connection, models  # noqa: E402
from django.shortcuts import render  # noqa: E402
from django.urls import path  # noqa: E402

SESSION_KEY = "bench00000000000000000000000000000"


class Entry(models.Model):
    title = models.CharField(max_length=80)
    author = models.CharField(max_length=40)
    made = models.DateTimeField()

    class Meta:
        app_label = "bench"


def page(request):
    name = request.session.get("name", "stranger")
    entries = Entry.objects.filter(id__gt=15).order_by("-id")[:10]
    return render(request, "page.html", {"name": name, "entries": entries})


urlpatterns = [path("", page)]
application = get_wsgi_application()


def make_database():
    import datetime

    from django.contrib.sessions.backends.db import SessionStore
    from django.contrib.sessions.models import Session
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    with connection.schema_editor() as editor:
        editor.create_model(Entry)
    made = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    Entry.objects.bulk_create(Entry(title=f"Entry {n}", author="Ada", made=made) for n in range(1, 26))
    far = datetime.datetime(2100, 1, 1, tzinfo=datetime.timezone.utc)
    data = SessionStore().encode({"name": "Ada"})
    Session.objects.create(session_key=SESSION_KEY, session_data=data, expire_date=far)


if __name__ == "__main__":
    make_database()
