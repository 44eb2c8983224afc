"""The sandbox as a provider: a page where nothing is paid and everything can happen."""

import json
import secrets
from collections.abc import Iterable
from datetime import date

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from paideia.commerce.models import Offer, Order, Refund
from paideia.commerce.providers import (
    BadNotification,
    Capability,
    News,
    Payment,
    ProviderDown,
    RefundAnswer,
    RefundState,
    StatementLine,
    charge_of,
    claims,
)
from paideia.commerce.providers.sandbox import signing
from paideia.commerce.providers.sandbox.messages import message_of, news_in, payment_in
from paideia.commerce.providers.sandbox.models import SandboxCharge, SandboxRefund
from paideia.commerce.providers.sandbox.statement import statement_of
from paideia.communities.models import Community

BODY_BYTES_MAX = 16 * 1024
State, RefundsAs, ChargesAs = SandboxCharge.State, SandboxCharge.RefundsAs, SandboxCharge.ChargesAs


class Sandbox:
    key = "sandbox"
    label = _("Test payment")
    note = _("No money moves: this shows how paying works.")
    capabilities = frozenset(Capability)
    currencies: frozenset[str] | None = None
    refund_days = 365

    def start(self, order: Order, *, return_url: str, notify_url: str) -> str:
        """The address of the sandbox's page for this order: the same until a payment fails, so that nobody pays
        twice by coming back."""
        return reverse("sandbox_payment", args=[self._page(order, return_url, notify_url).token])

    @transaction.atomic
    def _page(self, order: Order, return_url: str, notify_url: str) -> SandboxCharge:
        Order.objects.select_for_update(no_key=True).get(pk=order.pk)  # two clicks open one page
        charge = (
            SandboxCharge.objects.filter(community_id=order.community_id, order_number=order.number)
            .exclude(state=State.FAILED)
            .order_by("-created_at")
            .first()
        )
        if charge is None:
            charge = _charge_for(order, return_url=return_url[:500], notify_url=notify_url[:500])
            charge.mandate_id = f"sm_{secrets.token_hex(10)}" if _is_charged_again(order) else ""
            charge.save()
        return charge

    def read_notification(self, request: HttpRequest) -> News:
        body = claims.body_of(request, ("application/json",), bytes_max=BODY_BYTES_MAX)
        signing.check(request.community, body, request.headers.get(signing.HEADER, ""))  # type: ignore[attr-defined]
        try:
            return news_in(json.loads(body))
        except (ValueError, KeyError, TypeError) as error:
            raise BadNotification("This message says nothing that the shop understands.") from error

    def query(self, order: Order) -> Payment | None:
        charge = (
            SandboxCharge.objects.filter(community_id=order.community_id, order_number=order.number)
            .exclude(state=State.PENDING)
            .order_by("-state", "-paid_at")  # paid before failed
            .first()
        )
        return payment_in(message_of(charge)) if charge is not None else None

    def charge(self, order: Order, mandate_id: str) -> Payment:
        made, is_silent = self._charge(order, mandate_id)
        if is_silent:
            raise ProviderDown("The sandbox did not answer in time.")
        return payment_in(message_of(made))

    @transaction.atomic
    def _charge(self, order: Order, mandate_id: str) -> tuple[SandboxCharge, bool]:
        """What was charged, once for each order; and whether the answer is lost on the way."""
        Order.objects.select_for_update(no_key=True).get(pk=order.pk)
        agreed = SandboxCharge.objects.filter(
            community_id=order.community_id, mandate_id=mandate_id, state=State.PAID
        )
        first = agreed.order_by("created_at").first()
        made = SandboxCharge.objects.filter(
            community_id=order.community_id, order_number=order.number, mandate_id=mandate_id
        ).first()
        if made is not None:
            return made, False
        made = _charge_for(order)
        made.mandate_id = mandate_id
        declined = first is None or first.charges_as == ChargesAs.DECLINE
        made.state = State.FAILED if declined else State.PAID
        made.paid_amount, made.paid_at = (None, None) if declined else (made.amount, timezone.now())
        made.save()
        return made, first is not None and first.charges_as == ChargesAs.SILENT

    def refund(self, refund: Refund) -> RefundAnswer:
        made = SandboxRefund.objects.filter(key=refund.key).first()
        return _answer(made) if made is not None else _refund(refund)

    def query_refund(self, refund: Refund) -> RefundAnswer:
        made = SandboxRefund.objects.filter(key=refund.key).first()
        if made is None:
            return RefundAnswer(RefundState.FAILED, "", "The sandbox knows no such refund.")
        return _answer(made)

    def reconcile(self, community: Community, day: date) -> Iterable[StatementLine]:
        return statement_of(community, day)


def _charge_for(order: Order, *, return_url: str = "", notify_url: str = "") -> SandboxCharge:
    return SandboxCharge(
        token=secrets.token_urlsafe(32),
        community_id=order.community_id,
        charge_id=f"sb_{secrets.token_hex(10)}",
        order_number=order.number,
        description=order.title[:160],
        amount=order.total,
        currency=order.currency,
        return_url=return_url,
        notify_url=notify_url,
    )


def _is_charged_again(order: Order) -> bool:
    return order.renewal != Offer.Renewal.NONE or order.subscription_id is not None


@transaction.atomic
def _refund(refund: Refund) -> RefundAnswer:
    charge = (
        SandboxCharge.objects.select_for_update()
        .filter(community_id=refund.order.community_id, charge_id=charge_of(refund), state=State.PAID)
        .first()
    )
    if charge is None:
        return RefundAnswer(RefundState.FAILED, "", "The sandbox knows no such payment.")
    kept = charge.refunds.exclude(state=SandboxRefund.State.FAILED).values_list("amount", flat=True)
    too_much = sum(kept) + refund.amount > (charge.paid_amount or 0)
    if charge.refunds_as == RefundsAs.FAIL or too_much:
        state = SandboxRefund.State.FAILED
    else:
        is_later = charge.refunds_as == RefundsAs.LATER
        state = SandboxRefund.State.PENDING if is_later else SandboxRefund.State.DONE
    try:
        with transaction.atomic():
            made = SandboxRefund.objects.create(
                charge=charge,
                refund_id=f"sr_{secrets.token_hex(10)}",
                key=refund.key,
                amount=refund.amount,
                state=state,
                done_at=timezone.now() if state == SandboxRefund.State.DONE else None,
            )
    except IntegrityError:  # asked twice at once
        made = SandboxRefund.objects.get(key=refund.key)
    return _answer(made)


def _answer(made: SandboxRefund) -> RefundAnswer:
    failed = made.state == SandboxRefund.State.FAILED
    return RefundAnswer(
        RefundState(made.state), made.refund_id, "The sandbox refuses to refund this." if failed else ""
    )
