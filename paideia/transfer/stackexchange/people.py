"""The people of a dump as profiles that nobody can sign in to until they are claimed."""

import re
from secrets import token_hex

from django.contrib.auth.hashers import make_password
from django.db.models import Q
from django.db.models.functions import Lower

from paideia.accounts.models import User
from paideia.activity.actions import Happening, record_many
from paideia.communities.models import Community, Membership, Role
from paideia.lib.handles import (
    HANDLE_CHARACTERS_MAX,
    HandleRefused,
    check_handle,
    normalise_handle,
    skeleton,
)
from paideia.lib.markdown import html_to_text
from paideia.lib.text import clean, clean_line

from ..keeping import Keeping, digest_of
from ..report import Report
from .rows import Person

NAME_MAX, BIO_MAX = 80, 500
NOBODY = -1  # the site's own "Community" user owns what has no owner; nobody may claim it


def person_key(person_id: int) -> str:
    return f"user:{person_id}"


def load_people(keeping: Keeping, batch: list[Person], report: Report) -> None:
    """Users without password or e-mail, members since they joined the old site. A profile that somebody has
    claimed since is theirs and is left alone."""
    known = keeping.find(person_key(person.id) for person in batch)
    fresh = [person for person in batch if person_key(person.id) not in known]
    users = _users(keeping, fresh)
    _let_in(keeping.community, [(users[person.id], person) for person in fresh])
    keeping.remember("user", ((person_key(p.id), users[p.id].pk, digest_of(p)) for p in fresh))
    report.imported["person"] += len(fresh)
    for person in batch:
        kept = known.get(person_key(person.id))
        if kept is not None:
            _refresh(keeping, person, kept.object_id, changed=kept.digest != digest_of(person), report=report)


def _users(keeping: Keeping, people: list[Person]) -> dict[int, User]:
    """The user of each: a profile that another community made of the same person, or a new one."""
    origins = {f"{keeping.source}:{person_key(person.id)}": person for person in people}
    users = {
        origins[user.claimable_from].id: user
        for user in User.objects.filter(claimable_from__in=list(origins))
    }
    missing = {origin: person for origin, person in origins.items() if person.id not in users}
    handles = _handles(list(missing.values()))
    made = User.objects.bulk_create(
        User(
            handle=handles[person.id],
            handle_skeleton=skeleton(handles[person.id]),
            name=clean_line(person.name)[:NAME_MAX],
            bio=_bio(person),
            password=make_password(None),
            is_active=person.id != NOBODY,
            claimable_from=origin,
            date_joined=person.created_at,
        )
        for origin, person in missing.items()
    )
    return users | {origins[user.claimable_from].id: user for user in made}


def _handles(people: list[Person]) -> dict[int, str]:
    """A handle for each, made of the name; where that is taken, or looks taken, the id is added."""
    tries = {person.id: _tries(person) for person in people}
    every = [handle for handles in tries.values() for handle in handles]
    taken = _taken(every)
    chosen: dict[int, str] = {}
    for person in people:
        free = (handle for handle in tries[person.id] if not {skeleton(handle), handle.lower()} & taken)
        handle = next(free, None) or f"imported-{token_hex(8)}"
        taken |= {skeleton(handle), handle.lower()}
        chosen[person.id] = handle
    return chosen


def _tries(person: Person) -> list[str]:
    letters = re.sub(r"[^\w]+|_{2,}", "-", normalise_handle(person.name)).strip("-_")
    number = str(abs(person.id))
    room = HANDLE_CHARACTERS_MAX - len(number) - 1
    wanted = [letters[:HANDLE_CHARACTERS_MAX].strip("-_"), f"{letters[:room].strip('-_')}-{number}"]
    return [handle for handle in (*wanted, f"user-{number}", f"imported-{number}") if _is_allowed(handle)]


def _is_allowed(handle: str) -> bool:
    try:
        return check_handle(handle) == handle
    except HandleRefused:
        return False


def _taken(handles: list[str]) -> set[str]:
    """The skeletons and lower-case forms among these that somebody has."""
    skeletons, lowered = map(skeleton, handles), map(str.lower, handles)
    rows = User.objects.annotate(lowered=Lower("handle")).filter(
        Q(handle_skeleton__in=list(skeletons)) | Q(lowered__in=list(lowered))
    )
    return {form for row in rows.values_list("handle_skeleton", "lowered") for form in row}


def _bio(person: Person) -> str:
    text = " ".join(clean(html_to_text(person.about_html)).split()) if person.about_html else ""
    return text if len(text) <= BIO_MAX else text[: BIO_MAX - 1].rstrip() + "…"


def _let_in(community: Community, people: list[tuple[User, Person]]) -> None:
    role = Role.objects.get(community=community, key="member")
    here = set(
        Membership.objects.filter(
            community=community, user__in=[user.pk for user, _person in people]
        ).values_list("user_id", flat=True)
    )
    newcomers = [(user, person) for user, person in people if user.pk not in here]
    Membership.objects.bulk_create(
        Membership(community=community, user=user, role=role, joined_at=person.created_at)
        for user, person in newcomers
    )
    record_many(
        Happening(
            "member.joined", community.pk, user.pk, "user", user.pk, person.created_at, {"imported": True}
        )
        for user, person in newcomers
    )


def _refresh(keeping: Keeping, person: Person, user_id: int, *, changed: bool, report: Report) -> None:
    if not changed:
        report.unchanged["person"] += 1
        return
    unclaimed = User.objects.filter(pk=user_id).exclude(claimable_from="")
    unclaimed.update(name=clean_line(person.name)[:NAME_MAX], bio=_bio(person))
    keeping.remember("user", [(person_key(person.id), user_id, digest_of(person))])
    report.imported["person"] += 1
