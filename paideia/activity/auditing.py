"""The chain of what was done with a privilege, or with money: who, what, from where, before and after.

    hash(n) = sha256(hash(n - 1) + everything else in record n)

A record that is changed or taken out breaks the chain or leaves a gap; a fact that is changed no longer says what its
record says; the end of the chain cannot be cut off while its facts stand, or while somebody has kept a later hash.
"""

import hashlib
import json
from collections.abc import Iterator

from paideia.activity.models import AuditRecord, Fact, ReaderPosition
from paideia.activity.readers import reader
from paideia.activity.verbs import AUDITED

READER = "activity.audit"
FIRST = "0" * 64
FIELDS = ("fact_id", "community_id", "actor_id", "verb", "object_kind", "object_id", "detail")
AT_ONCE = 2000


def keep() -> None:
    """A replay forgets nothing: each fact has one record, and the chain is never rewritten."""


@reader(READER, verbs=AUDITED, clear=keep)
def chain(facts: list[Fact]) -> None:
    """Append a record for each fact. One process at a time is this reader, so the chain has no forks."""
    known = set(
        AuditRecord.objects.filter(fact_id__in=[one.pk for one in facts]).values_list("fact_id", flat=True)
    )
    last = AuditRecord.objects.order_by("-number").first()
    number, before = (last.number, last.hash) if last else (0, FIRST)
    rows = []
    for fact in facts:
        if fact.pk in known:
            continue
        number += 1
        row = AuditRecord(number=number, occurred_at=fact.occurred_at, **_said_of(fact))
        row.hash = before = hash_of(row, before)
        rows.append(row)
    AuditRecord.objects.bulk_create(rows)


def hash_of(row: AuditRecord, before: str) -> str:
    """The hash of a record after one with the hash `before`."""
    said = [row.number, row.occurred_at.isoformat(), *(getattr(row, name) for name in FIELDS)]
    text = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{before}{text}".encode()).hexdigest()


def findings(*, kept: tuple[int, str] | None = None) -> Iterator[str]:
    """What is wrong with the chain; nothing where it is whole. `kept` is the number and hash of a record that
    somebody wrote down before."""
    before, expected = FIRST, 1
    for row in AuditRecord.objects.order_by("number").iterator(AT_ONCE):
        while expected < row.number:
            yield f"record {expected} is gone"
            expected += 1
        if row.hash != hash_of(row, before) and row.number == expected:
            yield f"record {row.number} is not what was written, or does not follow the one before it"
        if kept is not None and row.number == kept[0] and row.hash != kept[1]:
            yield f"record {row.number} is another than the one whose hash was kept"
        before, expected = row.hash, row.number + 1
    if kept is not None and kept[0] >= expected:
        yield f"record {kept[0]}, whose hash was kept, is gone"
    yield from _against_facts()


def head() -> tuple[int, str]:
    """The number and hash of the last record, to be kept elsewhere."""
    last = AuditRecord.objects.order_by("-number").first()
    return (last.number, last.hash) if last else (0, FIRST)


def _against_facts() -> Iterator[str]:
    """Each fact that the reader has passed has its record, and says the same."""
    position = ReaderPosition.objects.filter(reader=READER).first()
    if position is None:
        return
    facts = Fact.objects.filter(verb__in=AUDITED).order_by("epoch", "xid", "id")
    waiting: list[Fact] = []
    for fact in facts.iterator(AT_ONCE):
        if (fact.epoch, fact.xid, fact.pk) > (position.epoch, position.xid, position.fact_id):
            break
        waiting.append(fact)
        if len(waiting) == AT_ONCE:
            yield from _compared(waiting)
            waiting = []
    yield from _compared(waiting)


def _compared(facts: list[Fact]) -> Iterator[str]:
    records = {
        one.fact_id: one for one in AuditRecord.objects.filter(fact_id__in=[fact.pk for fact in facts])
    }
    for fact in facts:
        row = records.get(fact.pk)
        if row is None:
            yield f"fact {fact.pk} ({fact.verb}) has no record"
        elif _said_of(fact) != {name: getattr(row, name) for name in FIELDS}:
            yield f"fact {fact.pk} ({fact.verb}) is not what record {row.number} says"


def _said_of(fact: Fact) -> dict[str, object]:
    return {"fact_id": fact.pk, **{name: getattr(fact, name) for name in FIELDS[1:]}}
