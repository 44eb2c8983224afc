"""What people change about themselves."""

import zoneinfo
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from paideia.accounts.actions import interests_of
from paideia.accounts.handles import check_handle
from paideia.accounts.models import User
from paideia.lib.formatting import time_zone_names
from paideia.lib.text import clean, clean_line

HOME_SECTIONS = [
    ("continue", _("Where I left off")),
    ("feed", _("What is new")),
    ("questions", _("Questions without an answer")),
    ("events", _("Coming events")),
]


class ProfileForm(forms.Form):
    name = forms.CharField(
        label=pgettext_lazy("of a person", "Name"),
        max_length=80,
        required=False,
        help_text=_("As others see it. Empty: your handle is shown."),
    )
    handle = forms.CharField(
        label=_("Handle"), max_length=40, help_text=_("Links with the old one stop working.")
    )
    bio = forms.CharField(
        label=_("About me"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    occupation = forms.CharField(label=_("Occupation"), max_length=120, required=False)
    interests = forms.CharField(
        label=_("Interests"),
        max_length=600,
        required=False,
        help_text=_("Words with commas between, up to twelve."),
    )
    goals = forms.CharField(
        label=_("Goals"), max_length=300, required=False, help_text=_("What you want to learn or reach here.")
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        kwargs["initial"] = {
            **{name: getattr(user, name) for name in ("name", "handle", "bio", "occupation", "goals")},
            "interests": ", ".join(user.interests),
        }
        super().__init__(*args, **kwargs)

    def clean_handle(self) -> str:
        return check_handle(self.cleaned_data["handle"], for_user=self.user)

    def clean_name(self) -> str:
        return clean_line(self.cleaned_data["name"])

    def clean_occupation(self) -> str:
        return clean_line(self.cleaned_data["occupation"])

    def clean_goals(self) -> str:
        return clean_line(self.cleaned_data["goals"])

    def clean_bio(self) -> str:
        return clean(self.cleaned_data["bio"])

    def clean_interests(self) -> list[str]:
        text = clean_line(self.cleaned_data["interests"])
        for comma in "，、;；":
            text = text.replace(comma, ",")
        return interests_of(text.split(","))


class PreferencesForm(forms.Form):
    language = forms.ChoiceField(
        label=_("Language"),
        required=False,
        choices=[("", _("As the community or browser says")), *settings.LANGUAGES],
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)
    theme = forms.ChoiceField(label=_("Theme"), choices=User.Theme.choices, widget=forms.RadioSelect)
    home_sections = forms.MultipleChoiceField(
        label=_("On the home page"),
        required=False,
        choices=HOME_SECTIONS,
        widget=forms.CheckboxSelectMultiple,
    )
    recommendations = forms.BooleanField(
        label=_("Recommend things to me"),
        required=False,
        help_text=_("Off: lists are in the order of time, and nothing is suggested."),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "language": user.language,
            "time_zone": user.time_zone,
            "theme": user.theme,
            "home_sections": user.preferences.get("home_sections", [key for key, _label in HOME_SECTIONS]),
            "recommendations": user.preferences.get("recommendations", True),
        }
        super().__init__(*args, **kwargs)
        zones = time_zones(user.time_zone)
        self.fields["time_zone"].choices = [("", _("As the community says")), *zones]  # type: ignore[attr-defined]


def time_zones(always: str = "") -> list[tuple[str, str]]:
    """Every place whose clock is known, "Asia/Shanghai" and some 400 others, by the name that readers know; `always`
    is among them, whatever it is called."""
    places = (name for name in zoneinfo.available_timezones() if "/" in name)
    here = [name for name in places if not name.startswith(("Etc/", "SystemV/"))]
    own = [(always, always)] if always and always not in here else []
    return own + time_zone_names(here, always)
