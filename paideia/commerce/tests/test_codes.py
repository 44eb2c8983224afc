"""Codes in batches: unguessable, each redeemed once."""

import csv
import io
import random
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from paideia.access.models import Gate, Grant
from paideia.accounts.models import User
from paideia.commerce.actions import redeeming
from paideia.commerce.actions.redeeming import make_batch, redeem_code, revoke_batch, revoke_code
from paideia.commerce.models import Offer, Order, RedeemBatch, RedeemCode
from paideia.commerce.refusals import HeldForGood, NotPermitted, WrongCode, WrongOffer
from paideia.commerce.tests.races import at_once, in_turns
from paideia.commerce.tests.test_coupons import crowd
from tests.cast import PASSWORD, sign_in, viewer_of

HERE = "/c/agora"
NEW = {"email": "nina@example.org", "username": "nina", "password1": PASSWORD, "terms": "on"}


def code_of(batch: RedeemBatch) -> str:
    return batch.codes.order_by("pk")[0].code


def test_a_code_gives_what_the_offer_gives_as_a_purchase_would(
    stranger: User, batch: RedeemBatch, gate: Gate
) -> None:
    code = code_of(batch).lower().replace("-", " ")
    used = redeem_code(viewer=viewer_of(stranger), code=code)
    given = Grant.objects.get(user=stranger)
    assert (given.source, given.is_trial) == (f"code:{used.pk}", False)
    assert given.ends_at is not None and given.ends_at > given.starts_at + timedelta(27)
    assert viewer_of(stranger).can_open(gate.pk)
    assert viewer_of(stranger).is_member
    assert redeem_code(viewer=viewer_of(stranger), code=code) == used
    assert (Grant.objects.filter(user=stranger).count(), Order.objects.count()) == (1, 0)


def test_a_term_from_a_code_follows_the_one_that_is_held(visitor: User, batch: RedeemBatch) -> None:
    for row in batch.codes.order_by("pk")[:2]:
        redeem_code(viewer=viewer_of(visitor), code=row.code)
    first, second = Grant.objects.filter(user=visitor).order_by("starts_at")
    assert second.starts_at == first.ends_at


def test_a_code_that_is_used_revoked_expired_or_another_communitys_gives_nothing(
    visitor: User, stranger: User, member: User, admin: User, batch: RedeemBatch
) -> None:
    from paideia.communities.actions import create_community
    from tests.cast import person

    codes = list(batch.codes.order_by("pk"))
    redeem_code(viewer=viewer_of(visitor), code=codes[0].code)
    revoke_code(viewer=viewer_of(admin), batch=batch, code=codes[1].code)
    other = create_community(by=person("otto"), slug="other", name="Other", language="en")
    for code in (codes[0].code, codes[1].code, "AAAA-AAAA-AAAA-AAAA", "", "x" * 500, "\x00"):
        with pytest.raises(WrongCode):
            redeem_code(viewer=viewer_of(stranger), code=code)
    with pytest.raises(WrongCode):
        redeem_code(viewer=viewer_of(stranger, other), code=codes[2].code)
    with pytest.raises(HeldForGood):
        redeem_code(viewer=viewer_of(member), code=codes[2].code)
    with pytest.raises(WrongCode):
        revoke_code(viewer=viewer_of(admin), batch=batch, code=codes[0].code)
    assert revoke_batch(viewer=viewer_of(admin), batch=batch) == 3
    with pytest.raises(WrongCode):
        redeem_code(viewer=viewer_of(stranger), code=codes[2].code)
    RedeemCode.objects.update(revoked_at=None)
    RedeemBatch.objects.update(expires_at=timezone.now())
    with pytest.raises(WrongCode):
        redeem_code(viewer=viewer_of(stranger), code=codes[2].code)
    assert Grant.objects.filter(user=stranger).count() == 0


def test_batches_are_made_by_those_who_manage_money_within_limits(
    moderator: User, admin: User, monthly: Offer
) -> None:
    with pytest.raises(NotPermitted):
        make_batch(viewer=viewer_of(moderator), offer=monthly, name="x", size=1)
    for size in (0, -1, 10_001, 1.5):
        with pytest.raises(WrongOffer):
            make_batch(viewer=viewer_of(admin), offer=monthly, name="x", size=size)  # type: ignore[arg-type]
    batch = make_batch(viewer=viewer_of(admin), offer=monthly, name="x", size=10_000)
    assert batch.codes.values("code").distinct().count() == 10_000


def test_the_export_holds_every_code_and_no_formula(
    admin: User, member: User, visitor: User, batch: RedeemBatch
) -> None:
    redeem_code(viewer=viewer_of(visitor), code=code_of(batch))
    User.objects.filter(pk=visitor.pk).update(handle="=cmd()")
    address = f"{HERE}/manage/codes/{batch.pk}/export/"
    assert sign_in(member).get(address).status_code == 404
    answer = sign_in(admin).get(address)
    text = answer.content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert [row[0] for row in rows[1:]] == [one.code for one in batch.codes.order_by("pk")]
    assert rows[1][1:3] == ["Used", "'=cmd()"]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_cells_that_a_spreadsheet_would_run_are_text(cell: str) -> None:
    from paideia.lib.tables import csv_lines, inert

    assert inert(cell) == f"'{cell}"
    assert next(iter(csv.reader(io.StringIO("".join(list(csv_lines([[cell]]))[1:]), newline="")))) == [
        f"'{cell}"
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("codes", "redeemers", "rounds"), [(10, 12, 1), pytest.param(100, 64, 20, marks=pytest.mark.long)]
)
def test_codes_redeemed_at_once_are_redeemed_once(
    admin: User, monthly: Offer, codes: int, redeemers: int, rounds: int
) -> None:
    """Everybody tries every code, in an order of their own."""
    people, chance = crowd(monthly, redeemers), random.Random(7)
    for _round in range(rounds):
        batch = make_batch(viewer=viewer_of(admin), offer=monthly, name="R", size=codes)
        wanted = list(batch.codes.values_list("code", flat=True))
        tries = [(user, code) for user in people for code in wanted]
        chance.shuffle(tries)
        tasks = [lambda u=user, c=code: redeem_code(viewer=viewer_of(u), code=c) for user, code in tries]
        results = in_turns(tasks, width=min(redeemers, 32))
        assert all(isinstance(one, RedeemCode | WrongCode) for one in results)
        redeemed = {one.pk for one in results if isinstance(one, RedeemCode)}
        assert len(redeemed) == batch.codes.exclude(used_at=None).count() == codes
        assert Grant.objects.filter(source__in=[f"code:{pk}" for pk in redeemed]).count() == codes


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_a_code_is_redeemed_twice(
    admin: User, monthly: Offer, batch: RedeemBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control that must break: both look, both find it unused."""
    looked = threading.Barrier(2)

    def unlocked(code: str) -> RedeemCode:
        found = RedeemCode.objects.select_related("batch__offer").get(code=code)
        looked.wait(10)
        return found

    monkeypatch.setattr(redeeming, "locked_code", unlocked)
    first, second = crowd(monthly, 2)
    code = code_of(batch)
    results = at_once(*[lambda u=u: redeem_code(viewer=viewer_of(u), code=code) for u in (first, second)])
    assert [type(one) for one in results] != [RedeemCode, WrongCode]
    assert len([one for one in results if isinstance(one, WrongCode)]) == 0


def test_wrong_codes_shut_the_door_for_a_while(visitor: User, batch: RedeemBatch, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"redeem": "60/m/ip", "redeem_again": "3/m/user"}
    client = sign_in(visitor)
    answers = [client.post(f"{HERE}/redeem/", {"code": f"wrong {n}"}).status_code for n in range(5)]
    assert answers[:3] == [422, 422, 422]
    assert answers[4] == 429


def test_a_stranger_redeems_a_code_and_signs_up_at_once(anonymous: Client, batch: RedeemBatch) -> None:
    code = code_of(batch)
    assert anonymous.get(f"{HERE}/redeem/", {"code": code}).text.count(f'value="{code}"') == 1
    assert RedeemCode.objects.exclude(used_at=None).count() == 0
    assert anonymous.post(f"{HERE}/redeem/", {**NEW, "code": code}).status_code == 302
    assert RedeemCode.objects.get(code=code).used_by == User.objects.get(handle="nina")
