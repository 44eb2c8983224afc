"""What communities refuse, each with what the person can do about it."""

from django.utils.translation import gettext as _

from paideia.lib.refusal import Conflict, Invalid, NotAllowed, NotFound


class AddressTaken(Conflict):
    def __init__(self, slug: str) -> None:
        super().__init__(_("The address “%(slug)s” is taken. Choose another.") % {"slug": slug})


class NotPermitted(NotAllowed):
    """The acting person's role lacks a permission, or stands too low."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or _("Your role does not allow this. Ask an owner of the community."))


class NotAMember(NotAllowed):
    def __init__(self) -> None:
        super().__init__(_("This is for members of the community. Join it first."))


class InvitationNeeded(NotAllowed):
    def __init__(self) -> None:
        super().__init__(_("This community is joined by invitation. Ask a member of its team for a link."))


class InvitationSpent(NotFound):
    """Unknown, expired, revoked or used up: the answer does not tell which."""

    def __init__(self) -> None:
        super().__init__(_("This invitation is no longer valid. Ask for a new one."))


class InvitationForSomebodyElse(NotAllowed):
    def __init__(self) -> None:
        super().__init__(
            _("This invitation was sent to another e-mail address. Sign in with the account of that address.")
        )


class TooManyInvitations(NotAllowed):
    status = 429

    def __init__(self) -> None:
        super().__init__(
            _("Enough invitations for now: five an hour to one address, 500 a day from you. Try later.")
        )


class Suspended(NotAllowed):
    def __init__(self) -> None:
        super().__init__(_("You are suspended from this community. Its team can lift the suspension."))


class LastOwner(Conflict):
    def __init__(self) -> None:
        super().__init__(_("A community needs an owner. Make somebody else an owner first."))


class AnswersMissing(Invalid):
    def __init__(self, question: str) -> None:
        super().__init__(_("Please answer: %(question)s") % {"question": question})


class AlreadyDecided(Conflict):
    def __init__(self) -> None:
        super().__init__(_("Somebody else has decided this request already."))
