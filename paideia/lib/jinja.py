"""The environment every page is rendered in: what templates may call without importing it.

`OPTIONS = {"environment": "paideia.lib.jinja.environment"}`. Each value and filter here is listed in
docs/interface.md; a template never needs a Python import of its own.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.messages import get_messages
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.http import HttpRequest
from django.urls import NoReverseMatch, get_script_prefix, get_urlconf, reverse
from django.utils import translation
from jinja2 import Environment, TemplateNotFound
from markupsafe import Markup, escape

from . import formatting
from .text import is_cjk

MANIFEST = "web/dist/manifest.json"
PARTS = "web/_parts/"


def environment(**options: Any) -> Environment:
    """A Jinja2 environment with autoescape, gettext, our globals, filters and the parts as `ui`."""
    options.setdefault("trim_blocks", True)
    options.setdefault("lstrip_blocks", True)
    env = Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"], **options)
    env.install_gettext_callables(  # type: ignore[attr-defined]
        translation.gettext,
        translation.ngettext,
        newstyle=True,
        pgettext=translation.pgettext,
        npgettext=translation.npgettext,
    )
    env.policies["ext.i18n.trimmed"] = True  # a sentence may be wrapped in the template
    env.globals.update(
        url=url, link=link, static=staticfiles_storage.url, asset=asset, icon=icon, ui=Parts(env), query=query
    )
    env.filters.update(
        date=formatting.date,
        datetime=formatting.datetime,
        clock=formatting.clock,
        month=formatting.month,
        relative_time=formatting.relative_time,
        duration=formatting.duration,
        money=formatting.money,
        number=formatting.number,
        compact=formatting.compact,
        percent=formatting.percent,
        file_size=formatting.file_size,
        json=to_json,
        hue=hue,
        initials=initials,
        readable=readable,
    )
    env.globals.update(money=formatting.money, toasts_of=toasts_of)
    env.tests["drawn"] = lambda name: name in drawings()
    return env


def url(name: str, *args: Any, **kwargs: Any) -> str:
    """The path of a named route, as Django's `reverse`."""
    if args or kwargs:
        return reverse(name, args=args or None, kwargs=kwargs or None)
    return _plain(name, get_script_prefix(), get_urlconf()) or reverse(name)


def link(name: str, *args: Any, **kwargs: Any) -> str:
    """As `url`, but empty where this installation has no such route, so that nothing links to nowhere."""
    if not args and not kwargs:
        return _plain(name, get_script_prefix(), get_urlconf())
    try:
        return reverse(name, args=args or None, kwargs=kwargs or None)
    except NoReverseMatch:
        return ""


@lru_cache(maxsize=4096)
def _plain(name: str, _prefix: str, _urlconf: str | None) -> str:
    """The shell of every page asks for some thirty paths, always the same ones."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def query(path: str, **changes: Any) -> str:
    """`path` with its query string replaced by the changes that are neither None nor empty."""
    kept = {key: value for key, value in changes.items() if value not in (None, "")}
    return f"{path.split('?')[0]}?{urlencode(kept, doseq=True)}" if kept else path.split("?")[0]


def asset(name: str) -> str:
    """The address of a built file (`app.js`, `app.css`), or of its source where nothing was built.

    Styles are served from their source without Node. A script that was not built gives an empty string:
    pages leave it out and work as forms and links.
    """
    built = _built()
    if name in built:
        return staticfiles_storage.url(f"web/dist/{built[name]}")
    return staticfiles_storage.url(f"web/css/{name}") if name.endswith(".css") else ""


def _built() -> dict[str, str]:
    path = _manifest_path()
    return _manifest(path, path.stat().st_mtime_ns) if path and path.exists() else {}


@lru_cache(maxsize=1)
def _manifest_path() -> Path | None:
    app = finders.find("web/css/app.css")  # is there always; its neighbour may be built later
    if app:
        return Path(str(app)).parent.parent / "dist" / "manifest.json"
    return Path(settings.STATIC_ROOT) / MANIFEST if settings.STATIC_ROOT else None


@lru_cache(maxsize=4)
def _manifest(path: Path, _changed: int) -> dict[str, str]:
    return json.loads(path.read_text(encoding="utf-8"))


def icon(name: str, size: int = 20, label: str = "") -> Markup:
    """A drawing from the sprite; hidden from screen readers unless it has a label of its own."""
    if name not in drawings():
        if settings.DEBUG or getattr(settings, "TESTING", False):
            raise KeyError(f"web/icons.svg has no drawing {name!r}; it has: {', '.join(sorted(drawings()))}")
        name = "hash"
    return _drawing(name, size, str(label), settings.STATIC_URL)


@lru_cache(maxsize=2048)
def _drawing(name: str, size: int, label: str, _static_url: str) -> Markup:
    spoken = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup('<svg class="icon" width="{0}" height="{0}" {1}><use href="{2}#{3}"></use></svg>').format(
        size, spoken, staticfiles_storage.url("web/icons.svg"), name
    )


@lru_cache(maxsize=1)
def drawings() -> frozenset[str]:
    """The names of all icons in the sprite."""
    found = finders.find("web/icons.svg")
    sprite = Path(str(found)).read_text(encoding="utf-8") if found else ""
    return frozenset(re.findall(r'<symbol id="([\w-]+)"', sprite))


def toasts_of(request: HttpRequest | None) -> list[Any]:
    """Django's messages for this page; a page without a session has none and none is started."""
    if not request or not hasattr(request, "_messages"):
        return []
    return list(get_messages(request))


def to_json(value: Any) -> Markup:
    """JSON for a data attribute: `data-points="{{ points|json }}"`."""
    return Markup(escape(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)))


_BOX = re.compile(r'<input class="task-list-item-checkbox" type="checkbox"( checked="")?')


def readable(html: str | None) -> Markup:
    """Sanitised HTML as it is shown: the boxes of task lists get a name in the reader's language."""
    html = str(html or "")
    if "task-list-item-checkbox" in html:
        names = {True: escape(translation.gettext("Done")), False: escape(translation.gettext("To do"))}
        html = _BOX.sub(lambda box: f'{box[0]} aria-label="{names[bool(box[1])]}"', html)
    return Markup(html)


def hue(identity: Any) -> int:
    """One of twelve colours (0–11), always the same for the same id: the avatar's fallback."""
    text = str(identity)
    return sum(ord(character) * (place + 7) for place, character in enumerate(text)) % 12


def initials(name: str) -> str:
    """`LW` for Lin Wan, `晚` for 林晚: what an avatar without a picture shows."""
    name = str(name or "").strip()
    if not name:
        return "?"
    if re.match(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]", name):
        return name[-1] if len(name) < 4 else name[0]
    words = re.findall(r"\w+", name)
    letters = [word[0] for word in (words[:1] + words[1:][-1:])]
    if any(is_cjk(letter) for letter in letters):
        letters = letters[:1]  # a wide character fills the place of two
    return "".join(letters).upper() or name[0]


class Parts:
    """`ui.card(…)`: every macro of web/_parts/*.html under its own name, loaded when first asked for."""

    def __init__(self, env: Environment) -> None:
        self._env = env
        self._home: dict[str, str] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._home:
            self._survey()
        if name not in self._home:
            raise AttributeError(f"No part is called {name!r}; there are: {', '.join(sorted(self._home))}")
        macro = getattr(self._env.get_template(self._home[name]).module, name)
        if not self._env.auto_reload:
            setattr(self, name, macro)  # from now on found without coming here
        return macro

    def _survey(self) -> None:
        if self._env.loader is None:
            raise TemplateNotFound(PARTS)
        for template in self._env.list_templates(filter_func=lambda path: path.startswith(PARTS)):
            for name in self._env.get_template(template).module.__dict__:
                if not name.startswith("_"):
                    self._home[name] = template
