"""Comparing statements with the books: what is found is kept as differences, and fees are booked."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from paideia.activity.actions import record
from paideia.books import entries as ours
from paideia.books.actions.fees import book_fees, rates_of
from paideia.books.comparing import Comparison, Entry, Found, Line, compare, merged
from paideia.books.models import Difference, ProviderStatement, StatementLine
from paideia.commerce.models import Order
from paideia.communities.models import Community

State, Explanation = Difference.State, Difference.Explanation
AT_ONCE = 2000
PAIR = """
UPDATE books_statementline AS line SET entry = said.entry
FROM unnest(%s::bigint[], %s::text[]) AS said (id, entry) WHERE line.id = said.id
"""


@transaction.atomic
def reconcile(
    community: Community,
    provider: str,
    since: datetime,
    until: datetime,
    *,
    lines: Sequence[StatementLine] = (),
) -> list[Difference]:
    """Compare all that either side has of [since, until), these lines besides, and all that differs still. Keeps
    the differences, says of those that are gone that they are explained, and books the fees of what agrees. Returns
    the open ones. Safe to repeat: nothing changes where nothing has."""
    waiting = Difference.objects.filter(community=community, provider=provider).exclude(state=State.RESOLVED)
    looked_at = waiting.filter(Q(state=State.OPEN) | ~Q(explanation=Explanation.AGREED_LATER))
    rows = _rows(community, provider, since, until, looked_at, lines)
    found = ours.within(community, provider, since, until)
    found |= ours.named(community, provider, set(looked_at.exclude(entry="").values_list("entry", flat=True)))
    found |= ours.spoken_of(community, provider, rows.values())
    others = {pk: row for pk, row in _about(community, provider, found.values()).items() if pk not in rows}
    found |= ours.spoken_of(community, provider, others.values())
    rows |= others
    mixed_up = _mixed_up(community, provider, rows.values())
    result = compare(
        [_line(row, mixed_up) for row in rows.values()],
        list(found.values()),
        covered=_covered(community, provider),
        rates=rates_of(community, provider),
        now=timezone.now(),
    )
    _pair(rows, result)
    _keep(community, provider, result, _subjects(rows, found), rows)
    connection.check_constraints()  # looks at the orders now, and not at the commit, when the accounts are held
    book_fees(community, provider, rows.values())
    return list(Difference.objects.filter(community=community, provider=provider, state=State.OPEN))


def note_change(before: StatementLine, after: StatementLine) -> None:
    """A later statement says otherwise of the same line. What was kept first stays."""
    name = {"community": before.community, "provider": before.provider, "kind": Difference.Kind.CHANGED}
    subject = f"line:{before.kind}:{before.line_id}:{before.occurrence}"[:200]
    Difference.objects.get_or_create(
        **name,
        subject=subject,
        defaults={
            "line": before,
            "entry": before.entry,
            "theirs_amount": after.amount,
            "theirs_currency": after.currency,
            "theirs_at": after.at,
            "ours_amount": before.amount,
            "ours_currency": before.currency,
            "ours_at": before.at,
        },
    )


def _rows(
    community: Community,
    provider: str,
    since: datetime,
    until: datetime,
    waiting: QuerySet[Difference],
    lines: Sequence[StatementLine],
) -> dict[int, StatementLine]:
    kept = StatementLine.objects.filter(community=community, provider=provider)
    rows = {row.pk: row for row in kept.filter(at__gte=since, at__lt=until)}
    rows |= {row.pk: row for row in kept.filter(pk__in=waiting.exclude(line=None).values("line_id"))}
    return rows | {row.pk: row for row in lines}


def _about(community: Community, provider: str, found: Iterable[Entry]) -> dict[int, StatementLine]:
    """All lines, of whatever day, that may be about these entries."""
    kept = StatementLine.objects.filter(community=community, provider=provider)
    entries = list(found)
    rows: dict[int, StatementLine] = {}
    for field, names in (
        ("charge_id", {one.charge_id for one in entries} - {""}),
        ("order_number", {one.order_number for one in entries} - {""}),
        ("refund_key", {one.refund_key for one in entries} - {""}),
        ("entry", {one.key for one in entries}),
    ):
        ordered = sorted(names)
        for start in range(0, len(ordered), AT_ONCE):
            some = kept.filter(**{f"{field}__in": ordered[start : start + AT_ONCE]})
            rows |= {row.pk: row for row in some}
    return rows


def _mixed_up(community: Community, provider: str, rows: Iterable[StatementLine]) -> set[int]:
    """The lines whose order is one community's and whose charge is another's."""
    lines = list(rows)
    numbers, charges = {row.order_number for row in lines} - {""}, {row.charge_id for row in lines} - {""}
    elsewhere = Order.objects.filter(provider=provider).exclude(community=community)
    foreign_numbers = set(_those(elsewhere, "number", numbers))
    foreign_charges = set(_those(elsewhere, "charge_id", charges)) - set(
        _those(Order.objects.filter(provider=provider, community=community), "charge_id", charges)
    )
    return {
        row.pk for row in lines if row.order_number in foreign_numbers or row.charge_id in foreign_charges
    }


def _those(orders: QuerySet[Order], field: str, names: set[str]) -> list[str]:
    found: list[str] = []
    ordered = sorted(names)
    for start in range(0, len(ordered), AT_ONCE):
        some = orders.filter(**{f"{field}__in": ordered[start : start + AT_ONCE]})
        found += some.values_list(field, flat=True)
    return found


def _line(row: StatementLine, mixed_up: set[int]) -> Line:
    return Line(
        pk=row.pk,
        kind=row.kind,
        line_id=row.line_id,
        occurrence=row.occurrence,
        charge_id=row.charge_id,
        order_number=row.order_number,
        refund_key=row.refund_key,
        amount=row.amount,
        fee=row.fee,
        currency=row.currency,
        at=row.at,
        is_mixed_up=row.pk in mixed_up,
    )


def _covered(community: Community, provider: str) -> list[tuple[datetime, datetime]]:
    read = ProviderStatement.objects.filter(community=community, provider=provider)
    return merged(read.values_list("covers_from", "covers_until"))


def _pair(rows: dict[int, StatementLine], result: Comparison) -> None:
    """Thousands of rows at once, in one statement."""
    changed = []
    for pk, row in rows.items():
        if row.entry != (key := result.pairs.get(pk, "")):
            row.entry = key
            changed.append(row)
    with connection.cursor() as cursor:
        cursor.execute(PAIR, ([row.pk for row in changed], [row.entry for row in changed]))


def _subjects(rows: dict[int, StatementLine], found: dict[str, Entry]) -> set[str]:
    """Everything that was looked at: what of it differs no more is explained."""
    lines = {f"line:{row.kind}:{row.line_id}:{row.occurrence}"[:200] for row in rows.values()}
    return lines | {one.subject[:200] for one in found.values()}


def _keep(
    community: Community,
    provider: str,
    result: Comparison,
    looked_at: set[str],
    rows: dict[int, StatementLine],
) -> None:
    kept = Difference.objects.select_for_update().filter(community=community, provider=provider)
    known = {(one.kind, one.subject): one for one in kept.exclude(kind=Difference.Kind.CHANGED)}
    seen: set[tuple[str, str]] = set()
    fresh = []
    for one in result.found:
        name = (str(one.kind), one.subject[:200])
        seen.add(name)
        if (row := known.get(name)) is None:
            fresh.append(_difference(community, provider, one, rows))
        elif row.state != State.RESOLVED:
            _say(row, one)
    Difference.objects.bulk_create(fresh, batch_size=AT_ONCE)
    for name, row in known.items():
        is_gone = name not in seen and row.subject in looked_at
        if is_gone and row.state != State.RESOLVED and row.explanation != Explanation.AGREED_LATER:
            row.state, row.explanation = State.EXPLAINED, Explanation.AGREED_LATER
            row.save(update_fields=["state", "explanation"])
    if opened := [row for row in fresh if row.state == State.OPEN]:
        record(
            "differences.found",
            community=community.pk,
            provider=provider,
            count=len(opened),
            kinds=sorted({str(row.kind) for row in opened}),
        )


def _say(row: Difference, found: Found) -> None:
    state = State.EXPLAINED if found.explanation else State.OPEN
    if (row.state, row.explanation) != (state, str(found.explanation)):
        row.state, row.explanation = state, found.explanation
        row.save(update_fields=["state", "explanation"])


def _difference(
    community: Community, provider: str, found: Found, rows: dict[int, StatementLine]
) -> Difference:
    line, entry = found.line, found.entry
    return Difference(
        community=community,
        provider=provider,
        kind=found.kind,
        subject=found.subject[:200],
        line=rows[line.pk] if line else None,
        entry=entry.key if entry else "",
        order_id=entry.order_id if entry else None,
        theirs_amount=line.amount if line else None,
        theirs_currency=line.currency if line else "",
        theirs_at=line.at if line else None,
        ours_amount=entry.amount if entry else None,
        ours_currency=entry.currency if entry else "",
        ours_at=entry.until if entry else None,
        ours_state=entry.said_state if entry else "",
        state=State.EXPLAINED if found.explanation else State.OPEN,
        explanation=found.explanation,
    )
