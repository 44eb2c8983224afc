"""The money page, statements, differences and exports, as the team sees and uses them."""

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from paideia.activity.models import Fact
from paideia.books import presentation, queries
from paideia.books.actions import read_day
from paideia.books.models import Difference, ProviderStatement
from paideia.books.tests.conftest import sell
from paideia.commerce.actions import refund_order, send_refund
from paideia.commerce.models import Offer
from paideia.ledger.actions import Move, account, post
from paideia.lib import formatting
from paideia.lib.refusal import NotAllowed
from tests.cast import sign_in, viewer_of

pytestmark = pytest.mark.django_db
DAY = datetime(2026, 3, 10, tzinfo=UTC)
PLACE = "/c/agora/manage"


@pytest.fixture
def march():
    with time_machine.travel(datetime(2026, 3, 20, 12, tzinfo=UTC), tick=False) as clock:
        yield clock


@pytest.fixture
def orders(community, visitor, monthly, march):
    days = [DAY - timedelta(days=31), DAY, DAY + timedelta(hours=1)]
    return sell(community, visitor, monthly, days)


def test_months_are_sums_of_the_ledger(community, owner, orders):
    sales = account(community, "house", "sales", "CNY")
    way = account(community, f"order:{orders[1].pk}", "refunds", "CNY")
    post(
        [
            Move(sales, way, 1000, "refund:1:agreed", {}, DAY),
            Move(way, sales, 400, "refund:2:failed", {}, DAY),
        ]
    )
    post(
        [
            Move(
                sales,
                account(community, "world:sandbox", "fees", "CNY"),
                20,
                "fee:1:CNY:2026-03-10:1",
                {},
                DAY,
            )
        ]
    )
    post(
        [Move(sales, account(community, "user:1", "commission_held", "CNY"), 300, "commission:1:1", {}, DAY)]
    )
    march, february, *rest = queries.money_by_month(viewer_of(owner))["CNY"]
    assert (march.sales, march.refunds, march.fees, march.shares, march.net) == (6000, 600, 20, 300, 5080)
    assert (february.sales, february.net, rest) == (3000, 3000, [])
    parts = queries.holdings(viewer_of(owner))["CNY"].parts
    assert parts == {"own": 9000 - 600 - 320, "going_back": 600, "commissions": 300}


def test_a_month_ends_on_the_communitys_clock(community, owner, visitor, monthly, march):
    community.time_zone = "Asia/Shanghai"
    community.save()
    sell(community, visitor, monthly, [datetime(2026, 2, 28, 16, 30, tzinfo=UTC)])
    (march_row,) = queries.money_by_month(viewer_of(owner))["CNY"]
    assert (march_row.month.month, march_row.sales) == (3, 3000)


def test_only_who_may_see_money_sees_it(moderator, admin, member):
    for person, status in ((moderator, 404), (member, 404), (admin, 200)):
        for page in ("money", "exports", "statements", "differences"):
            assert sign_in(person).get(f"{PLACE}/{page}/").status_code == status, (person, page)
    with pytest.raises(NotAllowed):
        queries.money_by_month(viewer_of(moderator))


def test_the_page_says_what_to_do_and_what_was_earned(community, owner, orders):
    Difference.objects.create(
        community=community, provider="sandbox", kind="missing_there", subject="entry:x", entry="x"
    )
    page = sign_in(owner).get(f"{PLACE}/money/").text
    assert "1 difference between a statement and the books" in page
    assert "The statements of 2 days are missing" not in page
    assert formatting.money(6000, "CNY") in page


def test_the_first_page_of_the_team_says_what_money_asks_for_to_who_may_see_it(
    community, owner, moderator, orders
):
    Difference.objects.create(
        community=community, provider="sandbox", kind="missing_there", subject="entry:x", entry="x"
    )
    words = "1 difference between a statement and the books"
    assert words in sign_in(owner).get(f"{PLACE}/").text
    assert words not in sign_in(moderator).get(f"{PLACE}/").text


def test_the_running_month_stands_beside_the_one_before(community, owner, orders, march):
    def figures(today):
        months = queries.money_by_month(viewer_of(owner))["CNY"]
        found = presentation.this_month(months, [], today=today)
        return found.title, found.sales, found.net, found.sales_change, found.refunds_change

    assert figures(DAY.date()) == ("March 2026", 6000, 6000, 1.0, None)
    assert figures(DAY.date() + timedelta(days=30)) == ("April 2026", 0, 0, -1.0, None)
    assert figures(DAY.date() + timedelta(days=60)) == ("May 2026", 0, 0, None, None)


def test_statements_that_should_be_here_are_named_until_they_are(community, owner, orders, march):
    assert queries.statements_missing(viewer_of(owner)) == [("sandbox", DAY.date())]
    read_day(community, "sandbox", DAY.date())
    assert queries.statements_missing(viewer_of(owner)) == []
    assert Difference.objects.filter(kind="missing_there").count() == 2  # the sandbox knows nothing of them


def test_a_statement_is_uploaded_and_its_differences_are_resolved(community, owner, orders):
    client = sign_in(owner)
    header = "kind,line_id,charge_id,order_number,amount,currency,fee,at"
    rows = [
        f"charge,t{n},{one.charge_id},{one.number},30.00,CNY,0.18,{one.paid_at.isoformat()}"
        for n, one in enumerate(orders)
    ]
    content = "\n".join([header, *rows[:2], rows[2].replace("30.00", "29.00"), "end,3"]).encode()

    def upload(content):
        file = SimpleUploadedFile("march.csv", content)
        return client.post(f"{PLACE}/statements/upload/", {"provider": "sandbox", "file": file}, follow=True)

    broken = upload(content.replace(b"CNY,0.18", b"CNY", 1))
    assert (broken.status_code, "Line 2: There are 7 values for 8 columns" in broken.text) == (422, True)
    assert "3 new lines were read." in upload(content).text
    assert "nothing has changed" in upload(content).text
    assert ProviderStatement.objects.count() == 1
    row = Difference.objects.get(state="open")
    page = client.get(f"{PLACE}/differences/").text
    assert f"The statement: Payment t2, charge {orders[2].charge_id}" in page
    assert f"Here: Payment, order {orders[2].number}" in page
    resolved = client.post(f"{PLACE}/differences/{row.pk}/resolution/", {"resolution": "A typo of theirs."})
    assert resolved.status_code == 302
    assert "No differences" in client.get(f"{PLACE}/differences/").text
    assert "A typo of theirs." in client.get(f"{PLACE}/differences/?state=resolved").text


def test_differences_of_others_are_not_there(stranger, owner, orders):
    from paideia.communities.actions import create_community

    other = create_community(
        by=stranger, slug="other", name="Other", tagline="", language="en", time_zone="UTC"
    )
    row = Difference.objects.create(
        community=other, provider="sandbox", kind="double", subject="x", entry="x"
    )
    answer = sign_in(owner).post(f"{PLACE}/differences/{row.pk}/resolution/", {"resolution": "mine"})
    assert answer.status_code == 404


def test_agreed_fees_are_saved_to_the_ten_thousandth_of_a_percent(community, owner):
    said = {"provider": "alipay", "currency": "CNY", "percent": "0.6", "fixed": "0.05"}
    assert sign_in(owner).post(f"{PLACE}/statements/fees/", said).status_code == 302
    row = community.fee_terms.get()
    assert (row.provider, row.share_millionths, row.fixed) == ("alipay", 6000, 5)


def table_of(client, table, **other):
    answer = client.post(f"{PLACE}/exports/", {"table": table, "month": "", **other})
    text = b"".join(answer).decode()
    return (
        answer,
        list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))),
        text.startswith("\ufeff"),
    )


def test_every_table_is_exported_and_the_taking_is_recorded(community, owner, order, paid_at_the_sandbox):
    done = paid_at_the_sandbox(order)
    send_refund(refund_order(viewer=None, order=done, reason="asked", amount=1000).pk)
    client = sign_in(owner)
    answer, rows, marked = table_of(client, "transfers", mark="on")
    assert (answer["Content-Disposition"], marked) == ('attachment; filename="transfers-all.csv"', True)
    assert [(row[3].split(":")[-1], row[4], row[6], row[7]) for row in rows[1:]] == [
        ("sale", "world:sandbox/charges", "30.00", "CNY"),
        ("agreed", "house/sales", "10.00", "CNY"),
        ("done", f"order:{done.pk}/refunds", "10.00", "CNY"),
    ]
    _answer, rows, marked = table_of(client, "orders")
    assert (rows[1][0], rows[1][5:10], marked) == (
        done.number,
        ["partly", "30.00", "0.00", "10.00", "CNY"],
        False,
    )
    _answer, rows, _marked = table_of(client, "refunds")
    assert (rows[1][0], rows[1][2], rows[1][5]) == (done.number, "10.00", "done")
    for name in ("subscriptions", "payouts"):
        assert len(table_of(client, name)[1]) == 1
    taken = Fact.objects.filter(verb="money.exported").order_by("id").values_list("detail__table", flat=True)
    assert list(taken) == ["transfers", "orders", "refunds", "subscriptions", "payouts"]


def test_an_export_of_a_month_has_that_month_alone(owner, orders):
    client = sign_in(owner)
    community = orders[0].community
    community.created_at = DAY - timedelta(days=60)
    community.save()
    assert [
        len(table_of(client, "transfers", month=month)[1]) - 1 for month in ("2026-01", "2026-02", "2026-03")
    ] == [
        0,
        1,
        2,
    ]
    assert client.post(f"{PLACE}/exports/", {"table": "transfers", "month": "2031-01"}).status_code == 422


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-1+1", "@SUM(A1)", "\tx", "\rx"])
def test_no_cell_of_an_export_is_a_formula(community, visitor, owner, march, name):
    visitor.handle = "vera"
    offer = Offer.objects.create(community=community, name=name, price=3000, currency="CNY")
    sell(community, visitor, offer, [DAY])
    cell = table_of(sign_in(owner), "orders")[1][1][2]
    assert cell == f"'{name}"


def test_exports_are_read_in_parts(community, owner, visitor, monthly, march, monkeypatch):
    from paideia.books import exporting

    monkeypatch.setattr(exporting, "AT_ONCE", 4)
    sell(community, visitor, monthly, [DAY + timedelta(minutes=n) for n in range(10)])
    rows = [row[0] for row in exporting.rows(viewer=viewer_of(owner), what="orders", month=None)]
    assert rows[1:] == [f"P-ch-{n}" for n in range(10)]


def test_pages_ask_the_database_as_often_for_thirty_rows_as_for_one(
    community, owner, visitor, monthly, march
):
    client = sign_in(owner)
    orders = sell(community, visitor, monthly, [DAY + timedelta(minutes=n) for n in range(30)])

    def differ(some):
        Difference.objects.bulk_create(
            Difference(
                community=community,
                provider="sandbox",
                kind="missing_there",
                subject=one.number,
                entry="x",
                order=one,
            )
            for one in some
        )

    def count(path):
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert client.get(path).status_code == 200
        return len(found)

    pages = [f"{PLACE}/money/", f"{PLACE}/statements/", f"{PLACE}/differences/"]
    differ(orders[:1])
    few = [count(path) for path in pages]
    differ(orders[1:])
    assert [count(path) for path in pages] == few
    assert timezone.now() == datetime(2026, 3, 20, 12, tzinfo=UTC)


def test_statements_page_by_key_and_cost_the_same_for_thirty_as_for_one(community, owner, march):
    def keep(count):
        have = ProviderStatement.objects.count()
        ProviderStatement.objects.bulk_create(
            ProviderStatement(
                community=community,
                provider="sandbox",
                source="api",
                name=f"read-{number:02}",
                lines_count=0,
                covers_from=DAY + timedelta(days=number),
                covers_until=DAY + timedelta(days=number + 1),
            )
            for number in range(have, have + count)
        )

    def look(path):
        with CaptureQueriesContext(connection) as found:
            text = client.get(path).text
        return re.findall(r"read-[0-9]{2}", text), len(found), re.search(r"pager-older.*after=([0-9]+)", text)

    client = sign_in(owner)
    keep(1)
    look(f"{PLACE}/statements/")
    _rows, few, older = look(f"{PLACE}/statements/")
    assert older is None
    keep(34)
    first, cost, older = look(f"{PLACE}/statements/")
    rest, _cost, last = look(f"{PLACE}/statements/?after={older[1]}")
    assert (cost, len(first), last) == (few, 30, None)
    assert first + rest == [f"read-{number:02}" for number in range(34, -1, -1)]
