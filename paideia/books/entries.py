"""What our books say of a provider: the ledger's transfers to and from it, with their orders, refunds and disputes."""

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import TypeVar

from django.db.models import Q, QuerySet

from paideia.books.comparing import Entry
from paideia.books.models import StatementLine
from paideia.commerce.models import Dispute, Order, Refund
from paideia.communities.models import Community
from paideia.ledger.models import Account, Transfer

Kind = StatementLine.Kind
AT_ONCE = 2000
TELL_OF_DISPUTES = {"sandbox", "stripe"}  # whose statements have lines for them
CAUSE = re.compile(r"(order|refund):([0-9]{1,18}):(sale|done)|charge:.*")
T = TypeVar("T")
DONE_STATES = {Refund.State.AGREED: "under_way", Refund.State.SENT: "under_way", Refund.State.DONE: "done"}


def within(community: Community, provider: str, since: datetime, until: datetime) -> dict[str, Entry]:
    """Everything that happened in [since, until), by key."""
    moved = _moves(community, provider).filter(occurred_at__gte=since, occurred_at__lt=until)
    opened = Dispute.objects.filter(order__community=community, order__provider=provider)
    told = opened.filter(
        Q(opened_at__gte=since, opened_at__lt=until) | Q(closed_at__gte=since, closed_at__lt=until)
    )
    return _by_key([*_of_transfers(moved), *_of_disputes(told)])


def named(community: Community, provider: str, keys: Collection[str]) -> dict[str, Entry]:
    """The entries with these keys."""
    found: dict[str, Entry] = {}
    for some in _parts(keys):
        found |= _by_key(_of_transfers(_moves(community, provider).filter(key__in=some)))
    disputes = [int(key.split(":")[1]) for key in keys if re.fullmatch(r"dispute:[0-9]{1,18}:\w+", key)]
    refunds = [int(key.split(":")[1]) for key in keys if re.fullmatch(r"refund:[0-9]{1,18}:done", key)]
    for some_ids in _parts(disputes):
        found |= _by_key(_of_disputes(Dispute.objects.filter(pk__in=some_ids, order__community=community)))
    for some_ids in _parts(refunds):
        found |= _by_key(_of_refunds(Refund.objects.filter(pk__in=some_ids, order__community=community)))
    return {key: one for key, one in found.items() if key in keys}


def spoken_of(community: Community, provider: str, lines: Iterable[StatementLine]) -> dict[str, Entry]:
    """The entries that these lines may belong to, those included that are not done: by charge, order and refund."""
    rows = list(lines)
    charges, numbers = {one.charge_id for one in rows} - {""}, {one.order_number for one in rows} - {""}
    keys, ids = (
        {one.refund_key for one in rows} - {""},
        {one.line_id for one in rows if one.kind == Kind.REFUND},
    )
    orders = Order.objects.filter(community=community, provider=provider)
    refunds = Refund.objects.filter(order__community=community, order__provider=provider)
    disputes = Dispute.objects.filter(order__community=community, order__provider=provider)
    found: dict[str, Entry] = {}
    for some in _parts(charges):
        found |= _by_key(_of_orders(orders.filter(charge_id__in=some)))
        strays = [f"charge:{provider}:{charge}:unmatched"[:120] for charge in some]
        found |= _by_key(_of_transfers(_moves(community, provider).filter(key__in=strays)))
        found |= _by_key(
            _of_refunds(refunds.filter(Q(order__charge_id__in=some) | Q(stray_charge_id__in=some)))
        )
        found |= _by_key(_of_disputes(disputes.filter(order__charge_id__in=some)))
    for some in _parts(numbers):
        found |= _by_key(_of_orders(orders.filter(number__in=some)))
        found |= _by_key(_of_refunds(refunds.filter(order__number__in=some)))
        found |= _by_key(_of_disputes(disputes.filter(order__number__in=some)))
    for some in _parts(keys):
        found |= _by_key(_of_refunds(refunds.filter(key__in=some)))
    for some in _parts(ids):
        found |= _by_key(_of_refunds(refunds.filter(provider_refund_id__in=some)))
    return found


def _moves(community: Community, provider: str) -> QuerySet[Transfer]:
    ids = Account.objects.filter(community=community, owner=f"world:{provider}", kind="charges").values_list(
        "pk"
    )
    charges = [pk for (pk,) in ids]
    return Transfer.objects.filter(Q(source__in=charges) | Q(target__in=charges)).select_related("source")


def _of_transfers(moves: QuerySet[Transfer]) -> Iterator[Entry]:
    rows = [one for one in moves if CAUSE.fullmatch(one.key)]
    orders, refunds = _ids(rows, "order"), _ids(rows, "refund")
    numbers: dict[int, Order] = {}
    for some in _parts(orders):
        numbers |= Order.objects.in_bulk(some)
    known: dict[str, Entry] = {}
    for some in _parts(refunds):
        known |= _by_key(_of_refunds(Refund.objects.filter(pk__in=some)))
    for one in rows:
        what, pk = one.key.split(":")[0], one.key.split(":")[1]
        if what == "refund":
            if one.key in known:
                yield known[one.key]
        else:
            order = numbers.get(int(pk)) if what == "order" else None
            yield _charge(one, order)


def _charge(transfer: Transfer, order: Order | None) -> Entry:
    detail = transfer.detail
    return Entry(
        kind=Kind.CHARGE,
        key=transfer.key,
        charge_id=str(detail.get("charge") or ""),
        order_number=order.number if order else str(detail.get("order") or ""),
        refund_key="",
        provider_id="",
        amount=transfer.amount,
        currency=transfer.source.currency,
        since=transfer.occurred_at,
        until=transfer.occurred_at,
        order_id=order.pk if order else None,
        said_state=order.state if order else "",
    )


def _of_orders(orders: QuerySet[Order]) -> Iterator[Entry]:
    """Orders that a line names: as the ledger has them where they are paid, else as what is not."""
    rows = [one for one in orders if one.total]
    paid = {f"order:{one.pk}:sale": one for one in rows if one.paid_at is not None}
    for some in _parts(paid):
        for transfer in Transfer.objects.filter(key__in=some).select_related("source"):
            yield _charge(transfer, paid[transfer.key])
    for one in rows:
        if one.paid_at is None:
            yield Entry(
                kind=Kind.CHARGE,
                key=f"order:{one.pk}:sale",
                charge_id=one.charge_id or "",
                order_number=one.number,
                refund_key="",
                provider_id="",
                amount=one.total,
                currency=one.currency,
                since=one.created_at,
                until=one.created_at,
                state="unpaid",
                order_id=one.pk,
                said_state=one.state,
            )


def _of_refunds(refunds: QuerySet[Refund]) -> Iterator[Entry]:
    rows = [one for one in refunds.select_related("order") if one.amount]
    keys = [f"refund:{one.pk}:done" for one in rows if one.state == Refund.State.FAILED]
    bounced: set[str] = set()
    for some in _parts(keys):
        bounced |= set(Transfer.objects.filter(key__in=some).values_list("key", flat=True))
    for one in rows:
        key = f"refund:{one.pk}:done"
        failed = "bounced" if key in bounced else "failed"
        until = one.done_at or one.created_at
        yield Entry(
            kind=Kind.REFUND,
            key=key,
            charge_id=one.stray_charge_id or one.order.charge_id or "",
            order_number=one.order.number,
            refund_key=one.key,
            provider_id=one.provider_refund_id,
            amount=one.amount,
            currency=one.currency,
            since=min(one.created_at, until),
            until=until,
            state=DONE_STATES.get(Refund.State(one.state), failed),
            order_id=one.order_id,
            said_state=one.state,
        )


def _of_disputes(disputes: QuerySet[Dispute]) -> Iterator[Entry]:
    for one in disputes.select_related("order"):
        if not one.amount:
            continue
        yield _dispute(one, Kind.DISPUTE, "opened", one.opened_at, one.opened_at)
        if one.state == Dispute.State.WON and one.closed_at is not None:
            yield _dispute(one, Kind.DISPUTE_WON, "won", one.opened_at, one.closed_at)


def _dispute(dispute: Dispute, kind: str, step: str, since: datetime, until: datetime) -> Entry:
    order = dispute.order
    return Entry(
        kind=kind,
        key=f"dispute:{dispute.pk}:{step}",
        charge_id=order.charge_id or "",
        order_number=order.number,
        refund_key="",
        provider_id=dispute.dispute_id + (":won" if kind == Kind.DISPUTE_WON else ""),
        amount=dispute.amount,
        currency=dispute.currency,
        since=since,
        until=max(until, since),
        order_id=order.pk,
        said_state=dispute.state,
        must_be_told=order.provider in TELL_OF_DISPUTES,
    )


def _ids(moves: Iterable[Transfer], what: str) -> set[int]:
    parts = (one.key.split(":") for one in moves)
    return {int(name[1]) for name in parts if name[0] == what}


def _by_key(entries: Iterable[Entry]) -> dict[str, Entry]:
    return {one.key: one for one in entries}


def _parts(names: Iterable[T]) -> Iterator[list[T]]:
    """So many at once as a statement to the database can bear."""
    rest = list(names)
    for start in range(0, len(rest), AT_ONCE):
        yield rest[start : start + AT_ONCE]
