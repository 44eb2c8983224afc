"""Whoever reads without a pause while a right is taken back and given again, by whatever way: no read that begins after
the taking is committed shows anything.

Eight readers and ten takings; in the long form 32 and 200: `--long`.
"""

import io
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from paideia.access import middleware
from paideia.access.actions import grant, revoke
from paideia.access.models import Gate, Grant, Plan
from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.communities.models import Community
from paideia.content import actions as content
from paideia.courses import actions as courses
from paideia.discussions import actions as talk
from tests.cast import sign_in, viewer_of

pytestmark = pytest.mark.django_db(transaction=True)
WORD = "cinnabar"


@pytest.fixture(autouse=True)
def _own_storage(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def ways(community: Community, mentor: User, tier: Plan) -> list[str]:
    """Addresses that show the word to who may read it: pages, a fragment, and a file to download."""
    gate = Gate.objects.create(community=community, name="Paid")
    gate.plans.add(tier)
    said = {"community": community, "author": mentor, "title": "An article", "gate": gate, "by": mentor}
    article = content.save_article(source="Old", **said)
    file = io.BytesIO(f"text {WORD}".encode())
    media = content.store_media(
        community=community, uploader=mentor, file=file, name="note.txt", document=article
    )
    source = f"Before\n\n<!-- paywall -->\n\n{WORD} behind [note](/media/{media.pk}/{media.name})"
    content.save_article(source=source, document=article, **said)
    content.publish(document=article, by=mentor)
    talk.post_comment(viewer=viewer_of(mentor), root=article, source=f"{WORD}, says the author")
    course = courses.save_course(
        community=community, author=mentor, title="Course", source="", lessons_gate=gate
    )
    lesson = courses.save_lesson(
        section=courses.add_section(course=course, title="One"), title="Lesson", source=f"Learn {WORD} words"
    )
    courses.publish_course(course=course, by=None)
    here = "/c/agora"
    return [
        f"{here}/articles/{article.pk}/",
        f"{here}/documents/{article.pk}/comments/",
        f"{here}/media/{media.pk}/{media.name}",
        f"{here}/lessons/{lesson.pk}/",
    ]


@dataclass
class Race:
    """What readers saw: (begun, ended, way) of each read that showed the word, and how many there were in all."""

    ways: list[str]
    user: User
    shown: list[tuple[float, float, str]] = field(default_factory=list)
    reads: list[int] = field(default_factory=list)
    raised: list[Exception] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def read(self, reader: int) -> None:
        client, turns = sign_in(self.user), count(reader)
        try:
            while not self.over.is_set():
                way = self.ways[next(turns) % len(self.ways)]
                begun = time.monotonic()
                answer = client.get(way)
                body = b"".join(answer.streaming_content) if answer.streaming else answer.content
                if WORD.encode() in body:
                    self.shown.append((begun, time.monotonic(), way))
                self.reads[reader] += 1
        except Exception as error:
            self.raised.append(error)
        finally:
            connection.close()

    def one_has_seen_it(self) -> None:
        before = len(self.shown)
        while not self.raised and len(self.shown) == before:
            time.sleep(0.01)

    def all_have_read(self, times: int) -> None:
        """Wait until each reader has read so many times more."""
        before = list(self.reads)
        while not self.raised and any(
            now < then + times for now, then in zip(self.reads, before, strict=True)
        ):
            time.sleep(0.01)


def race(ways: list[str], user: User, plan: Plan, *, readers: int, takings: int) -> tuple[Race, list[str]]:
    """The race, and the ways that showed the word to a read that began after a taking and ended before the next
    giving."""
    running = Race(ways, user, reads=[0] * readers)
    threads = [threading.Thread(target=running.read, args=[number]) for number in range(readers)]
    for thread in threads:
        thread.start()
    shut: list[tuple[float, float]] = []
    try:
        for number in range(takings):
            terms = {
                "starts_at": timezone.now() - timedelta(seconds=1),
                "source": "test",
                "key": f"k{number}",
            }
            given: Grant = grant(user=user, plan=plan, **terms)
            running.one_has_seen_it()
            revoke(grant=given, because="-")
            taken_at = time.monotonic()
            running.all_have_read(1)
            shut.append((taken_at, time.monotonic()))
    finally:
        running.over.set()
        for thread in threads:
            thread.join()
    late = [
        way
        for begun, ended, way in running.shown
        if any(taken < begun and ended < given for taken, given in shut)
    ]
    return running, late


@pytest.mark.parametrize(
    ("readers", "takings"), [(8, 10), pytest.param(32, 200, marks=pytest.mark.long)], ids=["some", "many"]
)
def test_no_read_that_begins_after_the_taking_shows_anything(
    ways: list[str], visitor: User, tier: Plan, readers: int, takings: int
) -> None:
    running, late = race(ways, visitor, tier, readers=readers, takings=takings)
    assert (running.raised, late) == ([], [])
    assert {way for *_times, way in running.shown} == set(ways)  # each way was open meanwhile
    print(f"{sum(running.reads)} reads by {readers} while a right was taken {takings} times")


def test_a_sight_that_is_kept_for_a_second_would_show_it(
    ways: list[str], visitor: User, tier: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control that must break: what a person may see is remembered."""
    kept: dict[Any, tuple[float, Viewer]] = {}
    real: Callable[..., Viewer] = middleware.look

    def remembering(community: Community, user: User | None, *, at: Any = None) -> Viewer:
        before = kept.get((community.pk, user and user.pk))
        if before is None or time.monotonic() > before[0] + 1:
            before = kept[(community.pk, user and user.pk)] = (time.monotonic(), real(community, user, at=at))
        return before[1]

    monkeypatch.setattr(middleware, "look", remembering)
    _running, late = race(ways, visitor, tier, readers=4, takings=6)
    assert late != []
