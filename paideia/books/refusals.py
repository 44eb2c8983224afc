"""What the books refuse, each with what the person can do about it."""

from django.utils.translation import gettext as _

from paideia.lib.refusal import Conflict, Invalid, NotAllowed


class NotPermitted(NotAllowed):
    def __init__(self) -> None:
        super().__init__(_("Your role does not allow this. Ask an owner of the community."))


class BadStatement(Invalid):
    """A file that cannot be read as a statement. Nothing of it was kept. `line` is counted from 1; 0: the whole
    file."""

    def __init__(self, message: str, line: int = 0) -> None:
        text = _("Line %(line)s: %(problem)s") % {"line": line, "problem": message} if line else message
        super().__init__(text)
        self.line = line


class NotOpen(Conflict):
    def __init__(self) -> None:
        super().__init__(_("This difference is settled already."))
