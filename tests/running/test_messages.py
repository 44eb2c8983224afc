"""Translations: what `make check` refuses."""

from pathlib import Path

import pytest
from babel.messages import Catalog

from paideia.config.setup import messages


@pytest.fixture
def template() -> Catalog:
    catalogue = Catalog()
    catalogue.add("Hello, %(name)s")
    catalogue.add(("%(n)s comment", "%(n)s comments"))
    catalogue.add("Save", context="button")
    return catalogue


@pytest.mark.parametrize(
    ("hello", "comments", "save", "found"),
    [
        ("你好，%(name)s", ["%(n)s 条评论"], "保存", []),
        ("", ["%(n)s 条评论"], "保存", ["not translated: 'Hello, %(name)s'"]),
        ("你好", ["%(n)s 条评论"], "保存", ["placeholders differ (name): 'Hello, %(name)s'"]),
        ("你好，%(nome)s", ["评论"], "保存", ["placeholders differ (name, nome): 'Hello, %(name)s'"]),
        (
            "你好，%(name)s",
            ["%(m)s 条评论"],
            "",
            ["placeholders differ (m): '%(n)s comment'", "not translated: 'Save'"],
        ),
    ],
)
def test_what_is_missing_or_would_break_is_named(template, hello, comments, save, found):
    catalogue = Catalog(locale="zh_Hans")
    catalogue.add("Hello, %(name)s", hello)
    catalogue.add(("%(n)s comment", "%(n)s comments"), comments)
    catalogue.add("Save", save, context="button")
    assert list(messages.problems(template, catalogue)) == found


def test_a_catalogue_survives_writing_and_reading(template, tmp_path: Path):
    path = tmp_path / "zh_Hans" / "LC_MESSAGES" / "django.po"
    catalogue = messages.read(path)
    catalogue.update(template, no_fuzzy_matching=True)
    messages.write(path, catalogue)
    assert [(one.id, one.context) for one in messages.read(path)] == [
        (one.id, one.context) for one in catalogue
    ]
    assert len(list(messages.untranslated(messages.read(path)))) == 3


def test_strings_are_found_in_code_and_in_templates():
    found = {place.split("/")[0] for message in messages.in_code() for place, _ in message.locations}
    assert {"web", "communities"} <= found


def test_strings_are_found_in_shared_parts_of_pages():
    found = {place.rpartition("/")[0] for message in messages.in_code() for place, _ in message.locations}
    assert {"web/templates/web/_parts", "web/templates/web/_shell"} <= found


def test_strings_marked_to_be_translated_later_are_found():
    assert messages.in_code().get("The password of your account was changed.") is not None
