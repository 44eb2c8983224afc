"""Each privileged or money action leaves one record in a chain, with before and after, that nobody changes unseen."""

import ast
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from paideia.access.models import Plan
from paideia.accounts.models import User
from paideia.activity.actions import record
from paideia.activity.auditing import READER, findings, head
from paideia.activity.models import AuditRecord, Fact
from paideia.activity.origin import address
from paideia.activity.readers import rewind, run_once
from paideia.activity.verbs import AUDITED
from paideia.commerce.models import GiftCard, Offer, RedeemCode
from paideia.communities.actions import set_role
from paideia.communities.models import Community, Membership
from paideia.partners import actions as partners
from tests.cast import sign_in
from tests.money.shop import ACCOUNT, CASES, Shop

pytestmark = pytest.mark.django_db
PROJECT = Path(__file__).parents[2]
WHERE = ("commerce/actions", "commerce/providers/transfer", "partners/actions", "books/actions")
UNDONE = {"preview_refund"}  # does and undoes it, to show what it would do
ADDRESS = "203.0.113.7"


def money_actions() -> set[str]:
    """Every public function of these rooms' actions that takes a viewer and asks for money.manage."""
    return {
        node.name
        for folder in WHERE
        for path in sorted((PROJECT / "paideia" / folder).glob("*.py"))
        for node in _asking(path.read_text())
    } - UNDONE


def _asking(source: str) -> Iterator[ast.FunctionDef]:
    functions = {one.name: one for one in ast.parse(source).body if isinstance(one, ast.FunctionDef)}

    def asks(node: ast.FunctionDef, seen: frozenset[str] = frozenset()) -> bool:
        calls = {
            one.func.id
            for one in ast.walk(node)
            if isinstance(one, ast.Call) and isinstance(one.func, ast.Name)
        }
        words = {one.value for one in ast.walk(node) if isinstance(one, ast.Constant)}
        if "money.manage" in words or "must_manage_money" in calls:
            return True
        return any(asks(functions[name], seen | {name}) for name in calls & set(functions) - seen)

    for name, node in functions.items():
        takes = {one.arg for one in node.args.kwonlyargs}
        if not name.startswith("_") and "viewer" in takes and asks(node):
            yield node


@pytest.fixture
def shop(
    community: Community, owner: User, visitor: User, mentor: User, tier: Plan, settings: Any, tmp_path: Path
) -> Shop:
    settings.MEDIA_ROOT = tmp_path
    settings.PAYMENTS = {
        **settings.PAYMENTS,
        "transfer": {"ACCOUNT": "Bank", "CURRENCIES": "CNY", "DAYS": "5"},
    }
    return Shop(community, owner, visitor, mentor, tier)


def test_every_money_action_is_among_those_that_are_tried() -> None:
    assert money_actions() == set(CASES)


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_money_action_leaves_one_record_with_before_and_after(shop: Shop, name: str) -> None:
    prepare, act, verb = CASES[name]
    ready = prepare(shop)
    run_once(READER)
    last = head()[0]
    act(shop, ready)
    run_once(READER)
    mine = [one for one in AuditRecord.objects.filter(number__gt=last) if one.verb == verb]
    assert [(one.actor_id, one.community_id) for one in mine] == [(shop.owner.pk, shop.community.pk)]
    assert {"before", "after"} <= set(mine[0].detail)
    assert mine[0].detail["after"] not in (None, {}, mine[0].detail["before"])
    assert list(findings()) == []


def test_a_record_says_from_which_address_it_came(shop: Shop) -> None:
    row = shop.payout()
    sign_in(shop.owner).post(f"/c/agora/manage/payouts/{row.pk}/approval/", REMOTE_ADDR=ADDRESS)
    run_once(READER)
    approved = AuditRecord.objects.get(verb="payout.approved")
    assert (approved.actor_id, approved.detail["from_address"]) == (shop.owner.pk, ADDRESS)
    partners.pay_payout(viewer=shop.me, payout=row, reference="T1")  # no request is at work any more
    run_once(READER)
    assert "from_address" not in AuditRecord.objects.get(verb="payout.paid").detail


def test_what_is_not_audited_keeps_no_address(shop: Shop) -> None:
    token = address.set(ADDRESS)
    record("member.followed", community=shop.community, actor=shop.buyer)
    address.reset(token)
    assert Fact.objects.get(verb="member.followed").detail == {}


@pytest.fixture
def chained(shop: Shop) -> Shop:
    """Five records."""
    before = head()[0]
    shop.coupon()
    shop.card()
    shop.rule()
    membership = Membership.objects.get(user=shop.mentor)
    for role in ("moderator", "mentor"):
        set_role(membership=membership, role=membership.community.roles.get(key=role), by=shop.owner)
    run_once(READER)
    assert head()[0] >= before + 5
    return shop


def without_law(statement: str, *parameters: object) -> None:
    """As somebody who owns the database could."""
    with connection.cursor() as cursor:
        for table in ("activity_auditrecord", "activity_fact"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(statement, parameters)
        for table in ("activity_auditrecord", "activity_fact"):
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE activity_auditrecord SET actor_id = 1",
        "DELETE FROM activity_auditrecord",
        "TRUNCATE activity_auditrecord",
    ],
)
def test_the_database_refuses_to_change_a_record(chained: Shop, statement: str) -> None:
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert list(findings()) == []


@pytest.mark.parametrize("place", [0, 2, -1], ids=["first", "middle", "last"])
def test_a_record_that_is_gone_is_found(chained: Shop, place: int) -> None:
    numbers = list(AuditRecord.objects.order_by("number").values_list("number", flat=True))
    without_law("DELETE FROM activity_auditrecord WHERE number = %s", numbers[place])
    assert list(findings()) != []


def test_a_gap_that_is_closed_by_counting_anew_is_found(chained: Shop) -> None:
    without_law("DELETE FROM activity_auditrecord WHERE number = 2")
    without_law("UPDATE activity_auditrecord SET number = number - 1 WHERE number > 2")
    assert any("does not follow" in one for one in findings())


def test_a_changed_record_and_a_changed_fact_are_found(chained: Shop) -> None:
    number = head()[0]
    without_law("UPDATE activity_auditrecord SET detail = '{}' WHERE number = %s", number)
    words = f"record {number} is not what was written, or does not follow the one before it"
    assert words in list(findings())
    without_law("UPDATE activity_fact SET actor_id = 0 WHERE verb = 'coupon.changed'")
    assert any("coupon.changed" in one for one in findings())


def test_an_end_that_was_cut_off_with_its_facts_is_found_by_the_hash_that_was_kept(chained: Shop) -> None:
    kept = head()
    fact = AuditRecord.objects.get(number=kept[0]).fact_id
    without_law("DELETE FROM activity_auditrecord WHERE number = %s", kept[0])
    without_law("DELETE FROM activity_fact WHERE id = %s", fact)
    assert list(findings()) == []
    assert list(findings(kept=kept)) == [f"record {kept[0]}, whose hash was kept, is gone"]


def test_a_chain_that_was_written_anew_is_found_by_the_hash_that_was_kept(chained: Shop) -> None:
    kept = head()
    without_law("DELETE FROM activity_auditrecord")
    without_law("UPDATE activity_fact SET actor_id = 0 WHERE verb = 'card.given'")
    rewind(READER)
    run_once(READER)
    assert list(findings()) == []
    assert list(findings(kept=kept)) != []


def test_a_replay_adds_nothing(chained: Shop) -> None:
    before = head()
    rewind(READER)
    run_once(READER)
    assert (head(), list(findings(kept=before))) == (before, [])


def test_the_command_says_the_last_hash_and_fails_where_something_is_wrong(
    chained: Shop, capsys: Any
) -> None:
    call_command("audit")
    number, digest = head()
    assert f"{number}:{digest}" in capsys.readouterr().out
    call_command("audit", f"--kept={number}:{digest}")
    without_law("DELETE FROM activity_auditrecord WHERE number = %s", number)
    with pytest.raises(CommandError):
        call_command("audit")


def test_no_secret_is_in_a_log_a_fact_or_a_record(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("django.db").setLevel(
            logging.INFO
        )  # what is sent to the database is not a log of ours
        for name, (prepare, act, _verb) in CASES.items():
            if name not in {"save_card_terms", "return_stray", "decide_affiliate", "resolve_notice"}:
                with transaction.atomic():
                    sid = transaction.savepoint()
                    act(shop, prepare(shop))
                    seen = _secrets(shop)
                    texts = [json.dumps(one.detail) for one in Fact.objects.all()]
                    assert [one for one in seen if any(one in text for text in texts)] == [], name
                    assert [one for one in seen if one in caplog.text] == [], name
                    transaction.savepoint_rollback(sid)


def _secrets(shop: Shop) -> list[str]:
    """What opens something, or is an account of somebody's."""
    found = [ACCOUNT, *GiftCard.objects.values_list("code", flat=True)]
    found += RedeemCode.objects.values_list("code", flat=True)
    return found + [one for one in Offer.objects.values_list("hidden_key", flat=True) if one]


def test_the_list_of_what_is_audited_names_every_verb_of_the_cases() -> None:
    assert {verb for _prepare, _act, verb in CASES.values()} <= AUDITED
