"""As `manage.py runserver`: static files of the installed applications, what the checks found, migrations to be applied."""
import os
import sys
from threading import Thread


def is_django(application):
    """The application of a Django project that has been set up, also where something was wrapped around it."""
    conf, apps = sys.modules.get("django.conf"), sys.modules.get("django.apps")
    if conf is None or apps is None or not conf.settings.configured or not apps.apps.ready:
        return False
    from django.core.handlers.wsgi import WSGIHandler

    return isinstance(application, WSGIHandler) or application is named_by(conf.settings)


def named_by(settings):
    module, _, attribute = (getattr(settings, "WSGI_APPLICATION", None) or "").rpartition(".")
    return getattr(sys.modules.get(module), attribute, None) if module else None


def with_static_files(application):
    """Wrapped exactly when the project's own `runserver` would: it may be another than Django's."""
    from django.conf import settings

    if not settings.DEBUG or not has_static_runserver():
        return application
    from django.contrib.staticfiles.handlers import StaticFilesHandler

    return application if isinstance(application, StaticFilesHandler) else StaticFilesHandler(application)


def has_static_runserver():
    from django.core.management import get_commands, load_command_class

    owner = get_commands()["runserver"]
    if owner == "django.core" or owner == "django.contrib.staticfiles":
        return owner == "django.contrib.staticfiles"
    command = load_command_class(owner, "runserver") if isinstance(owner, str) else owner
    return bool(command.create_parser("manage.py", "runserver").get_default("use_static_handler"))


# What it says of the project


def tell_of_project(folder):
    """Beside the first requests: it takes as long as an answer or two. `folder`: the server's runtime folder."""
    Thread(target=tell, args=(os.path.join(folder, "django.txt"),), name="dram-django", daemon=True).start()


def tell(path):
    """What was said already isn't said again after each load."""
    text = "\n".join([*problems(), *migrations()])
    try:
        with open(path, "a+", encoding="utf-8") as file:
            file.seek(0)
            if file.read() == text:
                return
            file.truncate(0)
            file.write(text)
    except OSError:
        return      # the server is gone, and its folder with it
    if text:
        print(text, file=sys.stderr, flush=True)


def problems():
    from django.core import checks

    try:
        found = checks.run_checks()
    except Exception as error:
        return ["Django: its checks failed: %s" % one_line(error)]
    return ["Django: %s" % one_line(one) for one in found if one.level >= checks.WARNING and not one.is_silenced()]


def migrations():
    from django.db import DEFAULT_DB_ALIAS, connections

    try:
        from django.db.migrations.executor import MigrationExecutor

        executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Exception as error:
        # Not every project has a database.
        is_dummy = type(error).__name__ == "ImproperlyConfigured"
        return [] if is_dummy else ["Django: the migrations can't be looked at: %s" % one_line(error)]
    finally:
        connections.close_all()
    labels = sorted({migration.app_label for migration, _ in plan})
    if not labels:
        return []
    count = "1 migration is" if len(plan) == 1 else "%d migrations are" % len(plan)
    return ["Django: %s not applied, of %s: python manage.py migrate" % (count, ", ".join(labels))]


def one_line(text):
    return " ".join(str(text).split())
