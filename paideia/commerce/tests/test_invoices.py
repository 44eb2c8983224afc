"""Invoices: every number once and none left out, and sums that agree with what was paid."""

import io
from datetime import UTC, datetime

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from paideia.activity.readers import rewind, run_once
from paideia.commerce.actions import place_order, refund_order, settle_order
from paideia.commerce.actions.invoices import Seller, Tax, save_invoice_terms, write_invoices
from paideia.commerce.invoice_pdf import invoice_pdf
from paideia.commerce.models import BillingAddress, Invoice, InvoiceSeries, InvoiceTerms, Order, TaxRule
from paideia.commerce.refusals import NotPermitted
from paideia.commerce.taxes import tax_on_top, tax_within
from paideia.commerce.tests.races import in_turns
from paideia.lib.refusal import Invalid
from tests.cast import let_in, person, viewer_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def terms(community):
    return InvoiceTerms.objects.create(
        community=community,
        is_on=True,
        prefix="A-",
        seller="Agora Ltd",
        address="1 Market\nAthens",
        tax_id="EL123",
    )


def pay(order):
    return settle_order(
        order.pk,
        charge_id=f"ch-{order.pk}",
        amount=order.total,
        currency=order.currency,
        paid_at=timezone.now(),
    )


def hear():
    run_once("commerce.invoices")


def test_a_paid_order_has_an_invoice_with_the_first_number(terms, order):
    pay(order)
    hear()
    invoice = Invoice.objects.get()
    year = timezone.now().year
    assert str(invoice) == f"A-{year}-000001"
    assert (invoice.amount, invoice.tax, invoice.buyer["name"]) == (3000, 0, order.buyer.shown_name)
    assert invoice.lines == [{"kind": "price", "note": "", "amount": 3000}]


def test_no_invoice_where_none_are_written_or_nothing_was_paid(terms, order, community):
    hear()
    InvoiceTerms.objects.update(is_on=False)
    pay(order)
    hear()
    assert Invoice.objects.count() == 0


def test_refunds_have_credit_notes_that_sum_to_what_went_back(terms, order, owner, community):
    TaxRule.objects.create(community=community, country="", name="VAT", rate=1900)
    pay(order)
    for amount in (1, 1000, None):
        refund_order(viewer=viewer_of(owner), order=order, reason="-", amount=amount)
        hear()
    invoice, *notes = Invoice.objects.order_by("number")
    assert (invoice.tax, invoice.net) == (479, 2521)
    assert [note.kind for note in notes] == ["credit"] * 3
    assert [note.corrects for note in notes] == [invoice] * 3
    assert sum(note.amount for note in notes) == 3000
    assert sum(note.tax for note in notes) == 479
    assert [one.number for one in (invoice, *notes)] == [1, 2, 3, 4]


def test_a_refund_that_failed_is_invoiced_again(terms, order, owner):
    from paideia.commerce.actions.sending import take_answer
    from paideia.commerce.providers import RefundAnswer, RefundState

    pay(order)
    refund = refund_order(viewer=viewer_of(owner), order=order, reason="-")
    hear()
    take_answer(refund.pk, RefundAnswer(RefundState.FAILED, message="closed"))
    hear()
    assert list(Invoice.objects.order_by("pk").values_list("kind", "amount")) == [
        ("invoice", 3000),
        ("credit", 3000),
        ("invoice", 3000),
    ]


def test_a_replay_writes_nothing_twice(terms, order, owner):
    pay(order)
    refund_order(viewer=viewer_of(owner), order=order, reason="-", amount=7)
    hear()
    before = list(Invoice.objects.values())
    rewind("commerce.invoices")
    hear()
    assert list(Invoice.objects.values()) == before


def test_each_year_begins_anew_on_the_communitys_clock(terms, order, community):
    community.time_zone = "Asia/Shanghai"
    community.save()
    pay(order)
    with time_machine.travel(datetime(2030, 12, 31, 17, tzinfo=UTC)):  # 1 January there
        assert [str(one) for one in write_invoices(order.pk)] == ["A-2031-000001"]


def test_what_is_rolled_back_leaves_no_gap(terms, order, visitor, lifetime):
    pay(order)
    with pytest.raises(RuntimeError), transaction.atomic():
        write_invoices(order.pk)
        raise RuntimeError
    assert not Invoice.objects.exists() and not InvoiceSeries.objects.filter(last__gt=0).exists()
    other = pay(place_order(viewer=viewer_of(visitor), offer=lifetime, provider="sandbox"))
    assert [one.number for one in write_invoices(other.pk)] == [1]
    assert [one.number for one in write_invoices(order.pk)] == [2]


@pytest.mark.django_db(transaction=True)
def test_two_hundred_at_once_leave_no_gap_and_share_no_number(terms, community, monthly):
    buyer = let_in(community, person("many"))
    now = timezone.now()
    orders = [
        Order(
            community=community,
            buyer=buyer,
            offer=monthly,
            number=f"N{index}",
            total=100,
            currency="CNY",
            term="month",
            provider="sandbox",
            charge_id=f"c{index}",
            state="paid",
            paid_at=now,
            expires_at=now,
        )
        for index in range(200)
    ]
    Order.objects.bulk_create(orders)

    def write(index, order):
        def task():
            with transaction.atomic():
                write_invoices(order.pk)
                if index % 10 == 0:
                    raise RuntimeError("the process ends here")

        return task

    results = in_turns([write(index, order) for index, order in enumerate(orders)], width=8)
    assert sum(isinstance(one, RuntimeError) for one in results) == 20
    numbers = sorted(Invoice.objects.values_list("number", flat=True))
    assert numbers == list(range(1, 181))


def test_an_invoice_is_never_changed_or_removed(terms, order):
    pay(order)
    hear()
    for change in (
        lambda: Invoice.objects.update(amount=1),
        lambda: Invoice.objects.all().delete(),
    ):
        with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
            change()


def test_tax_on_top_is_a_line_of_the_order_and_of_the_invoice(terms, community, visitor, monthly):
    TaxRule.objects.create(community=community, country="", name="Tax", rate=0, is_inclusive=True)
    TaxRule.objects.create(community=community, country="US", name="Sales tax", rate=825, is_inclusive=False)
    BillingAddress.objects.create(user=visitor, name="Vera Inc", country="US", tax_id="77")
    order = place_order(viewer=viewer_of(visitor), offer=monthly, provider="sandbox")
    assert [(line.kind, line.amount, line.note) for line in order.lines.all()] == [
        ("price", 3000, ""),
        ("tax", 248, "Sales tax"),
    ]
    pay(order)
    hear()
    invoice = Invoice.objects.get()
    assert (invoice.amount, invoice.net, invoice.tax, invoice.tax_rate) == (3248, 3000, 248, 825)
    assert invoice.buyer == {"name": "Vera Inc", "address": "", "country": "US", "tax_id": "77"}


@given(st.integers(0, 10**12), st.integers(0, 10_000))
def test_tax_within_a_price_is_the_tax_on_top_of_its_rest(amount, rate):
    net = amount - tax_within(amount, rate)
    assert 0 <= net <= amount
    assert abs(net + tax_on_top(net, rate) - amount) <= 1


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_pdf_says_it_in_both_languages_and_text_is_inert(terms, order, language):
    pypdf = pytest.importorskip("pypdf")
    BillingAddress.objects.create(
        user=order.buyer,
        name="<b>张三</b> & =cmd|'/C calc'!A0",
        address="(Müller)\\ \x07)Tj\n北京市海淀区",
        tax_id="税号1",
    )
    pay(order)
    hear()
    with translation.override(language):
        body = invoice_pdf(Invoice.objects.get())
        assert body == invoice_pdf(Invoice.objects.get())
        label = str(Invoice.Kind.INVOICE.label)
        pages = pypdf.PdfReader(io.BytesIO(body)).pages
        text = "".join(page.extract_text() for page in pages).replace("\n", "")
    for part in (
        "<b>张三</b> & =cmd|'/C calc'!A0",
        "(Müller)\\",
        "北京市海淀区",
        "Agora Ltd",
        order.number,
        "¥30",
        label,
    ):
        assert part in text


def test_long_words_are_broken_and_long_invoices_go_on(terms, order):
    pypdf = pytest.importorskip("pypdf")
    BillingAddress.objects.create(user=order.buyer, name="长" * 160, address="\n".join(["word " * 9] * 8))
    pay(order)
    (invoice,) = write_invoices(order.pk)
    invoice.lines = [{"kind": "price", "note": "n" * 120, "amount": 1}] * 40
    pages = pypdf.PdfReader(io.BytesIO(invoice_pdf(invoice))).pages
    assert len(pages) == 5
    assert sum(page.extract_text().count("长") for page in pages) == 160


def test_only_the_team_says_who_sells(community, visitor, owner):
    seller = Seller(is_on=True, gives_fapiao=True, seller="Agora")
    with pytest.raises(NotPermitted):
        save_invoice_terms(viewer=viewer_of(visitor), seller=seller, taxes=[])
    with pytest.raises(Invalid):
        save_invoice_terms(viewer=viewer_of(owner), seller=Seller(True, True), taxes=[])
    taxes = [Tax("CN", "VAT", 600, True), Tax("CN", "VAT", 700, True)]
    with pytest.raises(Invalid):
        save_invoice_terms(viewer=viewer_of(owner), seller=seller, taxes=taxes)
    save_invoice_terms(viewer=viewer_of(owner), seller=seller, taxes=taxes[:1])
    assert TaxRule.objects.get().rate == 600


@pytest.mark.parametrize("fields", [{"country": "cn"}, {"rate": 10_001}])
def test_the_database_refuses_senseless_tax(community, fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        TaxRule.objects.create(**{"community": community, "country": "", "name": "T", "rate": 1, **fields})
