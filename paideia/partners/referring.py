"""Where it is kept by whose link somebody came: in the session, and for longer in a cookie of this community alone if
the visitor says so. It names a code and a time, nothing else."""

from datetime import datetime, timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.urls import get_script_prefix
from django.utils import timezone

from paideia.accounts.consents import allows_behaviour
from paideia.accounts.models import User
from paideia.communities.models import Community
from paideia.partners.actions.affiliates import active_affiliate, attribute, count_click
from paideia.partners.models import Programme

SALT = "paideia.partners.referring"


def arrive(request: HttpRequest, code: str) -> bool:
    """Somebody came by this code: count it, and keep it for the visit. The first link of a visit counts; whether
    this one does."""
    community: Community = request.community  # type: ignore[attr-defined]
    if len(code) > 20 or (affiliate := active_affiliate(community, code)) is None:
        return False
    if code_of(request) == affiliate.code:
        return True
    count_click(affiliate, day=timezone.localdate())
    if code_of(request) or (_user(request) is not None and affiliate.user_id == request.user.pk):
        return False
    request.session[_name(community)] = [affiliate.code, timezone.now().isoformat()]
    if (user := _user(request)) is not None and allows_behaviour(user):
        request.remembers_referral = True  # type: ignore[attr-defined]
    return True


def agree(request: HttpRequest) -> None:
    """The visitor lets the browser remember by whom they came."""
    request.remembers_referral = True  # type: ignore[attr-defined]


def code_of(request: HttpRequest) -> str:
    """The code that this visitor came by, while it counts; empty if none. No query unless one is kept."""
    kept = _kept(request)
    return kept[0] if kept else ""


def remember(request: HttpRequest, response: HttpResponse) -> None:
    """At the end of a request: the cookie where it is allowed, and who has become a member by now."""
    kept = _kept(request)
    if kept is None:
        return
    community: Community = request.community  # type: ignore[attr-defined]
    if getattr(request, "remembers_referral", False):
        days = _cookie_days(community)
        response.set_cookie(
            _name(community),
            signing.dumps(kept, salt=SALT),
            max_age=days * 86_400,
            path=get_script_prefix(),
            secure=settings.SECURE,
            httponly=True,
            samesite="Lax",
        )
    _credit(request, community, *kept)


def _credit(request: HttpRequest, community: Community, code: str, at: str) -> None:
    """A person who signed up after they came by the link came by it."""
    done = f"{_name(community)}_done"
    user = _user(request)
    if user is None or request.session.get(done):
        return
    if user.date_joined >= datetime.fromisoformat(at):
        attribute(community=community, user=user, code=code)
    request.session[done] = True


def _kept(request: HttpRequest) -> tuple[str, str] | None:
    community: Community = request.community  # type: ignore[attr-defined]
    name = _name(community)
    found = request.session.get(name)
    if found is None and name in request.COOKIES:
        try:
            found = signing.loads(request.COOKIES[name], salt=SALT, max_age=timedelta(days=366))
        except signing.BadSignature:
            return None
    if not (isinstance(found, list) and len(found) == 2):
        return None
    code, at = str(found[0]), str(found[1])
    if timezone.now() - datetime.fromisoformat(at) > timedelta(days=_cookie_days(community)):
        return None
    return code, at


def _cookie_days(community: Community) -> int:
    days = Programme.objects.filter(community=community).values_list("cookie_days", flat=True).first()
    return days or 0


def _name(community: Community) -> str:
    return f"paideia_referral_{community.pk}"


def _user(request: HttpRequest) -> User | None:
    return request.user if request.user.is_authenticated else None
