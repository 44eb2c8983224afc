"""What one can do on the sandbox's page, and the notifications that follow from it."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from procrastinate.contrib.django import app

from paideia.commerce.providers.sandbox.messages import dispute_message, message_of, refund_message
from paideia.commerce.providers.sandbox.models import SandboxCharge, SandboxDispute, SandboxRefund
from paideia.commerce.providers.sandbox.signing import HEADER, sign
from paideia.lib.refusal import Conflict, Invalid

TIMEOUT_SECONDS = 10
SUCCESS, FAILURE = "success", "failure"


@dataclass(frozen=True, slots=True)
class Course:
    """One way a payment can go. `sends` are the notifications in the order in which they leave; `short` is
    how much less than asked is paid; `returns` whether the buyer comes back to the shop."""

    label: str | Promise
    hint: str | Promise
    pays: bool
    sends: Sequence[str] = ()
    short: int = 0
    returns: bool = True


COURSES: dict[str, Course] = {
    "pay": Course(_("Pay"), _("The payment succeeds and the shop is told once."), True, [SUCCESS]),
    "fail": Course(_("Decline"), _("The bank says no."), False, [FAILURE]),
    "abandon": Course(
        _("Walk away"), _("Nothing is paid; this page can be paid later, too late even."), False
    ),
    "silent": Course(_("Pay and lose the notification"), _("Only coming back tells the shop."), True),
    "vanish": Course(
        _("Pay and close the window"),
        _("Only the notification tells the shop."),
        True,
        [SUCCESS],
        returns=False,
    ),
    "twice": Course(
        _("Pay and be told twice"), _("The same notification arrives two times."), True, [SUCCESS] * 2
    ),
    "disorder": Course(
        _("Pay after a failed try, told in the wrong order"),
        _("First the success arrives, then the failure that came before it."),
        True,
        [SUCCESS, FAILURE],
    ),
    "short": Course(_("Pay too little"), _("One minor unit less than asked."), True, [SUCCESS], short=1),
}


@transaction.atomic
def pay(*, charge: SandboxCharge, course: str) -> SandboxCharge:
    """Let a payment take its course. Its notifications leave after this is committed."""
    if course not in COURSES:
        raise Invalid(gettext("Choose how the payment should go."))
    row = SandboxCharge.objects.select_for_update().get(pk=charge.pk)
    if row.state == SandboxCharge.State.PAID:
        raise Conflict(gettext("This was paid already."))
    chosen = COURSES[course]
    if chosen.pays:
        row.state, row.paid_at = SandboxCharge.State.PAID, timezone.now()
        row.paid_amount = max(row.amount - chosen.short, 0)
    elif chosen.sends:
        row.state = SandboxCharge.State.FAILED
    row.save()
    for number, what in enumerate(chosen.sends):
        # One lock for each charge: they arrive in the order in which they left.
        job = app.configure_task(
            "commerce.notify_of_sandbox_charge", lock=f"sandbox:{row.pk}", priority=-number
        )
        job.defer(token=row.pk, failed=what == FAILURE)
    return row


@transaction.atomic
def change_course(*, charge: SandboxCharge, refunds_as: str, charges_as: str) -> SandboxCharge:
    """Say how refunds of this charge, and later charges by its mandate, are to go."""
    if refunds_as not in SandboxCharge.RefundsAs.values or charges_as not in SandboxCharge.ChargesAs.values:
        raise Invalid(gettext("Choose how it should go."))
    row = SandboxCharge.objects.select_for_update().get(pk=charge.pk)
    row.refunds_as, row.charges_as = refunds_as, charges_as
    row.save(update_fields=["refunds_as", "charges_as"])
    return row


@transaction.atomic
def end_refund(*, charge: SandboxCharge, refund_id: str, state: str) -> SandboxRefund:
    """Let a refund arrive that was to arrive later, or fail, and tell the shop."""
    row = (
        SandboxRefund.objects.select_for_update(of=("self",))
        .filter(charge=charge, refund_id=refund_id)
        .first()
    )
    ends = (SandboxRefund.State.DONE, SandboxRefund.State.FAILED)
    if row is None or state not in ends or row.state == SandboxRefund.State.FAILED or row.state == state:
        raise Invalid(gettext("Choose how it should go."))
    row.state, row.done_at = state, timezone.now() if state == SandboxRefund.State.DONE else None
    row.save(update_fields=["state", "done_at"])
    _tell_later(row.charge, refund_message(row))
    return row


@transaction.atomic
def dispute(*, charge: SandboxCharge, state: str) -> SandboxDispute:
    """Open a dispute about a paid charge, or decide the one that is open, and tell the shop."""
    row = SandboxCharge.objects.select_for_update().get(pk=charge.pk)
    current = row.disputes.filter(state=SandboxDispute.State.OPENED).first()
    opens = state == SandboxDispute.State.OPENED
    if row.state != SandboxCharge.State.PAID or state not in SandboxDispute.State.values:
        raise Invalid(gettext("Choose how it should go."))
    if opens != (current is None):
        raise Conflict(gettext("There is a dispute already.") if opens else gettext("There is no dispute."))
    if current is None:
        current = SandboxDispute.objects.create(
            charge=row,
            dispute_id=f"sd_{secrets.token_hex(10)}",
            amount=row.paid_amount or 0,
            opened_at=timezone.now(),
        )
    else:
        current.state, current.closed_at = state, timezone.now()
        current.save(update_fields=["state", "closed_at"])
    _tell_later(row, dispute_message(current))
    return current


def notify(charge: SandboxCharge, *, failed: bool) -> None:
    """Send the shop one signed notification. Raises httpx.HTTPError when it does not arrive."""
    tell(charge, message_of(charge, failed=failed))


def tell(charge: SandboxCharge, message: dict[str, Any]) -> None:
    """Send the shop any message about a charge. Raises httpx.HTTPError when it does not arrive."""
    import httpx  # the worker's only: pages start without it

    body = json.dumps(message).encode()
    headers = {"Content-Type": "application/json", HEADER: sign(charge.community, body)}
    answer = httpx.post(charge.notify_url, content=body, headers=headers, timeout=TIMEOUT_SECONDS)
    answer.raise_for_status()


def _tell_later(charge: SandboxCharge, message: dict[str, Any]) -> None:
    if charge.notify_url:
        job = app.configure_task("commerce.tell_of_sandbox_charge", lock=f"sandbox:{charge.pk}")
        job.defer(token=charge.pk, message=message)
