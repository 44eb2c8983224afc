"""What stands in the place of a closed text: what is inside, why it is closed, and the cheapest way in."""

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from paideia.access.explaining import explain
from paideia.access.models import Gate
from paideia.access.viewer import Viewer
from paideia.commerce.models import Offer
from paideia.commerce.queries import Ways, ways_in
from paideia.content.models import Document
from paideia.content.presentation import minutes_of
from paideia.content.rendering import PLACE
from paideia.lib import formatting


@dataclass(frozen=True, slots=True)
class ShopWindow:
    """Everything that the paywall says. `action` is where its button leads, empty where only time opens
    it."""

    title: str
    reason: str
    inside: list[str]
    ways: Ways
    offer: Offer | None  # the cheapest one that helps
    action: str
    action_label: str
    per: str
    note: str
    milestone: str  # "lesson:12" where another lesson has to be completed first
    may_read_free: bool


def shop_window(viewer: Viewer, document: Document, *, path: str) -> ShopWindow:
    """The window of a closed document on the page at `path`."""
    return shop_window_for(viewer, document.gate_id, document, path=path)


def shop_window_for(viewer: Viewer, gate_id: int | None, document: Document, *, path: str) -> ShopWindow:
    """The window of what stands behind a gate and is told of by `document`: a course's lessons."""
    assert gate_id is not None  # what has no gate is not closed
    ways = ways_in(viewer, gate_id)
    # Who has all that can be bought already waits for a time or a milestone, which no offer shortens.
    offer = ways.cheapest if ways.opens_with or ways.needs_joining else None
    gate = None if offer else Gate.objects.get(pk=gate_id)
    is_own = gate_id == document.gate_id
    action, label = _action(viewer, ways, offer, path)
    return ShopWindow(
        title=_title(ways, offer, is_own=is_own),
        reason=_reason(viewer, gate, ways) if gate else "",
        inside=inside_of(document) if is_own else [],
        ways=ways,
        offer=offer,
        action=action,
        action_label=label,
        per=_per(offer),
        note=_note(offer),
        milestone=gate.after_milestone if gate and ways.waits_for_lesson else "",
        may_read_free=is_own and viewer.user is not None and bool(ways.free_reads_left),
    )


def inside_of(document: Document) -> list[str]:
    """What a closed text holds, without a word of it."""
    lines = []
    if minutes := minutes_of(document):
        text = ngettext("%(n)s minute of reading", "%(n)s minutes of reading", minutes)
        lines.append(text % {"n": minutes})
    if pictures := document.html.count("<img "):
        lines.append(ngettext("%(n)s picture", "%(n)s pictures", pictures) % {"n": pictures})
    if "<pre" in document.html:
        lines.append(_("Examples in code"))
    if "<video" in document.html or "<iframe" in document.html:
        lines.append(_("Video"))
    return lines


def _title(ways: Ways, offer: Offer | None, *, is_own: bool) -> str:
    if offer is not None:
        return _("Read on") if is_own else _("Take the whole course")
    if ways.waits_for_lesson:
        return _("One step before this")
    if ways.opens_at is not None:
        return _("Opens on %(date)s") % {"date": formatting.datetime(ways.opens_at)}
    return _("Not open yet") if not ways.opens_with and not ways.needs_joining else _("Read on")


def _reason(viewer: Viewer, gate: Gate, ways: Ways) -> str:
    """Why it is closed, where nothing on sale says it already."""
    if ways.waits_for_lesson:
        return _("Another lesson has to be completed first.")
    if ways.opens_at is not None:
        return _("It is yours already; it opens by itself.") if not ways.opens_with else ""
    if ways.needs_joining:
        return _("Members of this community read it.")
    return formatting.sentences(reason.text for reason in explain(viewer, gate).reasons_against)


def _action(viewer: Viewer, ways: Ways, offer: Offer | None, path: str) -> tuple[str, str]:
    """The one button. A stranger signs in on the way; afterwards everybody is back at this very place."""
    back = {"next": f"{path}#{PLACE}"}
    if offer is not None:
        label = _("Try it for free") if offer.trial_days else _("Get access")
        return _address("checkout", offer.pk, **back), label
    if viewer.user is None and ways.opens_at is None:
        return _address("account_login", **back), _("Sign in")
    if ways.needs_joining:
        return _address("join"), _("Join")
    return "", ""


def _address(name: str, *args: object, **parameters: str) -> str:
    try:
        path = reverse(name, args=args)
    except NoReverseMatch:
        return ""
    return f"{path}?{urlencode(parameters)}" if parameters else path


def _per(offer: Offer | None) -> str:
    if offer is None:
        return ""
    return {
        Offer.Term.MONTH: _("a month"),
        Offer.Term.QUARTER: _("for three months"),
        Offer.Term.YEAR: _("a year"),
        Offer.Term.LIFETIME: _("for good"),
    }[Offer.Term(offer.term)]


def _note(offer: Offer | None) -> str:
    if offer is None or not offer.trial_days:
        return ""
    days = offer.trial_days
    text = ngettext("The first %(n)s day costs nothing.", "The first %(n)s days cost nothing.", days)
    return text % {"n": days}
