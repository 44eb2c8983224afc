"""The page of notifications and what comes by mail."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from paideia.access.requests import Request
from paideia.accounts.models import User
from paideia.notifications import actions, queries
from paideia.notifications.choices import ALWAYS, wants_mail
from paideia.notifications.models import Notification
from paideia.notifications.wording import sentence


@login_required
@require_GET
def notifications(request: Request) -> HttpResponse:
    before = request.GET.get("before", "")
    key = int(before) if before.isdecimal() and len(before) < 19 else None
    rows, older = queries.notifications_of(request.viewer, before=key)
    context = {"rows": [(row, sentence(row)) for row in rows], "older": older}
    return render(request, "notifications/notifications.html", context)


@login_required
@require_POST
def read(request: Request) -> HttpResponse:
    """Mark all as read."""
    actions.mark_read(user=request.user)
    return HttpResponse(status=204) if request.headers.get("HX-Request") else redirect("notifications")


@login_required
@require_http_methods(["GET", "POST"])
def choices(request: Request) -> HttpResponse:
    kinds = [kind for kind in Notification.Kind if kind not in ALWAYS]
    if request.method == "POST":
        wanted = {kind.value: kind.value in request.POST.getlist("mail") for kind in kinds}
        preferences = {**request.user.preferences, "mail": wanted}
        User.objects.filter(pk=request.user.pk).update(preferences=preferences)
        messages.success(request, _("Saved."))
        return redirect("notification_choices")
    context = {"kinds": [(kind.value, kind.label, wants_mail(request.user, kind)) for kind in kinds]}
    return render(request, "notifications/choices.html", context)
