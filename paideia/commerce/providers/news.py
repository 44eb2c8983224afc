"""What providers say. Everything here is a claim: `commerce.actions` compares it with the orders."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Payment:
    """What became of paying one order. `message_id` is the same however often it is said."""

    message_id: str
    order_number: str
    succeeded: bool
    charge_id: str
    amount: int  # minor units
    currency: str
    at: datetime
    body: dict[str, Any]
    mandate_id: str = ""  # lets us charge the buyer again unasked, where they agreed to it


class RefundState(StrEnum):
    """Where a refund stands with the provider. A failed one never arrives."""

    DONE = "done"
    PENDING = "pending"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    """What a provider answers when it is asked for a refund, or what became of one."""

    state: RefundState
    refund_id: str = ""  # the provider's
    message: str = ""  # why it failed, for the team


@dataclass(frozen=True, slots=True)
class RefundNews:
    """A refund that arrived or failed. It is ours when `refund_key` is a Refund's key or `refund_id` the
    provider's id of one; else somebody made it on the provider's own pages."""

    message_id: str
    state: RefundState
    refund_key: str  # "" where the provider does not pass it on
    refund_id: str
    order_number: str  # "" where only the charge is known
    charge_id: str
    amount: int  # minor units
    currency: str
    at: datetime
    body: dict[str, Any]
    message: str = ""


class DisputeState(StrEnum):
    OPENED = "opened"
    WON = "won"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class DisputeNews:
    """A buyer's bank took money back, or decided about it."""

    message_id: str
    state: DisputeState
    dispute_id: str
    order_number: str  # "" where only the charge is known
    charge_id: str
    amount: int  # minor units
    currency: str
    at: datetime
    body: dict[str, Any]
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Nothing:
    """A genuine message that asks for nothing: it is answered with thanks and forgotten."""

    what: str = ""


News = Payment | RefundNews | DisputeNews | Nothing


class LineKind(StrEnum):
    CHARGE = "charge"
    REFUND = "refund"
    REFUND_FAILED = "refund_failed"  # had arrived, and came back
    DISPUTE = "dispute"  # taken by the bank
    DISPUTE_WON = "dispute_won"  # given back by it
    FEE = "fee"
    PAYOUT = "payout"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One line of a provider's statement. `amount` is never below zero: the kind says which way it went."""

    kind: LineKind
    line_id: str  # the provider's, the same however often the statement is read
    charge_id: str  # of the charge that it is about; "" for payouts
    order_number: str  # "" where the statement does not say
    amount: int  # minor units
    currency: str
    at: datetime
    refund_key: str = ""  # of refunds, where the provider passes it on
    fee: int = 0  # minor units that the provider kept of this line; below zero: gave back
