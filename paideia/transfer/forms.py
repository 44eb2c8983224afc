"""Handing in an export."""

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from .models import Delivery

BYTES_MAX = 1 << 30


class DeliveryForm(forms.Form):
    kind = forms.ChoiceField(label=_("What it is"), choices=Delivery.Kind.choices)
    file = forms.FileField(
        label=_("File"),
        help_text=_("A .zip or .tar of the whole export (also .gz, .xz, .bz2), at most 1 GB."),
        widget=forms.FileInput(attrs={"accept": ".zip,.tar,.gz,.tgz,.xz,.txz,.bz2"}),
    )
    shape = forms.ChoiceField(
        label=_("Markdown becomes"),
        choices=[("course", _("a course")), ("articles", _("articles in columns"))],
        initial="course",
        required=False,
    )
    name = forms.CharField(
        label=_("Name of the source"),
        max_length=80,
        required=False,
        help_text=_("Importing again under the same name brings what is new. Empty: the file's own name."),
    )
    draft = forms.BooleanField(label=_("Leave works unpublished"), required=False)
    dry_run = forms.BooleanField(label=_("Only check, write nothing"), required=False)

    def clean_file(self) -> UploadedFile:
        file: UploadedFile = self.cleaned_data["file"]
        if (file.size or 0) > BYTES_MAX:
            raise forms.ValidationError(
                _("The file is larger than 1 GB. Split it, or import it on the server.")
            )
        return file
