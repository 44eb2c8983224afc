"""How much of a text each person gets to read."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from paideia.access.models import Gate
from paideia.content.actions import publish, save_article, save_column
from paideia.content.models import Document
from paideia.content.queries import opened
from tests.cast import sign_in, viewer_of

pytestmark = pytest.mark.django_db
TEXT = "Free words.\n\n---paywall---\n\nPaid words."


@pytest.fixture
def gate(community: Any, tier: Any) -> Gate:
    gate = Gate.objects.create(community=community, name="Members who pay")
    gate.plans.add(tier)
    return gate


def written(
    community: Any, author: Any, gate: Gate | None = None, source: str = TEXT, **fields: Any
) -> Document:
    article = save_article(
        community=community,
        author=author,
        title="Title",
        summary="Summary",
        source=source,
        gate=gate,
        **fields,
    )
    return publish(document=article, by=None)


def test_who_pays_reads_all_and_the_others_what_stands_before_the_divider(
    community: Any, mentor: Any, member: Any, visitor: Any, stranger: Any, gate: Gate
) -> None:
    article = written(community, mentor, gate)
    read = {str(user): opened(viewer_of(user), article) for user in (mentor, member, visitor, stranger, None)}
    assert {name: reading.text for name, reading in read.items()} == {
        "menno": "Free words.\nPaid words.",
        "mira": "Free words.\nPaid words.",
        "vera": "Free words.",
        "stan": "Free words.",
        "None": "Free words.",
    }


@pytest.mark.parametrize(
    ("shows", "listed", "preview"),
    [("preview", True, "Free words."), ("title", True, ""), ("nothing", False, "")],
)
def test_a_closed_gate_decides_how_much_may_be_seen(
    community: Any, mentor: Any, gate: Gate, shows: str, listed: bool, preview: str
) -> None:
    gate.shows = shows
    gate.save()
    article = written(community, mentor, gate)
    viewer = viewer_of(None)
    assert Document.objects.listed_to(viewer).filter(pk=article.pk).exists() == listed
    assert opened(viewer, article).text == preview


def test_without_a_divider_a_closed_text_has_no_preview(community: Any, mentor: Any, gate: Gate) -> None:
    article = written(community, mentor, gate, source="All of it is paid.")
    assert opened(viewer_of(None), article).html == ""


def test_who_has_paid_lands_where_they_stopped(community: Any, mentor: Any) -> None:
    noted = "Free[^1].\n\n---paywall---\n\nPaid[^2].\n\n[^1]: One.\n[^2]: Two."
    for source in (TEXT, noted):
        document = written(community, mentor, source=source)
        before, _mark, after = document.html.partition('id="paywall"')
        assert ("Free" in before, "Paid" in before, "Paid" in after) == (True, False, True)
        assert 'id="paywall"' not in document.preview_html


def test_without_a_gate_the_divider_hides_nothing(community: Any, mentor: Any) -> None:
    article = written(community, mentor)
    assert opened(viewer_of(None), article).text == "Free words.\nPaid words."


def test_a_work_in_a_circle_never_stands_outside_it(
    community: Any, mentor: Any, space: Any, gate: Gate
) -> None:
    space.gate = gate
    space.save()
    assert written(community, mentor, None, space=space).gate == gate


def test_the_predicate_and_the_answer_about_one_row_agree(
    community: Any,
    owner: Any,
    moderator: Any,
    mentor: Any,
    member: Any,
    visitor: Any,
    stranger: Any,
    gate: Gate,
) -> None:
    hidden = Gate.objects.create(community=community, name="Nobody", level_min=90, shows="nothing")
    now = timezone.now()
    works = [written(community, mentor, each) for each in (None, gate, hidden)]
    works += [save_article(community=community, author=mentor, title="Draft", source=TEXT)]
    works += [
        publish(
            document=save_article(community=community, author=mentor, title="Later", source=TEXT),
            by=None,
            at=now + timedelta(days=1),
        )
    ]
    removed = written(community, mentor)
    Document.objects.filter(pk=removed.pk).update(removed_at=now)
    for user in (owner, moderator, mentor, member, visitor, stranger, None):
        viewer = viewer_of(user)
        readable = set(Document.objects.readable_by(viewer).values_list("pk", flat=True))
        full = set(Document.objects.visible_to(viewer).values_list("pk", flat=True))
        full |= set(Document.objects.editable_by(viewer).values_list("pk", flat=True))
        for work in [*works, Document.objects.get(pk=removed.pk)]:
            reading = opened(viewer, work)
            assert (reading.is_open, bool(reading.html) and work.pk in readable) == (
                work.pk in full,
                work.pk in readable,
            )


def test_the_page_of_a_closed_article_holds_no_paid_word(
    community: Any, mentor: Any, visitor: Any, gate: Gate
) -> None:
    article = written(community, mentor, gate)
    page = sign_in(visitor).get(f"/c/agora/articles/{article.pk}/").content.decode()
    assert ("Free words." in page, "Paid words." in page) == (True, False)


@pytest.mark.parametrize(
    ("shows", "seen"),
    [("preview", [True, True, True]), ("title", [True, False, False]), ("nothing", [False, False, False])],
)
def test_what_a_gate_lets_be_seen_holds_on_every_page_that_names_the_work(
    community: Any, mentor: Any, visitor: Any, gate: Gate, shows: str, seen: list[bool]
) -> None:
    gate.shows = shows
    gate.save()
    column = publish(
        document=save_column(
            community=community, author=mentor, title="CTITLE", summary="CSUM", source="CPAID", gate=gate
        ),
        by=None,
    )
    source = "AFREE\n\n---paywall---\n\n## HEADING\n\nAPAID"
    article = save_article(
        community=community,
        author=mentor,
        title="ATITLE",
        summary="ASUM",
        source=source,
        gate=gate,
        column=column.column,
    )
    publish(document=article, by=None)
    client = sign_in(visitor)
    addresses = ["articles/", f"articles/{article.pk}/", "columns/", f"columns/{column.pk}/", "bookmarks/"]
    pages = "".join(client.get(f"/c/agora/{address}").content.decode() for address in addresses)
    assert [word in pages for word in ("ATITLE", "ASUM", "AFREE")] == seen
    assert [word in pages for word in ("CTITLE", "CSUM")] == seen[:2]
    assert [word in pages for word in ("APAID", "CPAID", "HEADING")] == [False, False, False]


@pytest.mark.parametrize("address", ["articles/{pk}/", "articles/999999/"])
def test_a_draft_and_an_absent_article_answer_alike(
    community: Any, mentor: Any, member: Any, address: str
) -> None:
    draft = save_article(community=community, author=mentor, title="Draft", source=TEXT)
    answer = sign_in(member).get("/c/agora/" + address.format(pk=draft.pk))
    assert (answer.status_code, b"Draft" in answer.content) == (404, False)
