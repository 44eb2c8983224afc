"""What access refuses, each with what the person can do about it."""

from django.utils.translation import gettext as _

from paideia.access.models import Grant
from paideia.lib.refusal import Conflict, Invalid, NotAllowed


class NotPermitted(NotAllowed):
    """The acting person's role does not include access.manage."""

    def __init__(self) -> None:
        super().__init__(_("Your role does not allow this. Ask an owner of the community."))


class TrialUsed(Conflict):
    def __init__(self) -> None:
        super().__init__(_("You have had a trial of this already. Choose an offer to go on."))


class KeyUsed(ValueError):
    """One cause cannot give two different things: the caller has to be mended."""

    def __init__(self, key: str, before: Grant) -> None:
        super().__init__(f"{key!r} gave plan {before.plan_id} to user {before.user_id} already")


class NotShorter(Invalid):
    def __init__(self) -> None:
        super().__init__(_("Choose an end between the start of the access and the end it has now."))


class NoFreeReadsLeft(Conflict):
    def __init__(self) -> None:
        super().__init__(
            _("You have used all free reads of this month. Choose an offer, or come back next month.")
        )


class NotForFree(NotAllowed):
    def __init__(self) -> None:
        super().__init__(_("This cannot be opened with a free read."))


class PlanInUse(Conflict):
    def __init__(self) -> None:
        super().__init__(_("People hold this plan, or something is closed with it. Archive it instead."))


class GateInUse(Conflict):
    def __init__(self) -> None:
        super().__init__(_("Works or spaces stand behind this gate. Put them behind another one first."))


class PolicyBroken(Conflict):
    """A change that would make a policy untrue: the sentence, and somebody for whom it would be."""

    def __init__(self, policy: str, example: str) -> None:
        super().__init__(
            _("This would break a policy: %(policy)s %(example)s Change the policy first if this is meant.")
            % {"policy": policy, "example": example}
        )
