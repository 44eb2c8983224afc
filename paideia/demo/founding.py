"""Founding a demo community: its cast, what it sells, its places and its works, by the actions people use."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from paideia.access.actions import GateTerms, save_gate, save_plan
from paideia.access.models import Gate, Plan
from paideia.access.viewer import Viewer, look
from paideia.accounts.actions import give_consent, sign_up
from paideia.accounts.models import Consent, User
from paideia.commerce.actions import OfferTerms, save_offer
from paideia.commerce.models import Offer
from paideia.communities.actions import create_community
from paideia.communities.models import Community, Membership
from paideia.content.actions import publish, save_article, save_column
from paideia.content.models import Column, Document
from paideia.courses.actions import (
    LessonAccess,
    add_section,
    publish_course,
    save_course,
    save_lesson,
    save_question,
)
from paideia.courses.models import Course, Lesson, Section
from paideia.demo import PASSWORD, pages
from paideia.spaces.actions import create_space
from paideia.spaces.models import Space

LOOK = ("name", "tagline", "language", "currency", "time_zone", "accent", "free_reads_max")


@dataclass
class Place:
    """A demo community and all in it that the simulated people need to find."""

    language: str  # of its files: "zh" or "en"
    community: Community
    cast: dict[str, User]
    plans: dict[str, Plan] = field(default_factory=dict)
    gates: dict[str, Gate] = field(default_factory=dict)
    offers: dict[str, Offer] = field(default_factory=dict)
    spaces: dict[str, Space] = field(default_factory=dict)
    articles: list[Document] = field(default_factory=list)
    course: Course | None = None
    lessons: list[Lesson] = field(default_factory=list)

    @property
    def owner(self) -> User:
        return self.cast["owner"]

    def viewer(self, user: User | None = None) -> Viewer:
        return look(self.community, user or self.owner)


def found(language: str, *, now: datetime, since: datetime) -> Place:
    """A community without members yet, but for its owner. `since` is when it says it began."""
    told = pages.community(language)
    cast = {role: _account(each, told["language"]) for role, each in told["cast"].items()}
    community = create_community(
        by=cast["owner"],
        slug=told["slug"],
        about=pages.page(language, "about.md").text,
        rules=pages.page(language, "rules.md").text,
        **{name: told[name] for name in LOOK},
    )
    Community.objects.filter(pk=community.pk).update(created_at=since)
    Membership.objects.filter(community=community).update(joined_at=since)
    place = Place(language, community, cast)
    _sell(place, told)
    for each in told["spaces"]:
        place.spaces[each["slug"]] = create_space(viewer=place.viewer(), **each)
    _write(place, told, now)
    _teach(place, since)
    return place


def _account(told: dict[str, Any], language: str) -> User:
    """A sign-in of the cast; one that an interrupted or earlier demo left is used again."""
    before = User.objects.filter(handle=told["handle"], email=f"{told['handle']}@demo.example").first()
    if before is not None:
        return before
    user = User(language=language, **told)
    user.set_password(PASSWORD)
    sign_up(user, email=f"{told['handle']}@demo.example", verified=True)
    give_consent(user=user, purpose=Consent.Purpose.BEHAVIOUR, given=True)
    return user


def _sell(place: Place, told: dict[str, Any]) -> None:
    viewer = place.viewer()
    for position, each in enumerate(told["plans"]):
        key = each.pop("key")
        place.plans[key] = save_plan(viewer=viewer, position=position, **each)
    for each in told["gates"]:
        key, plans = each.pop("key"), [place.plans[name] for name in each.pop("plans")]
        place.gates[key] = save_gate(viewer=viewer, terms=GateTerms(plans=plans, **each))
    for position, each in enumerate(told["offers"]):
        key, plans = each.pop("key"), [place.plans[name] for name in each.pop("plans")]
        terms = OfferTerms(plans=plans, currency=place.community.currency, position=position, **each)
        place.offers[key] = save_offer(viewer=viewer, terms=terms)


def _write(place: Place, told: dict[str, Any], now: datetime) -> None:
    """Columns and articles, out since their day."""
    columns: dict[str, Column] = {}
    files = sorted(pages.pages(place.language, "articles"), key=lambda page: -page.top["days_ago"])
    for each in told["columns"]:
        document = save_column(
            community=place.community,
            author=place.cast[each["author"]],
            space=place.spaces[each["space"]],
            **{name: each[name] for name in ("title", "source", "summary", "tags")},
        )
        first = max(page.top["days_ago"] for page in files if page.top.get("column") == each["key"])
        publish(document=document, by=None, at=now - timedelta(days=first + 1))
        columns[each["key"]] = Column.objects.select_related("document").get(pk=document.pk)
    for page in files:
        top = page.top
        document = save_article(
            community=place.community,
            author=place.cast[top["author"]],
            source=page.text,
            space=place.spaces[top["space"]],
            gate=place.gates.get(top.get("gate", "")),
            column=columns.get(top.get("column", "")),
            **{name: top[name] for name in ("title", "summary", "tags")},
        )
        place.articles.append(publish(document=document, by=None, at=now - timedelta(days=top["days_ago"])))


def _teach(place: Place, since: datetime) -> None:
    """The course, from files named `SECTION-LESSON-….md`."""
    about = pages.page(place.language, "course/course.md")
    space = next(space for space in place.spaces.values() if space.kind == Space.Kind.COURSES)
    place.course = save_course(
        community=place.community,
        author=place.owner,
        source=about.text,
        space=space,
        lessons_gate=place.gates["course"],
        plan=place.plans["course"],
        **{name: about.top[name] for name in ("title", "summary", "tags", "outcomes")},
    )
    sections = [add_section(course=place.course, title=title) for title in about.top["sections"]]
    for page in pages.pages(place.language, "course"):
        if page.name != "course":
            place.lessons.append(_lesson(place, sections[int(page.name[0]) - 1], page))
    publish_course(course=place.course, by=None, at=since)


def _lesson(place: Place, section: Section, page: pages.Page) -> Lesson:
    top = page.top
    lesson = save_lesson(
        section=section,
        title=top["title"],
        source=page.text,
        kind=top.get("kind", Lesson.Kind.TEXT),
        minutes=top["minutes"],
        access=LessonAccess(is_preview=top.get("preview", False), delay_days=top.get("delay_days", 0)),
        pass_percent=top.get("pass_percent"),
        author=place.owner,
    )
    for question in top.get("questions", ()):
        save_question(lesson=lesson, **question)
    return lesson
