"""The steps of a course's import: its outline, then each lesson's words, then it comes out."""

from functools import partial

from paideia.accounts.models import User
from paideia.communities.models import Community

from ..archive import Tree
from ..course import Course, Lesson
from ..job import Job, Step
from ..keeping import Keeping, digest_of
from ..markdown.read import read as read_markdown
from ..olx.read import read_with_files as read_olx
from ..report import Report
from .lessons import load_lessons
from .outline import load_outlines
from .plan import Plan
from .publication import load_publications


def olx_job(tree: Tree, community: Community, *, author: User | None, publish: bool) -> Job:
    """Raises BadImport where the export is damaged or no course."""
    report = Report()
    return _job("olx", read_olx(tree, report), community, report, author=author, publish=publish)


def markdown_job(tree: Tree, name: str, community: Community, *, author: User | None, publish: bool) -> Job:
    """Raises BadImport where a file is damaged or there is no Markdown."""
    report = Report()
    course = read_markdown(tree, report, name=name)
    return _job(f"markdown:{name}", [(course, tree)], community, report, author=author, publish=publish)


def owner_of(community: Community) -> User | None:
    """Whose an imported work is: the owner who has been there longest."""
    owners = community.memberships.filter(role__key="owner", left_at=None).select_related("user")
    first = owners.order_by("joined_at", "pk").first()
    return first.user if first else None


def _job(
    kind: str,
    courses: list[tuple[Course, Tree]],
    community: Community,
    report: Report,
    *,
    author: User | None,
    publish: bool,
) -> Job:
    author = author or owner_of(community)
    plans = [
        Plan(course, tree, Keeping(community, _source(kind, course)), author, publish and not course.draft)
        for course, tree in courses
    ]
    pages: list[tuple[Plan, Lesson]] = [(plan, lesson) for plan in plans for lesson in plan.course.lessons()]
    steps = [
        Step("course", len(plans), partial(iter, plans), load_outlines, batch=1),
        Step("lesson", len(pages), partial(iter, pages), load_lessons, batch=5),
        Step("publication", len(plans), partial(iter, plans), load_publications, batch=1, counted=False),
    ]
    main = next((plan for plan in plans if not plan.course.draft), plans[0])
    return Job(main.keeping.source, fingerprint(plans), steps, report)


def _source(kind: str, course: Course) -> str:
    """An OLX course names itself; a folder of Markdown is called as the importer calls it."""
    return (f"olx:{course.external_id}" if kind == "olx" else kind)[:120]


def fingerprint(plans: list[Plan]) -> str:
    """The state of an export and of what was wished."""
    sizes = [(name, path.stat().st_size) for plan in plans for name, path in plan.tree.paths.items()]
    return digest_of([plan.course for plan in plans], sizes, [plan.publish for plan in plans])
