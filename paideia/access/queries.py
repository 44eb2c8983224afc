"""Plans, gates and grants as the team sees them. Each read takes the viewer and needs access.manage."""

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from paideia.access.models import Gate, Grant, Plan
from paideia.access.refusals import NotPermitted
from paideia.access.viewer import Viewer, look
from paideia.accounts.models import User
from paideia.communities.models import Membership
from paideia.lib.refusal import NotFound

PEOPLE_MAX = 20


def plans_with_holders(viewer: Viewer) -> QuerySet[Plan]:
    """All plans with `holders`, how many people hold each now."""
    must_manage(viewer)
    now = Q(grants__revoked_at=None, grants__starts_at__lte=viewer.now) & (
        Q(grants__ends_at=None) | Q(grants__ends_at__gt=viewer.now)
    )
    found = Plan.objects.filter(community=viewer.community)
    return found.annotate(holders=Count("grants__user", filter=now, distinct=True)).prefetch_related("gates")


def plans_to_choose(viewer: Viewer) -> QuerySet[Plan]:
    """Plans that can be given or named by a gate: circles are joined in their spaces."""
    return Plan.objects.filter(community=viewer.community, archived_at=None).exclude(kind=Plan.Kind.CIRCLE)


def gates_with_plans(viewer: Viewer) -> QuerySet[Gate]:
    must_manage(viewer)
    found = Gate.objects.filter(community=viewer.community).select_related("parent")
    return found.prefetch_related("plans").order_by("name", "pk")


def person_here(viewer: Viewer, handle: str) -> User:
    """Somebody who is or was a member here, or holds or held a plan. NotFound for everybody else."""
    must_manage(viewer)
    found = people_here(viewer).filter(handle__iexact=handle).first()
    if found is None:
        raise NotFound("")
    return found


def people_found(viewer: Viewer, words: str) -> list[User]:
    """People of this community whose handle or name holds the words, or whose address they are."""
    must_manage(viewer)
    named = Q(handle__icontains=words) | Q(name__icontains=words) | Q(email__iexact=words)
    return list(people_here(viewer).filter(named).order_by("handle")[:PEOPLE_MAX])


def people_here(viewer: Viewer) -> QuerySet[User]:
    members = Membership.objects.filter(community=viewer.community).values("user_id")
    holders = Grant.objects.filter(plan__community=viewer.community).values("user_id")
    return User.objects.filter(Q(pk__in=members) | Q(pk__in=holders))


def grants_of(viewer: Viewer, user: User) -> list[Grant]:
    """All that a person holds or held here, newest first."""
    must_manage(viewer)
    found = Grant.objects.filter(user=user, plan__community=viewer.community)
    return list(found.select_related("plan").order_by("-starts_at", "-pk"))


def grant_here(viewer: Viewer, pk: int) -> Grant:
    must_manage(viewer)
    found = (
        Grant.objects.filter(pk=pk, plan__community=viewer.community).select_related("plan", "user").first()
    )
    if found is None:
        raise NotFound("")
    return found


@dataclass(frozen=True, slots=True)
class GateState:
    """A gate, and whether it is open to somebody."""

    gate: Gate
    is_open: bool


def gates_for(viewer: Viewer, user: User) -> list[GateState]:
    """Every gate that is not one work's own, and whether it is open to this person now."""
    from paideia.access.describing import belongs_to_one_work

    theirs = look(viewer.community, user)
    return [
        GateState(gate, theirs.can_open(gate.pk))
        for gate in gates_with_plans(viewer)
        if not belongs_to_one_work(gate)
    ]


def must_manage(viewer: Viewer) -> None:
    if not viewer.may("access.manage"):
        raise NotPermitted()
