"""Authors' shares: by rule, and by what members read."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from paideia.access.actions import grant
from paideia.access.models import Gate
from paideia.activity.actions import Happening, record_many
from paideia.commerce.actions import refund_order
from paideia.content import actions as content
from paideia.ledger.models import Transfer
from paideia.lib.refusal import Invalid
from paideia.partners.actions import end_rule, run_due_shares, run_shares, save_rule
from paideia.partners.actions.shares import RuleTerms
from paideia.partners.models import RuleResult, ShareRun, Statement
from paideia.partners.refusals import NotPermitted
from paideia.partners.sharing import reckon_shares
from tests.cast import let_in, person, viewer_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def gate(tier):
    gate = Gate.objects.create(community=tier.community, name="Paid")
    gate.plans.add(tier)
    return gate


@pytest.fixture
def month():
    """The month that is running: the database itself says when money moved and facts were recorded."""
    return timezone.now().astimezone(UTC).date().replace(day=1)


@pytest.fixture
def writers(community, gate):
    """Two mentors with a paid article each."""
    found = []
    for handle in ("wang", "xu"):
        user = let_in(community, person(handle), "mentor")
        document = content.save_article(
            community=community, author=user, title=handle, source="Words", gate=gate, by=user
        )
        content.publish(document=document, by=user)
        found.append((user, document))
    return found


def rule(owner, **terms):
    return save_rule(
        viewer=viewer_of(owner), terms=RuleTerms(**{"name": "R", "kind": "fixed", "rate": 3000, **terms})
    )


def read(user, document, *seconds):
    record_many(
        Happening(
            "page.read", document.community_id, user.pk, "document", document.pk, None, {"seconds": each}
        )
        for each in seconds
    )


def had_it_before(tier, *users):
    """In a test all is one transaction, and what the database calls now is when that began."""
    since = timezone.now() - timedelta(hours=1)
    for user in users:
        grant(user=user, plan=tier, starts_at=since, source="staff:1", key=f"before:{user.pk}")


def run(community, month):
    with time_machine.travel(datetime(month.year, month.month, 1, tzinfo=UTC) + timedelta(days=40)):
        return run_shares(community=community, month=month)


def test_a_fixed_share_reaches_its_person(community, owner, mentor, offer, visitor, month, sell, holds):
    rule(owner, person=mentor, rate=3333)
    sell(offer, visitor)
    assert run(community, month)
    assert holds(mentor, "earnings") == 3333
    assert holds(mentor, "sales", owner="house") == 6667
    statement = Statement.objects.get()
    assert (statement.user, statement.amount, statement.lines.get().base) == (mentor, 3333, 10_000)


def test_a_month_is_booked_once(community, owner, mentor, offer, visitor, month, sell, holds):
    rule(owner, person=mentor)
    sell(offer, visitor)
    assert run(community, month)
    before = Transfer.objects.count()
    assert not run(community, month)
    assert (Transfer.objects.count(), ShareRun.objects.count()) == (before, 1)


def test_a_month_that_is_not_over_is_not_booked(community, owner, mentor, month):
    rule(owner, person=mentor)
    with pytest.raises(Invalid):
        run_shares(community=community, month=month)


def test_only_the_rules_offers_count(
    community, owner, mentor, offer, tier, visitor, moderator, month, sell, holds
):
    from paideia.commerce.models import Offer

    other = Offer.objects.create(community=community, name="Other", price=700, currency="CNY")
    other.plans.add(tier)
    rule(owner, person=mentor, rate=5000, offers=(other,))
    sell(offer, visitor)
    sell(other, moderator)
    run(community, month)
    assert holds(mentor, "earnings") == 350


def test_refunds_and_commissions_come_off_before_the_share(
    community, affiliate, owner, visitor, moderator, offer, month, sell, holds, writers
):
    author = writers[0][0]
    rule(owner, person=author, rate=5000)
    sell(offer, visitor, affiliate.code)
    refund_order(viewer=viewer_of(owner), order=sell(offer, moderator), reason="Back", amount=4000)
    run(community, month)
    assert holds(author, "earnings") == (10_000 - 2000 + 6000) // 2


def test_refunds_of_a_month_without_sales_are_carried_on(
    community, owner, mentor, offer, visitor, month, sell, holds
):
    order = sell(offer, visitor)
    mine = rule(owner, person=mentor, rate=5000)
    run(community, month)
    assert holds(mentor, "earnings") == 5000
    refund_order(viewer=viewer_of(owner), order=order, reason="Back")
    # The database's clock is not ours to turn: the run is said to have been of the month before.
    ShareRun.objects.update(month=(month - timedelta(days=1)).replace(day=1))
    part = next(one for one in reckon_shares(community, month) if one.rule == mine)
    assert (part.net, part.carried, part.pot, part.carries) == (0, 0, 0, 0)
    RuleResult.objects.update(carries=-10_000)
    part = next(one for one in reckon_shares(community, month) if one.rule == mine)
    assert (part.net, part.carried, part.pot, part.carries) == (0, -10_000, 0, -10_000)


def test_a_pool_is_divided_by_what_members_read(
    community, owner, offer, tier, visitor, month, sell, holds, writers
):
    (wang, first), (xu, second) = writers
    rule(owner, kind="pool", rate=5000)
    sell(offer, visitor)
    had_it_before(tier, visitor)
    read(visitor, first, 100, 50)
    read(visitor, second, 75)
    run(community, month)
    assert (holds(wang, "earnings"), holds(xu, "earnings")) == (3333, 1667)
    line = Statement.objects.get(user=wang).lines.get()
    assert (line.seconds, line.seconds_in_all, line.pot) == (150, 225, 5000)


def test_nobody_inflates_a_pool(
    community, owner, offer, tier, visitor, moderator, month, sell, holds, writers
):
    """A member's reading of a work counts up to the day's limit; strangers' and one's own does not."""
    (wang, first), (xu, second) = writers
    rule(owner, kind="pool", rate=5000, day_seconds_max=600)
    sell(offer, visitor)
    sell(offer, moderator)
    had_it_before(tier, visitor, moderator, wang)
    read(visitor, first, *[3600] * 24)
    read(moderator, second, 600)
    read(wang, first, 3000)  # their own
    read(xu, first, 3000)  # holds no plan
    read(person("nobody"), second, 3000)
    read(visitor, second, -50, 0)
    record_many(
        [Happening("page.read", community.pk, visitor.pk, "document", second.pk, None, {"seconds": "9e9"})]
    )
    run(community, month)
    assert (holds(wang, "earnings"), holds(xu, "earnings")) == (5000, 5000)


def test_what_nobody_read_for_stays_with_the_community(
    community, owner, offer, visitor, month, sell, holds, writers
):
    rule(owner, kind="pool", rate=5000)
    sell(offer, visitor)
    run(community, month)
    assert holds(owner, "sales", owner="house") == 10_000
    assert Statement.objects.count() == 0


def test_rules_of_one_offer_never_give_more_than_all(community, owner, mentor, offer):
    rule(owner, person=mentor, rate=6000)
    with pytest.raises(Invalid):
        rule(owner, kind="pool", rate=4001)
    rule(owner, kind="pool", rate=4000, offers=(offer,))
    with pytest.raises(Invalid):
        rule(owner, person=mentor, rate=1, offers=(offer,))


def test_an_ended_rule_gives_nothing(community, owner, mentor, offer, visitor, month, sell, holds):
    row = rule(owner, person=mentor)
    sell(offer, visitor)
    end_rule(viewer=viewer_of(owner), rule=row)
    run(community, month)
    assert holds(mentor, "earnings") == 0


def test_only_the_team_makes_rules(community, mentor):
    with pytest.raises(NotPermitted):
        rule(mentor, person=mentor)


def test_the_month_before_is_due_on_the_third(community, owner, mentor):
    rule(owner, person=mentor)
    with time_machine.travel(datetime(2031, 3, 2, 12, tzinfo=UTC)):
        assert run_due_shares() == 0
    with time_machine.travel(datetime(2031, 3, 3, 12, tzinfo=UTC)):
        assert run_due_shares() == 1
        assert run_due_shares() == 0
    assert ShareRun.objects.get().month == date(2031, 2, 1)
