"""The forms in which works are written. What a person may choose is decided by `choices_for`."""

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from paideia.access.viewer import Viewer
from paideia.content.actions.documents import tags_from
from paideia.content.gates import gate_options
from paideia.content.models import Document
from paideia.content.queries import Choices
from paideia.lib.refusal import Invalid
from paideia.spaces.models import Space


class ScheduleForm(forms.Form):
    """When a work comes out: now when left empty."""

    at = forms.DateTimeField(
        label=_("Publish at"),
        required=False,
        widget=forms.DateTimeInput(
            attrs={"type": "datetime-local", "class": "input"}, format="%Y-%m-%dT%H:%M"
        ),
        help_text=_("In the future nobody sees it before. Empty means now."),
    )

    def clean_at(self) -> datetime | None:
        at = self.cleaned_data["at"]
        if at is not None and at < timezone.now():
            return None
        return at


class WorkForm(ScheduleForm):
    """What articles, columns and courses have in common."""

    title = forms.CharField(label=_("Title"), max_length=200, strip=True)
    summary = forms.CharField(
        label=_("Summary"),
        max_length=400,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "class": "input"}),
        help_text=_("One or two sentences for lists and search. Everybody who may know of it reads them."),
    )
    source = forms.CharField(label=_("Text"), required=False, strip=False, widget=forms.Textarea)
    tags = forms.CharField(
        label=_("Tags"), required=False, max_length=450, help_text=_("Separated by commas, ten at most.")
    )
    space = forms.TypedChoiceField(label=_("Space"), required=False, coerce=int, empty_value=None)
    gate = forms.TypedChoiceField(label=_("Who may read it"), required=False, coerce=int, empty_value=None)
    cover = forms.FileField(label=_("Cover"), required=False)
    cover_removed = forms.BooleanField(label=_("Take the cover away"), required=False)
    note = forms.CharField(label=_("What did you change?"), required=False, max_length=200)
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)

    space_kinds: tuple[str, ...] = ()

    def __init__(
        self,
        *args: Any,
        viewer: Viewer,
        choices: Choices,
        document: Document | None = None,
        current_gate: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.viewer, self.choices, self.document = viewer, choices, document
        spaces = [(each["id"], each["name"]) for each in self._spaces()]
        self.fields["space"].choices = [("", _("In no space")), *spaces]  # type: ignore[attr-defined]
        chosen = current_gate or (document.gate_id if document else None)
        self.gate_options = gate_options(choices, chosen)
        self.fields["gate"].choices = [(each["value"], each["label"]) for each in self.gate_options]  # type: ignore[attr-defined]
        for field in self.fields.values():
            if not isinstance(field.widget, (forms.CheckboxInput, forms.HiddenInput)):
                field.widget.attrs.setdefault("class", "input")

    def _spaces(self) -> list[dict[str, Any]]:
        fitting = [each for each in self.choices.spaces if each["kind"] in self.space_kinds]
        chosen = self.document.space_id if self.document else None
        return fitting or [each for each in self.choices.spaces if each["id"] == chosen]

    def clean_tags(self) -> list[str]:
        words = self.cleaned_data["tags"].replace("，", ",").replace("、", ",").split(",")
        try:
            return tags_from(words)
        except Invalid as error:
            raise forms.ValidationError(error.message) from error

    def saved_fields(self) -> dict[str, Any]:
        """Arguments of `save_document` that every kind of work takes from this form."""
        given = self.cleaned_data
        return {
            "title": given["title"],
            "summary": given["summary"],
            "source": given["source"],
            "tags": given["tags"],
            "note": given["note"],
            "space": Space.objects.select_related("gate").get(pk=given["space"]) if given["space"] else None,
            "gate": self.viewer.community.gates.get(pk=given["gate"]) if given["gate"] else None,
            "expected_revision": given["revision"] if self.document else None,
        }


class ArticleForm(WorkForm):
    column = forms.TypedChoiceField(label=_("Column"), required=False, coerce=int, empty_value=None)
    space_kinds = ("articles", "announcements", "discussion")
    field_order = ("title", "source", "summary", "cover", "cover_removed", "tags", "space", "column", "gate")

    def __init__(self, *args: Any, choices: Choices, **kwargs: Any) -> None:
        super().__init__(*args, choices=choices, **kwargs)
        columns = [(each["id"], each["title"] or "…") for each in choices.columns]
        current = getattr(self.document, "article", None) if self.document else None
        if current is not None and current.column_id and current.column_id not in dict(columns):
            columns.append((current.column_id, current.column.document.title))
        self.fields["column"].choices = [("", _("In no column")), *columns]  # type: ignore[attr-defined]


class ColumnForm(WorkForm):
    space_kinds = ("articles", "announcements", "discussion")


def initial_of(document: Document) -> dict[str, Any]:
    """What a form shows of a document that is being changed."""
    article = getattr(document, "article", None) if document.kind == Document.Kind.ARTICLE else None
    return {
        "title": document.title,
        "summary": document.summary,
        "source": document.source,
        "tags": ", ".join(document.tags),
        "space": document.space_id,
        "gate": document.gate_id,
        "column": article.column_id if article else None,
        "revision": document.revision,
        "at": document.published_at if document.announced_at is None else None,
    }
