"""What the steps of a course's import are about."""

from dataclasses import dataclass
from pathlib import Path

from paideia.accounts.models import User
from paideia.communities.models import Community

from ..archive import Tree
from ..course import Course
from ..keeping import Keeping


@dataclass(frozen=True)
class Plan:
    """One course on its way in: where its files lie, where it goes, and whose it will be."""

    course: Course
    tree: Tree
    keeping: Keeping
    author: User | None
    publish: bool

    @property
    def community(self) -> Community:
        return self.keeping.community

    def file(self, path: str) -> Path | None:
        return self.tree.paths.get(path)
