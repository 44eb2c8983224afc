"""What the home page and the space pages put together from the rooms below."""

from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, Q

from paideia.access.viewer import Viewer
from paideia.activity.models import SetAside
from paideia.commerce.models import CardTerms, GiftCard, RedeemBatch, SeatPool
from paideia.communities.models import Community, JoinRequest
from paideia.content.models import Document
from paideia.discussions.models import Thread
from paideia.discussions.queries import threads_open_to
from paideia.partners.models import Affiliate, Programme

WORKS, THREADS = 6, 20
WORK_KINDS = [Document.Kind.ARTICLE, Document.Kind.COURSE, Document.Kind.COLUMN]


@dataclass(frozen=True, slots=True)
class Feed:
    """The shared part of the home page: the same for everybody with the same sight."""

    works: list[Document]
    threads: list[Thread]


def feed(viewer: Viewer) -> Feed:
    """Newest works that may be listed and newest talk that may be read. One query: both are documents."""
    works = Document.objects.listed_to(viewer).filter(kind__in=WORK_KINDS).order_by("-published_at", "-pk")
    threads = threads_open_to(viewer).order_by("-last_activity_at", "-pk")
    wanted = works.values("pk")[:WORKS].union(threads.values("document_id")[:THREADS])
    rows = Document.objects.filter(pk__in=wanted).select_related(
        "author", "space", "article__cover", "course__cover", "thread__last_commenter", "thread__acceptance"
    )
    found = list(rows.defer("source", "html", "preview_html"))
    return Feed(
        sorted((row for row in found if row.kind in WORK_KINDS), key=_published, reverse=True),
        sorted((row.thread for row in found if row.kind not in WORK_KINDS), key=_active, reverse=True),
    )


def _published(work: Document) -> tuple[Any, int]:
    return work.published_at or work.created_at, work.pk


def _active(thread: Thread) -> tuple[Any, int]:
    return thread.last_activity_at, thread.pk


def figures(community: Community) -> dict[str, Any]:
    """A community in numbers, for its front page. One query."""
    members = Q(memberships__left_at=None)
    row = Community.objects.filter(pk=community.pk).aggregate(members=Count("memberships", filter=members))
    return {"members": row["members"]}


@dataclass(frozen=True, slots=True)
class UnderWay:
    """The course a member was last in and has not finished."""

    lesson_id: int
    lesson: str
    course: str


@dataclass(frozen=True, slots=True)
class Own:
    """The part of the home page that is one member's: what to go on with, and which of the first steps ("profile",
    "read", "say") a new member has not taken."""

    under_way: UnderWay | None
    steps: list[str]


OWN = """
SELECT m.joined_at > %(now)s - interval '30 days',
    EXISTS (SELECT 1 FROM courses_enrolment e JOIN content_document d ON d.id = e.course_id
        WHERE e.user_id = m.user_id AND d.community_id = m.community_id),
    EXISTS (SELECT 1 FROM content_document d WHERE d.author_id = m.user_id AND d.community_id = m.community_id),
    going.*
FROM communities_membership m LEFT JOIN LATERAL (
    SELECT e.last_lesson_id, lesson.title, course.title FROM courses_enrolment e
    JOIN content_document course ON course.id = e.course_id JOIN content_document lesson ON lesson.id = e.last_lesson_id
    WHERE e.user_id = m.user_id AND course.community_id = m.community_id AND e.completed_at IS NULL
    ORDER BY e.id DESC LIMIT 1
) AS going (lesson_id, lesson, course) ON true
WHERE m.id = %(membership)s
"""


def own(viewer: Viewer) -> Own:
    """One query; none for strangers."""
    if viewer.user is None or viewer.membership_id is None:
        return Own(None, [])
    with connection.cursor() as cursor:
        cursor.execute(OWN, {"now": viewer.now, "membership": viewer.membership_id})
        is_new, has_read, has_said, *going = cursor.fetchone()
    done = {"profile": bool(viewer.user.bio), "read": has_read, "say": has_said}
    steps = [step for step, is_done in done.items() if not is_done] if is_new else []
    return Own(UnderWay(*going) if going[0] is not None else None, steps)


def own_places(viewer: Viewer) -> set[str]:
    """Which of these pages are anything to this member: "redeem" where there are codes, "gift_card" where cards are
    sold, "seat_pools" for who bought seats, "affiliate" for who takes part or can. One query."""
    if viewer.user is None:
        return set()
    here = {"community": viewer.community}
    live = Programme.objects.filter(**here, is_open=True)
    found = Community.objects.filter(pk=viewer.community.pk).values_list(
        Exists(RedeemBatch.objects.filter(**here, revoked_at=None)),
        Exists(CardTerms.objects.filter(**here).exclude(amounts=[])),
        Exists(GiftCard.objects.filter(**here, redeemed_at=None, revoked_at=None)),
        Exists(SeatPool.objects.filter(**here, manager=viewer.user)),
        Exists(Affiliate.objects.filter(**here, user=viewer.user)),
        Exists(live),
    )
    codes, cards_sold, cards_given, seats, takes_part, programme = found.get()
    applies = {
        "redeem": codes or cards_sold or cards_given,
        "gift_card": cards_sold,
        "seat_pools": seats,
        "affiliate": takes_part or (programme and viewer.is_member),
    }
    return {name for name, does in applies.items() if does}


@dataclass(frozen=True, slots=True)
class Today:
    """What asks for an operator's attention, and how the last seven days went beside the seven before."""

    requests: int
    unanswered: int
    drafts: int
    set_aside: int
    partners: int  # members who ask to recommend the community for a share
    weeks: dict[str, tuple[int, int]]  # figure -> (last seven days, the seven before)


def today(viewer: Viewer) -> Today:
    """Only of the viewer's community, and only what their permissions cover."""
    community = viewer.community
    threads = Thread.objects.filter(viewer.open_q("document__"), document__removed_at=None)
    return Today(
        requests=JoinRequest.objects.filter(community=community, decided_at=None).count()
        if viewer.may("members.manage")
        else 0,
        unanswered=threads.filter(is_question=True, comments_count=0).count(),
        drafts=Document.objects.editable_by(viewer).filter(published_at=None, kind__in=WORK_KINDS).count(),
        set_aside=SetAside.objects.count() if viewer.may("roles.edit") else 0,
        partners=Affiliate.objects.filter(community=community, state=Affiliate.State.ASKED).count()
        if viewer.may("money.manage")
        else 0,
        weeks=_weeks(viewer),
    )


WEEKS = """
SELECT figure, count(*) FILTER (WHERE at > %(now)s - interval '7 days'),
       count(*) FILTER (WHERE at <= %(now)s - interval '7 days')
FROM (
    SELECT 'joined' AS figure, occurred_at AS at FROM activity_fact
    WHERE community_id = %(community)s AND verb = 'member.joined' AND occurred_at > %(now)s - interval '14 days'
    UNION ALL
    SELECT 'said', occurred_at FROM activity_fact
    WHERE community_id = %(community)s AND verb IN ('comment.posted', 'thread.opened')
      AND occurred_at > %(now)s - interval '14 days'
    UNION ALL
    SELECT 'lessons', occurred_at FROM activity_fact
    WHERE community_id = %(community)s AND verb = 'lesson.completed' AND occurred_at > %(now)s - interval '14 days'
    UNION ALL
    SELECT 'sales', occurred_at FROM activity_fact
    WHERE community_id = %(community)s AND verb = 'order.settled' AND occurred_at > %(now)s - interval '14 days'
) AS happened GROUP BY figure
"""


def _weeks(viewer: Viewer) -> dict[str, tuple[int, int]]:
    weeks = {"joined": (0, 0), "said": (0, 0), "lessons": (0, 0), "sales": (0, 0)}
    with connection.cursor() as cursor:
        cursor.execute(WEEKS, {"community": viewer.community.pk, "now": viewer.now})
        weeks |= {figure: (last, before) for figure, last, before in cursor.fetchall()}
    if not viewer.may("money.view"):
        weeks.pop("sales")
    return weeks
