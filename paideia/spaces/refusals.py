"""What spaces refuse, each with what the person can do about it."""

from django.utils.translation import gettext as _

from paideia.lib.refusal import Conflict, Invalid, NotAllowed, NotFound


class NoSuchSpace(NotFound):
    def __init__(self) -> None:
        super().__init__(_("There is no such space."))


class NotPermitted(NotAllowed):
    def __init__(self) -> None:
        super().__init__(_("Your role does not allow this. Ask an owner of the community."))


class MembersOnly(NotAllowed):
    def __init__(self) -> None:
        super().__init__(_("This is for members of the community. Join it first."))


class NotACircle(Invalid):
    def __init__(self) -> None:
        super().__init__(_("Every member is in this space; there is nothing to join or leave."))


class AddressTaken(Conflict):
    def __init__(self, slug: str) -> None:
        super().__init__(
            _("The address “%(slug)s” is taken in this community. Choose another.") % {"slug": slug}
        )


class OpenWorksInside(Conflict):
    def __init__(self, number: int) -> None:
        super().__init__(
            _(
                "%(number)s works in this space have gates of their own that would let others read. Change those first."
            )
            % {"number": number}
        )


class AnswersMissing(Invalid):
    def __init__(self, question: str) -> None:
        super().__init__(_("Please answer: %(question)s") % {"question": question})


class AlreadyDecided(Conflict):
    def __init__(self) -> None:
        super().__init__(_("Somebody else has decided this request already."))
