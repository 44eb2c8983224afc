"""Strangers on a page that gives them something: who they are is asked in the same form."""

from allauth.core.exceptions import ImmediateHttpResponse
from django.http import HttpRequest

from paideia.access.viewer import look
from paideia.accounts.entering import sign_up_here
from paideia.accounts.forms.sign_in import SignUpForm
from paideia.commerce.refusals import SignInFirst


def came_in(request: HttpRequest, entering: SignUpForm | None, *, back: str) -> bool:
    """Whether somebody is signed in, by this very form if need be; the request's viewer is theirs then. False where
    the form has to be looked at again. Raises SignInFirst where there is none, ImmediateHttpResponse where the
    answer is another one: too many tries, an address to be confirmed."""
    if request.user.is_authenticated:
        return True
    if entering is None:
        raise SignInFirst()
    if not entering.is_valid():
        return False
    answer = sign_up_here(request, entering, back=back)
    if answer is not None:
        raise ImmediateHttpResponse(answer)
    if entering.errors:
        return False
    request.viewer = look(request.community, request.user)  # type: ignore[attr-defined, arg-type]
    return True
