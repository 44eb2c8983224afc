"""The forms that pages show, as a browser would send them: found on the pages, so that none is forgotten."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin

from django.test import Client

TEXTS = {"text", "search", "email", "url", "tel", "password", "textarea", "hidden"}


@dataclass(slots=True)
class Shown:
    """A form on a page: where it leads, what it would send untouched, and which of it is text."""

    page: str
    action: str
    method: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    texts: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        return f"{self.action} ({','.join(self.fields)})"

    def data(self, **other: Any) -> dict[str, Any]:
        return {name: values for name, values in self.fields.items() if values} | other


class _Reader(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.page = page
        self.found: list[Shown] = []
        self.form: Shown | None = None
        self.select = self.area = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        name = given.get("name", "")
        if tag == "form":
            action = urljoin(self.page, given.get("action", "") or self.page).partition("#")[0]
            self.form = Shown(self.page, action, given.get("method", "get").lower())
            if "hidden" not in given:  # else it only lends its token to buttons elsewhere
                self.found.append(self.form)
        if self.form is None or not name or "disabled" in given:
            return
        kind = given.get("type", "text") if tag == "input" else tag
        here = self.form.fields
        if tag == "select":
            self.select = name
            here.setdefault(name, [])
        elif tag == "textarea":
            self.area = name
            here[name] = [""]
            self.form.texts.append(name)
        elif kind == "file":
            self.form.files.append(name)
        elif kind in ("checkbox", "radio"):
            here.setdefault(name, [])
            if "checked" in given:
                here[name].append(given.get("value", "on"))
        elif tag == "input" or (tag == "button" and given.get("value")):
            here.setdefault(name, []).append(given.get("value", ""))
            if kind in TEXTS and tag == "input" and name != "csrfmiddlewaretoken":
                self.form.texts.append(name)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attributes)

    def handle_data(self, text: str) -> None:
        if self.area and self.form:
            self.form.fields[self.area][0] += text

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif tag == "select":
            self.select = ""
        elif tag == "textarea":
            self.area = ""


class _Options(_Reader):
    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        super().handle_starttag(tag, attributes)
        given = dict(attributes)
        if tag == "option" and self.select and self.form and "selected" in given:
            self.form.fields[self.select] = [given.get("value") or ""]


def forms_on(client: Client, path: str, *, method: str = "post") -> list[Shown]:
    """The forms of a page that send something."""
    answer = client.get(path)
    if answer.status_code != 200 or "text/html" not in answer.headers["Content-Type"]:
        return []
    reader = _Options(path)
    reader.feed(answer.content.decode())
    return [one for one in reader.found if one.method == method]
