"""Bank transfers: the slip, who may see it, and what follows from deciding about it."""

import copy
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from PIL import Image

from paideia.access.models import Gate
from paideia.accounts.models import User
from paideia.commerce.actions import expire_orders, place_order, refund_order, send_refund
from paideia.commerce.models import Notice, Offer, Order, TransferProof
from paideia.commerce.providers import available, provider_of
from paideia.commerce.providers.transfer import actions
from paideia.commerce.refusals import NotPermitted
from paideia.ledger.queries import balance
from paideia.lib.refusal import Conflict, Invalid, NotFound
from tests.cast import sign_in, viewer_of

ACCOUNT = r"Agora Ltd.\nBank of Examples\nDE89 3704 0044 0532 0130 00"


@pytest.fixture
def waiting(settings: Any, tmp_path: Path, visitor: User, monthly: Offer) -> Order:
    settings.MEDIA_ROOT = tmp_path
    payments = copy.deepcopy(settings.PAYMENTS)
    payments["transfer"] = {"ACCOUNT": ACCOUNT, "CURRENCIES": "CNY, EUR", "DAYS": "5"}
    settings.PAYMENTS = payments
    return place_order(viewer=viewer_of(visitor), offer=monthly, provider="transfer")


def picture(kind: str = "PNG", **exif: bytes) -> bytes:
    body = BytesIO()
    Image.new("RGB", (40, 30), "white").save(body, kind, **exif)
    return body.getvalue()


def slip(body: bytes | None = None, name: str = "slip.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, picture() if body is None else body)


@pytest.fixture
def proof(waiting: Order, visitor: User) -> TransferProof:
    return actions.show_slip(
        viewer=viewer_of(visitor), order=waiting, file=slip(), note="from Vera's account"
    )


def test_an_order_waits_for_days(waiting: Order) -> None:
    assert timedelta(days=4, hours=23) < waiting.expires_at - timezone.now() <= timedelta(days=5)
    assert [one.currencies for one in available() if one.key == "transfer"] == [{"CNY", "EUR"}]


def test_the_page_says_where_and_under_which_reference(waiting: Order, visitor: User) -> None:
    client = sign_in(visitor)
    answer = client.post(f"/c/agora/orders/{waiting.number}/payment/")
    assert answer.headers["Location"] == f"/c/agora/orders/{waiting.number}/transfer/"
    page = client.get(answer.headers["Location"]).text
    assert [words in page for words in ("DE89 3704 0044 0532 0130 00", waiting.number, "¥30")] == [True] * 3


def test_a_confirmed_transfer_opens(proof: TransferProof, owner: User, visitor: User, gate: Gate) -> None:
    notice = actions.confirm_transfer(viewer=viewer_of(owner), proof=proof, received=3000)
    order = Order.objects.get()
    assert (notice.outcome, order.state, order.charge_id) == ("settled", "paid", f"transfer:{proof.pk}")
    assert viewer_of(visitor).can_open(gate.pk)
    assert balance(order.community, "world:transfer", "charges", "CNY") == -3000
    with pytest.raises(Conflict):
        actions.confirm_transfer(viewer=viewer_of(owner), proof=proof, received=3000)


@pytest.mark.parametrize("received", [2999, 3001])
def test_another_amount_opens_nothing(proof: TransferProof, owner: User, received: int) -> None:
    notice = actions.confirm_transfer(viewer=viewer_of(owner), proof=proof, received=received)
    assert (notice.outcome, notice.is_open, Order.objects.get().state) == ("mismatched", True, "created")


@pytest.mark.parametrize("received", [0, -3000, 10**19])
def test_no_such_amount_can_arrive(proof: TransferProof, owner: User, received: int) -> None:
    with pytest.raises(Invalid):
        actions.confirm_transfer(viewer=viewer_of(owner), proof=proof, received=received)


def test_a_declined_slip_says_why_and_may_be_followed_by_another(
    proof: TransferProof, waiting: Order, owner: User, visitor: User
) -> None:
    actions.decline_transfer(viewer=viewer_of(owner), proof=proof, reason="It shows another account.")
    page = sign_in(visitor).get(f"/c/agora/orders/{waiting.number}/transfer/").text
    assert "It shows another account." in page
    second = actions.show_slip(viewer=viewer_of(visitor), order=waiting, file=slip())
    assert actions.confirm_transfer(viewer=viewer_of(owner), proof=second, received=3000).outcome == "settled"


def test_a_newer_slip_takes_the_place_of_one_that_waits(
    proof: TransferProof, waiting: Order, visitor: User
) -> None:
    actions.show_slip(viewer=viewer_of(visitor), order=waiting, file=slip())
    assert list(TransferProof.objects.order_by("pk").values_list("state", flat=True)) == [
        "declined",
        "waiting",
    ]


def test_while_a_slip_waits_the_order_does_not_expire(waiting: Order, visitor: User) -> None:
    Order.objects.update(expires_at=timezone.now() + timedelta(minutes=1))
    waiting.refresh_from_db()
    actions.show_slip(viewer=viewer_of(visitor), order=waiting, file=slip())
    assert Order.objects.get().expires_at > timezone.now() + timedelta(days=6)
    assert expire_orders() == 0


def test_money_after_the_time_counts_all_the_same(waiting: Order, visitor: User, owner: User) -> None:
    Order.objects.update(expires_at=timezone.now())
    assert expire_orders() == 1
    late = actions.show_slip(viewer=viewer_of(visitor), order=Order.objects.get(), file=slip())
    assert actions.confirm_transfer(viewer=viewer_of(owner), proof=late, received=3000).outcome == "settled"


@pytest.mark.parametrize(
    "body",
    [b"", b"hello", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html>%PDF-", b"GIF89a", b"MZ%PDF-1.7"],
)
def test_what_is_no_picture_and_no_pdf_is_refused(waiting: Order, visitor: User, body: bytes) -> None:
    with pytest.raises(Invalid):
        actions.show_slip(viewer=viewer_of(visitor), order=waiting, file=slip(body))
    assert TransferProof.objects.count() == 0


def test_a_slip_that_is_too_large_is_refused(waiting: Order, visitor: User) -> None:
    with pytest.raises(Invalid):
        actions.show_slip(viewer=viewer_of(visitor), order=waiting, file=slip(b"%PDF-" + b"0" * 10 * 2**20))


def test_a_picture_is_drawn_anew_and_keeps_nothing_of_the_file(waiting: Order, visitor: User) -> None:
    hidden = picture("JPEG") + b"<script>alert(1)</script>"
    kept = actions.show_slip(viewer=viewer_of(visitor), order=waiting, file=slip(hidden, "x.html"))
    body = kept.file.open("rb").read()
    assert (kept.media_type, b"script" in body, body[8:12]) == ("image/webp", False, b"WEBP")
    assert (kept.file.name.endswith(".webp"), len(kept.file.name.rpartition("/")[2]) > 30) == (True, True)


def test_a_slip_is_private_to_its_buyer_and_the_team(
    proof: TransferProof, visitor: User, owner: User, member: User, moderator: User, stranger: User
) -> None:
    address = f"/c/agora/slips/{proof.pk}/"
    assert Client().get(address).status_code == 302
    found = {
        who.handle: sign_in(who).get(address).status_code
        for who in (visitor, owner, member, moderator, stranger)
    }
    assert found == {"vera": 200, "olga": 200, "mira": 404, "mona": 404, "stan": 404}
    from paideia.communities.actions import create_community

    create_community(by=member, slug="other", name="Other", language="en")
    assert sign_in(member).get(f"/c/other/slips/{proof.pk}/").status_code == 404


def test_a_pdf_is_handed_out_as_a_file_only(waiting: Order, visitor: User) -> None:
    kept = actions.show_slip(
        viewer=viewer_of(visitor), order=waiting, file=slip(b"%PDF-1.7\n<script>", "a.pdf")
    )
    answer = sign_in(visitor).get(f"/c/agora/slips/{kept.pk}/")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_only_who_may_manage_money_decides(
    proof: TransferProof, visitor: User, moderator: User, member: User
) -> None:
    for who in (visitor, moderator, member):
        with pytest.raises(NotPermitted):
            actions.confirm_transfer(viewer=viewer_of(who), proof=proof, received=3000)
        with pytest.raises(NotPermitted):
            actions.decline_transfer(viewer=viewer_of(who), proof=proof, reason="no")
        assert sign_in(who).get("/c/agora/manage/transfers/").status_code == 404
        assert sign_in(who).post(f"/c/agora/manage/transfers/{proof.pk}/confirmation/").status_code == 404
    proof.refresh_from_db()
    assert proof.state == "waiting"


def test_nobody_shows_a_slip_for_anothers_order(waiting: Order, member: User, owner: User) -> None:
    for who in (member, owner):
        with pytest.raises(NotFound):
            actions.show_slip(viewer=viewer_of(who), order=waiting, file=slip())


def test_the_team_confirms_and_declines_on_its_page(
    proof: TransferProof, waiting: Order, owner: User, visitor: User
) -> None:
    team = sign_in(owner)
    assert waiting.number in team.get("/c/agora/manage/transfers/").text
    decided = f"/c/agora/manage/transfers/{proof.pk}"
    assert team.post(f"{decided}/confirmation/", {"received": "30.001"}).status_code == 422
    assert team.post(f"{decided}/decline/", {"reason": ""}).status_code == 422
    assert team.post(f"{decided}/confirmation/", {"received": "30.00"}).status_code == 302
    assert (Order.objects.get().state, team.post(f"{decided}/decline/", {"reason": "x"}).status_code) == (
        "paid",
        409,
    )


def test_the_buyer_hands_the_slip_in_on_the_page(waiting: Order, visitor: User) -> None:
    address = f"/c/agora/orders/{waiting.number}/transfer/"
    client = sign_in(visitor)
    assert client.post(address, {"file": slip(), "note": "Vera"}).headers["Location"] == address
    assert TransferProof.objects.get().note == "Vera"
    assert "Your slip is here" in client.get(address).text
    assert client.post(address, {"note": "without"}).status_code == 200
    assert TransferProof.objects.count() == 1


def test_a_refund_is_done_when_somebody_notes_that_it_was_sent(
    proof: TransferProof, owner: User, visitor: User
) -> None:
    actions.confirm_transfer(viewer=viewer_of(owner), proof=proof, received=3000)
    refund = refund_order(viewer=viewer_of(owner), order=Order.objects.get(), amount=1000, reason="asked")
    assert send_refund(refund.pk).state == "sent"
    team = sign_in(owner)
    assert "It was sent" in team.get("/c/agora/manage/transfers/").text
    for _ in range(2):
        assert team.post(f"/c/agora/manage/transfers/refunds/{refund.pk}/").status_code == 302
    refund.refresh_from_db()
    assert (refund.state, Order.objects.get().state) == ("done", "partly")


def test_banks_tell_nothing_at_the_door(waiting: Order) -> None:
    answer = Client().post(
        "/c/agora/providers/transfer/notifications/", b"{}", content_type="application/json"
    )
    assert (answer.status_code, Notice.objects.count()) == (404, 0)


@pytest.mark.parametrize(
    "fields",
    [
        {"state": "confirmed"},
        {"state": "confirmed", "decided_at": timezone.now(), "received": 0},
        {"received": 3000},
        {"decided_at": timezone.now()},
        {"state": "declined"},
    ],
)
def test_the_database_refuses_half_a_decision(proof: TransferProof, fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        TransferProof.objects.filter(pk=proof.pk).update(**fields)


def test_the_database_refuses_a_second_slip_that_waits(proof: TransferProof) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        TransferProof.objects.create(order=proof.order, file="x", media_type="image/webp")


def test_coming_back_asks_what_was_confirmed(proof: TransferProof, owner: User) -> None:
    assert provider_of("transfer").query(proof.order) is None
    actions.confirm_transfer(viewer=viewer_of(owner), proof=proof, received=3000)
    said = provider_of("transfer").query(proof.order)
    assert said is not None and (said.amount, said.currency, said.charge_id) == (
        3000,
        "CNY",
        f"transfer:{proof.pk}",
    )
