"""Bank transfer: the buyer sends the money with the order's number as reference and shows the bank's slip; somebody
who may manage money looks whether it arrived."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from paideia.commerce.models import Order, Refund
from paideia.commerce.providers import BadNotification, Capability, ProviderDown
from paideia.commerce.providers.configuring import Reading
from paideia.commerce.providers.news import News, Payment, RefundAnswer, RefundState, StatementLine
from paideia.commerce.providers.transfer.models import TransferProof
from paideia.communities.models import Community

DAYS, DAYS_MAX = 7, 60
LINES_MAX = 12


@dataclass(frozen=True)
class Account:
    """The operator's account, as buyers read it."""

    lines: tuple[str, ...]
    currencies: frozenset[str]
    days: int


def read(texts: Mapping[str, str]) -> Account:
    """The account that the operator set. Raises Misconfigured."""
    reading = Reading("transfer", texts)
    text = reading.text("ACCOUNT", r"(?s).{4,1500}", "holder, bank and number, lines separated by \\n")
    currencies = reading.text(
        "CURRENCIES", r"[A-Z]{3}([ ,]+[A-Z]{3})*", "codes such as CNY USD", needed=False
    )
    days = reading.text("DAYS", r"[1-9]|[1-5][0-9]|60", f"a number from 1 to {DAYS_MAX}", needed=False)
    reading.done()
    lines = [line.strip() for line in text.replace("\\n", "\n").splitlines() if line.strip()]
    codes = (currencies or "CNY").replace(",", " ").split()
    return Account(tuple(lines[:LINES_MAX]), frozenset(codes), int(days or DAYS))


def configured() -> "Transfer":
    """The provider as the operator set it. Raises Misconfigured."""
    return Transfer(_account(tuple(settings.PAYMENTS["transfer"].items())))


@lru_cache(maxsize=4)
def _account(texts: tuple[tuple[str, str], ...]) -> Account:
    return read(dict(texts))


class Transfer:
    key = "transfer"
    label = _("Bank transfer")
    note = _("You send the money from your bank; we look by hand whether it arrived.")
    capabilities = frozenset({Capability.REFUNDS, Capability.PARTIAL_REFUNDS})
    refund_days = 3650

    def __init__(self, account: Account) -> None:
        self.account = account
        self.currencies: frozenset[str] | None = account.currencies
        self.order_life = timedelta(days=account.days)

    def start(self, order: Order, *, return_url: str, notify_url: str) -> str:
        """A page of ours with the account, the reference and a place for the slip."""
        return reverse("transfer_payment", args=[order.number])

    def read_notification(self, request: HttpRequest) -> News:
        raise BadNotification("Banks tell nothing here.", 404)

    def query(self, order: Order) -> Payment | None:
        """What somebody confirmed; None until then."""
        proof = order.transfer_proofs.filter(state=TransferProof.State.CONFIRMED).order_by("pk").first()
        return payment_of(proof) if proof is not None else None

    def charge(self, order: Order, mandate_id: str) -> Payment:
        raise ProviderDown("A transfer is made by its buyer.")

    def refund(self, refund: Refund) -> RefundAnswer:
        """It is sent by hand, and done when somebody notes that it was."""
        return RefundAnswer(RefundState.PENDING)

    def query_refund(self, refund: Refund) -> RefundAnswer:
        return RefundAnswer(RefundState.PENDING)

    def reconcile(self, community: Community, day: date) -> list[StatementLine]:
        raise ProviderDown("The bank's statement is compared by hand.")


def payment_of(proof: TransferProof) -> Payment:
    """A confirmed transfer as a payment."""
    assert proof.received is not None and proof.decided_at is not None
    return Payment(
        message_id=f"proof:{proof.pk}",
        order_number=proof.order.number,
        succeeded=True,
        charge_id=f"transfer:{proof.pk}",
        amount=proof.received,
        currency=proof.order.currency,
        at=proof.decided_at,
        body={"proof": proof.pk, "by": proof.decided_by_id},
    )
