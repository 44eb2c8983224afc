"""The demo: the fast way writes what the actions write, it can be run again, and its words are sound."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.db import connection, transaction
from django.utils import timezone

from paideia.activity.models import Fact
from paideia.activity.readers import run_once
from paideia.books.models import Difference
from paideia.commerce.models import SandboxCharge, SandboxRefund
from paideia.communities.models import Community, Membership
from paideia.content.models import Document
from paideia.courses.models import Completion
from paideia.demo import PASSWORD, SIGN_INS, build, deeds, pages
from paideia.demo.bulk import Bulk
from paideia.demo.tests.singly import Singly
from paideia.ledger.queries import audit, balance
from paideia.notifications.models import Mail, Notification
from paideia.search.models import Entry

SMALL = replace(
    build.PARAMETERS["en"],
    members=8,
    days=15,
    plan_days=5,
    founders_share=0.6,
    sessions_per_day=1.5,
    conversion=0.3,
    churn=0.08,
    return_share=1.0,
    away_days=0.8,
    purchase_log_odds=-1.0,
    asks_per_session=0.05,
    comments_per_visit=0.1,
    lesson_finish=1.0,
)
# When it was written, which a moved clock does not tell the database; what is drawn at random; what says so.
OF_WRITING = {
    "accounts.user": {"date_joined", "password"},
    "accounts.consent": {"at"},
    "content.document": {"created_at"},
    "content.revision": {"at"},
    "discussions.reaction": {"at"},
    "discussions.watch": {"at"},
    "discussions.acceptance": {"at"},
    "courses.enrolment": {"at"},
    "courses.completion": {"at"},
    "courses.attempt": {"at"},
    "access.milestone": {"at"},
    "access.grant": {"given_at"},
    "ledger.account": {"created_at"},
    "ledger.transfer": {"posted_at"},
    "commerce.order": {"number"},
    "commerce.sandboxcharge": {"order_number", "created_at"},
    "commerce.offer": {"created_at"},
    "spaces.space": {"created_at"},
    "activity.fact": {"recorded_at", "xid", "epoch"},
    "communities.community": {"version"},
}
ROOMS = {name.partition(".")[0] for name in OF_WRITING} | {"spaces"}


@pytest.mark.django_db
@pytest.mark.parametrize("now", [None, datetime(2026, 3, 31, 23, 59, 59, 999_999, tzinfo=UTC)])
def test_the_bulk_writes_the_rows_that_the_actions_write(now):
    now = now or datetime.now(UTC)
    sequences = _sequences()
    with transaction.atomic():
        with time_machine.travel(now, tick=False):
            place, people, script = build.imagine("en", SMALL, now=now, seed=6)
        written = script.write()
        Bulk(place, people).play(written)
        fast = _rows()
        transaction.set_rollback(True)
    _reset(sequences)
    with time_machine.travel(now, tick=False):
        place, people, script = build.imagine("en", SMALL, now=now, seed=6)
    again = script.write()
    Singly(place, people).play(again)
    kinds = {deed.__name__ for deed in deeds.Deed.__subclasses__()}
    assert {type(deed).__name__ for deed in again} == kinds
    assert written == again
    slow = _rows()
    assert fast.keys() == slow.keys()
    for table in slow:
        for one, other in zip(fast[table], slow[table], strict=True):
            assert one == other, table


def _rows() -> dict[str, list[dict[str, Any]]]:
    """Every row of the rooms by table, ids included, without what only says when it was written."""
    numbers = dict(apps.get_model("commerce.order").objects.values_list("number", "pk"))
    found = {}
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_label in ROOMS:
            name = model._meta.label_lower
            rows = list(model._default_manager.order_by("pk").values())
            found[name] = [_plain(row, OF_WRITING.get(name, set()), numbers) for row in rows]
    return found


def _plain(row: dict[str, Any], without: set[str], numbers: dict[str, int]) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if name not in without}
    if str(kept.get("key")).startswith("circle-"):
        kept["key"] = "circle"
    if isinstance(kept.get("detail"), dict):
        detail = {name: value for name, value in kept["detail"].items() if name != "simulated"}
        for name in ("number", "order"):
            if name in detail:
                detail[name] = numbers[detail[name]]
        kept["detail"] = json.dumps(detail, sort_keys=True)
    return kept


def _sequences() -> dict[str, int | None]:
    with connection.cursor() as cursor:
        cursor.execute("select schemaname || '.' || sequencename, last_value from pg_sequences")
        return dict(cursor.fetchall())


def _reset(sequences: dict[str, int | None]) -> None:
    """Ids go on from where they stood, so that both ways can be asked for the same ones."""
    with connection.cursor() as cursor:
        for name, last in sequences.items():
            cursor.execute("select setval(%s, %s, %s)", [name, last or 1, last is not None])


@pytest.mark.django_db
def test_building_again_adds_nothing_and_the_readers_were_told_that_it_is_simulated(monkeypatch):
    monkeypatch.setattr(build, "PARAMETERS", {"en": SMALL})
    assert build.main() == 0
    before = _rows()
    assert build.main() == 0
    assert _rows() == before
    # Of the year nobody is told; of the day on which it is built those who took part are.
    told = Fact.objects.filter(pk__in=Notification.objects.values("fact_id"))
    assert not told.filter(occurred_at__lt=timezone.now() - timedelta(days=1)).exists()
    mailed = set(Mail.objects.values_list("user__handle", flat=True))
    assert mailed <= set(SIGN_INS)
    works = Document.objects.filter(published_at__isnull=False)
    newest = works.exclude(kind__in=("thread", "comment", "lesson")).order_by("-published_at")
    assert newest.first().kind == "course"
    assert set(Entry.objects.values_list("pk", flat=True)) == set(works.values_list("pk", flat=True))
    assert run_once() == 0


@pytest.mark.django_db
def test_an_interrupted_build_leaves_nothing_and_completes_when_run_again(monkeypatch):
    monkeypatch.setattr(build, "PARAMETERS", {"en": SMALL})
    with monkeypatch.context() as patch:
        patch.setattr(Bulk, "finish", _stop)
        with pytest.raises(KeyboardInterrupt):
            build.main()
    assert (Community.objects.count(), Fact.objects.count()) == (0, 0)
    assert build.main() == 0
    assert Community.objects.get().slug == "demo-en"


def _stop(bulk: Bulk) -> None:
    raise KeyboardInterrupt


@pytest.mark.django_db
def test_money_matches_orders_and_sign_ins_work(monkeypatch, client):
    monkeypatch.setattr(build, "PARAMETERS", {"zh": SMALL})
    assert build.main() == 0
    community = Community.objects.get()
    paid = SandboxCharge.objects.filter(state=SandboxCharge.State.PAID)
    gone = SandboxRefund.objects.values_list("amount", flat=True)
    assert {order.charge_id for order in community.orders.filter(total__gt=0)} == {
        one.charge_id for one in paid
    }
    assert -balance(community, "world:sandbox", "charges", "CNY") == sum(
        one.paid_amount or 0 for one in paid
    ) - sum(gone)
    assert audit() == []
    assert not Difference.objects.exists()  # the provider's statements of the last days say the same
    told = {m.user.handle: m.role.key for m in Membership.objects.select_related("user", "role")}
    assert {handle: told[handle] for handle in list(SIGN_INS)[:4]} == {
        "linwan": "owner",
        "zhoujibai": "mentor",
        "guxiaoman": "member",
        "chenyinuo": "member",
    }
    assert client.login(handle="linwan", username="linwan", password=PASSWORD)
    assert Completion.objects.filter(user__handle="guxiaoman").count() == 3
    assert all(row.joined_at < timezone.now() for row in Membership.objects.all())


def test_sign_ins_name_the_cast_of_both_communities():
    cast = [pages.community(language)["cast"] for language in ("zh", "en")]
    assert list(SIGN_INS) == [each["handle"] for roles in cast for each in roles.values()]
