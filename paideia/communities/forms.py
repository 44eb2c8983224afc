"""What people fill in about communities."""

import re
import secrets
from typing import Any

from django import forms
from django.conf import settings
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from paideia.accounts.forms.own import time_zones
from paideia.accounts.models import User
from paideia.communities.models import Community, Role
from paideia.lib.formatting import currency_name
from paideia.lib.text import clean, clean_line

CURRENCIES = ("CNY", "USD", "EUR", "HKD", "TWD", "JPY", "GBP", "SGD", "KRW", "AUD", "CAD", "CHF")
QUESTIONS_MAX = 8
# They stand before our own host name, or mean something to visitors.
RESERVED = frozenset(
    [
        "www",
        "api",
        "app",
        "admin",
        "static",
        "media",
        "mail",
        "smtp",
        "imap",
        "ftp",
        "ns",
        "ns1",
        "ns2",
        "status",
        "help",
        "support",
        "docs",
        "blog",
        "accounts",
        "login",
        "paideia",
        "c",
        "new",
        "all",
        "health",
    ]
)


class FoundingForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)
    slug = forms.CharField(
        label=_("Address"),
        max_length=40,
        required=False,
        help_text=_("Lower-case letters, digits and hyphens. Empty: made of the name."),
        validators=[
            RegexValidator(
                r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$",
                _("Use lower-case letters, digits, and hyphens between them."),
            )
        ],
    )
    tagline = forms.CharField(
        label=_("Tagline"),
        max_length=160,
        required=False,
        help_text=_("In one sentence: for whom, and what for."),
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    visibility = forms.ChoiceField(
        label=_("Who sees it"),
        choices=Community.Visibility.choices,
        widget=forms.RadioSelect,
        initial="public",
    )
    joining = forms.ChoiceField(
        label=_("Who gets in"), choices=Community.Joining.choices, widget=forms.RadioSelect, initial="open"
    )

    def clean_name(self) -> str:
        return clean_line(self.cleaned_data["name"])

    def clean_slug(self) -> str:
        slug = self.cleaned_data["slug"]
        if slug in RESERVED:
            raise forms.ValidationError(_("This address is kept for the site. Choose another."))
        return slug

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not found.get("slug") and "slug" not in self.errors:
            plain = re.sub(r"[^a-z0-9]+", "-", found.get("name", "").lower()).strip("-")[:30].strip("-")
            found["slug"] = f"{plain or 'community'}-{secrets.token_hex(2)}" if _taken(plain) else plain
        return found


def _taken(slug: str) -> bool:
    return not slug or slug in RESERVED or Community.objects.filter(slug=slug).exists()


class Questions(forms.CharField):
    """Questions, one a line."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=forms.Textarea(attrs={"rows": 3}), **kwargs)

    def clean(self, value: Any) -> list[str]:
        lines = [clean_line(line)[:200] for line in str(super().clean(value)).splitlines()]
        questions = list(dict.fromkeys(line for line in lines if line))
        if len(questions) > QUESTIONS_MAX:
            raise forms.ValidationError(_("Ask up to eight questions."))
        return questions


class CommunityForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)
    tagline = forms.CharField(label=_("Tagline"), max_length=160, required=False)
    accent = forms.CharField(
        label=_("Brand colour"),
        max_length=7,
        widget=forms.TextInput(attrs={"type": "color"}),
        help_text=_("It is darkened or lightened where it could not be read."),
        validators=[
            RegexValidator(r"^#[0-9a-fA-F]{6}$", _("Write a colour as # and six digits, such as #0f766e."))
        ],
    )
    logo = forms.FileField(label=_("Logo"), required=False, help_text=_("Square; it is shown small."))
    cover = forms.FileField(label=_("Cover"), required=False, help_text=_("Wide; it stands on the shelf."))
    about = forms.CharField(label=_("About"), required=False, max_length=20_000, widget=forms.Textarea)
    rules = forms.CharField(label=_("House rules"), required=False, max_length=20_000, widget=forms.Textarea)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    currency = forms.ChoiceField(
        label=_("Currency"), help_text=_("Of new offers. What is sold already keeps its own.")
    )
    time_zone = forms.ChoiceField(label=_("Time zone"))
    visibility = forms.ChoiceField(
        label=_("Who sees it"), choices=Community.Visibility.choices, widget=forms.RadioSelect
    )
    joining = forms.ChoiceField(
        label=_("Who gets in"), choices=Community.Joining.choices, widget=forms.RadioSelect
    )
    join_questions = Questions(label=_("Questions to newcomers"), help_text=_("One a line, up to eight."))
    free_reads_max = forms.IntegerField(
        label=_("Free reads a month"), min_value=0, max_value=1000, help_text=_("For members who do not pay.")
    )

    words = (
        "name",
        "tagline",
        "about",
        "rules",
        "language",
        "currency",
        "time_zone",
        "visibility",
        "joining",
    )

    def __init__(self, *args: Any, community: Community, **kwargs: Any) -> None:
        kwargs["initial"] = {
            **{name: getattr(community, name) for name in (*self.words, "accent", "free_reads_max")},
            "join_questions": "\n".join(community.join_questions),
        }
        super().__init__(*args, **kwargs)
        known = dict.fromkeys((*CURRENCIES, community.currency))
        self.fields["currency"].choices = [(code, currency_name(code)) for code in known]  # type: ignore[attr-defined]
        self.fields["time_zone"].choices = time_zones(community.time_zone)  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        return clean_line(self.cleaned_data["name"])

    def clean_tagline(self) -> str:
        return clean_line(self.cleaned_data["tagline"])

    def clean_about(self) -> str:
        return clean(self.cleaned_data["about"])

    def clean_rules(self) -> str:
        return clean(self.cleaned_data["rules"])


class InvitationForm(forms.Form):
    role = forms.ModelChoiceField(label=_("As"), queryset=Role.objects.none(), empty_label=None)
    emails = forms.CharField(
        label=_("E-mail addresses"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("One a line, up to fifty: each gets a mail. Empty: you get a link to pass on."),
    )
    uses_max = forms.IntegerField(
        label=_("How many people the link lets in"), min_value=1, max_value=10_000, initial=25, required=False
    )
    days = forms.IntegerField(label=_("Days it works"), min_value=1, max_value=365, initial=14)

    def __init__(self, *args: Any, roles: list[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: forms.ModelChoiceField = self.fields["role"]  # type: ignore[assignment]
        field.queryset = Role.objects.filter(pk__in=[role.pk for role in roles]).order_by("rank")

    def clean_emails(self) -> list[str]:
        words = re.split(r"[\s,;，；]+", self.cleaned_data["emails"].strip())
        found = list(dict.fromkeys(word.lower() for word in words if word))
        if len(found) > 50:
            raise forms.ValidationError(_("Invite up to fifty people at once."))
        field = forms.EmailField()
        return [field.clean(word) for word in found]


class SuspensionForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=300, help_text=_("The member is shown it."))
    days = forms.IntegerField(
        label=_("Days"), min_value=1, max_value=3650, required=False, help_text=_("Empty: until you lift it.")
    )


class RoleForm(forms.Form):
    key = forms.SlugField(
        label=_("Key"), max_length=30, help_text=_("Lower-case letters and hyphens; it stays.")
    )
    name = forms.CharField(label=_("Name"), max_length=60)
    rank = forms.IntegerField(
        label=_("Rank"), min_value=11, max_value=99, help_text=_("A role manages only roles of lower rank.")
    )


class ClaimForm(forms.Form):
    email = forms.EmailField(
        label=_("Your e-mail address"),
        help_text=_(
            "Where the key is sent. The profile is signed in to with it afterwards; no other account is."
        ),
    )
    note = forms.CharField(
        label=_("How can the team see that it is you?"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(self, *args: Any, claimant: User | None, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"email": (claimant.email or "") if claimant else ""})
        super().__init__(*args, **kwargs)


class HandOverForm(forms.Form):
    password = forms.CharField(
        label=_("Choose a password"),
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, profile: User, **kwargs: Any) -> None:
        self.profile = profile
        super().__init__(*args, **kwargs)

    def clean_password(self) -> str:
        from django.contrib.auth.password_validation import validate_password

        validate_password(self.cleaned_data["password"], self.profile)
        return self.cleaned_data["password"]
