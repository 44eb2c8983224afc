"""The buyer's papers, and the team's."""

import csv
import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from paideia.activity.readers import run_once
from paideia.commerce.actions import settle_order
from paideia.commerce.models import (
    BillingAddress,
    FapiaoRequest,
    Invoice,
    InvoiceTerms,
    Order,
    TaxRule,
)
from tests.cast import sign_in

pytestmark = pytest.mark.django_db
HOME = "/c/agora/"


@pytest.fixture
def invoice(order, community):
    InvoiceTerms.objects.create(community=community, is_on=True, gives_fapiao=True, seller="Agora Ltd")
    BillingAddress.objects.create(user=order.buyer, name="=HYPERLINK(1)", country="CN")
    settle_order(order.pk, charge_id="c1", amount=3000, currency="CNY", paid_at=timezone.now())
    run_once("commerce.invoices")
    return Invoice.objects.get()


def test_the_buyer_and_the_team_get_the_pdf_and_nobody_else(invoice, visitor, owner, moderator, member):
    path = f"{HOME}invoices/{invoice.pk}/"
    for user, status in ((visitor, 200), (owner, 200), (moderator, 404), (member, 404)):
        answer = sign_in(user).get(path)
        assert answer.status_code == status
        assert status == 404 or answer.content.startswith(b"%PDF-")
    page = sign_in(visitor).get(f"{HOME}orders/{invoice.order.number}/").content.decode()
    assert str(invoice) in page


def test_the_table_of_a_year_is_inert(invoice, owner):
    answer = sign_in(owner).get(f"{HOME}manage/invoices/years/{invoice.year}/")
    rows = list(csv.reader(io.StringIO(answer.content.decode().removeprefix("\ufeff"))))
    assert rows[1][0] == str(invoice)
    assert rows[1][4] == "'=HYPERLINK(1)"
    assert rows[1][7:] == ["30.00", "0.00", "30.00", "CNY"]


def test_a_fapiao_is_asked_for_issued_and_fetched(invoice, visitor, owner, member):
    buyer, team = sign_in(visitor), sign_in(owner)
    path = f"{HOME}orders/{invoice.order.number}/fapiao/"
    wish = {"title": "某某公司", "tax_number": "9111 0108 ma01abcd2x", "email": "a@example.org"}
    assert buyer.post(path, {**wish, "tax_number": "1"}).status_code == 422
    assert sign_in(member).get(path).status_code == 404
    assert buyer.post(path, wish).status_code == 302
    row = FapiaoRequest.objects.get()
    assert "某某公司" in team.get(f"{HOME}manage/fapiao/").content.decode()
    file = SimpleUploadedFile("f.pdf", b"%PDF-1.4 x")
    answer = team.post(f"{HOME}manage/fapiao/{row.pk}/issue/", {"number": "123", "file": file})
    assert answer.status_code == 302
    answer = buyer.get(f"{HOME}fapiao/{row.pk}/file/")
    assert answer["Content-Disposition"].startswith("attachment")
    assert b"".join(answer) == b"%PDF-1.4 x"
    assert sign_in(member).get(f"{HOME}fapiao/{row.pk}/file/").status_code == 404


def test_a_refusal_reaches_the_order(invoice, visitor, owner):
    buyer = sign_in(visitor)
    buyer.post(
        f"{HOME}orders/{invoice.order.number}/fapiao/",
        {"title": "T", "tax_number": "", "email": "a@example.org"},
    )
    row = FapiaoRequest.objects.get()
    sign_in(owner).post(f"{HOME}manage/fapiao/{row.pk}/refusal/", {"reason": "Write the company's name"})
    assert (
        "Write the company&#39;s name" in buyer.get(f"{HOME}orders/{invoice.order.number}/").content.decode()
    )


def test_a_buyers_address_is_saved_for_what_comes(visitor, community):
    client = sign_in(visitor)
    wrong = client.post(f"{HOME}billing/", {"name": "V", "country": "C1"})
    assert wrong.status_code == 422
    client.post(f"{HOME}billing/", {"name": "Vera", "country": "cn", "address": "A", "tax_id": "1"})
    assert BillingAddress.objects.get().country == "CN"
    answer = client.post(f"{HOME}billing/", {"name": "Vera", "next": "https://evil.example/"})
    assert answer["Location"] == f"{HOME}orders/"


def test_seller_and_tax_are_saved(owner, community):
    team = sign_in(owner)
    path = f"{HOME}manage/invoices/terms/"
    terms = {"is_on": "on", "seller": "Agora", "country_0": "de", "name_0": "USt", "rate_0": "19"}
    terms |= {"name_1": "VAT", "rate_1": "6.5", "on_top_1": "on"}
    assert team.post(path, {**terms, "country_0": "DEU"}).status_code == 422
    assert team.post(path, terms).status_code == 302
    rules = list(TaxRule.objects.order_by("country").values_list("country", "name", "rate", "is_inclusive"))
    assert rules == [("", "VAT", 650, False), ("DE", "USt", 1900, True)]
    assert 'value="6.5"' in team.get(path).content.decode()


def test_every_page_of_the_team_opens(invoice, owner):
    team = sign_in(owner)
    for path in ("invoices/", "invoices/?after=99999", "invoices/terms/", "fapiao/", "fapiao/?state=issued"):
        assert team.get(f"{HOME}manage/{path}").status_code == 200


def test_who_waits_for_a_fapiao_pages_by_key_and_costs_the_same_for_thirty_as_for_one(
    owner, visitor, monthly, community
):
    def ask(count):
        for _index in range(count):
            order = Order.objects.create(
                number=f"F{Order.objects.count():04}",
                community=community,
                buyer=visitor,
                offer=monthly,
                term=monthly.term,
                total=3000,
                currency="CNY",
                provider="sandbox",
                expires_at=timezone.now(),
            )
            FapiaoRequest.objects.create(
                order=order, title=f"Firm {order.number}", email="a@example.org", asked_at=timezone.now()
            )

    def look(path):
        with CaptureQueriesContext(connection) as found:
            text = team.get(path).text
        return (
            re.findall(r"Firm (F[0-9]+)", text),
            len(found),
            re.search(r"pager-older.*after=([0-9]+)", text),
        )

    team = sign_in(owner)
    ask(1)
    team.get(f"{HOME}manage/fapiao/")
    _rows, few, older = look(f"{HOME}manage/fapiao/")
    assert older is None
    ask(34)
    first, cost, older = look(f"{HOME}manage/fapiao/")
    rest, _cost, last = look(f"{HOME}manage/fapiao/?state=asked&after={older[1]}")
    assert (cost, len(first), last) == (few, 30, None)
    assert sorted(first + rest) == sorted(FapiaoRequest.objects.values_list("order__number", flat=True))
