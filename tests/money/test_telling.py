"""What people hear of earnings, papers and presents, and what a team hears of money that waits for it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone, translation

from paideia.access.models import Plan
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.activity.readers import rewind, run_once
from paideia.books.models import Difference
from paideia.commerce.actions import place_order, refund_order, settle_order
from paideia.commerce.actions.fapiao import ask_for_fapiao, issue_fapiao, refuse_fapiao
from paideia.commerce.actions.gifts import claim_gift
from paideia.commerce.actions.seats import offer_seats, reclaim_seat, take_seat
from paideia.commerce.actions.sending import take_answer
from paideia.commerce.jobs.presents import deliver_gift
from paideia.commerce.models import FapiaoRequest, InvoiceTerms, Offer, Order, Refund, SeatPool
from paideia.commerce.providers import RefundAnswer, RefundState
from paideia.commerce.quoting import GiftWish, Wish
from paideia.communities.actions import suspend
from paideia.communities.models import Community, Membership
from paideia.ledger.actions import Move, account, post
from paideia.notifications.jobs import send_owed
from paideia.notifications.models import Mail, Notification
from paideia.notifications.queries import notifications_of
from paideia.notifications.wording import sentence
from paideia.partners import books
from paideia.partners.actions import (
    Destination,
    approve_payout,
    ask_for_payout,
    become_affiliate,
    decide_affiliate,
    pay_payout,
    refuse_payout,
    save_payout_terms,
)
from paideia.partners.models import Programme
from paideia.partners.withholding import LABOUR_IN_CHINA
from tests.cast import let_in, person, viewer_of

pytestmark = pytest.mark.django_db
BANK = Destination("bank", "Menno", "6222020200112233445", "ICBC")


@pytest.fixture(autouse=True)
def _all_of_it_in_both_languages_and_once() -> Iterator[None]:
    """Whatever a test lets be told has words in Chinese, too, and is told once however often it is heard."""
    yield
    count = Notification.objects.count(), Mail.objects.count()
    rewind("notifications.tell")
    run_once("notifications.tell")
    assert (Notification.objects.count(), Mail.objects.count()) == count
    for told in Notification.objects.select_related("actor", "community"):
        english = sentence(told)
        with translation.override("zh-hans"):
            assert sentence(told) != english, f"not translated: {english}"


@pytest.fixture
def offer(tier: Plan) -> Offer:
    made = Offer.objects.create(
        community=tier.community, name="Monthly", price=3000, currency="CNY", term="month"
    )
    made.plans.add(tier)
    return made


@pytest.fixture
def earned(community: Community, mentor: User) -> User:
    charges = account(community, "world:sandbox", "charges", "CNY")
    post([Move(charges, books.earnings(community, mentor.pk, "CNY"), 200_000, "earned")])
    return mentor


def buy(buyer: User, offer: Offer, **wish: Any) -> Order:
    order = place_order(viewer=viewer_of(buyer), offer=offer, provider="sandbox", wish=Wish(**wish))
    return settle_order(
        order.pk, charge_id=f"c{order.pk}", amount=order.total, currency="CNY", paid_at=timezone.now()
    )


def told(user: User, *besides: str) -> list[str]:
    """All but receipts."""
    run_once()
    found = Notification.objects.filter(user=user).exclude(kind="order").order_by("pk")
    return [sentence(one) for one in found.select_related("actor", "community")]


def mailed(user: User) -> list[str]:
    """Subjects of all but receipts, each brought with a text and an HTML part."""
    mail.outbox.clear()
    send_owed()
    mine = [one for one in mail.outbox if one.to == [user.email] and "Payment received" not in one.subject]
    assert all(one.alternatives for one in mine)
    return [one.subject for one in mine]


def ask(user: User) -> Any:
    return ask_for_payout(viewer=viewer_of(user), amount=200_000, currency="CNY", to=BANK)


def test_a_payout_is_told_to_who_may_see_money_and_then_to_who_asked(
    earned: User, owner: User, admin: User, moderator: User
) -> None:
    row = ask(earned)
    asked = ["menno asks for a payout of ¥2,000."]
    assert [told(one) for one in (owner, admin, moderator, earned)] == [asked, asked, [], []]
    approve_payout(viewer=viewer_of(owner), payout=row)
    pay_payout(viewer=viewer_of(owner), payout=row, reference="T1")
    paid = ["Your payout of ¥2,000 is on its way to your account."]
    assert (told(earned), mailed(earned)) == (paid, paid)


def test_what_is_withheld_is_said(earned: User, owner: User) -> None:
    bands = LABOUR_IN_CHINA
    save_payout_terms(viewer=viewer_of(owner), currency="CNY", least=0, tax_name="Tax", bands=bands)
    row = ask(earned)
    approve_payout(viewer=viewer_of(owner), payout=row)
    pay_payout(viewer=viewer_of(owner), payout=row, reference="T1")
    assert told(earned) == ["Your payout of ¥2,000 is on its way to your account: ¥1,760 after tax."]


def test_a_refused_payout_says_why(earned: User, owner: User) -> None:
    refuse_payout(viewer=viewer_of(owner), payout=ask(earned), reason="Wrong account")
    words = ["Your payout of ¥2,000 was refused and is in your earnings again: Wrong account"]
    assert (told(earned), mailed(earned)) == (words, words)


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("active", "You are a partner of Agora now. Your link is on your partner page."),
        ("refused", "Agora did not accept you as a partner. You can ask again."),
    ],
)
def test_who_asked_to_be_a_partner_hears_the_answer(
    community: Community, owner: User, mentor: User, moderator: User, to: str, words: str
) -> None:
    Programme.objects.create(community=community, is_open=True, joining="approval", rate_first=2000)
    row = become_affiliate(viewer=viewer_of(mentor))
    assert (told(owner), told(moderator)) == (["menno asks to become a partner."], [])
    decide_affiliate(viewer=viewer_of(owner), affiliate=row, to=to)
    assert (told(mentor), mailed(mentor)) == ([words], [words])


def test_a_commission_is_told_when_it_is_earned_and_when_it_is_taken_back(
    community: Community, owner: User, mentor: User, visitor: User, offer: Offer
) -> None:
    Programme.objects.create(
        community=community, is_open=True, joining="everybody", rate_first=2000, hold_days=30
    )
    code = become_affiliate(viewer=viewer_of(mentor)).code
    order = buy(visitor, offer, referral_code=code)
    earned = "You earn ¥6: somebody you brought paid for Monthly."
    assert (told(mentor), mailed(mentor)) == ([earned], [earned])
    refund_order(viewer=viewer_of(owner), order=order, reason="Sorry", amount=1500)
    back = "¥3 of your commission for Monthly were taken back, since its payment was."
    assert told(mentor) == [earned, back]


def test_mail_about_earnings_can_be_chosen_away(
    community: Community, mentor: User, visitor: User, offer: Offer
) -> None:
    Programme.objects.create(community=community, is_open=True, joining="everybody", rate_first=2000)
    code = become_affiliate(viewer=viewer_of(mentor)).code
    User.objects.filter(pk=mentor.pk).update(preferences={"mail": {"earning": False}})
    buy(visitor, offer, referral_code=code)
    assert (len(told(mentor)), mailed(mentor)) == (1, [])


def test_a_share_and_points_are_told(community: Community, mentor: User) -> None:
    record(
        "statement.made", community=community, actor=mentor, month="2026-03-01", amount=1200, currency="CNY"
    )
    record("reward.given", community=community, actor=mentor, points=50)
    assert told(mentor) == [
        "Your share of March 2026 is here: ¥12.",
        "You have 50 points for somebody you brought.",
    ]


@pytest.fixture
def fapiao(visitor: User, offer: Offer) -> FapiaoRequest:
    InvoiceTerms.objects.create(community=offer.community, gives_fapiao=True)
    order, words = buy(visitor, offer), {"title": "Vera", "tax_number": "", "email": "vera@example.org"}
    return ask_for_fapiao(viewer=viewer_of(visitor), order=order, **words)


def test_a_fapiao_is_told_to_the_team_and_its_answer_to_the_buyer(
    fapiao: FapiaoRequest, visitor: User, owner: User, moderator: User
) -> None:
    asked = f"vera asks for the fapiao of order {fapiao.order.number}."
    assert (told(owner), told(moderator), told(visitor)) == ([asked], [], [])
    issue_fapiao(viewer=viewer_of(owner), request=fapiao, number="26312000")
    ready = ["The fapiao for Monthly is ready."]
    assert (told(visitor), mailed(visitor)) == (ready, ready)


def test_a_refused_fapiao_says_why(fapiao: FapiaoRequest, visitor: User, owner: User) -> None:
    refuse_fapiao(viewer=viewer_of(owner), request=fapiao, reason="No such company")
    assert told(visitor) == ["The fapiao for Monthly was refused: No such company"]


def test_differences_that_nobody_has_explained_are_the_teams(
    community: Community, owner: User, visitor: User
) -> None:
    assert Difference.State.OPEN  # the fact is books.actions.reconciling's
    record("differences.found", community=community, provider="sandbox", count=2, kinds=["missing"])
    words = "The statement of Test payment and the books differ in 2 places that nobody has explained."
    assert (told(owner), told(visitor)) == ([words], [])


def test_a_refund_is_told_when_it_is_agreed_and_when_it_has_gone(
    visitor: User, owner: User, offer: Offer
) -> None:
    order = buy(visitor, offer)
    refund = refund_order(viewer=viewer_of(owner), order=order, reason="Sorry")
    take_answer(refund.pk, RefundAnswer(RefundState.DONE, "r"))
    assert told(visitor) == [
        "¥30 for Monthly go back to you, and your access has ended. Reason: Sorry",
        "¥30 for Monthly have gone back to you. Your bank may take some days to show it.",
    ]
    assert len(mailed(visitor)) == 2


def test_a_refund_that_failed_is_told_to_the_buyer_and_the_team(
    visitor: User, owner: User, offer: Offer
) -> None:
    order = buy(visitor, offer)
    refund = refund_order(viewer=viewer_of(owner), order=order, reason="Sorry")
    take_answer(refund.pk, RefundAnswer(RefundState.FAILED, "r", "card closed"))
    assert told(visitor)[1:] == [
        "¥30 for Monthly could not be sent back to you. The team looks after it, and what you bought is yours "
        "meanwhile."
    ]
    assert told(owner) == [f"The refund of ¥30 for order {order.number} failed. Please look at it."]


def test_a_refunded_change_says_that_the_plan_before_is_back(
    visitor: User, owner: User, offer: Offer, community: Community
) -> None:
    gold = Plan.objects.create(community=community, key="gold", name="Gold")
    better = Offer.objects.create(community=community, name="Gold", price=9000, currency="CNY", term="month")
    better.plans.add(gold)
    order = buy(visitor, offer)
    change = buy(visitor, better, kind="change", replaces=order.number)
    refund_order(viewer=viewer_of(owner), order=change, reason="No")
    (words,) = told(visitor)
    assert words.endswith(
        " for Gold go back to you. What was left of your plan before is yours again. Reason: No"
    )


def test_who_a_gift_is_for_hears_of_it_beside_the_mail_with_the_link(
    visitor: User, stranger: User, offer: Offer
) -> None:
    gift = GiftWish(recipient_email="stan@example.org")
    order = buy(visitor, offer, kind="gift", gift=gift)
    mail.outbox.clear()
    for _time in range(2):
        deliver_gift(order.pk)
    assert [one.to for one in mail.outbox] == [["stan@example.org"]]
    assert (told(stranger), mailed(stranger)) == (["vera has a present for you: Monthly"], [])
    claim_gift(viewer=viewer_of(stranger), token=order.gift.token)
    assert told(visitor) == ["stan has opened your gift: Monthly"]


def test_who_a_seat_is_for_hears_of_it_and_of_its_end(visitor: User, stranger: User, offer: Offer) -> None:
    Offer.objects.update(is_for_seats=True)
    buy(visitor, offer, kind="seats", quantity=2, pool_name="Class")
    pool = SeatPool.objects.get()
    (seat,) = offer_seats(viewer=viewer_of(visitor), pool=pool, addresses=["stan@example.org"])
    assert (told(stranger), mailed(stranger)) == (["vera has a seat of “Class” for you"], [])
    take_seat(viewer=viewer_of(stranger), token=seat.token)
    assert told(visitor) == ["stan has taken a seat of “Class”"]
    reclaim_seat(viewer=viewer_of(visitor), pool=pool, seat_id=seat.pk)
    ended = "Your seat of “Class” was taken back, and what it opened has ended"
    assert (told(stranger)[1:], mailed(stranger)) == ([ended], [ended])


def test_an_address_that_is_not_confirmed_is_nobodys(visitor: User, stranger: User, offer: Offer) -> None:
    stranger.emailaddress_set.update(verified=False)  # type: ignore[attr-defined]
    order = buy(visitor, offer, kind="gift", gift=GiftWish(recipient_email="stan@example.org"))
    deliver_gift(order.pk)
    assert told(stranger) == []


def test_who_may_not_see_money_any_more_is_shown_and_mailed_nothing_of_it(
    earned: User, owner: User, admin: User
) -> None:
    ask(earned)
    run_once()
    assert len(notifications_of(viewer_of(admin))[0]) == 1
    membership = Membership.objects.get(user=admin)
    membership.role = membership.community.roles.get(key="member")
    membership.save()
    assert notifications_of(viewer_of(admin))[0] == []
    assert (mailed(admin), len(notifications_of(viewer_of(owner))[0])) == ([], 1)
    dropped = Mail.objects.exclude(dropped_because="").get()
    assert (dropped.user, dropped.dropped_because) == (admin, "may not see it any more")


def test_a_suspended_admin_is_not_told(earned: User, owner: User, admin: User) -> None:
    suspend(membership=Membership.objects.get(user=admin), by=owner, reason="Away")
    ask(earned)
    assert told(admin) == []


def test_the_team_of_another_community_hears_nothing(
    earned: User, stranger: User, make_other: Callable[[User], Community]
) -> None:
    make_other(stranger)
    ask(earned)
    assert told(stranger) == []


@pytest.fixture
def make_other() -> Callable[[User], Community]:
    from paideia.communities.actions import create_community

    return lambda by: create_community(by=by, slug="other", name="Other", language="en")


def test_many_who_may_see_money_are_told_once_each(earned: User, community: Community) -> None:
    team = [let_in(community, person(f"helper{number}"), "admin") for number in range(3)]
    ask(earned)
    assert [len(told(one)) for one in team] == [1, 1, 1]
    assert Refund.objects.count() == 0
