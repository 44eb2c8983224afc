"""Every address of the product, filled with the rows of a furnished community. Taken from the URL lists themselves,
so that a new route is met by every test that walks them, or fails here until its row has a name."""

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, get_resolver, reverse

from paideia.communities.addresses import path_in
from tests.journeys.place import Place

COMMUNITY, PLATFORM = "paideia.config.community_urls", "paideia.config.urls"

# What the first word of a path names, where it takes a key: the row of the place, by kind.
ROWS = {
    "articles": "article",
    "columns": "column",
    "courses": "course",
    "documents": "article",
    "lessons": "lesson",
    "sections": "section",
    "questions": "question",
    "threads": "thread",
    "comments": "comment",
    "offers": "offer",
    "media": "media",
    "manage/roles": "role",
    "manage/members": "membership",
    "manage/requests": "join_request",
    "manage/claims": "claim",
    "manage/invitations": "invitation",
    "manage/spaces": "hall",
    "manage/spaces/requests": "space_request",
    "manage/offers": "offer",
    "manage/notices": "notice",
    "manage/plans": "plan",
    "manage/gates": "gate",
    "manage/grants": "grant",
    "manage/access": "grant",
    "manage/imports": "delivery",
    "membership": "subscription",
    "seats": "pool",
    "invoices": "invoice",
    "fapiao": "fapiao",
    "earnings/statements": "statement",
    "manage/coupons": "coupon",
    "manage/codes": "batch",
    "manage/cards": "card",
    "manage/fapiao": "fapiao",
    "manage/partners": "affiliate",
    "manage/payouts": "payout",
    "manage/shares": "rule",
    "manage/shares/months": "run",
    "manage/differences": "difference",
}
# Of one kind of row, the one that a particular page is about.
INSTEAD = {
    "answers": "quiz",
    "question_new": "quiz",
    "questions": "quiz",
    "comment_acceptance": "answer",
    "free_read": "lent_article",
    "revision": "lent_article",
    "restoration": "lent_article",
    "trial": "trying",
}
# Whose token a route asks for, where it is a row's own.
TOKENS = {"gift": "gift", "seat": "seat", "seat_by_domain": "pool", "sandbox_payment": "charge"}
# Pages about an order that was paid; the others ask for one that waits.
PAID = {"order", "order_rehearsal", "fapiao", "manage_refund", "manage_refund_effects"}
WORDS = {
    "handle": "member",
    "token": "no-such-token",
    "accent": "0f766e",
    "purpose": "behaviour",
    "provider": "sandbox",
    "key": "no-such-key",
    "name": "note.txt",
    "uidb36": "1",
    "year": 2026,
    "seat": 999_999_999,
}


def routes(urlconf: str) -> dict[str, tuple[str, Any]]:
    """Every named route: its path as written, and its view."""

    def walk(resolver: Any, before: str) -> Iterator[tuple[str, tuple[str, Any]]]:
        for pattern in resolver.url_patterns:
            written = before + str(pattern.pattern)
            if isinstance(pattern, URLPattern):
                yield str(pattern.name), (written, pattern.callback)
            else:
                yield from walk(pattern, written)

    found: dict[str, tuple[str, Any]] = {}
    for name, route in walk(get_resolver(urlconf), ""):
        found.setdefault(name, route)
    return found


def key_of(place: Place, name: str, written: str, converter: str) -> Any:
    """What fills one key of a route."""
    if converter == "slug" and name.startswith(("space", "thread_new")):
        return place.rows["hall" if name != "space_membership" else "circle"].slug
    if converter == "number":
        if "revisions" in written:
            return 1
        return place.rows.get("renewing" if name in PAID else "waiting", place.rows["waiting"]).number
    if converter == "handle":
        return place.people["imported" if name == "claim" else "member"].handle
    if converter == "token" and TOKENS.get(name) in place.rows:
        return place.rows[TOKENS[name]].token
    if converter == "code" and "affiliate" in place.rows:
        return place.rows["affiliate"].code
    if converter == "seat" and "seat" in place.rows:
        return place.rows["seat"].pk
    if name == "invitation":
        return place.rows["token"]
    if converter != "pk":
        return WORDS.get(converter, "x")
    before = written.split("<")[0].rstrip("/")
    row = place.rows.get(INSTEAD.get(name) or ROWS.get(before, ""))
    return getattr(row, "pk", 999_999_999)


def addresses(place: Place) -> Iterator[tuple[str, str]]:
    """Every route inside the community: its name and its path."""
    for name, (written, _view) in routes(COMMUNITY).items():
        ways = get_resolver(COMMUNITY).reverse_dict.getlist(name)[0][0]
        keys = [key_of(place, name, written, key) for key in ways[0][1]]
        yield name, path_in(place.community, name, *keys)


def platform_addresses() -> Iterator[tuple[str, str]]:
    """Every route of the platform that takes no key."""
    for name, (written, _view) in routes(PLATFORM).items():
        if "<" not in written and "(?P" not in written:
            yield name, reverse(name, urlconf=PLATFORM)


__all__ = ["addresses", "platform_addresses", "routes"]
