"""What a provider's statement says beside what our books say: pairs that belong together, and every difference.

Plain values in, plain values out; rows are loaded and stored by `actions.reconciling`.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from paideia.books.models import Difference, StatementLine

Kind, Explanation, LineKind = Difference.Kind, Difference.Explanation, StatementLine.Kind

CLOCK_MAX = timedelta(minutes=15)  # clocks may differ by so much
LATE_FROM = timedelta(days=1)
FLIGHT_MAX = timedelta(days=3)  # so long a confirmation may be on its way
FEE_ROUNDING = 1  # minor unit

MOVES = (LineKind.CHARGE, LineKind.REFUND, LineKind.DISPUTE, LineKind.DISPUTE_WON)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a statement, as far as it is compared. `is_mixed_up`: its order and its charge belong to different
    communities."""

    pk: int
    kind: str
    line_id: str
    occurrence: int
    charge_id: str
    order_number: str
    refund_key: str
    amount: int
    fee: int
    currency: str
    at: datetime
    is_mixed_up: bool = False

    @property
    def subject(self) -> str:
        return f"line:{self.kind}:{self.line_id}:{self.occurrence}"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that moved, or is to move, through the provider, as our books have it. It happened within [since,
    until]. `state`: done, under_way, failed (a refund), bounced (it arrived and came back), unpaid (an order).
    Only what is done has to stand in a statement."""

    kind: str
    key: str  # of the ledger's transfer, or what it would be
    charge_id: str
    order_number: str
    refund_key: str
    provider_id: str  # the provider's own name for a refund or a dispute
    amount: int
    currency: str
    since: datetime
    until: datetime
    state: str = "done"
    order_id: int | None = None
    said_state: str = ""  # for people: of the order or the refund
    must_be_told: bool = True  # False: this provider's statements do not tell of such things

    @property
    def subject(self) -> str:
        return f"entry:{self.key}"


@dataclass(frozen=True, slots=True)
class Found:
    """One difference: about a line, an entry, or a pair of both."""

    kind: str
    subject: str
    line: Line | None
    entry: Entry | None
    explanation: str = ""  # "": open


@dataclass(slots=True)
class Comparison:
    """`pairs`: the key of the entry that each line (by pk) belongs to."""

    pairs: dict[int, str] = field(default_factory=dict)
    found: list[Found] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Rate:
    """What the provider agreed to keep: a share in millionths, and so much more in minor units."""

    share_millionths: int
    fixed: int

    def fee_of(self, amount: int) -> int:
        """Rounded to the nearest minor unit."""
        return (amount * self.share_millionths + 500_000) // 1_000_000 + self.fixed


def compare(
    lines: Sequence[Line],
    entries: Sequence[Entry],
    *,
    covered: Sequence[tuple[datetime, datetime]],
    rates: dict[str, Rate],
    now: datetime,
) -> Comparison:
    """Pair lines with entries and say where they differ. `covered`: the times that statements were read of, apart
    from each other; `rates` by currency."""
    result = Comparison()
    pairing = _Pairing(entries)
    ordered = sorted(lines, key=lambda line: (line.at, line.occurrence, line.pk))
    pairing.by_name(ordered)
    pairing.by_likeness(ordered)
    for line in ordered:
        entry, is_double = pairing.partner.get(line.pk), line.pk in pairing.doubles
        if entry is not None and entry.state != "unpaid":
            result.pairs[line.pk] = entry.key
        if is_double:
            result.found.append(Found(Kind.DOUBLE, line.subject, line, entry))
        elif entry is not None:
            result.found += _pair(line, entry, rates.get(line.currency), now)
        else:
            result.found += _alone(line, rates.get(line.currency))
    result.found += [
        one for entry in entries if entry.key not in pairing.taken for one in _untold(entry, covered)
    ]
    return result


class _Pairing:
    """Which line belongs to which entry: by the names that both know first, then by what is alike."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.partner: dict[int, Entry] = {}
        self.taken: set[str] = set()
        self.doubles: set[int] = set()
        self.by_charge: dict[tuple[str, str], list[Entry]] = defaultdict(list)
        self.by_order: dict[tuple[str, str], list[Entry]] = defaultdict(list)
        self.by_key: dict[str, Entry] = {}
        self.by_provider_id: dict[tuple[str, str], Entry] = {}
        for entry in entries:
            if entry.charge_id:
                self.by_charge[entry.kind, entry.charge_id].append(entry)
            if entry.order_number:
                self.by_order[entry.kind, entry.order_number].append(entry)
            if entry.kind == LineKind.REFUND and entry.refund_key:
                self.by_key[entry.refund_key] = entry
            if entry.provider_id:
                self.by_provider_id[entry.kind, entry.provider_id] = entry

    def by_name(self, lines: Iterable[Line]) -> None:
        for line in lines:
            if (entry := self._named(line)) is None:
                continue
            self.partner[line.pk] = entry
            if line.kind == LineKind.REFUND_FAILED:
                continue
            if entry.key in self.taken:
                self.doubles.add(line.pk)
            self.taken.add(entry.key)

    def by_likeness(self, lines: Iterable[Line]) -> None:
        """What no name has paired: of the same charge or order, the same amount before another one."""
        rest = [line for line in lines if line.pk not in self.partner and line.kind in MOVES]
        for is_same_amount in (True, False):
            for line in rest:
                free = [one for one in self._near(line) if one.key not in self.taken]
                alike = [one for one in free if (one.amount, one.currency) == (line.amount, line.currency)]
                chosen = alike if is_same_amount else free
                if line.pk not in self.partner and chosen:
                    self.partner[line.pk] = chosen[0]
                    self.taken.add(chosen[0].key)
        for line in rest:
            if line.pk not in self.partner and line.kind == LineKind.CHARGE and (near := self._near(line)):
                self.partner[line.pk] = near[0]  # the order is paid by another charge
                self.doubles.add(line.pk)

    def _named(self, line: Line) -> Entry | None:
        kind = LineKind.REFUND if line.kind == LineKind.REFUND_FAILED else line.kind
        if kind == LineKind.REFUND and line.refund_key:
            return self.by_key.get(line.refund_key)
        if (entry := self.by_provider_id.get((kind, line.line_id))) is not None:
            return entry
        if kind == LineKind.CHARGE and line.charge_id:
            return next(iter(self.by_charge.get((kind, line.charge_id), [])), None)
        return None

    def _near(self, line: Line) -> list[Entry]:
        if line.kind == LineKind.REFUND and line.refund_key:
            return []  # it names a refund: another one it is not
        near = self.by_charge.get((line.kind, line.charge_id), []) if line.charge_id else []
        return near or (self.by_order.get((line.kind, line.order_number), []) if line.order_number else [])


def _pair(line: Line, entry: Entry, rate: Rate | None, now: datetime) -> list[Found]:
    def differ(kind: str, explanation: str = "") -> Found:
        return Found(kind, line.subject, line, entry, explanation)

    if line.kind == LineKind.REFUND_FAILED:
        return [] if entry.state in {"failed", "bounced"} else [differ(Kind.STATUS)]
    found = [differ(Kind.OTHER_COMMUNITY)] if line.is_mixed_up else []
    if line.currency != entry.currency:
        found.append(differ(Kind.CURRENCY))
    elif line.amount != entry.amount:
        is_net = line.fee != 0 and line.amount + line.fee == entry.amount
        found.append(differ(Kind.AMOUNT, Explanation.NET if is_net else ""))
    found += [differ(*said) for said in _status(line, entry, now)]
    if entry.state == "done":
        found += [differ(kind) for kind in _times(line, entry)]
    if _is_wrong_fee(line, rate):
        found.append(differ(Kind.FEE))
    return found


def _status(line: Line, entry: Entry, now: datetime) -> list[tuple[str, str]]:
    if entry.state == "under_way":
        is_fresh = now - line.at <= FLIGHT_MAX
        return [(Kind.STATUS, Explanation.IN_FLIGHT if is_fresh else "")]
    if entry.state == "bounced":
        return [(Kind.STATUS, Explanation.BOUNCED)]
    return [(Kind.STATUS, "")] if entry.state in {"failed", "unpaid"} else []


def _times(line: Line, entry: Entry) -> list[str]:
    """A refund may have arrived any time before we heard of it; a charge is known to the second."""
    apart = line.at - entry.until
    if line.kind == LineKind.CHARGE:
        apart = max(apart, entry.since - line.at)
    if apart >= LATE_FROM:
        return [Kind.LATE]
    return [Kind.CLOCK] if apart > CLOCK_MAX else []


def _is_wrong_fee(line: Line, rate: Rate | None) -> bool:
    if line.kind != LineKind.CHARGE:
        return False
    if line.fee > line.amount or line.fee < 0:
        return True
    return rate is not None and abs(line.fee - rate.fee_of(line.amount)) > FEE_ROUNDING


def _alone(line: Line, rate: Rate | None) -> list[Found]:
    """A line that nothing of ours belongs to. Fees of the account are booked; payouts to one's own bank stay out of
    the books."""
    if line.kind in {LineKind.FEE, LineKind.PAYOUT}:
        return []
    if line.is_mixed_up:
        return [Found(Kind.OTHER_COMMUNITY, line.subject, line, None)]
    kind = Kind.ORPHAN_REFUND if line.kind == LineKind.REFUND else Kind.MISSING_HERE
    return [Found(kind, line.subject, line, None)]


def _untold(entry: Entry, covered: Sequence[tuple[datetime, datetime]]) -> list[Found]:
    """An entry that no line belongs to: missing where the whole time that it can stand under was read."""
    if entry.state != "done" or not entry.must_be_told:
        return []
    since, until = entry.since - CLOCK_MAX, entry.until + CLOCK_MAX
    if any(begin <= since and until < end for begin, end in covered):
        return [Found(Kind.MISSING_THERE, entry.subject, None, entry)]
    if any(begin < until and since < end for begin, end in covered):
        return [Found(Kind.MISSING_THERE, entry.subject, None, entry, Explanation.TIMING)]
    return []


def merged(spans: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """The same times without overlaps: [begin, end) each, in order; spans that touch become one."""
    found: list[tuple[datetime, datetime]] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found
