"""Whom "@Anna" means: on Stack Exchange somebody who takes part in the talk below one post, by the beginning
of a name; here a member's handle. A word that means nobody, or nobody certain, must not become a link."""

import re
from collections import defaultdict
from collections.abc import Iterable

from paideia.accounts.models import User
from paideia.content.models import Document
from paideia.discussions.models import Comment as OurComment

from ..keeping import Keeping, Kept
from .people import person_key
from .rows import Comment

_CODE_OR_MENTION = re.compile(r"(?ms)^(`{3,})[^\n]*\n.*?^\1|(`+)(?!`).*?\2|(?<![\w.@/\\])@([\w-]{3,})")
Person = tuple[str, str]  # handle, name without spaces in lower case


def without_mentions(source: str) -> str:
    """Markdown in which no word after an @ is taken for a member."""
    return _CODE_OR_MENTION.sub(lambda match: f"\\{match[0]}" if match[3] else match[0], source)


class Circles:
    """Who takes part below each of some posts: its author, and who has commented on it."""

    def __init__(self, keeping: Keeping, posts: dict[str, Kept], comments: Iterable[Comment] = ()) -> None:
        self._people = _people_of(keeping, posts, list(comments)) if posts else {}

    def addressed(self, source: str, post: str) -> str:
        """The text with each @name turned into the handle of the one person it can mean."""
        if "@" not in source:
            return source

        def told(match: re.Match[str]) -> str:
            if not match[3]:
                return match[0]
            handle = self._handle(match[3].lower(), post)
            return f"@{handle}" if handle else f"\\{match[0]}"

        return _CODE_OR_MENTION.sub(told, source)

    def _handle(self, written: str, post: str) -> str | None:
        here = self._people.get(post, set())
        exact = {handle for handle, name in here if name == written}
        found = exact or {handle for handle, name in here if name.startswith(written)}
        return found.pop() if len(found) == 1 else None


def _people_of(keeping: Keeping, posts: dict[str, Kept], comments: list[Comment]) -> dict[str, set[Person]]:
    by_document = {kept.object_id: key for key, kept in posts.items()}
    ids: dict[str, set[int]] = defaultdict(set)
    authors = Document.objects.filter(pk__in=by_document).exclude(author=None).values_list("pk", "author_id")
    below = OurComment.objects.filter(is_answer=False).exclude(document__author=None)
    on_questions = below.filter(root__in=by_document, depth=0).values_list("root_id", "document__author_id")
    on_answers = below.filter(parent__in=by_document).values_list("parent_id", "document__author_id")
    for rows in (authors, on_questions, on_answers):
        for document, user in rows:
            ids[by_document[document]].add(user)
    commenters = keeping.find({person_key(c.author_id) for c in comments if c.author_id is not None})
    for comment in comments:
        if (kept := commenters.get(person_key(comment.author_id or 0))) is not None:
            ids[f"post:{comment.post_id}"].add(kept.object_id)
    return _named(ids)


def _named(ids: dict[str, set[int]]) -> dict[str, set[Person]]:
    users = User.objects.filter(pk__in={user for group in ids.values() for user in group}, is_active=True)
    people = {
        pk: (handle, "".join(name.split()).lower())
        for pk, handle, name in users.values_list("pk", "handle", "name")
    }
    return {post: {people[pk] for pk in group if pk in people} for post, group in ids.items()}
