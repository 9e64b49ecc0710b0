"""A small Django site: what tests/guests/visit.ts walks through, and the admin."""

import hashlib
import json

from django.contrib import admin
from django.http import HttpResponse, HttpResponseForbidden, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.views.decorators.csrf import csrf_exempt


def index(request):
    return HttpResponse('<form method="post" action="/login"><input name="name"></form>')


@csrf_exempt
def login(request):
    request.session["name"] = request.POST["name"]
    return HttpResponse(status=303, headers={"Location": reverse("hello")})


def hello(request):
    if "name" not in request.session:
        return HttpResponseForbidden()
    return HttpResponse("hello " + request.session["name"], content_type="text/plain; charset=utf-8")


@csrf_exempt
def upload(request):
    given = request.FILES["file"]
    found = hashlib.sha256()
    for piece in given.chunks():
        found.update(piece)
    said = {"name": given.name, "size": given.size, "sha256": found.hexdigest(), "note": request.POST["note"]}
    return JsonResponse(said)


@csrf_exempt
def take_json(request):
    return JsonResponse({"got": json.loads(request.body)})


def stream(request):
    lines = ("line %d of %s\n" % (number, request.GET["of"]) for number in range(5))
    return StreamingHttpResponse(lines, content_type="text/plain")


def download(request):
    block = b"0123456789abcdef" * 4096
    return StreamingHttpResponse((block for _ in range(160)), content_type="application/octet-stream")


def show_path(request, name):
    return HttpResponse(name, content_type="text/plain; charset=utf-8")


def where(request):
    return HttpResponse(request.build_absolute_uri(reverse("hello")) + " " + request.META["REMOTE_ADDR"])


def error(request):
    raise RuntimeError("a mistake in the guest")


@csrf_exempt
def silent(request):
    """Answers without a look at the body."""
    return HttpResponse(status=204)


def to_admin(request):
    return redirect("admin:index")


urlpatterns = [
    path("", index),
    path("login", login),
    path("hello", hello, name="hello"),
    path("upload", upload),
    path("json", take_json),
    path("stream", stream),
    path("download", download),
    path("path/<str:name>", show_path),
    path("where", where),
    path("error", error),
    path("silent", silent),
    path("to-admin", to_admin),
    path("admin/", admin.site.urls),
]
