"""A Stack Exchange data dump, read row by row in constant memory however large the site.

The dump is a folder (or an archive of one) with `Posts.xml`, `Users.xml` and so on, each plain or packed
with xz, gzip or bzip2. Only these two must be there. The same reader can be iterated again and again; each
pass reads the file from its beginning.
"""

import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import TypeVar

from django.utils.translation import gettext as _

from ..archive import Tree, decompressed
from ..errors import MissingFile, UnknownLayout, UnreadableFile
from ..markup import rows
from .rows import LINK_KINDS, POST_KINDS, VOTE_KINDS, Comment, Link, Person, Post, Tag, Vote

Row = TypeVar("Row")
Attributes = dict[str, str]

PACKINGS = ("", ".xz", ".gz", ".bz2")
NEEDED = ("Posts", "Users")
FILES = (*NEEDED, "Comments", "Votes", "Tags", "Badges", "PostHistory", "PostLinks")


class Dump:
    """One site's dump. Its methods yield frozen rows in the order of the file."""

    def __init__(self, tree: Tree) -> None:
        self._tree, self._folder = tree, _folder(tree)
        missing = [f"{name}.xml" for name in NEEDED if not self.has(name)]
        if missing:
            raise MissingFile(_("The dump has no %(file)s.") % {"file": missing[0]}, where=self._folder)

    def people(self) -> Iterator[Person]:
        return self._read("Users", _person)

    def posts(self) -> Iterator[Post]:
        return self._read("Posts", _post)

    def comments(self) -> Iterator[Comment]:
        return self._read("Comments", _comment)

    def votes(self) -> Iterator[Vote]:
        return self._read("Votes", _vote)

    def tags(self) -> Iterator[Tag]:
        return self._read("Tags", _tag)

    def links(self) -> Iterator[Link]:
        return self._read("PostLinks", _link)

    def count(self, name: str) -> int:
        """How many rows a file holds, read to the end and so checked; 0 where it is absent."""
        return sum(1 for _row in self._rows(name))

    def fingerprint(self) -> str:
        """Changes when a file of the dump does, told by its size and its two ends."""
        seen = sha256()
        for name in FILES:
            if path := self._path(name):
                seen.update(f"{path} {self._tree.paths[path].stat().st_size}".encode())
                seen.update(_ends(self._tree.paths[path]))
        return seen.hexdigest()

    def has(self, name: str) -> bool:
        return self._path(name) is not None

    def _path(self, name: str) -> str | None:
        paths = (str(PurePosixPath(self._folder) / f"{name}.xml{packing}") for packing in PACKINGS)
        return next((path for path in paths if path in self._tree), None)

    def _rows(self, name: str) -> Iterator[Attributes]:
        path = self._path(name)
        if path is None:
            return
        with decompressed(self._tree.paths[path]) as stream:
            yield from rows(stream, root=name.lower(), where=path)

    def _read(self, name: str, shape: Callable[[Attributes], Row]) -> Iterator[Row]:
        for number, attributes in enumerate(self._rows(name), start=1):
            try:
                row = shape(attributes)
            except KeyError as error:
                problem = _("Row %(n)d has no %(name)s.") % {"n": number, "name": error.args[0]}
                raise UnreadableFile(problem, where=f"{name}.xml") from error
            except (ValueError, OverflowError) as error:
                problem = _("Row %(n)d cannot be read (%(error)s).") % {"n": number, "error": error}
                raise UnreadableFile(problem, where=f"{name}.xml") from error
            yield row


def _folder(tree: Tree) -> str:
    """Where in the tree the dump lies: the folder of its first Posts.xml."""
    found = [path for path in tree if re.fullmatch(r"(?:.*/)?Posts\.xml(\.xz|\.gz|\.bz2)?", path)]
    if found:
        return str(PurePosixPath(min(found, key=lambda path: path.count("/"))).parent)
    packed = next((path for path in tree if path.endswith(".7z")), None)
    advice = _("Unpack the .7z files first.") if packed else ""
    raise UnknownLayout(_("This is not a Stack Exchange dump: it has no Posts.xml."), advice=advice)


def _ends(path: Path) -> bytes:
    with path.open("rb") as file:
        head = file.read(1 << 16)
        file.seek(-min(1 << 16, path.stat().st_size), os.SEEK_END)
        return head + file.read()


def _person(row: Attributes) -> Person:
    return Person(
        id=_id(row["Id"]),
        name=_line(row["DisplayName"]),
        about_html=row.get("AboutMe", ""),
        location=_line(row.get("Location", "")),
        website=_line(row.get("WebsiteUrl", "")),
        reputation=int(row.get("Reputation", 0)),
        created_at=_time(row["CreationDate"]),
    )


def _post(row: Attributes) -> Post:
    return Post(
        id=_id(row["Id"]),
        kind=POST_KINDS.get(row["PostTypeId"], "other"),
        parent_id=_optional_id(row, "ParentId"),
        accepted_answer_id=_optional_id(row, "AcceptedAnswerId"),
        owner_id=_optional_id(row, "OwnerUserId"),
        owner_name=_line(row.get("OwnerDisplayName", "")),
        title=_line(row.get("Title", "")),
        body_html=row.get("Body", ""),
        tags=_tags(row.get("Tags", "")),
        score=int(row.get("Score", 0)),
        views=int(row.get("ViewCount", 0)),
        licence=_line(row.get("ContentLicense", "")),
        created_at=_time(row["CreationDate"]),
        edited_at=_optional_time(row, "LastEditDate"),
        active_at=_optional_time(row, "LastActivityDate"),
        closed_at=_optional_time(row, "ClosedDate"),
    )


def _comment(row: Attributes) -> Comment:
    return Comment(
        id=_id(row["Id"]),
        post_id=_id(row["PostId"]),
        text=row.get("Text", ""),
        score=int(row.get("Score", 0)),
        author_id=_optional_id(row, "UserId"),
        author_name=_line(row.get("UserDisplayName", "")),
        licence=_line(row.get("ContentLicense", "")),
        created_at=_time(row["CreationDate"]),
    )


def _vote(row: Attributes) -> Vote:
    return Vote(
        id=_id(row["Id"]),
        post_id=_id(row["PostId"]),
        kind=VOTE_KINDS.get(row["VoteTypeId"], "other"),
        voter_id=_optional_id(row, "UserId"),
        created_at=_time(row["CreationDate"]),
    )


def _tag(row: Attributes) -> Tag:
    return Tag(
        id=_id(row["Id"]),
        name=_line(row["TagName"]),
        uses=int(row.get("Count", 0)),
        excerpt_post_id=_optional_id(row, "ExcerptPostId"),
        wiki_post_id=_optional_id(row, "WikiPostId"),
    )


def _link(row: Attributes) -> Link:
    return Link(
        id=_id(row["Id"]),
        post_id=_id(row["PostId"]),
        related_post_id=_id(row["RelatedPostId"]),
        kind=LINK_KINDS.get(row["LinkTypeId"], "other"),
        created_at=_time(row["CreationDate"]),
    )


def _id(text: str) -> int:
    number = int(text)
    if not -(2**31) <= number < 2**63:
        raise ValueError(_("%(n)s is no id") % {"n": text[:40]})
    return number


def _optional_id(row: Attributes, name: str) -> int | None:
    return _id(row[name]) if row.get(name) else None


def _time(text: str) -> datetime:
    """The dumps write UTC without saying so."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _optional_time(row: Attributes, name: str) -> datetime | None:
    return _time(row[name]) if row.get(name) else None


def _tags(text: str) -> tuple[str, ...]:
    """`<a><b>` until 2023, `|a|b|` since."""
    return tuple(tag for tag in re.split(r"[<>|]+", text) if tag)


def _line(text: str) -> str:
    return " ".join(text.split())
