"""Several people at the same work at the same moment, in real transactions."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from paideia.activity.models import Fact
from paideia.content.actions import EditConflict, announce_due, publish, save_article, toggle_bookmark
from paideia.content.models import Bookmark, Document, Revision
from tests.cast import viewer_of

pytestmark = pytest.mark.django_db(transaction=True)
EDITORS = 8


def at_once(act: Callable[[int], str]) -> Counter[str]:
    """What `act` came to, called by all editors at the same time."""

    def run(number: int) -> str:
        try:
            return act(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(EDITORS) as pool:
        return Counter(pool.map(run, range(EDITORS)))


def test_of_many_editors_of_one_state_one_saves_and_the_others_are_told(community: Any, mentor: Any) -> None:
    document = save_article(community=community, author=mentor, title="T", source="First.")

    def save(number: int) -> str:
        try:
            save_article(
                community=community,
                author=mentor,
                title="T",
                source=f"Words of {number}.",
                document=document,
                expected_revision=1,
                viewer=viewer_of(mentor),
            )
        except EditConflict:
            return "conflict"
        return "saved"

    assert at_once(save) == {"saved": 1, "conflict": EDITORS - 1}
    assert list(Revision.objects.order_by("number").values_list("number", flat=True)) == [1, 2]
    assert Document.objects.get().source == Revision.objects.get(number=2).source


def test_without_a_revision_to_expect_every_save_is_kept_in_order(community: Any, mentor: Any) -> None:
    document = save_article(community=community, author=mentor, title="T", source="First.")

    def save(number: int) -> str:
        save_article(community=community, author=mentor, title="T", source=f"{number}", document=document)
        return "saved"

    assert at_once(save) == {"saved": EDITORS}
    assert sorted(Revision.objects.values_list("number", flat=True)) == list(range(1, EDITORS + 2))


def test_a_work_is_announced_once_by_many_workers(community: Any, mentor: Any) -> None:
    from datetime import timedelta

    from django.utils import timezone

    document = save_article(community=community, author=mentor, title="T", source="x")
    publish(document=document, by=mentor, at=timezone.now() + timedelta(hours=1))
    Document.objects.update(published_at=timezone.now() - timedelta(seconds=1))
    assert sum(int(count) * times for count, times in at_once(lambda _n: str(announce_due())).items()) == 1
    assert Fact.objects.filter(verb="article.published").count() == 1


def test_a_bookmark_is_one_row_however_fast_it_is_pressed(community: Any, mentor: Any, member: Any) -> None:
    document = publish(
        document=save_article(community=community, author=mentor, title="T", source="x"), by=None
    )
    at_once(lambda _n: str(toggle_bookmark(viewer=viewer_of(member), document=document)))
    assert Bookmark.objects.count() in (0, 1)
    given = Fact.objects.filter(verb="bookmark.added").count()
    taken = Fact.objects.filter(verb="bookmark.removed").count()
    assert given - taken == Bookmark.objects.count()
