"""What templates may call."""

import pytest
from django.template import engines
from django.utils import translation

from paideia.lib import jinja


def drawn(source: str, **context: object) -> str:
    return engines["paideia"].from_string(source).render(context)


def test_text_is_escaped() -> None:
    assert drawn("{{ text }}", text="<b>") == "&lt;b&gt;"


def test_json_in_an_attribute_cannot_leave_it() -> None:
    assert drawn('<i data-x="{{ value|json }}">', value={"a": "\"><script>'"}) == (
        '<i data-x="{&#34;a&#34;:&#34;\\&#34;&gt;&lt;script&gt;&#39;&#34;}">'
    )


def test_gettext_escapes_what_it_is_given() -> None:
    assert drawn('{{ _("Hello %(name)s", name=name) }}', name="<b>") == "Hello &lt;b&gt;"


def test_a_link_to_a_room_that_is_not_here_is_empty() -> None:
    assert (jinja.link("no_such_page"), drawn("{{ link('no_such_page') }}")) == ("", "")


def test_a_query_leaves_out_what_is_empty() -> None:
    assert jinja.query("/a/?old=1", sort="-name", after=None, q="", page=0) == "/a/?sort=-name&page=0"
    assert jinja.query("/a/?old=1", q="") == "/a/"


def test_an_icon_is_hidden_from_screen_readers_unless_it_is_named() -> None:
    assert 'aria-hidden="true"' in jinja.icon("home")
    assert jinja.icon("home", 16, '"x"') == (
        '<svg class="icon" width="16" height="16" role="img" aria-label="&#34;x&#34;">'
        '<use href="/static/web/icons.svg#home"></use></svg>'
    )


def test_an_icon_that_was_never_drawn_is_a_mistake() -> None:
    with pytest.raises(KeyError, match="no drawing 'unicorn'"):
        jinja.icon("unicorn")


def test_a_part_that_does_not_exist_is_a_mistake_that_names_those_that_do() -> None:
    with pytest.raises(AttributeError, match=r"No part is called 'crad'; there are: .*card"):
        _ = jinja.Parts(engines["paideia"].env).crad


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Lin Wan", "LW"),
        ("林晚", "晚"),
        ("欧阳小满", "欧"),
        ("amélie", "A"),
        ("", "?"),
        ("Anna Maria Bell", "AB"),
        ("…", "…"),
        ("Paideia 城市", "P"),
        ("Ada 林", "A"),
    ],
)
def test_a_face_without_a_picture_shows_letters(name: str, letters: str) -> None:
    assert jinja.initials(name) == letters


def test_a_face_keeps_its_colour() -> None:
    assert [jinja.hue(number) for number in (1, 2, 3, "x")] == [
        jinja.hue(number) for number in (1, 2, 3, "x")
    ]
    assert {jinja.hue(number) for number in range(500)} == set(range(12))


def test_boxes_of_task_lists_are_named_in_the_readers_language() -> None:
    html = '<input class="task-list-item-checkbox" type="checkbox" checked="" disabled=""> a'
    with translation.override("en"):
        assert jinja.readable(html) == (
            '<input class="task-list-item-checkbox" type="checkbox" checked="" aria-label="Done" disabled=""> a'
        )


def test_without_a_build_the_styles_are_their_sources_and_scripts_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jinja, "_built", dict)
    assert (jinja.asset("app.css"), jinja.asset("app.js")) == ("/static/web/css/app.css", "")
