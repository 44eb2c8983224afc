"""`paideia demo`: two living communities, built once, each in one transaction."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from django.db import transaction
from django.utils import timezone

from paideia.accounts.models import User
from paideia.activity.readers import run_once
from paideia.books.jobs import reckon
from paideia.communities.models import Community
from paideia.content.models import Document
from paideia.demo import circle, pages
from paideia.demo.bulk import Bulk
from paideia.demo.founding import Place, found
from paideia.demo.people import draw
from paideia.demo.script import Script
from paideia.demo.trade import Trade
from paideia.discussions.actions import pin_thread
from paideia.discussions.models import Thread
from paideia.ledger.queries import audit
from paideia.science.simulate import Parameters, simulate

EDITION_AGE = timedelta(days=2)
SEED = 20_260_101
COMMON = {
    "works": 24, "topics": 6, "lessons_min": 8, "lessons_max": 8,
    "sessions_per_day": 0.28, "pages_per_session": 2.2, "answers_per_question": 2.6,
    "comments_per_visit": 0.006, "reactions_per_visit": 0.06, "reactions_per_answer": 2.5, "ring_share": 0.03,
}  # fmt: skip
PARAMETERS = {  # what is not named here is the simulator's own default; docs/demo.md tells them all
    "zh": Parameters(members=300, mentors=4, asks_per_session=0.0024, **COMMON),  # type: ignore[arg-type]
    "en": Parameters(members=80, mentors=2, asks_per_session=0.0035, **COMMON),  # type: ignore[arg-type]
}


def main() -> int:
    """Build what is missing of the demo. Interrupted, it leaves nothing half done; run again, it completes."""
    now, slugs = timezone.now(), []
    for language, parameters in PARAMETERS.items():
        slug = pages.community(language)["slug"]
        slugs.append(slug)
        if Community.objects.filter(slug=slug).exists():
            print(f"The community “{slug}” is there already; it stays as it is.", flush=True)
            continue
        begun = time.monotonic()
        build(language, parameters, now=now)
        print(f"The community “{slug}” is built ({time.monotonic() - begun:.0f} s).", flush=True)
    run_once()
    for community in Community.objects.filter(slug__in=slugs):
        reckon(community)
    findings = audit()
    for finding in findings:
        print(f"The books do not balance: {finding}", flush=True)
    return 1 if findings else 0


@transaction.atomic
def build(language: str, parameters: Parameters, *, now: datetime) -> Place:
    """One community with its year: all of it, or nothing."""
    place, people, script = imagine(language, parameters, now=now)
    bulk = Bulk(place, people)
    bulk.play(script.write())
    for number in script.pinned:
        thread = Thread.objects.select_related("document").get(pk=bulk.talk.posts[number].pk)
        pin_thread(viewer=place.viewer(), thread=thread, pinned=True)
    # The course is as old as the community; its present edition came out this week and stands among what is new.
    assert place.course is not None
    Document.objects.filter(pk=place.course.pk).update(published_at=now - EDITION_AGE)
    circle.fill(place, tuple(pages.phrases(language)["circle_answers"]))
    Trade(place, pages.community(language)["trade"], now).fill()
    return place


def imagine(
    language: str, parameters: Parameters, *, now: datetime, seed: int = SEED
) -> tuple[Place, Sequence[User], Script]:
    """The community with its works, the people to come, and the year that they will have."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start = midnight - timedelta(days=parameters.days)
    place = found(language, now=now, since=start)
    year = simulate(parameters, rng=np.random.default_rng(seed))
    rng = np.random.default_rng([seed, 1])
    people = draw(language, len(year.people), rng)
    return place, people, Script(place, year, start=start, now=now, rng=rng)
