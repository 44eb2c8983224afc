"""The sign-in library's views, where we do more, or less, than it does."""

from typing import Any

from allauth.account import views
from allauth.account.internal.flows.reauthentication import STATE_SESSION_KEY
from allauth.account.models import EmailConfirmationHMAC
from allauth.mfa.base import views as mfa
from allauth.mfa.webauthn import views as webauthn
from allauth.socialaccount.views import ConnectionsView as SocialConnections
from allauth.usersessions import views as sessions
from allauth.usersessions.internal.flows.sessions import end_sessions
from allauth.usersessions.models import UserSession
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import get_script_prefix
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_POST

from paideia.accounts import links
from paideia.accounts.actions import HandleTaken
from paideia.accounts.devices import device_name
from paideia.accounts.social import buttons


class WithOtherSites:
    """A page that offers signing in through other sites."""

    request: HttpRequest

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "other_sites": buttons(self.request)}  # type: ignore[misc]


class SignInView(WithOtherSites, views.LoginView):
    pass


class SignUpView(WithOtherSites, views.SignupView):
    def form_valid(self, form: Any) -> HttpResponse:
        try:
            return super().form_valid(form)
        except HandleTaken as refusal:  # between the check and the writing
            form.add_error("username", refusal.message)
            return self.form_invalid(form)


class ConnectionsView(WithOtherSites, SocialConnections):
    pass


class ConfirmEmailView(views.ConfirmEmailView):
    """GET shows a button and changes nothing, so that a mail scanner that follows links confirms nothing."""

    def get_object(self, queryset: Any = None) -> EmailConfirmationHMAC:
        address = links.address_of(self.kwargs["key"])
        if address is None:
            raise Http404()
        return EmailConfirmationHMAC(address)

    def logout_other_user(self, confirmation: Any) -> None:
        if self.request.method == "POST":
            super().logout_other_user(confirmation)

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().post(*args, **kwargs)
        except Http404:  # used or expired since the page was shown
            return self.get(*args, **kwargs)


@method_decorator(login_required, name="dispatch")
class EmailView(views.EmailView):
    def _action_primary(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse | None:
        """Only a confirmed address is ever the main one: an unconfirmed one may be somebody else's."""
        address = self._get_email_address(request)
        if address and not address.verified:
            from allauth.account.adapter import get_adapter
            from django.contrib import messages

            get_adapter().add_message(
                request, messages.ERROR, "account/messages/unverified_primary_email.txt"
            )
            return None
        return super()._action_primary(request, *args, **kwargs)


class InItsPlace:
    """Asked again who one is. A form that waited for the answer is resumed by its path, which inside /c/<slug>/ the
    library does not find: there one is led back to the page to send it once more."""

    request: HttpRequest

    def form_valid(self, form: Any) -> HttpResponse:
        if get_script_prefix() != "/":
            self.request.session.pop(STATE_SESSION_KEY, None)
        return super().form_valid(form)  # type: ignore[misc]


class ReauthenticateView(InItsPlace, views.ReauthenticateView):
    pass


class ReauthenticateByCodeView(InItsPlace, mfa.ReauthenticateView):
    pass


class ReauthenticateByPasskeyView(InItsPlace, webauthn.ReauthenticateWebAuthnView):
    pass


class SessionsView(sessions.ListUserSessionsView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        for session in context["sessions"]:
            session.device = device_name(session.user_agent)
        return context


@require_POST
@login_required
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """End one of one's own sessions, on whatever device it is."""
    session = get_object_or_404(UserSession, pk=pk, user=request.user)
    end_sessions(request, [session])
    return redirect("usersessions_list")
