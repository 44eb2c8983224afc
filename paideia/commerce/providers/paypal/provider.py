"""PayPal: the buyer agrees on its page, then the money is taken (Orders v2)."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from paideia.commerce.models import Order, Refund
from paideia.commerce.providers import (
    BadNotification,
    Capability,
    ProviderDown,
    amounts,
    attempts,
    charge_of,
    claims,
)
from paideia.commerce.providers.asking import ProviderRefused
from paideia.commerce.providers.news import (
    DisputeNews,
    DisputeState,
    News,
    Nothing,
    Payment,
    RefundAnswer,
    RefundNews,
    RefundState,
    StatementLine,
)
from paideia.commerce.providers.paypal.certificates import Forged, check
from paideia.commerce.providers.paypal.gateway import Account, Gateway, read
from paideia.communities.models import Community

JSON = ("application/json",)
EVENT_BYTES_MAX = 256 * 1024
PAGE_LIFE = timedelta(hours=3)  # PayPal's own, before the buyer agrees
WHOLE_ONLY = frozenset({"JPY", "TWD", "HUF"})  # PayPal takes no fractions of these
REFUND_STATES = {
    "COMPLETED": RefundState.DONE,
    "PENDING": RefundState.PENDING,
    "FAILED": RefundState.FAILED,
    "CANCELLED": RefundState.FAILED,
}
DISPUTES_LOST = {"RESOLVED_BUYER_FAVOUR", "ACCEPTED"}


def configured() -> "PayPal":
    """The provider as the operator set it. Raises Misconfigured."""
    return PayPal(_account(tuple(settings.PAYMENTS["paypal"].items())))


@lru_cache(maxsize=4)
def _account(texts: tuple[tuple[str, str], ...]) -> Account:
    return read(dict(texts))


class PayPal:
    key = "paypal"
    label = _("PayPal")
    note = _("With a PayPal account, or a card on PayPal's page.")
    capabilities = frozenset({Capability.REFUNDS, Capability.PARTIAL_REFUNDS})
    currencies = frozenset({"USD", "EUR", "HKD", "TWD", "JPY", "GBP", "SGD", "AUD", "CAD", "CHF"})
    refund_days = 180

    def __init__(self, account: Account) -> None:
        self.account, self.gateway = account, Gateway(account)

    def start(self, order: Order, *, return_url: str, notify_url: str) -> str:
        """The address of PayPal's page for this order; the same while it is open, so that nobody pays two."""
        if (before := attempts.open_page(order, self.key)) != "":
            return before
        number = len(attempts.references(order, self.key))
        terms = {
            "intent": "CAPTURE",
            "purchase_units": [
                {
                    "reference_id": "default",
                    "custom_id": order.number,
                    "invoice_id": f"{order.number}-{number}" if number else order.number,
                    "description": order.title[:127] or order.number,
                    "amount": {
                        "currency_code": order.currency,
                        "value": as_text(order.total, order.currency),
                    },
                }
            ],
            "payment_source": {
                "paypal": {
                    "experience_context": {
                        "return_url": return_url,
                        "cancel_url": return_url,
                        "shipping_preference": "NO_SHIPPING",
                        "user_action": "PAY_NOW",
                    }
                }
            },
        }
        said = self.gateway.call("POST", "/v2/checkout/orders", terms, once=f"order:{order.number}:{number}")
        links = {one.get("rel"): one.get("href") for one in said.get("links", []) if isinstance(one, dict)}
        address, reference = links.get("payer-action") or links.get("approve"), said.get("id")
        if not isinstance(address, str) or not isinstance(reference, str):
            raise self.gateway.doubtful("an order without a page")
        until = timezone.now() + PAGE_LIFE
        attempts.keep(order, self.key, reference, address=address, expires_at=until)
        return address

    def read_notification(self, request: HttpRequest) -> News:
        body = claims.body_of(request, JSON, bytes_max=EVENT_BYTES_MAX)
        mine = self.account
        try:
            check(request.headers, body, webhook_id=mine.webhook_id, gateway=mine.address, roots=mine.roots)
            event = claims.object_of(body)
            return self._news(
                claims.text(event, "event_type"), claims.text(event, "id"), claims.inner(event, "resource")
            )
        except Forged as reason:
            raise BadNotification(str(reason), 401) from None
        except claims.Malformed as part:
            raise BadNotification(f"The message has no fit {part}.") from None

    def query(self, order: Order) -> Payment | None:
        for reference in attempts.references(order, self.key):
            if (said := self._asked(reference)) is not None:
                return said
        return None

    def charge(self, order: Order, mandate_id: str) -> Payment:
        raise ProviderDown("PayPal does not charge without the buyer here.")

    def refund(self, refund: Refund) -> RefundAnswer:
        """PayPal remembers the name of a request for 45 days and answers alike."""
        content = {
            "amount": {"currency_code": refund.currency, "value": as_text(refund.amount, refund.currency)},
            "custom_id": refund.key,
            "note_to_payer": refund.reason[:255],
        }
        path = f"/v2/payments/captures/{charge_of(refund)}/refund"
        try:
            said = self.gateway.call("POST", path, content, once=f"refund:{refund.key}")
            return self._answer(refund, said)
        except ProviderRefused as refusal:
            return RefundAnswer(RefundState.FAILED, message=f"{refusal.code} {refusal.words}"[:300])

    def query_refund(self, refund: Refund) -> RefundAnswer:
        """Under its own id, where PayPal gave one; else asked once more under its name."""
        if not refund.provider_refund_id:
            return self.refund(refund)
        try:
            said = self.gateway.call("GET", f"/v2/payments/refunds/{refund.provider_refund_id}")
            return self._answer(refund, said)
        except ProviderRefused as refusal:
            raise self.gateway.doubtful(refusal.code) from None

    def reconcile(self, community: Community, day: date) -> Iterator[StatementLine]:
        raise ProviderDown("PayPal's statement is compared by hand.")

    def _news(self, kind: str, message_id: str, it: dict[str, Any]) -> News:
        if kind == "CHECKOUT.ORDER.APPROVED":
            reference = claims.text(it, "id", form=r"\w{1,64}")
            is_ours = attempts.order_number_of(self.key, reference) != ""
            return (self._asked(reference) if is_ours else None) or Nothing(kind)
        if kind == "PAYMENT.CAPTURE.COMPLETED":
            return self._payment(it, message_id) or Nothing(kind)
        if kind in {"PAYMENT.CAPTURE.DENIED", "PAYMENT.CAPTURE.DECLINED"}:
            return self._payment(it, message_id, succeeded=False) or Nothing(kind)
        if kind in {"PAYMENT.CAPTURE.REFUNDED", "PAYMENT.REFUND.PENDING", "PAYMENT.REFUND.FAILED"}:
            return _refund_news(it, message_id)
        if kind == "CUSTOMER.DISPUTE.CREATED":
            return _dispute_news(it, message_id, DisputeState.OPENED)
        if kind == "CUSTOMER.DISPUTE.RESOLVED":
            outcome = it.get("dispute_outcome")
            code = outcome.get("outcome_code") if isinstance(outcome, dict) else None
            return _dispute_news(
                it, message_id, DisputeState.LOST if code in DISPUTES_LOST else DisputeState.WON
            )
        return Nothing(kind)

    def _asked(self, reference: str) -> Payment | None:
        """What became of a PayPal order; where the buyer agreed, the money is taken now."""
        try:
            said = self.gateway.call("GET", f"/v2/checkout/orders/{reference}")
            return self._captured(self._take(reference) if said.get("status") == "APPROVED" else said)
        except ProviderRefused as refusal:
            if refusal.code in {"RESOURCE_NOT_FOUND", "INVALID_RESOURCE_ID", "INSTRUMENT_DECLINED"}:
                return None  # never agreed to, or the buyer may choose another card on the page
            raise self.gateway.doubtful(refusal.code) from None
        except claims.Malformed as part:
            raise self.gateway.doubtful(f"no fit {part}") from None

    def _take(self, reference: str) -> dict[str, Any]:
        """Take the money that the buyer agreed to; or say what it came to, where it was taken meanwhile."""
        path = f"/v2/checkout/orders/{reference}"
        try:
            return self.gateway.call("POST", f"{path}/capture", {}, once=f"capture:{reference}")
        except ProviderRefused as refusal:
            if refusal.code != "ORDER_ALREADY_CAPTURED":
                raise
            return self.gateway.call("GET", path)

    def _captured(self, said: dict[str, Any]) -> Payment | None:
        for unit in said.get("purchase_units") or []:
            for it in claims.inner(unit, "payments").get("captures") or [] if "payments" in unit else []:
                if it.get("status") in {"COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED"}:
                    number = it.get("custom_id") or unit.get("custom_id")
                    return self._payment({**it, "custom_id": number}, f"query:{it.get('id')}")
        return None

    def _payment(self, it: dict[str, Any], message_id: str, *, succeeded: bool = True) -> Payment | None:
        if not it.get("custom_id"):
            return None  # of no order of ours
        amount, currency = _money(claims.inner(it, "amount"))
        return Payment(
            message_id=message_id,
            order_number=claims.text(it, "custom_id"),
            succeeded=succeeded,
            charge_id=claims.text(it, "id", form=r"\w{1,64}"),
            amount=amount,
            currency=currency,
            at=claims.moment(it.get("create_time")),
            body=_kept(it),
        )

    def _answer(self, refund: Refund, said: dict[str, Any]) -> RefundAnswer:
        if said.get("custom_id", refund.key) != refund.key:
            raise self.gateway.doubtful("the answer is about another refund")
        state = REFUND_STATES.get(str(said.get("status")))
        if state is None:
            raise self.gateway.doubtful(f"a refund is {said.get('status')}")
        why = str(said.get("status")) if state == RefundState.FAILED else ""
        return RefundAnswer(state, str(said.get("id", ""))[:120], why)


def as_text(minor: int, currency: str) -> str:
    """An amount as PayPal takes it. Raises ProviderRefused for fractions that it does not."""
    if currency in WHOLE_ONLY and minor % 10 ** amounts.digits_of(currency):
        raise ProviderRefused("no fractions", str(_("PayPal takes whole amounts only in this currency.")))
    digits = amounts.digits_of(currency)
    return str(minor // 10**digits) if currency in WHOLE_ONLY else amounts.as_text(minor, currency)


def _money(it: dict[str, Any]) -> tuple[int, str]:
    currency = claims.currency(it, "currency_code")
    try:
        return amounts.from_text(it.get("value"), currency), currency
    except ValueError:
        raise claims.Malformed("amount") from None


def _refund_news(it: dict[str, Any], message_id: str) -> RefundNews:
    state = REFUND_STATES.get(claims.text(it, "status"))
    if state is None:
        raise claims.Malformed("status")
    amount, currency = _money(claims.inner(it, "amount"))
    return RefundNews(
        message_id=message_id,
        state=state,
        refund_key=str(it.get("custom_id") or "")[:40],
        refund_id=claims.text(it, "id"),
        order_number="",
        charge_id=_capture_of(it),
        amount=amount,
        currency=currency,
        at=claims.moment(it.get("create_time")),
        body=_kept(it),
    )


def _dispute_news(it: dict[str, Any], message_id: str, state: DisputeState) -> News:
    about = it.get("disputed_transactions")
    first = about[0] if isinstance(about, list) and about and isinstance(about[0], dict) else {}
    amount, currency = _money(claims.inner(it, "dispute_amount"))
    return DisputeNews(
        message_id=message_id,
        state=state,
        dispute_id=claims.text(it, "dispute_id"),
        order_number="",
        charge_id=claims.text(first, "seller_transaction_id", form=r"\w{1,64}"),
        amount=amount,
        currency=currency,
        at=claims.moment(it.get("update_time") or it.get("create_time")),
        body=_kept(it),
        reason=str(it.get("reason") or "")[:120],
    )


def _capture_of(it: dict[str, Any]) -> str:
    """The charge that a refund is of: its link called `up`."""
    for link in it.get("links") or []:
        if isinstance(link, dict) and link.get("rel") == "up":
            return claims.text({"id": str(link.get("href", "")).rpartition("/")[2]}, "id", form=r"\w{1,64}")
    raise claims.Malformed("charge")


def _kept(it: dict[str, Any]) -> dict[str, Any]:
    """What is kept as evidence: no names and addresses."""
    names = ("id", "status", "amount", "custom_id", "invoice_id", "create_time", "dispute_id", "dispute_amount",
             "reason", "dispute_outcome", "links")  # fmt: skip
    return {name: it[name] for name in names if name in it}
