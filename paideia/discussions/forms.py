"""Forms of talk."""

from django import forms
from django.utils.translation import gettext_lazy as _

from paideia.discussions.actions import SOURCE_MAX, TITLE_MAX, tidy_tags
from paideia.lib.text import clean


class ThreadForm(forms.Form):
    title = forms.CharField(label=_("Title"), max_length=TITLE_MAX)
    source = forms.CharField(label=_("Text"), max_length=SOURCE_MAX, widget=forms.Textarea)
    tags = forms.CharField(
        label=_("Tags"), required=False, max_length=220, help_text=_("Up to five, separated by commas.")
    )
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)
    note = forms.CharField(label=_("What did you change?"), required=False, max_length=200)

    def clean_title(self) -> str:
        return clean(self.cleaned_data["title"])

    def clean_tags(self) -> list[str]:
        return tidy_tags(clean(self.cleaned_data["tags"]).replace("，", ",").replace("、", ",").split(","))


class CommentForm(forms.Form):
    source = forms.CharField(
        label=_("Comment"),
        max_length=SOURCE_MAX,
        widget=forms.Textarea,
        error_messages={"required": _("Write something first.")},
    )
    parent = forms.IntegerField(required=False, widget=forms.HiddenInput)
    answer = forms.BooleanField(required=False, widget=forms.HiddenInput)
    revision = forms.IntegerField(required=False, widget=forms.HiddenInput)
