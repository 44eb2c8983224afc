"""One's own settings."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from paideia.accounts import actions, queries
from paideia.accounts.consents import answers
from paideia.accounts.forms.own import PreferencesForm, ProfileForm
from paideia.accounts.models import Consent
from paideia.accounts.pictures import store_picture
from paideia.accounts.requests import Request
from paideia.accounts.social import buttons
from paideia.lib.refusal import Invalid

AVATAR_PIXELS_MAX = 256


@login_required
@require_http_methods(["GET", "POST"])
def profile(request: Request) -> HttpResponse:
    form = ProfileForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            actions.edit_profile(user=request.user, **form.cleaned_data)
        except actions.HandleTaken as refusal:
            form.add_error("handle", refusal.message)
        else:
            messages.success(request, _("Your profile is saved."))
            return redirect("settings")
    return render(request, "accounts/profile.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_POST
def avatar(request: Request) -> HttpResponse:
    """A new picture, or none."""
    key = ""
    if not request.POST.get("remove"):
        file = request.FILES.get("picture")
        if not isinstance(file, UploadedFile):
            raise Invalid(_("Choose a picture first."))
        key = store_picture(file, pixels_max=AVATAR_PIXELS_MAX, square=True)
    actions.edit_profile(user=request.user, avatar=key)
    messages.success(request, _("Your picture is saved.") if key else _("Your picture is removed."))
    return redirect("settings")


@login_required
@require_http_methods(["GET", "POST"])
def preferences(request: Request) -> HttpResponse:
    form = PreferencesForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        fields = dict(form.cleaned_data)
        kept = {name: fields.pop(name) for name in ("home_sections", "recommendations")}
        actions.edit_profile(user=request.user, preferences={**request.user.preferences, **kept}, **fields)
        messages.success(request, _("Your preferences are saved."))
        return redirect("preferences")
    return render(request, "accounts/preferences.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_safe
def privacy(request: Request) -> HttpResponse:
    """What one agreed to, when, and the way to change it."""
    context = {
        "answers": answers(request.user),
        "history": queries.consent_history(request.user),
        "behaviour": Consent.Purpose.BEHAVIOUR,
        "digest": Consent.Purpose.MAIL_DIGEST,
    }
    return render(request, "accounts/privacy_choices.html", context)


@login_required
@require_safe
def security(request: Request) -> HttpResponse:
    """What guards the account: addresses, password, second steps, sessions."""
    context = {"guards": queries.guards(request.user), "other_sites": buttons(request)}
    return render(request, "accounts/security.html", context)


@login_required
@require_POST
def consent(request: Request, purpose: str) -> HttpResponse:
    """Answer a question about data. htmx gets nothing back: the bar that asked goes away."""
    if purpose not in {Consent.Purpose.BEHAVIOUR, Consent.Purpose.MAIL_DIGEST}:
        raise Http404
    actions.give_consent(user=request.user, purpose=purpose, given=request.POST.get("given") == "yes")
    if "HX-Request" in request.headers:
        return HttpResponse("")
    messages.success(request, _("Your answer is saved."))
    return redirect("privacy_choices")
