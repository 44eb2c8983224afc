"""A small Stack Exchange site, written for tests."""

from pathlib import Path
from xml.sax.saxutils import quoteattr

from paideia.transfer.archive import Tree

from .archives import tree

Row = dict[str, object]

PEOPLE: list[Row] = [
    {"Id": -1, "DisplayName": "Community"},
    {"Id": 1, "DisplayName": "Anna", "AboutMe": "<p>I <b>teach</b>.</p>"},
    {"Id": 2, "DisplayName": "anna"},
    {"Id": 3, "DisplayName": "王小明"},
    {"Id": 4, "DisplayName": "admin"},
    {"Id": 5, "DisplayName": "!"},
]
POSTS: list[Row] = [
    {
        "Id": 10,
        "PostTypeId": 1,
        "OwnerUserId": 1,
        "AcceptedAnswerId": 12,
        "Title": "Why?",
        "Tags": "<a><b-c>",
        "Body": "<p>Tell <em>me</em>.</p>",
        "Score": 1,
        "LastActivityDate": "2020-03-01T00:00:00",
        "ContentLicense": "CC BY-SA 4.0",
    },
    {"Id": 11, "PostTypeId": 2, "ParentId": 10, "OwnerUserId": 2, "Body": "<p>No.</p>", "Score": -1},
    {
        "Id": 12,
        "PostTypeId": 2,
        "ParentId": 10,
        "OwnerDisplayName": "user99",
        "Body": "<p>Because.</p>",
        "Score": 2,
    },
    {
        "Id": 13,
        "PostTypeId": 1,
        "OwnerUserId": 3,
        "Title": "How?",
        "Tags": "|a|",
        "Body": "<p>So?</p>",
        "Score": 0,
        "ClosedDate": "2020-04-01T00:00:00",
    },
    {"Id": 14, "PostTypeId": 2, "ParentId": 999, "OwnerUserId": 1, "Body": "<p>Lost.</p>", "Score": 0},
    {"Id": 15, "PostTypeId": 5, "OwnerUserId": 1, "Body": "<p>About a tag.</p>", "Score": 0},
]
COMMENTS: list[Row] = [
    {"Id": 20, "PostId": 10, "UserId": 2, "Text": "Good *question*, @Anna", "Score": 2},
    {"Id": 21, "PostId": 12, "UserId": 1, "Text": "Thanks", "Score": 0},
    {"Id": 22, "PostId": 12, "UserDisplayName": "user98", "Text": "Right", "Score": 0},
    {"Id": 23, "PostId": 999, "UserId": 1, "Text": "Lost", "Score": 0},
]
VOTES: list[Row] = [
    {"Id": 30, "PostId": 10, "VoteTypeId": 2}, {"Id": 31, "PostId": 11, "VoteTypeId": 3},
    {"Id": 32, "PostId": 12, "VoteTypeId": 2}, {"Id": 33, "PostId": 12, "VoteTypeId": 2},
    {"Id": 34, "PostId": 12, "VoteTypeId": 1}, {"Id": 35, "PostId": 10, "VoteTypeId": 5, "UserId": 3},
    {"Id": 36, "PostId": 999, "VoteTypeId": 2}, {"Id": 37, "PostId": 10, "VoteTypeId": 6},
]  # fmt: skip


def site(folder: Path, **changed: list[Row]) -> Tree:
    """The site as a folder of files; a table can be replaced, an empty one is left away."""
    tables = {"Users": PEOPLE, "Posts": POSTS, "Comments": COMMENTS, "Votes": VOTES, **changed}
    return tree(folder, {f"{name}.xml": table(name.lower(), rows) for name, rows in tables.items() if rows})


def table(root: str, rows: list[Row]) -> str:
    return f"\ufeff<?xml version='1.0' encoding='utf-8'?>\n<{root}>{''.join(map(row, rows))}</{root}>"


def row(values: Row) -> str:
    written = {"CreationDate": "2020-02-01T10:00:00.000", **values}
    return f"<row {' '.join(f'{name}={quoteattr(str(value))}' for name, value in written.items())} />"
