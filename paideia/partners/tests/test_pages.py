"""Links, one's own pages, and the team's."""

import csv
import io
import re
from datetime import date, timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from paideia.accounts.models import User
from paideia.commerce.models import Order
from paideia.lib import formatting
from paideia.partners.actions import Destination, ask_for_payout, release_commissions
from paideia.partners.forms import PercentField, ProgrammeForm
from paideia.partners.models import (
    Affiliate,
    Attribution,
    ClickDay,
    Payout,
    PayoutTerms,
    Programme,
    ShareRule,
    ShareRun,
    Statement,
)
from tests.cast import PASSWORD, let_in, person, sign_in, viewer_of

pytestmark = pytest.mark.django_db
HOME = "/c/agora/"


@pytest.fixture
def earned(affiliate, offer, visitor, mentor, sell):
    """20 yuan that can be paid out."""
    sell(offer, visitor, affiliate.code)
    with time_machine.travel(timezone.now() + timedelta(days=31)):
        release_commissions()
    return mentor


def sign_up(client, handle):
    return client.post(
        f"{HOME}accounts/signup/",
        {"email": f"{handle}@example.org", "username": handle, "password1": PASSWORD, "terms": "on"},
    )


def test_who_signs_up_after_a_link_came_by_it(affiliate, anonymous):
    anonymous.get(f"{HOME}?ref={affiliate.code.lower()}")
    sign_up(anonymous, "nina")
    anonymous.get(HOME)
    assert Attribution.objects.get(user__handle="nina").affiliate == affiliate
    assert ClickDay.objects.get().count == 1


def test_without_consent_nothing_but_the_session_remembers(affiliate, anonymous):
    answer = anonymous.get(f"{HOME}?ref={affiliate.code}")
    assert set(answer.cookies) == {"paideia_session"}
    assert set(anonymous.get(HOME).cookies) == set()


def test_with_consent_a_signed_cookie_of_this_community_remembers(affiliate, anonymous, community):
    anonymous.get(f"{HOME}r/{affiliate.code}/")
    answer = anonymous.post(f"{HOME}r/{affiliate.code}/", {"remember": "on"})
    name = f"paideia_referral_{community.pk}"
    cookie = answer.cookies[name]
    assert (cookie["path"], cookie["httponly"], cookie["samesite"]) == ("/c/agora/", True, "Lax")
    assert int(cookie["max-age"]) == 30 * 86_400
    later = Client()
    later.cookies[name] = cookie.value
    sign_up(later, "nina")
    later.get(HOME)
    assert Attribution.objects.get(user__handle="nina").affiliate == affiliate


def test_a_forged_cookie_names_nobody(affiliate, community, anonymous):
    anonymous.cookies[f"paideia_referral_{community.pk}"] = (
        f'["{affiliate.code}", "2026-01-01T00:00:00+00:00"]:x'
    )
    sign_up(anonymous, "nina")
    anonymous.get(HOME)
    assert Attribution.objects.count() == 0


def test_people_who_were_here_before_did_not_come_by_a_link(affiliate, visitor):
    client = sign_in(visitor)
    client.get(f"{HOME}?ref={affiliate.code}")
    client.get(HOME)
    assert Attribution.objects.count() == 0


def test_unknown_codes_cost_nothing_and_keep_nothing(programme, anonymous):
    for code in ("NOSUCH22", "x" * 500, "%00", ""):
        assert anonymous.get(f"{HOME}?ref={code}").cookies == {}
    assert ClickDay.objects.count() == 0


def test_a_code_reaches_the_order_at_the_checkout(affiliate, offer, visitor):
    client = sign_in(visitor)
    client.get(f"{HOME}?ref={affiliate.code}")
    client.post(f"{HOME}offers/{offer.pk}/checkout/", {"provider": "sandbox"})
    assert Order.objects.get().referral_code == affiliate.code


def test_a_page_without_a_link_costs_no_query_more(affiliate, visitor, settings):
    def queries(client):
        client.get(f"{HOME}about/")
        with CaptureQueriesContext(connection) as asked:
            client.get(f"{HOME}about/")
        return len(asked)

    counted = [queries(Client()), queries(sign_in(visitor))]
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "partners" not in name]
    assert [queries(Client()), queries(sign_in(visitor))] == counted


def test_joining_at_once_and_by_approval(programme, visitor, owner):
    client = sign_in(visitor)
    programme.joining = "approval"
    programme.save()
    assert client.post(f"{HOME}partner/", {"words": "On my blog"}).status_code == 302
    row = Affiliate.objects.get()
    assert (row.state, row.words) == ("asked", "On my blog")
    assert row.code not in client.get(f"{HOME}partner/").content.decode()
    sign_in(owner).post(f"{HOME}manage/partners/{row.pk}/decision/", {"to": "active"})
    assert f"?ref={row.code}" in client.get(f"{HOME}partner/").content.decode()


def test_ones_own_page_counts_what_came_of_the_link(affiliate, offer, visitor, mentor, sell, anonymous):
    anonymous.get(f"{HOME}?ref={affiliate.code}")
    sell(offer, visitor, affiliate.code)
    page = sign_in(mentor).get(f"{HOME}partner/").content.decode()
    assert "¥20" in page and visitor.shown_name not in page
    other = sign_in(visitor).get(f"{HOME}partner/").content.decode()
    assert affiliate.code not in other


def test_asking_to_be_paid_and_being_paid(earned, owner):
    client, team = sign_in(earned), sign_in(owner)
    wish = {
        "currency": "CNY",
        "amount": "12.5",
        "method": "bank",
        "holder": "Menno",
        "account": "622202001122",
        "bank": "B",
    }
    assert client.post(f"{HOME}earnings/payouts/", wish).status_code == 302
    row = Payout.objects.get()
    assert row.amount == 1250
    page = team.get(f"{HOME}manage/payouts/").content.decode()
    assert "622202001122" not in page and "•••• 1122" in page
    team.post(f"{HOME}manage/payouts/{row.pk}/approval/")
    team.post(f"{HOME}manage/payouts/{row.pk}/payment/", {"reference": "T-1"})
    assert Payout.objects.get().state == "paid"
    assert "T-1" in client.get(f"{HOME}earnings/").content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": "-1"},
        {"amount": "0"},
        {"amount": "1e18"},
        {"amount": "20.01"},
        {"amount": "1.001"},
        {"amount": "NaN"},
        {"currency": "USD"},
        {"method": "world"},
        {"account": ""},
        {"bank": ""},
    ],
)
def test_senseless_wishes_are_refused_on_the_page(earned, wrong, holds):
    wish = {"currency": "CNY", "amount": "20", "method": "bank", "holder": "M", "account": "1", "bank": "B"}
    answer = sign_in(earned).post(f"{HOME}earnings/payouts/", {**wish, **wrong})
    assert answer.status_code == 422
    assert Payout.objects.count() == 0
    assert holds(earned, "earnings") == 2000


def test_the_table_for_the_bank_is_inert_and_for_who_may_pay(earned, owner, moderator):
    ask_for_payout(
        viewer=viewer_of(earned),
        amount=100,
        currency="CNY",
        to=Destination("bank", "=cmd()", "+8612345678", "@x"),
    )
    assert sign_in(moderator).get(f"{HOME}manage/payouts/export/").status_code == 404
    answer = sign_in(owner).get(f"{HOME}manage/payouts/export/?state=asked")
    rows = list(csv.reader(io.StringIO(answer.content.decode().removeprefix("\ufeff"))))
    assert rows[1][3:6] == ["'=cmd()", "'+8612345678", "'@x"]


def test_the_programme_and_the_terms_are_saved(owner, community, offer):
    team = sign_in(owner)
    terms = {
        "is_open": "on",
        "joining": "everybody",
        "rate_first": "12.5",
        "rate_second": "0",
        "hold_days": "14",
        "cookie_days": "60",
        "reward_points": "50",
        "offers": [offer.pk],
    }
    assert team.post(f"{HOME}manage/partners/programme/", {**terms, "rate_second": "90"}).status_code == 422
    assert team.post(f"{HOME}manage/partners/programme/", terms).status_code == 302
    assert Programme.objects.get().rate_first == 1250
    assert 'value="12.5"' in team.get(f"{HOME}manage/partners/programme/").content.decode()
    team.post(
        f"{HOME}manage/payouts/terms/",
        {"currency": "CNY", "least": "100", "tax_name": "个税", "labour": "on"},
    )
    saved = PayoutTerms.objects.get()
    assert (saved.least, saved.bands.count()) == (10_000, 4)
    page = team.get(f"{HOME}manage/payouts/terms/")
    assert 'value="16"' in page.content.decode()


@pytest.mark.parametrize(
    ("rate", "shown"), [(0, "0"), (500, "5"), (2000, "20"), (1250, "12.5"), (9999, "99.99"), (10000, "100")]
)
def test_a_rate_is_shown_as_the_percentage_that_saves_it_again(rate, shown):
    field = PercentField()
    assert field.prepare_value(rate) == shown
    assert field.clean(shown) == rate


def test_the_programme_saved_as_it_is_shown_stays_as_it_was(owner, programme):
    programme.rate_first, programme.rate_second = 2000, 1000
    programme.save()
    form = ProgrammeForm(None, viewer=viewer_of(owner), programme=programme)
    shown = {bound.name: bound.value() for bound in form if bound.name not in ("offers", "pays_renewals")}
    assert sign_in(owner).post(f"{HOME}manage/partners/programme/", shown).status_code == 302
    programme.refresh_from_db()
    assert (programme.rate_first, programme.rate_second) == (2000, 1000)


def test_share_rules_are_made_and_ended_on_their_page(owner, mentor, community, offer):
    team = sign_in(owner)
    rule = {
        "name": "Menno's course",
        "kind": "fixed",
        "rate": "30",
        "person": "@menno",
        "day_minutes_max": "30",
    }
    assert team.post(f"{HOME}manage/shares/", {**rule, "person": "nobody"}).status_code == 422
    assert team.post(f"{HOME}manage/shares/", rule).status_code == 302
    row = ShareRule.objects.get()
    assert (row.person, row.rate) == (mentor, 3000)
    team.post(f"{HOME}manage/shares/{row.pk}/end/")
    assert ShareRule.objects.get().ended_at is not None


def test_statements_are_their_persons_own(owner, mentor, visitor, offer, sell, community):
    from paideia.partners.models import ShareRun, Statement, StatementLine

    rule = ShareRule.objects.create(community=community, name="=R", kind="fixed", rate=1000, person=mentor)
    run = ShareRun.objects.create(community=community, month="2026-10-01")
    row = Statement.objects.create(run=run, user=mentor, currency="CNY", amount=1000)
    StatementLine.objects.create(statement=row, rule=rule, base=10_000, pot=1000, amount=1000)
    own = sign_in(mentor)
    assert "¥10" in own.get(f"{HOME}earnings/statements/{row.pk}/").content.decode()
    export = own.get(f"{HOME}earnings/statements/{row.pk}/export/").content.decode()
    assert "'=R,100.00,10 %,10.00" in export
    assert sign_in(visitor).get(f"{HOME}earnings/statements/{row.pk}/").status_code == 404
    assert sign_in(owner).get(f"{HOME}manage/shares/months/{run.pk}/").status_code == 200


def test_every_page_of_the_team_opens(earned, owner):
    team = sign_in(owner)
    for path in (
        "partners/",
        "partners/?state=asked",
        "partners/programme/",
        "payouts/",
        "payouts/?state=all",
        "payouts/terms/",
        "payouts/terms/?currency=USD",
        "shares/",
    ):
        assert team.get(f"{HOME}manage/{path}").status_code == 200, path
    for path in ("partner/", "earnings/"):
        assert sign_in(earned).get(f"{HOME}{path}").status_code == 200


def _affiliates(community, count, state):
    people = [let_in(community, person(f"{state}{index}")) for index in range(count)]
    Affiliate.objects.bulk_create(
        Affiliate(community=community, user=one, code=f"{state[:4].upper()}{one.pk:04}", state=state)
        for one in people
    )


def _payouts(community, count, state):
    for index in range(count):
        Payout.objects.create(
            community=community,
            user=let_in(community, person(f"{state}{index}")),
            amount=100,
            currency="CNY",
            method="bank",
            holder="Pia",
            account=f"{index:04}",
            state=state,
        )


def _pages(client, path):
    """The rows of a list, page after page, and what each page cost."""
    rows, costs = [], []
    while path:
        with CaptureQueriesContext(connection) as found:
            text = client.get(path).text
        costs.append(len(found))
        rows += re.findall(r'<p class="row-title">(\w+)', text)
        older = re.search(r'class="button button-plain pager-older" href="([^"]+)"', text)
        path = older[1].replace("&amp;", "&") if older else ""
    return rows, costs


@pytest.mark.parametrize(
    ("fill", "path"), [(_affiliates, "partners/?state=active"), (_payouts, "payouts/?state=asked")]
)
def test_lists_of_the_team_page_by_key_and_cost_the_same_for_thirty_as_for_one(
    programme, owner, community, fill, path
):
    team = sign_in(owner)
    state = path.rpartition("=")[2]
    fill(community, 1, state)
    team.get(f"{HOME}manage/{path}")
    _one, (few,) = _pages(team, f"{HOME}manage/{path}")
    Affiliate.objects.all().delete()
    Payout.objects.all().delete()
    User.objects.filter(handle__startswith=state).delete()
    fill(community, 35, state)
    rows, costs = _pages(team, f"{HOME}manage/{path}")
    assert costs == [few, few]
    assert sorted(rows) == sorted(f"{state}{index}" for index in range(35))


def test_who_asks_to_take_part_stands_first_whatever_was_decided_since(programme, owner, community):
    _affiliates(community, 1, "asked")
    _affiliates(community, 35, "active")
    page = sign_in(owner).get(f"{HOME}manage/partners/").text
    assert page.index("asked0") < page.index('id="affiliate-rows"') < page.index("active34")
    assert page.count("/decision/") == 2 + 30  # to approve or refuse one, to close thirty


def test_months_of_shares_cost_one_query_however_many(owner, community):
    team = sign_in(owner)
    ShareRun.objects.create(community=community, month=date(2025, 1, 1))
    team.get(f"{HOME}manage/shares/")
    with CaptureQueriesContext(connection) as few:
        team.get(f"{HOME}manage/shares/")
    for month in range(2, 13):
        run = ShareRun.objects.create(community=community, month=date(2025, month, 1))
        Statement.objects.create(run=run, user=owner, amount=100 * month, currency="CNY")
    with CaptureQueriesContext(connection) as many:
        page = team.get(f"{HOME}manage/shares/").text
    assert len(many) == len(few)
    assert all(formatting.money(100 * month, "CNY") in page for month in range(2, 13))
