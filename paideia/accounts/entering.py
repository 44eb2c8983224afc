"""Signing up inside a page of another room, by the same form, limits and rules as on the page of its own."""

from allauth.account.internal.flows import signup as flow
from allauth.core import ratelimit
from allauth.core.exceptions import ImmediateHttpResponse
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from paideia.accounts.actions import HandleTaken
from paideia.accounts.forms.sign_in import SignUpForm


def sign_up_form(request: HttpRequest, *, complains: bool = True) -> SignUpForm | None:
    """The form for a stranger to fill in on another room's page; None where nobody may sign up. Without complaints
    it keeps what was typed, for a page that is shown again on the way."""
    if not settings.SIGN_UP_OPEN:
        return None
    if request.method != "POST":
        return SignUpForm()
    if complains:
        return SignUpForm(request.POST)
    return SignUpForm(initial={name: request.POST.get(name, "")[:254] for name in ("email", "username")})


def sign_up_here(request: HttpRequest, form: SignUpForm, *, back: str) -> HttpResponse | None:
    """Make the account that a valid form asks for, and sign its person in: None where that is done, and the caller
    goes on. Else the answer to give: too many tries, or an address that must be confirmed first, from where `back`
    is where people go on. A form that turned out wrong gets its error and the answer None."""
    if limited := ratelimit.consume_or_429(request, action="signup"):
        return limited
    try:
        user, answer = form.try_save(request)
        if answer is None:
            answer = flow.complete_signup(request, user=user, redirect_url=back)
    except ImmediateHttpResponse as immediate:
        answer = immediate.response
    except HandleTaken as refusal:  # between the check and the writing
        form.add_error("username", refusal.message)
        return None
    return None if request.user.is_authenticated else answer
