"""A community of a fixed size to measure on: 1,000 members, 1,000 threads, 10,000 comments, one thread with 60."""

import itertools
import random
from datetime import timedelta

from django.contrib.auth.hashers import make_password
from django.db import connection
from django.utils import timezone

from paideia.accounts.models import User
from paideia.communities.actions import create_community
from paideia.communities.models import Community, Membership
from paideia.content.models import Article, Document
from paideia.discussions.models import Comment, Thread
from paideia.lib.handles import skeleton
from paideia.lib.markdown import render
from paideia.search.indexing import index_documents
from paideia.spaces.models import Space

MEMBERS, THREADS, COMMENTS, BUSY = 1_000, 1_000, 10_000, 60
# As in a language: a few words are everywhere, most are rare (Zipf). Chinese and English ones alternate.
CHINESE = "课程社群定价复盘读书笔记问题回答练习导师进度会员内容习惯时间方法案例反馈目标写作城市光阴"
LATIN = ("ba", "de", "fi", "go", "ku", "la", "me", "ni", "po", "ru", "sa", "te", "vi", "wo", "zu")
WORDS = [
    CHINESE[n % 44] + CHINESE[(n * 7 + n // 44) % 44]
    if n % 2
    else LATIN[n % 15] + LATIN[n // 15 % 15] + LATIN[n // 225 % 15]
    for n in range(3000)
]
WEIGHTS = list(itertools.accumulate(1 / (n + 3) for n in range(3000)))
ASKED = WORDS[30:430]  # what people search for: neither the commonest words nor the rarest


def build(seed: int = 7) -> dict[str, int]:
    """Fill an empty database. Returns the ids of the pages to measure."""
    rng = random.Random(seed)
    owner = User.objects.create_user("owner", "owner@example.org", None, name="Owner")
    community = create_community(
        by=owner, slug="town", name="Town", language="en", tagline="A town to measure"
    )
    people = _people(community)
    space = Space.objects.create(community=community, slug="square", name="Square", purpose="All talk")
    for number in range(7):
        Space.objects.create(
            community=community, slug=f"room-{number}", name=f"Room {number}", position=number + 1
        )
    now = timezone.now()
    threads = _documents(community, space, people, rng, Document.Kind.THREAD, THREADS, now, words=80)
    comments = _documents(community, space, people, rng, Document.Kind.COMMENT, COMMENTS, now, words=30)
    _threads(threads, comments, rng)
    articles = _documents(community, space, people, rng, Document.Kind.ARTICLE, 100, now, words=600)
    Article.objects.bulk_create(Article(document=document) for document in articles)
    for start in range(0, len(threads) + len(comments) + len(articles), 1000):
        index_documents([d.pk for d in [*threads, *comments, *articles][start : start + 1000]])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as autovacuum does soon after so much was written
    return {
        "article": articles[0].pk,
        "thread": threads[0].pk,
        "member": people[0].pk,
        "target": threads[1].pk,
    }


def _people(community: Community) -> list[User]:
    role = community.roles.get(key="member")
    locked = make_password(None)
    people = User.objects.bulk_create(
        User(
            handle=f"p{n}",
            handle_skeleton=skeleton(f"p{n}"),
            email=f"p{n}@example.org",
            name=f"Person {n}",
            password=locked,
        )
        for n in range(MEMBERS)
    )
    Membership.objects.bulk_create(Membership(community=community, user=user, role=role) for user in people)
    return people


def _documents(community, space, people, rng, kind, number, now, *, words) -> list[Document]:  # type: ignore[no-untyped-def]
    rows = []
    for n in range(number):
        source = " ".join(rng.choices(WORDS, cum_weights=WEIGHTS, k=words))
        shown = render(source)
        rows.append(
            Document(
                community=community,
                space=space,
                kind=kind,
                author=rng.choice(people),
                title=""
                if kind == Document.Kind.COMMENT
                else " ".join(rng.choices(WORDS, cum_weights=WEIGHTS, k=6)),
                source=source,
                html=shown.html,
                preview_html=shown.preview_html,
                text=shown.text,
                preview_text=shown.preview_text,
                words=shown.words,
                published_at=now - timedelta(minutes=number - n),
            )
        )
    return Document.objects.bulk_create(rows, batch_size=1000)


def _threads(threads: list[Document], comments: list[Document], rng: random.Random) -> None:
    """The first thread gets BUSY comments; the rest are spread over the others."""
    roots = [threads[0]] * BUSY + [rng.choice(threads[1:]) for _ in comments[BUSY:]]
    counts: dict[int, int] = {}
    for root in roots:
        counts[root.pk] = counts.get(root.pk, 0) + 1
    Thread.objects.bulk_create(
        Thread(
            document=document,
            comments_count=counts.get(document.pk, 0),
            last_activity_at=document.published_at or document.created_at,
        )
        for document in threads
    )
    Comment.objects.bulk_create(
        [
            Comment(document=document, root=root, top_id=document.pk)
            for document, root in zip(comments, roots, strict=True)
        ],
        batch_size=1000,
    )
