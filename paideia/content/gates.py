"""Who may read, in plain words, for those who choose it."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from paideia.communities.permissions import ROLE_NAMES
from paideia.content.queries import Choices
from paideia.lib.formatting import listed, sentences


def gate_options(choices: Choices, current: int | None = None) -> list[dict[str, Any]]:
    """The gates a writer may choose from, with what opens each. Those made for one lesson's time are left out
    unless it is the `current` one."""
    options: list[dict[str, Any]] = [
        {"value": "", "label": _("Everybody"), "hint": _("Whoever can enter this community"), "icon": "globe"}
    ]
    for gate in choices.gates:
        if gate["id"] == current or not is_timed(gate):
            options.append(
                {"value": gate["id"], "label": gate["name"], "hint": opens_for(gate), "icon": _icon(gate)}
            )
    return options


def is_timed(gate: dict[str, Any]) -> bool:
    """Whether a gate waits for a date, a number of days or a milestone: such gates belong to one work."""
    return bool(gate["opens_at"] or gate["delay_days"] or gate["after_milestone"])


def opens_for(gate: dict[str, Any]) -> str:
    """Up to three sentences: whom this gate opens to, when, and what the others see."""
    who = [_("holders of “%(plan)s”") % {"plan": plan} for plan in gate["plans"]]
    who += [
        _("whoever has the role “%(role)s”") % {"role": ROLE_NAMES.get(key, key)} for key in gate["role_keys"]
    ]
    if gate["level_min"] is not None:
        who.append(_("members of level %(level)s and above") % {"level": gate["level_min"]})
    said = [_("It opens to %(who)s.") % {"who": listed(who)} if who else _("It opens to every member.")]
    if days := gate["delay_days"]:
        said.append(
            ngettext(
                "It opens %(n)s day after their access began.",
                "It opens %(n)s days after their access began.",
                days,
            )
            % {"n": days}
        )
    said.append(
        {
            "preview": _("Others see the preview."),
            "title": _("Others see the title."),
            "nothing": _("Others do not see that it exists."),
        }[gate["shows"]]
    )
    return sentences(said)


def _icon(gate: dict[str, Any]) -> str:
    if gate["shows"] == "nothing":
        return "eye-off"
    return "key" if gate["plans"] else "people"
