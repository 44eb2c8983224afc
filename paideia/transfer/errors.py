"""What can be wrong with an export. Each error says what, where, and what a person can do about it."""

from django.utils.translation import gettext as _


class BadImport(Exception):
    """An export that cannot be imported; nothing of it has been written."""

    def __init__(self, what: str, *, where: str = "", advice: str = "") -> None:
        self.what, self.where, self.advice = what, where, advice or self.default_advice()
        super().__init__(what, where, self.advice)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.what} {self.advice}".strip()

    def default_advice(self) -> str:
        return _("Export it again from the old system and retry.")


class MissingFile(BadImport):
    """A file without which the export makes no sense is not there."""

    def default_advice(self) -> str:
        return _("Check that the whole export was copied.")


class UnknownLayout(BadImport):
    """The path holds something, but not the kind of export that was named."""

    def default_advice(self) -> str:
        return _("Check the path and the kind of import.")


class UnreadableFile(BadImport):
    """A file is cut off, damaged, or not in the format its name promises."""


class UnsafeFile(BadImport):
    """The export tries to reach outside itself: links, paths upward, external entities."""

    def default_advice(self) -> str:
        return _("Do not import files from a source you do not trust.")


class TooLarge(BadImport):
    """The export unpacks to more than this installation accepts."""

    def default_advice(self) -> str:
        return _("Split the export, or raise the limit if you trust its source.")
