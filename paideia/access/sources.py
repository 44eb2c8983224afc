"""Where a grant comes from, in a sentence. Rooms above, whose rows grants name, say their own."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from paideia.access.models import Grant
from paideia.accounts.models import User


@dataclass(frozen=True, slots=True)
class Source:
    """A sentence, and the page of what it speaks of: a route of the community with its arguments, or none."""

    text: str
    route: str = ""
    argument: object = None

    @property
    def path(self) -> str:
        """Empty where there is no such page."""
        try:
            return reverse(self.route, args=[self.argument]) if self.route else ""
        except NoReverseMatch:
            return ""


Describe = Callable[[set[int]], dict[int, Source]]
_describers: dict[str, Describe] = {}


def describes(kind: str) -> Callable[[Describe], Describe]:
    """Registers who can tell of grants whose source is `kind:<id>`: all of them at once, in one query."""

    def register(describe: Describe) -> Describe:
        _describers[kind] = describe
        return describe

    return register


def sources_of(grants: Iterable[Grant]) -> dict[int, Source]:
    """The source of each grant, by its id. One query for each kind of source among them."""
    found = {grant.pk: _parted(grant.source) for grant in grants}
    wanted: dict[str, set[int]] = {}
    for kind, number in found.values():
        wanted.setdefault(kind, set()).add(number)
    known = {kind: _describers[kind](numbers) for kind, numbers in wanted.items() if kind in _describers}
    return {pk: known.get(kind, {}).get(number) or _unknown(kind) for pk, (kind, number) in found.items()}


@describes("staff")
def _by_the_team(ids: set[int]) -> dict[int, Source]:
    people = User.objects.filter(pk__in=ids).only("pk", "name", "handle")
    return {
        person.pk: Source(_("Given by %(person)s.") % {"person": person.shown_name}, "member", person.handle)
        for person in people
    }


def _parted(source: str) -> tuple[str, int]:
    kind, _colon, number = source.partition(":")
    return kind, int(number) if number.isdecimal() else 0


def _unknown(kind: str) -> Source:
    return Source(
        {"order": _("From an order."), "trial": _("A trial."), "staff": _("Given by the team.")}.get(kind)
        or _("Given by this installation.")
    )
