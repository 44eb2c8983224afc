"""What one can do on the sandbox's page, and the notifications that follow from it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from paideia.commerce.providers.sandbox.models import SandboxCharge
from paideia.commerce.providers.sandbox.provider import message_of
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
    from paideia.commerce.jobs import notify_of_sandbox_charge

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
        notify_of_sandbox_charge.configure(lock=f"sandbox:{row.pk}", priority=-number).defer(
            token=row.pk, failed=what == FAILURE
        )
    return row


def notify(charge: SandboxCharge, *, failed: bool) -> None:
    """Send the shop one signed notification. Raises httpx.HTTPError when it does not arrive."""
    import httpx  # the worker's only: pages start without it

    body = json.dumps(message_of(charge, failed=failed)).encode()
    headers = {"Content-Type": "application/json", HEADER: sign(charge.community, body)}
    answer = httpx.post(charge.notify_url, content=body, headers=headers, timeout=TIMEOUT_SECONDS)
    answer.raise_for_status()
