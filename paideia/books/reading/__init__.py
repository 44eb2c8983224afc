"""Statements as files: what they say, or why they cannot be read, with the line. docs/books.md describes the plain
format and which exports of the providers are taken."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from django.utils.translation import gettext as _

from paideia.books.reading import alipay, plain, stripe, wechat
from paideia.books.reading.tables import Table, text_of
from paideia.books.refusals import BadStatement
from paideia.commerce.providers import StatementLine

BYTES_MAX = 32 * 2**20
LINES_MAX = 200_000


@dataclass(frozen=True, slots=True)
class Statement:
    """What a file says: its lines, and the time that it covers, [since, until)."""

    lines: list[StatementLine]
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Form:
    """A format: how it is known, how its rows are read, on which clock its days are counted."""

    matches: Callable[[Table], bool]
    lines: Callable[[Table], Iterator[StatementLine]]
    zone: tzinfo
    providers: frozenset[str] = frozenset()  # none: any


FORMS = (
    Form(alipay.matches, alipay.lines, alipay.ZONE, frozenset({"alipay"})),
    Form(wechat.matches, wechat.lines, wechat.ZONE, frozenset({"wechat"})),
    Form(stripe.matches, stripe.lines, UTC, frozenset({"stripe"})),
    Form(plain.matches, plain.lines, UTC),
)


def read(content: bytes, provider: str, *, since: date | None = None, until: date | None = None) -> Statement:
    """Read a whole file or nothing of it. `since` and `until` are the first and the last day that it covers; without
    them it covers the time from its first line to its last. Raises BadStatement, which names the line."""
    if len(content) > BYTES_MAX:
        raise BadStatement(_("The file is larger than %(size)s MB.") % {"size": BYTES_MAX // 2**20})
    table = Table(text_of(content))
    form = next((one for one in FORMS if one.matches(table)), None)
    if form is None:
        raise BadStatement(_("These are not the columns of a statement that is known here."), 1)
    if form.providers and provider not in form.providers:
        raise BadStatement(_("This is a statement of another provider."))
    lines: list[StatementLine] = []
    for line in form.lines(table):
        lines.append(line)
        if len(lines) > LINES_MAX:
            raise BadStatement(
                _("There are more than %(n)s lines. Split the file.") % {"n": LINES_MAX}, table.number
            )
    return Statement(lines, *_covered(lines, form.zone, since, until))


def _covered(
    lines: list[StatementLine], zone: tzinfo, since: date | None, until: date | None
) -> tuple[datetime, datetime]:
    if since is not None and until is not None and until < since:
        raise BadStatement(_("The last day is before the first."))
    if not lines and (since is None or until is None):
        raise BadStatement(_("There is no line in it. Say which days it covers."))
    first = datetime.combine(since, time(), zone) if since else min(line.at for line in lines)
    after = until + timedelta(days=1) if until else None
    last = (
        datetime.combine(after, time(), zone)
        if after
        else max(line.at for line in lines) + timedelta(seconds=1)
    )
    if lines and not (first <= min(line.at for line in lines) and max(line.at for line in lines) < last):
        raise BadStatement(_("It has lines of days that it is said not to cover."))
    return first, last


__all__ = ["BYTES_MAX", "FORMS", "LINES_MAX", "Statement", "read"]
