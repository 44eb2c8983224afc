"""A furnished community: one of everything that has a page, made through the same actions that people use."""

import io
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from PIL import Image

from paideia.access.actions import grant
from paideia.access.models import Gate, Plan
from paideia.access.viewer import Viewer, look
from paideia.accounts.models import User
from paideia.activity.readers import run_once
from paideia.commerce.actions import place_order, settle_order
from paideia.commerce.models import Notice, Offer, Order
from paideia.communities.actions import add_role, claim_profile, create_community, invite, join_community
from paideia.communities.models import Community, Invitation, JoinRequest, ProfileClaim
from paideia.content import actions as content
from paideia.content.models import Column, Document, Media
from paideia.courses import actions as courses
from paideia.courses.models import Course, Lesson, Question, Section
from paideia.discussions import actions as talk
from paideia.discussions.models import Comment, Thread
from paideia.spaces.actions import join_space
from paideia.spaces.models import Space, SpaceRequest
from paideia.transfer.models import Delivery
from tests.cast import let_in, person

ARTICLE = """Before the line everybody reads. **Bold**, `code` and a formula $a^2 + b^2$.

> [!NOTE]
> A callout.

| a | b |
|---|---|
| 1 | 2 |

```python
print("hello")
```

{preview}

<!-- paywall -->

## Behind the line

The first paid line.

{body}
"""


@dataclass(slots=True)
class Place:
    community: Community
    people: dict[str, User]
    rows: dict[str, Any] = field(default_factory=dict)  # by kind: what the addresses of pages name

    def viewer(self, name: str) -> Viewer:
        return look(self.community, self.people[name])

    @property
    def root(self) -> str:
        return f"/c/{self.community.slug}/"


def furnish(
    slug: str, *, language: str = "en", word: str = "Plain", tag: str = "", asks: bool = True
) -> Place:
    """A community with people and works. `word` is in every text that somebody wrote; `tag` ends the handles."""
    people = {
        name: person(f"{name}{tag}", name=f"{name.title()} {word}"[:80])
        for name in ("owner", "member", "visitor", "asker", "seeker", "newcomer", "absent")
    }
    community = create_community(
        by=people["owner"],
        slug=slug,
        name=f"Agora {word}"[:80],
        tagline=f"A place to learn {word}"[:160],
        about=f"About us {word}",
        rules=f"Be kind {word}",
        language=language,
        time_zone="UTC",
        join_questions=[f"Why? {word}"[:200]] if asks else [],
    )
    community.free_reads_max = 1
    community.save()
    for name in ("member", "visitor", "asker"):
        let_in(community, people[name])
    place = Place(community, people)
    _shop(place, word)
    _spaces(place, word)
    _works(place, word)
    _course(place, word)
    _talk(place, word)
    _doors(place, word)
    with transaction.atomic():  # so that the readers wait for no test in another database of the server
        run_once()
    return place


def _shop(place: Place, word: str) -> None:
    community = place.community
    plan = Plan.objects.create(
        community=community, key="full", name=f"Full {word}"[:120], summary=f"All of it {word}"[:300]
    )
    gate = Gate.objects.create(community=community, name=f"Paid {word}"[:120])
    gate.plans.add(plan)
    lent = Gate.objects.create(community=community, name=f"Lent {word}"[:120], free_reads=True)
    lent.plans.add(plan)
    offer = Offer.objects.create(
        community=community,
        name=f"Monthly {word}"[:120],
        summary=f"A month {word}"[:300],
        price=3000,
        currency="CNY",
        term="month",
    )
    offer.plans.add(plan)
    trying = Offer.objects.create(
        community=community,
        name=f"Yearly {word}"[:120],
        price=30000,
        currency="CNY",
        term="year",
        trial_days=7,
    )
    trying.plans.add(plan)
    order = place_order(
        viewer=place.viewer("member"), offer=offer, provider="sandbox", return_to=f"{place.root}articles/"
    )
    settle_order(
        order.pk,
        charge_id=f"ch-{order.pk}",
        amount=order.total,
        currency=order.currency,
        paid_at=timezone.now(),
    )
    waiting = place_order(viewer=place.viewer("visitor"), offer=offer, provider="sandbox")
    given = grant(
        user=place.people["asker"],
        plan=plan,
        starts_at=timezone.now() - timedelta(days=1),
        source="staff:1",
        key=f"{community.slug}:asker",
    )
    place.rows |= {
        "plan": plan,
        "gate": gate,
        "lent": lent,
        "offer": offer,
        "trying": trying,
        "order": Order.objects.get(pk=order.pk),
        "waiting": waiting,
        "grant": given,
    }


def _spaces(place: Place, word: str) -> None:
    def make(slug: str, kind: str, **fields: Any) -> Space:
        return Space.objects.create(
            community=place.community,
            slug=slug,
            kind=kind,
            name=f"{slug.title()} {word}"[:60],
            purpose=f"For {word}"[:200],
            **fields,
        )

    hall, ask = make("hall", "discussion"), make("ask", "questions")
    circle_plan = Plan.objects.create(
        community=place.community, key="circle", name=f"Circle {word}"[:120], kind=Plan.Kind.CIRCLE
    )
    gate = Gate.objects.create(community=place.community, name=f"Circle {word}"[:120], shows="title")
    gate.plans.add(circle_plan)
    circle = make("circle", "discussion", gate=gate, plan=circle_plan, joining="approval")
    circle.join_questions = [f"What for? {word}"[:200]]
    circle.save()
    request = join_space(
        viewer=place.viewer("member"), space=circle, answers={circle.join_questions[0]: f"Learning {word}"}
    )
    assert isinstance(request, SpaceRequest)
    place.rows |= {"hall": hall, "ask": ask, "circle": circle, "space_request": request}


def _works(place: Place, word: str) -> None:
    community, owner = place.community, place.people["owner"]
    column = content.save_column(
        community=community, author=owner, title=f"Column {word}"[:200], source=f"A series {word}", by=owner
    )
    content.publish(document=column, by=owner)
    article = content.save_article(
        community=community,
        author=owner,
        title=f"Article {word}"[:200],
        summary=f"In short {word}"[:400],
        source=ARTICLE.format(preview=word, body=word),
        gate=place.rows["gate"],
        tags=["alpha", word[:40]] if word == "Plain" else ["alpha"],
        column=Column.objects.get(pk=column.pk),
        by=owner,
    )
    content.publish(document=article, by=owner)
    again = {"community": community, "author": owner, "gate": place.rows["lent"], "by": owner}
    lent = content.save_article(
        title=f"Lent {word}"[:200], source=ARTICLE.format(preview=word, body=word), **again
    )
    content.save_article(title=f"Lent {word}"[:200], source=f"Changed {word}", document=lent, **again)
    content.publish(document=lent, by=owner)
    unsaid = content.save_article(
        community=community, author=owner, title=f"Draft {word}"[:200], source=f"Half {word}", by=owner
    )
    note = content.store_media(
        community=community,
        uploader=owner,
        file=io.BytesIO(f"text {word}".encode()),
        name="note.txt",
        document=article,
    )
    picture = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(picture, "PNG")
    picture.seek(0)
    image = content.store_media(
        community=community, uploader=owner, file=picture, name="map.png", document=article
    )
    place.rows |= {"column": column, "article": article, "lent_article": lent, "draft": unsaid}
    place.rows |= {"media": note, "image": image}


def _course(place: Place, word: str) -> None:
    owner = place.people["owner"]
    course = courses.save_course(
        community=place.community,
        author=owner,
        title=f"Course {word}"[:200],
        summary=f"How to {word}"[:400],
        source=f"What it is about {word}",
        outcomes=[f"Know {word}"[:150]],
        lessons_gate=place.rows["gate"],
    )
    section = courses.add_section(course=course, title=f"Basics {word}"[:200])
    free = courses.LessonAccess(is_preview=True)
    first = courses.save_lesson(
        section=section, title=f"Why {word}"[:200], source=f"Free words {word}", minutes=5, access=free
    )
    quiz = courses.save_lesson(
        section=section, title=f"Quiz {word}"[:200], kind="quiz", source=f"Answer {word}", access=free
    )
    question = courses.save_question(
        lesson=quiz,
        kind="one",
        prompt=f"Two and two? {word}",
        choices=[
            {"text": f"Three {word}", "correct": False},
            {"text": f"Four {word}", "correct": True, "feedback": f"Yes {word}"},
        ],
        explanation=f"Count them {word}",
    )
    courses.save_lesson(section=section, title=f"How {word}"[:200], source=f"Paid words {word}")
    course = courses.publish_course(course=course, by=None)
    place.rows |= {"course": course, "section": section, "lesson": first, "quiz": quiz, "question": question}


def _talk(place: Place, word: str) -> None:
    thread = talk.open_thread(
        viewer=place.viewer("member"),
        space=place.rows["hall"],
        title=f"Hello {word}"[:200],
        source=f"First {word}",
    )
    comment = talk.post_comment(
        viewer=place.viewer("visitor"), root=thread.document, source=f"Reply {word} @owner"
    )
    talk.post_comment(
        viewer=place.viewer("member"), root=thread.document, source=f"Nested {word}", parent=comment
    )
    question = talk.open_thread(
        viewer=place.viewer("asker"),
        space=place.rows["ask"],
        title=f"How? {word}"[:200],
        source=f"Tell me {word}",
    )
    answer = talk.post_comment(
        viewer=place.viewer("member"), root=question.document, source=f"So {word}", is_answer=True
    )
    article = Document.objects.get(pk=place.rows["article"].pk)
    talk.post_comment(viewer=place.viewer("member"), root=article, source=f"Well said {word}")
    place.rows |= {"thread": thread, "asked": question, "comment": comment, "answer": answer}


def _doors(place: Place, word: str) -> None:
    community, owner = place.community, place.people["owner"]
    invitation, token = invite(community=community, by=owner, uses_max=5)
    community.joining = "approval"
    community.save()
    request = join_community(
        community=community,
        user=place.people["seeker"],
        answers=dict.fromkeys(community.join_questions, f"To learn {word}"),
    )
    assert isinstance(request, JoinRequest)
    community.joining = "open"
    community.save()
    imported = User.objects.create(
        handle=f"imported-{community.slug}",
        name=f"Imported {word}"[:80],
        claimable_from=f"test:{community.slug}",
    )
    let_in(community, imported)
    claim = claim_profile(
        community=community,
        profile=imported,
        claimant=place.people["visitor"],
        email="claim@example.org",
        note=f"It is me {word}",
    )
    place.people["imported"] = imported
    role = add_role(community=community, by=owner, key="helper", name=f"Helper {word}"[:60], rank=25)
    notice = Notice.objects.create(
        community=community,
        provider="sandbox",
        message_id="odd-1",
        order=place.rows["waiting"],
        body={"amount": 100, "currency": "CNY"},
        outcome=Notice.Outcome.MISMATCHED,
    )
    delivery = Delivery.objects.create(
        community=community, by=owner, kind="markdown", name=f"notes {word}.zip"[:80], storage_key="none"
    )
    place.rows |= {"claim": claim, "role": role, "notice": notice, "delivery": delivery}
    place.rows["membership"] = community.memberships.get(user=place.people["visitor"])
    place.rows |= {"invitation": invitation, "token": token, "join_request": request}


__all__ = [
    "Comment",
    "Course",
    "Invitation",
    "Lesson",
    "Media",
    "Place",
    "ProfileClaim",
    "Question",
    "Section",
    "Thread",
    "furnish",
]
