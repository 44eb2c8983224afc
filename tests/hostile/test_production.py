"""Production mode: it starts only with safe settings, and every answer carries the headers that keep browsers safe."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

from tests.hostile.walk import signed_in
from tests.journeys.place import furnish

ROOT = Path(__file__).parents[2]
SAFE = {
    "PAIDEIA_PRODUCTION": "1",
    "PAIDEIA_ALLOWED_HOSTS": "example.org",
    "PAIDEIA_BASE_URL": "https://example.org",
    "PAIDEIA_SECRET_KEY": "s3Cr-" + "aB9_xY7-qW5zKm" * 5,
    "PAIDEIA_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "DJANGO_SETTINGS_MODULE": "paideia.config.settings",
}


def check(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """`check --deploy` in a process of its own, with no setting but these."""
    plain = {
        name: value for name, value in os.environ.items() if not name.startswith(("PAIDEIA_", "DJANGO_"))
    }
    plain |= SAFE | {"PAIDEIA_HOME": str(tmp_path)} | environment
    command = [sys.executable, "-W", "error::UserWarning", "-m", "django", "check", "--deploy"]
    return subprocess.run(
        [*command, "--fail-level", "WARNING"],
        env=plain,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_deployment_check_has_nothing_to_say(tmp_path):
    done = check(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "no issues" in done.stdout


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"PAIDEIA_DEBUG": "1"}, "PAIDEIA_DEBUG"),
        ({"PAIDEIA_SECRET_KEY": "short"}, "PAIDEIA_SECRET_KEY"),
        ({"PAIDEIA_SECRET_KEY": "a" * 60}, "PAIDEIA_SECRET_KEY"),
        ({"PAIDEIA_SECRET_KEY": "django-insecure-" + "aB9xY7qW5" * 8}, "PAIDEIA_SECRET_KEY"),
        ({"PAIDEIA_ALLOWED_HOSTS": ""}, "PAIDEIA_ALLOWED_HOSTS"),
        ({"PAIDEIA_ALLOWED_HOSTS": "*"}, "PAIDEIA_ALLOWED_HOSTS"),
        ({"PAIDEIA_BASE_URL": "http://example.org"}, "PAIDEIA_BASE_URL"),
    ],
)
def test_it_refuses_to_start_with(tmp_path, environment, said):
    done = check(tmp_path, **environment)
    assert done.returncode != 0
    assert said in done.stderr


HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=()",
}


def faults(answer) -> list[str]:
    """What an answer lacks of the headers that every answer carries."""
    found = [f"{name}: {answer.headers.get(name)}" for name in HEADERS if not answer.headers.get(name)]
    policy = answer.headers.get("Content-Security-Policy", "")
    if "default-src" not in policy or "unsafe-eval" in policy or "script-src 'unsafe" in policy:
        found.append(f"Content-Security-Policy: {policy}")
    if "frame-ancestors 'none'" not in policy and answer.headers.get("X-Frame-Options") != "DENY":
        found.append("may be framed")
    return found


@pytest.mark.django_db
def test_every_class_of_answer_carries_the_headers(monkeypatch):
    place = furnish("agora")
    client = signed_in(place, "owner")
    client.raise_request_exception = False
    from paideia.web import views

    def broken(*given, **rest):
        raise ZeroDivisionError

    media = place.rows["media"]
    answers = {
        "page": client.get(place.root),
        "stranger's page": Client().get(place.root),
        "kept page": Client().get(place.root),
        "redirect": Client().get(f"{place.root}settings/"),
        "missing slash": client.get("/c/agora"),
        "not found": client.get(f"{place.root}articles/999999999/"),
        "no such path": client.get("/nowhere/"),
        "nul": client.get("/c/agora/%00/"),
        "refused": signed_in(place, "visitor").get(f"{place.root}manage/community/"),
        "wrong method": client.get(f"{place.root}theme-choice/"),
        "no token": Client(enforce_csrf_checks=True).post(f"{place.root}join/"),
        "wrong host": client.get("/", headers={"Host": "evil.test"}),
        "bad form": client.post(f"{place.root}articles/new/", {}),
        "json": client.get("/health/"),
        "file": client.get(f"{place.root}media/{media.pk}/{media.name}"),
        "no such file": client.get(f"{place.root}media/999999/x.txt"),
        "static file": client.get("/static/web/icon.svg"),
        "no such static file": client.get("/static/web/none.svg"),
        "style of a community": client.get(f"{place.root}theme/0f766e.css"),
        "manifest": client.get(f"{place.root}manifest.webmanifest"),
    }
    monkeypatch.setattr(views.queries, "feed", broken)
    monkeypatch.setattr(views.queries, "figures", broken)
    answers["error"] = client.get(f"{place.root}about/")
    assert answers["error"].status_code == 500
    assert answers["static file"].status_code == answers["file"].status_code == 200
    assert {name: found for name, answer in answers.items() if (found := faults(answer))} == {}


@pytest.mark.django_db
def test_an_error_says_nothing_of_what_is_inside(monkeypatch):
    from paideia.web import views

    place = furnish("agora")

    def broken(*given, **rest):
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr(views.queries, "figures", broken)
    answer = Client(raise_request_exception=False).get(f"{place.root}about/")
    assert answer.status_code == 500
    text = answer.content.decode()
    assert [
        word
        for word in ("secret detail", "Traceback", "ZeroDivisionError", "DJANGO", "settings")
        if word in text
    ] == []
