"""The rows of a Stack Exchange dump, as they are there: ids are the site's own, times are in UTC."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Person:
    """A public profile. Id -1 is the site's own 'Community' user."""

    id: int
    name: str
    about_html: str
    location: str
    website: str
    reputation: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Post:
    """A question, an answer, or a page about a tag (`wiki`, `excerpt`).

    An owner who left has no id and often a name. `tags` are set on questions only, `parent_id` on answers.
    """

    id: int
    kind: str
    parent_id: int | None
    accepted_answer_id: int | None
    owner_id: int | None
    owner_name: str
    title: str
    body_html: str
    tags: tuple[str, ...]
    score: int
    views: int
    licence: str
    created_at: datetime
    edited_at: datetime | None
    active_at: datetime | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Comment:
    """A remark below a post, in the site's small Markdown."""

    id: int
    post_id: int
    text: str
    score: int
    author_id: int | None
    author_name: str
    licence: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Vote:
    """One vote. Who voted is public for `favourite` and `bounty` only; the time is rounded to the day."""

    id: int
    post_id: int
    kind: str
    voter_id: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Tag:
    id: int
    name: str
    uses: int
    excerpt_post_id: int | None
    wiki_post_id: int | None


@dataclass(frozen=True, slots=True)
class Link:
    """From a post to another that it mentions (`linked`) or repeats (`duplicate`)."""

    id: int
    post_id: int
    related_post_id: int
    kind: str
    created_at: datetime


POST_KINDS = {"1": "question", "2": "answer", "4": "excerpt", "5": "wiki"}
VOTE_KINDS = {
    "1": "accept",
    "2": "up",
    "3": "down",
    "4": "offensive",
    "5": "favourite",
    "6": "close",
    "7": "reopen",
    "8": "bounty",
    "9": "bounty_close",
    "10": "delete",
    "11": "undelete",
    "12": "spam",
    "15": "review",
    "16": "edit_approved",
}
LINK_KINDS = {"1": "linked", "3": "duplicate"}
