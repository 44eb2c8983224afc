"""Writing invoices and credit notes. What stands of an order decides what its invoices sum to, whenever it is asked,
so that a replay writes nothing twice."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.access.viewer import Viewer
from paideia.activity.actions import record
from paideia.activity.saying import said_of
from paideia.commerce.models import (
    BillingAddress,
    Invoice,
    InvoiceSeries,
    InvoiceTerms,
    Order,
    OrderLine,
    TaxRule,
)
from paideia.commerce.refusals import NotPermitted
from paideia.commerce.taxes import rule_for, tax_within
from paideia.lib.refusal import Invalid

Kind = Invoice.Kind


@transaction.atomic
def write_invoices(order_id: int) -> list[Invoice]:
    """Write what is missing: an invoice once it is paid, a credit note for what was refunded since, an invoice again
    for a refund that failed. The number is taken and the invoice written in one transaction, one at a time for each
    community: what is rolled back leaves no gap.

    Gift cards have none: what they pay for later has.
    """
    order = Order.objects.select_related("community", "buyer", "offer").filter(pk=order_id).first()
    if order is None or order.paid_at is None or not order.value or order.kind == Order.Kind.CARD:
        return []
    terms = InvoiceTerms.objects.filter(community=order.community, is_on=True).first()
    if terms is None and not Invoice.objects.filter(order=order).exists():
        return []
    series = _held_series(order)
    order.refresh_from_db(fields=["refunded"])
    before = list(Invoice.objects.filter(order=order).order_by("pk"))
    if not before:
        assert terms is not None
        first = _write(order, series, _first(order, terms))
        before = [first]
        return [first, *_correct(order, series, before)]
    return _correct(order, series, before)


@dataclass(frozen=True, slots=True)
class Seller:
    """Invoice terms as the team writes them."""

    is_on: bool
    gives_fapiao: bool
    prefix: str = ""
    seller: str = ""
    address: str = ""
    tax_id: str = ""
    footer: str = ""


@dataclass(frozen=True, slots=True)
class Tax:
    country: str
    name: str
    rate: int  # basis points
    is_inclusive: bool


@transaction.atomic
def save_invoice_terms(*, viewer: Viewer, seller: Seller, taxes: Sequence[Tax]) -> InvoiceTerms:
    """Who sells and which tax there is. Invoices that were written stay as they are. Needs money.manage."""
    if not viewer.may("money.manage"):
        raise NotPermitted()
    if seller.is_on and not seller.seller.strip():
        raise Invalid(_("Invoices need the name of the seller."))
    if len({tax.country for tax in taxes}) < len(taxes):
        raise Invalid(_("Two tax rules are for the same country."))
    before = _said(viewer)
    row, _made = InvoiceTerms.objects.update_or_create(community=viewer.community, defaults=asdict(seller))
    TaxRule.objects.filter(community=viewer.community).delete()
    TaxRule.objects.bulk_create(TaxRule(community=viewer.community, **asdict(tax)) for tax in taxes)
    record(
        "invoice_terms.changed",
        community=viewer.community,
        actor=viewer.user,
        seller=asdict(seller),
        taxes=[asdict(tax) for tax in taxes],
        before=before,
        after=_said(viewer),
    )
    return row


def _said(viewer: Viewer) -> dict[str, object]:
    terms = InvoiceTerms.objects.filter(community=viewer.community).first()
    taxes = TaxRule.objects.filter(community=viewer.community).order_by("country")
    return {
        "seller": said_of(terms, *(one.name for one in fields(Seller))),
        "taxes": [said_of(tax, *(one.name for one in fields(Tax))) for tax in taxes],
    }


def _held_series(order: Order) -> InvoiceSeries:
    year = timezone.now().astimezone(ZoneInfo(order.community.time_zone)).year
    InvoiceSeries.objects.get_or_create(community=order.community, year=year)
    return InvoiceSeries.objects.select_for_update().get(community=order.community, year=year)


def _first(order: Order, terms: InvoiceTerms) -> dict[str, Any]:
    added = [line for line in order.lines.all() if line.kind == OrderLine.Kind.TAX]
    rule = rule_for(order.community_id, order.buyer_id)
    tax = {"tax": sum(line.amount for line in added), "tax_name": added[0].note if added else ""}
    if not added and rule is not None and rule.is_inclusive:
        tax = {"tax": tax_within(order.value, rule.rate), "tax_name": rule.name}
    return {
        "kind": Kind.INVOICE,
        "prefix": terms.prefix,
        "seller": {
            "name": terms.seller,
            "address": terms.address,
            "tax_id": terms.tax_id,
            "footer": terms.footer,
        },
        "buyer": _buyer(order),
        "lines": [
            {"kind": line.kind, "note": line.note, "amount": line.amount}
            for line in order.lines.all()
            if line.kind != OrderLine.Kind.TAX
        ],
        "title": order.title[:160],
        "amount": order.value,
        "tax_rate": rule.rate if rule is not None and tax["tax"] else 0,
        **tax,
    }


def _buyer(order: Order) -> dict[str, str]:
    address = BillingAddress.objects.filter(user=order.buyer).first()
    if address is None:
        return {"name": order.buyer.shown_name, "address": "", "country": "", "tax_id": ""}
    return {name: getattr(address, name) for name in ("name", "address", "country", "tax_id")}


def _correct(order: Order, series: InvoiceSeries, before: list[Invoice]) -> list[Invoice]:
    """A credit note, or another invoice, for the difference between what the papers say and what stands."""
    first = before[0]
    said = sum(-one.amount if one.is_credit else one.amount for one in before)
    said_tax = sum(-one.tax if one.is_credit else one.tax for one in before)
    stands = order.value - order.refunded
    difference, tax = stands - said, first.tax * stands // first.amount - said_tax
    if not difference:
        return []
    row = {
        name: getattr(first, name) for name in ("prefix", "seller", "buyer", "title", "tax_name", "tax_rate")
    }
    return [
        _write(
            order,
            series,
            {
                **row,
                "kind": Kind.CREDIT if difference < 0 else Kind.INVOICE,
                "corrects": first,
                "lines": [{"kind": "refund", "note": str(first), "amount": difference - tax}],
                "amount": abs(difference),
                "tax": abs(tax),
            },
        )
    ]


def _write(order: Order, series: InvoiceSeries, fields: dict[str, Any]) -> Invoice:
    series.last += 1
    series.save(update_fields=["last"])
    row = Invoice.objects.create(
        community=order.community,
        order=order,
        year=series.year,
        number=series.last,
        currency=order.currency,
        issued_at=timezone.now(),
        **fields,
    )
    record(
        "invoice.issued",
        community=order.community_id,
        actor=order.buyer_id,
        object=row,
        invoice=str(row),
        kind=row.kind,
        number=order.number,
        amount=row.amount,
        tax=row.tax,
        currency=row.currency,
    )
    return row
