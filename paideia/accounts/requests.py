"""What the middleware leaves on a request, for those who read types."""

from django.http import HttpRequest

from paideia.accounts.models import User


class Request(HttpRequest):
    """A request as views get it. `user` is anonymous where nobody is signed in; `login_required` sees to it."""

    user: User
