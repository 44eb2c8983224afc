"""What partners' actions refuse, each with what the person can do about it."""

from django.utils.translation import gettext as _

from paideia.lib.refusal import Conflict, Invalid, NotAllowed


class NotPermitted(NotAllowed):
    def __init__(self) -> None:
        super().__init__(_("Your role does not allow this. Ask an owner of the community."))


class NoProgramme(NotAllowed):
    def __init__(self) -> None:
        super().__init__(_("This community has no partner programme now."))


class MembersOnly(NotAllowed):
    def __init__(self) -> None:
        super().__init__(_("Only members can become partners. Join the community first."))


class NotNow(Conflict):
    """The row is not in the state that this needs any more."""

    def __init__(self) -> None:
        super().__init__(_("This was decided meanwhile. Look again."))


class WrongTerms(Invalid):
    """Terms that make no sense together."""


class TooLittle(Invalid):
    """Less than can be paid out."""


class NotThere(Conflict):
    def __init__(self) -> None:
        super().__init__(_("There is less in your earnings than you ask for. Look again."))
