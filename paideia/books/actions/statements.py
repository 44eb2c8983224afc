"""Keeping what a statement says: once a line, whichever statements it stands in."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.access.viewer import Viewer
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.books import reading
from paideia.books.actions.reconciling import note_change, reconcile
from paideia.books.models import ProviderStatement, StatementLine
from paideia.books.refusals import BadStatement, NotPermitted
from paideia.commerce.models import Order
from paideia.commerce.providers import StatementLine as Told
from paideia.commerce.providers import provider_of
from paideia.communities.models import Community
from paideia.ledger.actions import AMOUNT_MAX
from paideia.ledger.models import Transfer

Source, Kind = ProviderStatement.Source, StatementLine.Kind
AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Kept:
    """What came of keeping a statement. `is_new` False: it was kept before, and nothing was changed."""

    statement: ProviderStatement
    lines_new: int
    is_new: bool


def upload_statement(
    *,
    viewer: Viewer,
    provider: str,
    name: str,
    content: bytes,
    since: date | None = None,
    until: date | None = None,
) -> Kept:
    """Keep the statement in a file, compare it with the books and book its fees: all of it or nothing. Needs
    money.manage. `since` and `until` are the days that it covers, where the file does not say; else it counts as
    covering the time from its first line to its last. The same file again changes nothing. Raises BadStatement,
    NotPermitted."""
    if not viewer.may("money.manage"):
        raise NotPermitted()
    found = reading.read(content, provider, since=since, until=until)
    statement = ProviderStatement(
        community=viewer.community,
        provider=provider,
        source=Source.FILE,
        name=name.strip()[-120:] or provider,
        digest=hashlib.sha256(content).hexdigest(),
        covers_from=found.since,
        covers_until=found.until,
        read_by=viewer.user,
    )
    return keep_statement(statement, found.lines)


def read_day(community: Community, provider: str, day: date) -> Kept:
    """Ask the provider for its statement of a day (UTC) and keep it; of a day that is not over, what there is. Asked
    again for the same day, what was added since is added. Raises ProviderDown, NotFound."""
    asked_at = timezone.now()
    lines = list(provider_of(provider).reconcile(community, day))  # before anything is locked
    begin = datetime.combine(day, time(), UTC)
    statement = ProviderStatement(
        community=community,
        provider=provider,
        source=Source.API,
        name=day.isoformat(),
        covers_from=begin,
        covers_until=min(begin + timedelta(days=1), asked_at),
    )
    return keep_statement(statement, lines)


@transaction.atomic
def keep_statement(statement: ProviderStatement, lines: Iterable[Told]) -> Kept:
    """Keep an unsaved statement with its lines, compare, book fees. Lines of other communities are left out; a line
    that an earlier statement had is not kept twice."""
    community, provider = statement.community, statement.provider
    _hold(provider)
    before = _before(statement)
    if before is not None and statement.source == Source.FILE:
        return Kept(before, 0, False)
    ours = _own(community, provider, list(lines))
    _check(ours)
    row = before or statement
    row.lines_count, row.covers_until = len(ours), max(row.covers_until, statement.covers_until)
    row.save()
    fresh = _write(row, ours)
    reconcile(community, provider, row.covers_from, row.covers_until, lines=fresh)
    if before is None or fresh:
        _record(row, len(fresh))
    return Kept(row, len(fresh), before is None or bool(fresh))


def _hold(provider: str) -> None:
    """One statement of a provider at a time, so that a fee of the whole account is taken by one community."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"books:{provider}"])


def _before(statement: ProviderStatement) -> ProviderStatement | None:
    same = ProviderStatement.objects.filter(
        community=statement.community, provider=statement.provider, source=statement.source
    )
    if statement.source == Source.FILE:
        return same.filter(digest=statement.digest).first()
    return same.filter(covers_from=statement.covers_from).first()


def _own(community: Community, provider: str, lines: Sequence[Told]) -> list[Told]:
    """The lines that are this community's to look at: about its orders or its charges, or about nobody's here.
    One account serves all communities of an installation."""
    charges = {one.charge_id for one in lines} - {""}
    numbers = {one.order_number for one in lines} - {""}
    ours: set[str] = set()
    others: set[str] = set()
    for charge, owner in _owners("charge_id", charges, provider):
        (ours if owner == community.pk else others).add(charge)
    strays = [f"charge:{provider}:{charge}:unmatched"[:120] for charge in charges]
    for some in _parts(strays):
        moved = Transfer.objects.filter(key__in=some)
        for key, owner in moved.values_list("key", "source__community_id"):
            charge = key.removeprefix(f"charge:{provider}:").removesuffix(":unmatched")
            (ours if owner == community.pk else others).add(charge)
    numbered = dict(_owners("number", numbers, provider))
    kept = []
    for one in lines:
        order_owner = numbered.get(one.order_number)
        is_ours = one.charge_id in ours or order_owner == community.pk
        is_others = one.charge_id in others or order_owner is not None
        if is_ours or not is_others:
            kept.append(one)
    taken = _fees_taken(community, provider, [one.line_id for one in kept if one.kind == Kind.FEE.value])
    return [one for one in kept if one.kind != Kind.FEE.value or one.line_id not in taken]


def _owners(field: str, names: set[str], provider: str) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    for some in _parts(sorted(names)):
        orders = Order.objects.filter(provider=provider, **{f"{field}__in": some})
        found += orders.values_list(field, "community_id")
    return found


def _fees_taken(community: Community, provider: str, ids: Sequence[str]) -> set[str]:
    others = StatementLine.objects.filter(provider=provider, kind=Kind.FEE, line_id__in=ids)
    return set(others.exclude(community=community).values_list("line_id", flat=True))


def _check(lines: Sequence[Told]) -> None:
    for one in lines:
        if not 0 <= one.amount <= AMOUNT_MAX or not -AMOUNT_MAX <= one.fee <= AMOUNT_MAX:
            raise BadStatement(
                _("The amount of “%(line)s” is out of all measure.") % {"line": one.line_id[:80]}
            )


def _write(statement: ProviderStatement, lines: Sequence[Told]) -> list[StatementLine]:
    """The lines that are new, in the order of the statement. What says otherwise than before is noted."""
    known: dict[tuple[str, str, int], StatementLine] = {}
    for some in _parts([one.line_id[:160] for one in lines]):
        rows = StatementLine.objects.filter(
            community=statement.community, provider=statement.provider, line_id__in=some
        )
        known |= {(row.kind, row.line_id, row.occurrence): row for row in rows}
    times: Counter[tuple[str, str]] = Counter()
    fresh, changed = [], []
    for one in lines:
        row = _row(statement, one)
        times[row.kind, row.line_id] += 1
        row.occurrence = times[row.kind, row.line_id]
        before = known.get((row.kind, row.line_id, row.occurrence))
        if before is None:
            fresh.append(row)
        elif (before.amount, before.currency, before.fee) != (row.amount, row.currency, row.fee):
            changed.append((before, row))
    StatementLine.objects.bulk_create(fresh, batch_size=AT_ONCE)
    for before, row in changed:
        note_change(before, row)
    return fresh


def _row(statement: ProviderStatement, told: Told) -> StatementLine:
    return StatementLine(
        statement=statement,
        community=statement.community,
        provider=statement.provider,
        kind=told.kind.value,
        line_id=told.line_id[:160],
        charge_id=told.charge_id[:120],
        order_number=told.order_number[:64],
        refund_key=told.refund_key[:120],
        amount=told.amount,
        fee=told.fee,
        currency=told.currency,
        at=told.at,
    )


def _record(statement: ProviderStatement, lines_new: int) -> None:
    record(
        "provider_statement.read",
        community=statement.community_id,
        actor=statement.read_by_id if isinstance(statement.read_by, User) else None,
        object=statement,
        provider=statement.provider,
        source=statement.source,
        name=statement.name,
        lines=statement.lines_count,
        lines_new=lines_new,
        before=None,
        after={"digest": statement.digest, "lines": statement.lines_count},
    )


def _parts(names: Sequence[str]) -> list[Sequence[str]]:
    return [names[start : start + AT_ONCE] for start in range(0, len(names), AT_ONCE)]
