"""Bringing an export into a community: checked whole before anything is written, then in batches.

Each batch commits its rows together with the position it reached, so that an import that was killed goes
on where it stopped, and nothing is written twice. What came from outside is remembered with a digest: running
the same import again changes nothing, and a newer export changes only what changed in it.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from paideia.accounts.models import User
from paideia.communities.models import Community
from paideia.lib.refusal import Conflict, NotFound

from .archive import Tree, opened
from .job import Job, Step
from .models import ImportRun
from .progress import Progress
from .report import Report

Tell = Callable[[Progress], None]


@dataclass(frozen=True)
class Wishes:
    """What the person who imports decides. `name` tells two exports of one kind apart; without it, the path's
    own name does. `articles` brings Markdown in as articles instead of a course. Courses and articles are
    `author`'s; without, the community owner's."""

    name: str = ""
    articles: bool = False
    publish: bool = True
    author: User | None = None


def import_path(
    kind: str,
    path: str | Path,
    *,
    community_slug: str,
    progress: Tell | None = None,
    dry_run: bool = False,
    wishes: Wishes = Wishes(),
) -> Report:
    """Import a file or folder into a community and report what became of it.

    `kind` is one of KINDS. Raises BadImport before anything is written where the export is damaged, hostile
    or of another kind; NotFound for an unknown community; Conflict when the same import runs elsewhere. With
    `dry_run` the export is read and checked and nothing is written.
    """
    community = Community.objects.filter(slug=community_slug).first()
    if community is None:
        raise NotFound(_("There is no community “%(slug)s”.") % {"slug": community_slug})
    with opened(path) as tree:
        job = _job(kind, tree, wishes.name or path_name(path), community, wishes)
        if dry_run:
            return planned(job)
        run = _run_of(community, kind, job)
        try:
            return _work(job, run, progress or _silent)
        except Exception as error:
            ImportRun.objects.filter(pk=run.pk).update(failed_because=str(error)[:2000])
            raise


def planned(job: Job) -> Report:
    """The report of an import that wrote nothing: `imported` counts what there is to import."""
    report = Report.from_json(job.report.as_json())
    for step in job.steps:
        if step.counted and step.total:
            report.imported[step.name] += step.total
    return report


def _job(kind: str, tree: Tree, name: str, community: Community, wishes: Wishes) -> Job:
    from .courses import articles_job, markdown_job, olx_job
    from .stackexchange.load import stackexchange_job

    if kind == "stackexchange":
        return stackexchange_job(tree, name, community)
    if kind == "olx":
        return olx_job(tree, community, author=wishes.author, publish=wishes.publish)
    if kind == "markdown":
        make = articles_job if wishes.articles else markdown_job
        return make(tree, name, community, author=wishes.author, publish=wishes.publish)
    raise NotFound(_("There is no import of the kind “%(kind)s”.") % {"kind": kind})


def path_name(path: str | Path) -> str:
    """A path's own name without the endings of archives."""
    name = Path(path).resolve().name
    for ending in (".xz", ".gz", ".bz2", ".tgz", ".txz", ".tar", ".zip"):
        name = name.removesuffix(ending)
    return name[:80] or "export"


def _run_of(community: Community, kind: str, job: Job) -> ImportRun:
    """The unfinished run of this very export, to go on with, or a new one."""
    with transaction.atomic():
        Community.objects.select_for_update(of=("self",), no_key=True).get(pk=community.pk)
        left = ImportRun.objects.filter(community=community, source=job.source, finished_at=None).last()
        if left is not None and left.position.get("fingerprint") == job.fingerprint:
            return left
        if left is not None:  # of an older export: what it wrote is known, the rest is done anew
            left.delete()
        return ImportRun.objects.create(
            community=community,
            kind=kind,
            source=job.source,
            position={"fingerprint": job.fingerprint},
            report=job.report.as_json(),
        )


def _work(job: Job, run: ImportRun, tell: Tell) -> Report:
    names = [step.name for step in job.steps]
    reached = names.index(run.position["step"]) if run.position.get("step") in names else 0
    before = sum(step.total for step in job.steps[:reached])
    clock = _Clock(before + run.position.get("done", 0), job.total)
    for step in job.steps[reached:]:
        done = run.position.get("done", 0) if run.position.get("step") == step.name else 0
        for batch in _batches(step, done):
            done += len(batch)
            _load(run, step, batch, done)
            tell(clock.progress(step, done, before + done))
        before += step.total
    return _finish(run)


def _batches(step: Step, done: int) -> Iterator[list[Any]]:
    rows = islice(iter(step.rows()), done, None)
    while batch := list(islice(rows, step.batch)):
        yield batch


@transaction.atomic
def _load(run: ImportRun, step: Step, batch: list[Any], done: int) -> None:
    """Load one batch and move on, in one transaction. Raises Conflict if somebody else has moved on."""
    _hold(run)
    report = Report.from_json(run.report)
    step.load(batch, report)
    run.position = {**run.position, "step": step.name, "done": done}
    run.report, run.failed_because = report.as_json(), ""
    run.save(update_fields=["position", "report", "failed_because"])


@transaction.atomic
def _finish(run: ImportRun) -> Report:
    _hold(run)
    run.finished_at = timezone.now()
    run.save(update_fields=["finished_at"])
    return Report.from_json(run.report)


def _hold(run: ImportRun) -> None:
    now = ImportRun.objects.select_for_update().filter(pk=run.pk).first()
    if now is None or now.position != run.position or now.finished_at is not None:
        raise Conflict(_("This import is running elsewhere. Wait until it has ended, then look again."))


class _Clock:
    """Guesses the time left from the rows that this process has done."""

    def __init__(self, skipped: int, total: int) -> None:
        self.skipped, self.total, self.begun = skipped, total, time.monotonic()

    def progress(self, step: Step, done: int, overall: int) -> Progress:
        elapsed = time.monotonic() - self.begun
        mine = max(overall - self.skipped, 1)
        return Progress(step.name, done, step.total, elapsed, elapsed / mine * max(self.total - overall, 0))


def _silent(_progress: Progress) -> None:
    pass
