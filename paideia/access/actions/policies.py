"""Writing policies down and taking them away."""

from collections.abc import Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from paideia.access.models import Gate, Plan, Policy
from paideia.access.policies import broken
from paideia.access.refusals import NotPermitted, PolicyBroken
from paideia.access.viewer import Viewer
from paideia.activity.actions import record
from paideia.communities.models import Community
from paideia.lib.refusal import Invalid, NotFound

POLICIES_MAX = 200


@transaction.atomic
def add_policy(
    *,
    viewer: Viewer,
    demand: str,
    gate: Gate,
    subject_name: str = "",
    subject_plans: Sequence[Plan] = (),
    offer_id: int | None = None,
) -> Policy:
    """Let a sentence hold from now on. Needs access.manage. Raises PolicyBroken when it is not true already."""
    if not viewer.may("access.manage"):
        raise NotPermitted()
    if gate.community_id != viewer.community.pk or any(
        plan.community_id != viewer.community.pk for plan in subject_plans
    ):
        raise NotFound("")
    if demand not in Policy.Demand.values:
        raise Invalid(_("Choose whether they must, or must never, be able to open it."))
    Community.objects.select_for_update(no_key=True).only("pk").get(pk=viewer.community.pk)
    if Policy.objects.filter(community=viewer.community).count() >= POLICIES_MAX:
        raise Invalid(_("There are too many policies. Remove those that matter least."))
    policy = Policy.objects.create(
        community=viewer.community,
        demand=demand,
        gate=gate,
        subject_name=subject_name[:120],
        offer_id=offer_id,
    )
    policy.subject_plans.set(subject_plans)
    for one in broken(viewer.community, [policy]):
        raise PolicyBroken(str(policy), one.example)
    record("policy.added", community=viewer.community, actor=viewer.user, object=policy, policy=str(policy))
    return policy


@transaction.atomic
def remove_policy(*, viewer: Viewer, policy: Policy) -> None:
    """Let a sentence hold no longer. Needs access.manage. Safe to repeat."""
    if policy.community_id != viewer.community.pk:
        raise NotFound("")
    if not viewer.may("access.manage"):
        raise NotPermitted()
    if Policy.objects.filter(pk=policy.pk).delete()[0]:
        record("policy.removed", community=viewer.community, actor=viewer.user, policy=str(policy))
