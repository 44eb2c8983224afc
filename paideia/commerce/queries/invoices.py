"""Invoices, billing addresses and requests for a 发票. Each read takes the viewer."""

from collections.abc import Iterator, Sequence

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from paideia.access.viewer import Viewer
from paideia.commerce.models import BillingAddress, FapiaoRequest, Invoice, InvoiceTerms, Order
from paideia.commerce.queries.orders import must_see_money
from paideia.lib import formatting
from paideia.lib.money import major
from paideia.lib.refusal import NotFound

PAGE_ROWS = 50


def invoice_of(viewer: Viewer, pk: int) -> Invoice:
    """One's own invoice, or any for those who may see the money; NotFound alike for all others'."""
    found = (
        Invoice.objects.filter(community=viewer.community, pk=pk).select_related("order", "corrects").first()
    )
    if found is None or not (found.order.buyer_id == viewer.user_id or viewer.may("money.view")):
        raise NotFound("")
    return found


def invoices(viewer: Viewer) -> QuerySet[Invoice]:
    """All of the community, the newest first."""
    must_see_money(viewer)
    return Invoice.objects.filter(community=viewer.community).select_related("order")


def rows_of_invoices(viewer: Viewer, year: int) -> Iterator[Sequence[object]]:
    """A year's invoices in the order of their numbers, for the bookkeeper."""
    yield (
        _("Invoice number"),
        _("Kind"),
        _("Date"),
        _("Order"),
        _("Buyer"),
        _("Tax number"),
        _("Country"),
        _("Before tax"),
        _("Tax"),
        _("Total"),
        _("Currency"),
    )
    for row in invoices(viewer).filter(year=year).order_by("number").iterator():
        sign = -1 if row.is_credit else 1
        yield (
            *(str(row), row.get_kind_display(), formatting.date(row.issued_at), row.order.number),
            *(row.buyer["name"], row.buyer["tax_id"], row.buyer["country"]),
            *(major(sign * part, row.currency) for part in (row.net, row.tax, row.amount)),
            row.currency,
        )


def papers_of(viewer: Viewer, order: Order) -> dict[str, object]:
    """What the order's page shows of its invoices and its 发票."""
    terms = InvoiceTerms.objects.filter(community=viewer.community).first() if order.paid_at else None
    return {
        "invoices": list(Invoice.objects.filter(order=order).order_by("pk")) if order.paid_at else [],
        "gives_fapiao": terms is not None and terms.gives_fapiao and order.value > order.refunded,
        "fapiao": FapiaoRequest.objects.filter(order=order).first() if order.paid_at else None,
    }


def invoice_terms(viewer: Viewer) -> InvoiceTerms:
    """The community's, or empty ones that are not saved."""
    must_see_money(viewer)
    found = InvoiceTerms.objects.filter(community=viewer.community).first()
    return found or InvoiceTerms(community=viewer.community, seller=viewer.community.name)


def billing_address(viewer: Viewer) -> BillingAddress | None:
    return BillingAddress.objects.filter(user=viewer.user).first() if viewer.user else None


def fapiao_requests(viewer: Viewer, state: str) -> QuerySet[FapiaoRequest]:
    must_see_money(viewer)
    found = FapiaoRequest.objects.filter(order__community=viewer.community)
    if state in FapiaoRequest.State.values:
        found = found.filter(state=state)
    return found.select_related("order__buyer", "order__offer")


def fapiao_request(viewer: Viewer, pk: int) -> FapiaoRequest:
    """One's own, or any for those who may see the money; NotFound alike for all others'."""
    found = (
        FapiaoRequest.objects.filter(order__community=viewer.community, pk=pk).select_related("order").first()
    )
    if found is None or not (found.order.buyer_id == viewer.user_id or viewer.may("money.view")):
        raise NotFound("")
    return found
