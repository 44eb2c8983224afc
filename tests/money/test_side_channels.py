"""When what somebody paid for ends, nothing of it reaches them by any way round: no page, fragment, file, search, list
or notice, and no mail that was owed before. Every way shows it to them until then, and to who still pays afterwards.

The access matrix asks every route of every person; here the right goes while all of it is open, fetched and owed.
"""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils import timezone

from paideia.access.models import Gate, Plan
from paideia.accounts.models import User
from paideia.activity.readers import run_once
from paideia.commerce.actions import accept_dispute_news, place_order, refund_order, settle_order
from paideia.commerce.actions.reminding import remind
from paideia.commerce.actions.seats import offer_seats
from paideia.commerce.jobs.presents import deliver_gift, invite_to_seat
from paideia.commerce.models import Offer, Order, SeatPool
from paideia.commerce.providers import DisputeNews, DisputeState
from paideia.commerce.quoting import GiftWish, Wish
from paideia.communities.actions import leave_community, suspend
from paideia.communities.models import Community, Membership
from paideia.content import actions as content
from paideia.content.models import Document
from paideia.courses import actions as courses
from paideia.discussions import actions as talk
from paideia.notifications.jobs import send_owed
from paideia.notifications.models import Mail, Notification
from paideia.spaces.models import Space
from tests.cast import let_in, person, sign_in, viewer_of

pytestmark = pytest.mark.django_db
BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
WORD = "xylophonic"  # in every paid word


@dataclass
class Place:
    """Paid works of every kind, two people who pay for them, and the order that the first paid by."""

    community: Community
    owner: User
    payer: User
    other: User
    order: Order
    clock: Any
    ways: dict[str, str]  # name of the way → address

    def found(self, client: Client) -> set[str]:
        """The ways on which this person is shown the paid words."""
        return {name for name, address in self.ways.items() if WORD.encode() in _all_of(client.get(address))}


def _all_of(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else answer.content


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(BEGIN, tick=False) as travelling:
        yield travelling


@pytest.fixture
def place(clock: Any, community: Community, owner: User, tier: Plan, mentor: User) -> Place:
    gate = Gate.objects.create(community=community, name="Paid")
    gate.plans.add(tier)
    offer = Offer.objects.create(community=community, name="Yearly", price=9000, currency="CNY", term="year")
    offer.plans.add(tier)
    payer, other = let_in(community, person("payer")), let_in(community, person("other"))
    order = buy(payer, offer)
    buy(other, offer)
    space = Space.objects.create(community=community, slug="inner", name="Inner", gate=gate)
    ways = {**_article(community, mentor, gate), **_lesson(community, mentor, gate), **_thread(space, owner)}
    ways |= {
        "search": "/c/agora/search/?q=learn",
        "notices": "/c/agora/notifications/",
        "home": "/c/agora/",
    }
    run_once()
    return Place(community, owner, payer, other, order, clock, ways)


def buy(buyer: User, offer: Offer, **wish: Any) -> Order:
    order = place_order(viewer=viewer_of(buyer), offer=offer, provider="sandbox", wish=Wish(**wish))
    terms = {"amount": order.total, "currency": "CNY", "paid_at": timezone.now()}
    return settle_order(order.pk, charge_id=f"c{order.pk}", **terms)


def _article(community: Community, author: User, gate: Gate) -> dict[str, str]:
    said = {"community": community, "author": author, "title": "An article", "gate": gate, "by": author}
    document = content.save_article(source="Old", **said)
    media = content.store_media(
        community=community,
        uploader=author,
        file=io.BytesIO(f"text {WORD}".encode()),
        name="note.txt",
        document=document,
    )
    source = f"Before\n\n<!-- paywall -->\n\n{WORD} behind [note](/media/{media.pk}/{media.name})"
    content.save_article(source=source, document=document, **said)
    content.publish(document=document, by=author)
    comment = talk.post_comment(viewer=viewer_of(author), root=document, source=f"{WORD}, says the author")
    return {
        "article": f"/c/agora/articles/{document.pk}/",
        "comments": f"/c/agora/documents/{document.pk}/comments/",
        "comment": f"/c/agora/comments/{comment.pk}/",
        "file": f"/c/agora/media/{media.pk}/{media.name}",
    }


def _lesson(community: Community, author: User, gate: Gate) -> dict[str, str]:
    course = courses.save_course(
        community=community, author=author, title="Course", source="", lessons_gate=gate
    )
    section = courses.add_section(course=course, title="One")
    lesson = courses.save_lesson(section=section, title="Lesson", source=f"Learn {WORD} words")
    courses.publish_course(course=course, by=None)
    return {"lesson": f"/c/agora/lessons/{lesson.pk}/"}


def _thread(space: Space, owner: User) -> dict[str, str]:
    words = f"{WORD} @payer @other"
    thread = talk.open_thread(viewer=viewer_of(owner), space=space, title=f"On {WORD} matters", source=words)
    return {"thread": f"/c/agora/threads/{thread.pk}/", "space": "/c/agora/spaces/inner/"}


# How it ends


def refunded(place: Place) -> None:
    refund_order(viewer=viewer_of(place.owner), order=place.order, reason="Asked")


def disputed(place: Place) -> None:
    news = DisputeNews(
        message_id="d1",
        dispute_id="d1",
        order_number=place.order.number,
        charge_id=place.order.charge_id or "",
        state=DisputeState.OPENED,
        amount=place.order.total,
        currency="CNY",
        at=place.order.paid_at,  # type: ignore[arg-type]
        body={},
    )
    accept_dispute_news(community=place.community, provider="sandbox", news=news)


def expired(place: Place) -> None:
    """The other has renewed; the payer has not."""
    buy(place.other, Offer.objects.get(name="Yearly"))
    place.clock.move_to(BEGIN + 366 * DAY)


def banned(place: Place) -> None:
    suspend(membership=Membership.objects.get(user=place.payer), by=place.owner, reason="Spam")


def left(place: Place) -> None:
    refunded(place)
    leave_community(community=place.community, user=place.payer)


ENDS: list[Callable[[Place], None]] = [refunded, disputed, expired, banned, left]


@pytest.mark.parametrize("end", ENDS)
def test_no_way_shows_what_is_not_held_any_more(place: Place, end: Callable[[Place], None]) -> None:
    payer, other = sign_in(place.payer), sign_in(place.other)
    assert place.found(payer) == set(place.ways)  # or the look is blind
    end(place)
    if end is expired:  # a session does not last a year
        payer, other = sign_in(place.payer), sign_in(place.other)
    assert (place.found(payer), place.found(other)) == (set(), set(place.ways))


@pytest.mark.parametrize("end", ENDS)
def test_a_mail_that_was_owed_before_is_dropped(place: Place, end: Callable[[Place], None]) -> None:
    owed = Mail.objects.filter(sent_at=None, notification__kind="mention")
    assert {one.user for one in owed} == {place.payer, place.other}  # written, and not yet sent
    end(place)
    mail.outbox.clear()
    send_owed()
    about = [one.to[0] for one in mail.outbox if WORD in one.body + one.subject]
    assert about == [place.other.email]
    dropped = Mail.objects.get(user=place.payer, notification__kind="mention")
    assert (dropped.sent_at, dropped.dropped_because != "") == (None, True)


@pytest.mark.parametrize("end", ENDS)
def test_what_is_written_afterwards_is_not_told(place: Place, end: Callable[[Place], None]) -> None:
    end(place)
    talk.open_thread(
        viewer=viewer_of(place.owner),
        space=Space.objects.get(slug="inner"),
        title=f"More {WORD}",
        source="@payer @other",
    )
    run_once()
    new = Notification.objects.filter(kind="mention", params__title=f"More {WORD}")
    assert [one.user for one in new] == [place.other]


@pytest.mark.parametrize("end", [refunded, disputed, banned, left])
def test_a_letter_about_its_end_is_dropped_when_it_has_ended_already(
    place: Place, end: Callable[[Place], None]
) -> None:
    place.clock.move_to(BEGIN + 358 * DAY)
    assert remind(place.community) == 2
    run_once()
    end(place)
    mail.outbox.clear()
    send_owed()
    letters = [one for one in mail.outbox if "ends on" in one.subject]
    assert [one.to[0] for one in letters] == [place.other.email]


def test_a_letter_about_its_end_is_dropped_when_it_goes_on(place: Place) -> None:
    place.clock.move_to(BEGIN + 358 * DAY)
    remind(place.community)
    run_once()
    buy(place.payer, Offer.objects.get(name="Yearly"))
    mail.outbox.clear()
    send_owed()
    assert [one.to[0] for one in mail.outbox if "ends on" in one.subject] == [place.other.email]


def test_a_present_that_was_refunded_is_not_mailed(place: Place) -> None:
    offer = Offer.objects.get(name="Yearly")
    gifts = [
        buy(place.other, offer, kind="gift", gift=GiftWish(recipient_email=f"g{number}@example.org"))
        for number in range(2)
    ]
    refund_order(viewer=viewer_of(place.owner), order=gifts[0], reason="Asked")
    mail.outbox.clear()
    for gift in gifts:
        deliver_gift(gift.pk)
    assert [one.to for one in mail.outbox] == [["g1@example.org"]]


def test_a_seat_of_a_refunded_pool_is_not_mailed(place: Place, community: Community, tier: Plan) -> None:
    seats = Offer.objects.create(
        community=community, name="Seats", price=100, currency="CNY", term="month", is_for_seats=True
    )
    seats.plans.add(tier)
    orders = [
        buy(place.other, seats, kind="seats", quantity=2, pool_name=f"P{number}") for number in range(2)
    ]
    invited = []
    for number, pool in enumerate(SeatPool.objects.order_by("pk")):
        invited += offer_seats(viewer=viewer_of(place.other), pool=pool, addresses=[f"s{number}@example.org"])
    refund_order(viewer=viewer_of(place.owner), order=orders[0], reason="Asked")
    mail.outbox.clear()
    for seat in invited:
        invite_to_seat(seat.pk)
    assert [one.to for one in mail.outbox] == [["s1@example.org"]]


def test_without_the_look_at_sending_it_would_leak(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: it is the question at the moment of sending that keeps the words back."""
    monkeypatch.setattr("paideia.notifications.jobs.why_not", lambda _mail: "")
    refunded(place)
    mail.outbox.clear()
    send_owed()
    assert place.payer.email in [one.to[0] for one in mail.outbox if WORD in one.body + one.subject]


def test_the_words_are_where_the_ways_look(place: Place) -> None:
    assert Document.objects.filter(text__contains=WORD).count() == 4
