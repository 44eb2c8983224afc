"""Stripe: its own page to pay on, cards charged again where their owners agreed, disputes, statements."""

import re
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from paideia.commerce.models import Offer, Order, Refund
from paideia.commerce.providers import (
    BadNotification,
    Capability,
    ProviderDown,
    attempts,
    charge_of,
    claims,
    statements,
)
from paideia.commerce.providers.asking import ProviderRefused
from paideia.commerce.providers.news import News, Payment, RefundAnswer, RefundState, StatementLine
from paideia.commerce.providers.stripe import balance, messages
from paideia.commerce.providers.stripe.account import Account, certainty, client_of, read
from paideia.communities.models import Community

JSON = ("application/json",)
EVENT_BYTES_MAX = 512 * 1024
AGE_SECONDS_MAX = 300
PAGE_LIFE_MIN = timedelta(minutes=31)  # Stripe asks for half an hour


def configured() -> "Stripe":
    """The provider as the operator set it. Raises Misconfigured."""
    return Stripe(_account(tuple(settings.PAYMENTS["stripe"].items())))


@lru_cache(maxsize=4)
def _account(texts: tuple[tuple[str, str], ...]) -> Account:
    return read(dict(texts))


class Stripe:
    key = "stripe"
    label = _("Card and more")
    note = _("With a card or what else Stripe takes, on its page.")
    capabilities = frozenset(Capability)
    currencies = frozenset(
        {"CNY", "USD", "EUR", "HKD", "TWD", "JPY", "GBP", "SGD", "KRW", "AUD", "CAD", "CHF"}
    )
    refund_days = 365

    def __init__(self, account: Account) -> None:
        self.account = account

    @property
    def _v1(self) -> Any:
        return client_of(self.account).v1

    def start(self, order: Order, *, return_url: str, notify_url: str) -> str:
        """The address of Stripe's page for this order; the same while it is open, so that nobody pays two."""
        if (before := attempts.open_page(order, self.key)) != "":
            return before
        expires_at = max(order.expires_at, timezone.now() + PAGE_LIFE_MIN)
        terms = self._page(order, return_url, expires_at)
        options = {"idempotency_key": f"page:{order.number}:{terms['expires_at']}"}
        with certainty():
            session = self._v1.checkout.sessions.create(terms, options)
        attempts.keep(order, self.key, session.id, address=session.url, expires_at=expires_at)
        return str(session.url)

    def read_notification(self, request: HttpRequest) -> News:
        body = claims.body_of(request, JSON, bytes_max=EVENT_BYTES_MAX)
        self._must_be_signed(body, request.headers.get("Stripe-Signature", ""))
        event = claims.object_of(body)
        is_live = self.account.is_live
        if event.get("livemode", is_live) is not is_live or event.get("account"):
            raise BadNotification("The message is for another account, or for tests.", 403)
        try:
            said = messages.news_in(event)
        except claims.Malformed as part:
            raise BadNotification(f"The message has no fit {part}.") from None
        return self._with_mandate(said) if isinstance(said, Payment) else said

    def query(self, order: Order) -> Payment | None:
        for reference in attempts.references(order, self.key):
            said = self._asked(reference) if reference.startswith("cs_") else None
            said = said or (self._charged_before(order, reference) if ":" in reference else None)
            if said is not None:
                return said
        return None

    def charge(self, order: Order, mandate_id: str) -> Payment:
        import stripe

        customer, _colon, card = mandate_id.partition(":")
        # Stripe forgets idempotency keys after a day; after a try before, what became of it is looked for first.
        is_first = attempts.keep(order, self.key, mandate_id)
        if not is_first and (before := self._charged_before(order, mandate_id)) is not None:
            return before
        terms = {
            "amount": order.total,
            "currency": order.currency.lower(),
            "customer": customer,
            "payment_method": card,
            "off_session": True,
            "confirm": True,
            "metadata": {"order": order.number, "off_session": "yes"},
        }
        try:
            with certainty():
                intent = self._v1.payment_intents.create(terms, {"idempotency_key": f"charge:{order.number}"})
        except stripe.CardError as refusal:
            return self._declined(order, refusal)
        except ProviderRefused as refusal:
            if refusal.code in {"resource_missing", "payment_method_unactivated"}:
                return self._declined(order, refusal)
            raise ProviderDown(refusal.code) from None
        if intent.status == "succeeded":
            return self._succeeded(intent)
        if intent.status in {"requires_action", "requires_payment_method", "canceled"}:
            return self._declined(order, None, str(intent.id))
        raise ProviderDown(f"the charge is {intent.status}")

    def refund(self, refund: Refund) -> RefundAnswer:
        if refund.tries and (before := self._refund_before(refund)) is not None:
            return before
        terms = {
            "payment_intent": charge_of(refund),
            "amount": refund.amount,
            "metadata": {"key": refund.key, "order": refund.order.number},
        }
        try:
            with certainty():
                made = self._v1.refunds.create(terms, {"idempotency_key": f"refund:{refund.key}"})
        except ProviderRefused as refusal:
            return RefundAnswer(RefundState.FAILED, message=f"{refusal.code} {refusal.words}"[:300])
        if made.to_dict().get("metadata", {}).get("key") != refund.key:
            raise ProviderDown("the answer is about another refund")
        return self._answer(made)

    def query_refund(self, refund: Refund) -> RefundAnswer:
        found = self._refund_before(refund)
        if found is None:
            raise ProviderDown("stripe does not know this refund yet")
        return found

    def reconcile(self, community: Community, day: date) -> Iterator[StatementLine]:
        with certainty():
            lines = list(balance.lines(self._v1, day))
        return statements.of_community(lines, community)

    def _page(self, order: Order, return_url: str, expires_at: datetime) -> dict[str, Any]:
        intent: dict[str, Any] = {"metadata": {"order": order.number}}
        terms: dict[str, Any] = {
            "mode": "payment",
            "client_reference_id": order.number,
            "metadata": {"order": order.number},
            "payment_intent_data": intent,
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": order.currency.lower(),
                        "unit_amount": order.total,
                        "product_data": {"name": order.title[:200] or order.number},
                    },
                }
            ],
            "success_url": return_url,
            "cancel_url": return_url,
            "expires_at": int(expires_at.timestamp()),
        }
        if order.renewal != Offer.Renewal.NONE:
            intent["setup_future_usage"] = "off_session"
            terms["customer_creation"] = "always"
            if order.buyer.email:
                terms["customer_email"] = order.buyer.email
        return terms

    def _must_be_signed(self, body: bytes, header: str) -> None:
        import stripe

        if not re.fullmatch(r"[!-~]{1,2000}", header):
            raise BadNotification("The signature is missing or malformed.", 401)
        try:
            text = body.decode()
            stripe.WebhookSignature.verify_header(text, header, self.account.webhook_secret, AGE_SECONDS_MAX)
        except UnicodeDecodeError:
            raise BadNotification("The message is no JSON.") from None
        except stripe.SignatureVerificationError as reason:
            words = "too old" if "tolerance" in str(reason) else "not signed by this account"
            raise BadNotification(f"The message is {words}.", 401) from None
        at = re.search(r"(?:^|,)t=([0-9]+)", header)
        if at is None or int(at[1]) > time.time() + AGE_SECONDS_MAX:
            raise BadNotification("The message is from the future.", 401)

    def _with_mandate(self, said: Payment) -> Payment:
        """A page's event does not say which card may be charged again: where one may, it is asked."""
        if said.body.get("object") != "checkout.session" or not said.succeeded or said.mandate_id:
            return said
        order = Order.objects.filter(number=said.order_number, provider=self.key).first()
        if order is None or order.renewal == Offer.Renewal.NONE:
            return said
        with certainty():
            intent = self._v1.payment_intents.retrieve(said.charge_id)
        return messages.session_with(said, messages.mandate_in(intent.to_dict()))

    def _asked(self, session_id: str) -> Payment | None:
        with certainty():
            found = self._v1.checkout.sessions.retrieve(session_id, {"expand": ["payment_intent"]})
            session = found.to_dict()
            intent = session.get("payment_intent")
            at = claims.seconds((intent if isinstance(intent, dict) else session).get("created"))
            return messages.session_in(session, f"query:{session_id}", at)

    def _charged_before(self, order: Order, mandate_id: str) -> Payment | None:
        """What a charge of this order came to, if Stripe has one; None if it has none, or is not done with it."""
        query = {
            "customer": mandate_id.partition(":")[0],
            "created": {"gte": int(order.created_at.timestamp()) - 60},
        }
        with certainty():
            for intent in self._v1.payment_intents.list({**query, "limit": 100}).auto_paging_iter():
                if intent.to_dict().get("metadata", {}).get("order") != order.number:
                    continue
                if intent.status == "succeeded":
                    return self._succeeded(intent)
                if intent.status == "processing":
                    raise ProviderDown("the charge is under way")
        return None

    def _succeeded(self, intent: Any) -> Payment:
        with certainty():
            said = messages.intent_in(intent.to_dict(), f"charge:{intent.id}", claims.seconds(intent.created))
        if said is None:
            raise ProviderDown("the charge names no order")
        return said

    def _declined(self, order: Order, refusal: Any, charge_id: str = "") -> Payment:
        code = str(getattr(refusal, "code", "") or "authentication_required")
        return Payment(
            message_id=f"declined:{order.number}:{charge_id}",
            order_number=order.number,
            succeeded=False,
            charge_id=charge_id,
            amount=order.total,
            currency=order.currency,
            at=timezone.now().astimezone(UTC),
            body={"declined": code},
        )

    def _refund_before(self, refund: Refund) -> RefundAnswer | None:
        with certainty():
            for made in self._v1.refunds.list(
                {"payment_intent": charge_of(refund), "limit": 100}
            ).auto_paging_iter():
                if made.to_dict().get("metadata", {}).get("key") == refund.key:
                    return self._answer(made)
        return None

    @staticmethod
    def _answer(made: Any) -> RefundAnswer:
        state = messages.REFUND_STATES.get(str(made.status))
        if state is None:
            raise ProviderDown(f"the refund is {made.status}")
        why = str(made.to_dict().get("failure_reason") or "") if state == RefundState.FAILED else ""
        return RefundAnswer(state, str(made.id), why)
