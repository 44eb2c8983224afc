"""WeChat Pay: its encryption and signatures, and notifications that must not count."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from django.test import Client

from paideia.commerce.actions import refund_order, send_refund
from paideia.commerce.models import Notice, Order
from paideia.commerce.providers.wechat import gateway, signing
from paideia.commerce.tests.providers.serving import Counterpart, deliver, key_pair
from paideia.commerce.tests.providers.wechat_counterpart import APP, WeChatCounterpart
from tests.cast import viewer_of

Begin = Callable[[Counterpart], Order]

# McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 13, 14 and 16 (also NIST's): key, nonce,
# plain text, associated data, cipher text with its tag.
VECTORS = [
    ("00" * 32, "00" * 12, "", "", "530f8afbc74536b9a963b4f1c4cb738b"),
    ("00" * 32, "00" * 12, "00" * 16, "", "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"),
    (
        "feffe9928665731c6d6a8f9467308308" * 2,
        "cafebabefacedbaddecaf888",
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"
        "b16aedf5aa0de657ba637b39",
        "feedfacedeadbeeffeedfacedeadbeefabaddad2",
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"
        "c5f61e6393ba7a0abcc9f662" + "76fc6ece0f4e1768cddf8853bb2d551b",
    ),
]


@pytest.fixture
def wechat(serve: Callable[[str], WeChatCounterpart]) -> WeChatCounterpart:
    return serve("wechat")


@pytest.fixture
def waiting(wechat: WeChatCounterpart, begun: Begin) -> Order:
    order = begun(wechat)
    wechat.pay(order)
    return order


@pytest.mark.parametrize(("key", "nonce", "plain", "data", "cipher"), VECTORS)
def test_the_cipher_agrees_with_the_published_vectors(
    key: str, nonce: str, plain: str, data: str, cipher: str
) -> None:
    found = AESGCM(bytes.fromhex(key)).decrypt(
        bytes.fromhex(nonce), bytes.fromhex(cipher), bytes.fromhex(data)
    )
    assert found.hex() == plain


def test_a_resource_is_decrypted_with_the_key_as_its_characters() -> None:
    key, nonce = "0123456789abcdefABCDEF9876543210", "fdasflkja484"
    cipher = AESGCM(key.encode()).encrypt(nonce.encode(), "金额 {}".encode(), b"transaction")
    resource = {
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(cipher).decode(),
        "associated_data": "transaction",
        "nonce": nonce,
    }
    assert signing.decrypt(key, resource) == "金额 {}".encode()
    for name in ("ciphertext", "associated_data", "nonce", "algorithm"):
        with pytest.raises(signing.Forged):
            signing.decrypt(key, {**resource, name: "YWJj" * 8})


def refused(message: Any, status: int) -> None:
    answer = deliver(message, "wechat")
    assert (answer.status_code, Notice.objects.count()) == (status, 0)
    assert json.loads(answer.content)["code"] == "FAIL"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"said": {"appid": "wx0000000000000000"}}, 403),
        ({"said": {"mchid": "1900000002"}}, 403),
        ({"said": {"mchid": None}}, 403),
        ({"said": {"amount": {"total": 3000, "currency": "cny"}}}, 400),
        ({"said": {"amount": {"total": "3000", "currency": "CNY"}}}, 400),
        ({"said": {"amount": {"total": 3000.0, "currency": "CNY"}}}, 400),
        ({"said": {"amount": {"total": True, "currency": "CNY"}}}, 400),
        ({"said": {"amount": {"total": -3000, "currency": "CNY"}}}, 400),
        ({"said": {"amount": {"total": 10**30, "currency": "CNY"}}}, 400),
        ({"said": {"amount": None}}, 400),
        ({"said": {"trade_state": "PAID"}}, 400),
        ({"said": {"transaction_id": None}}, 400),
        ({"said": {"out_trade_no": ""}}, 400),
        ({"said": {"out_trade_no": "x\x00"}}, 400),
        ({"said": {"success_time": "2020-01-01T00:00:00"}}, 400),  # where?
        ({"said": {"success_time": "0001-01-01T00:00:00+14:00"}}, 400),
        ({"resource": {"algorithm": "none"}}, 401),
        ({"resource": {"ciphertext": "****"}}, 401),
        ({"resource": {"nonce": "1"}}, 401),
        ({"resource": {"associated_data": "refund"}}, 401),
        ({"api_key": "f" * 32}, 401),
        ({"owner": "merchant"}, 401),
        ({"at": int(time.time()) - 3600}, 401),
        ({"at": int(time.time()) + 3600}, 401),
        ({"event_type": None}, 400),
        ({"id": ""}, 400),
    ],
)
def test_unfit_notifications(
    wechat: WeChatCounterpart, waiting: Order, change: dict[str, Any], status: int
) -> None:
    refused(wechat.notification(waiting, **change), status)


def test_another_currency_settles_nothing(wechat: WeChatCounterpart, waiting: Order) -> None:
    said = {"amount": {"total": 3000, "currency": "USD"}}
    assert deliver(wechat.notification(waiting, said=said), "wechat").status_code == 200
    waiting.refresh_from_db()
    assert (waiting.state, Notice.objects.get().outcome) == ("awaiting", "mismatched")


@pytest.mark.parametrize(
    "change",
    [
        {"Wechatpay-Signature": ""},
        {"Wechatpay-Signature": "WECHATPAY/SIGNTEST/abcdefg"},  # WeChat Pay's own probe
        {"Wechatpay-Timestamp": "1"},
        {"Wechatpay-Timestamp": "９９"},
        {"Wechatpay-Timestamp": "x"},
        {"Wechatpay-Nonce": ""},
        {"Wechatpay-Nonce": "other"},
        {"Wechatpay-Serial": "PUB_KEY_ID_9"},
        {"Wechatpay-Serial": ""},
        {"Wechatpay-Signature-Type": "WECHATPAY2-SM2-WITH-SM3"},
    ],
)
def test_a_changed_header_breaks_the_signature(
    wechat: WeChatCounterpart, waiting: Order, change: dict[str, str]
) -> None:
    body, headers = wechat.notification(waiting)
    refused((body, {**headers, **change}), 401)


def test_a_changed_body_breaks_it_too(wechat: WeChatCounterpart, waiting: Order) -> None:
    body, headers = wechat.notification(waiting)
    refused((body.replace(b"EV-", b"EW-"), headers), 401)
    refused((body + b" ", headers), 401)
    refused((body, {**headers, "Content-Type": "text/plain"}), 415)
    refused((body + b" " * 10 * 2**20, headers), 413)


def test_five_minutes_are_the_limit(wechat: WeChatCounterpart, waiting: Order) -> None:
    refused(wechat.notification(waiting, at=int(time.time()) - 302), 401)
    assert deliver(wechat.notification(waiting, at=int(time.time()) - 290), "wechat").status_code == 200


def test_platform_certificates_are_fetched_and_forged_serials_cost_nothing(
    serve: Callable[[str], WeChatCounterpart], begun: Begin
) -> None:
    gateway._fetched.clear()
    wechat = serve("wechat-certificates")
    order = begun(wechat)
    wechat.pay(order)
    body, headers = wechat.notification(order)
    for number in range(20):
        refused((body, {**headers, "Wechatpay-Serial": f"{number:040X}"}), 401)
    assert deliver((body, headers), "wechat").status_code == 200
    assert [path for _method, path in wechat.asked].count("/v3/certificates") == 1
    order.refresh_from_db()
    assert order.state == "paid"


def test_an_answer_that_it_did_not_sign_is_not_believed(
    wechat: WeChatCounterpart, waiting: Order, buyer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wechat, "signature", lambda body: {})
    assert buyer.get(f"/c/agora/orders/{waiting.number}/paid/").status_code == 302
    waiting.refresh_from_db()
    assert (waiting.state, Notice.objects.count()) == ("awaiting", 0)


def test_a_bill_elsewhere_or_other_than_signed_is_no_statement(
    wechat: WeChatCounterpart, waiting: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    from paideia.commerce.providers import ProviderDown, provider_of

    day = waiting.created_at.date()
    for said in ({"download_url": "http://169.254.169.254/", "hash_value": ""},
                 {"download_url": f"{wechat.address}/billdownload/x", "hash_value": "00"}):  # fmt: skip
        wechat.bills["x"] = b"bill"
        monkeypatch.setattr(wechat, "bill", lambda day, said=said: (200, said))
        with pytest.raises(ProviderDown):
            list(provider_of("wechat").reconcile(waiting.community, day))


def test_a_refund_under_way_is_asked_about_until_it_is_done(
    wechat: WeChatCounterpart, waiting: Order, owner: Any
) -> None:
    deliver(wechat.notification(waiting), "wechat")
    wechat.refund_status = "PROCESSING"
    refund = refund_order(viewer=viewer_of(owner), order=waiting, reason="asked")
    assert send_refund(refund.pk).state == "sent"
    wechat.refunds[refund.key]["status"] = "SUCCESS"
    assert (send_refund(refund.pk).state, wechat.refunded(waiting)) == ("done", 3000)


def test_a_refund_to_a_closed_card_fails(wechat: WeChatCounterpart, waiting: Order, owner: Any) -> None:
    deliver(wechat.notification(waiting), "wechat")
    wechat.refund_status = "ABNORMAL"
    refund = refund_order(viewer=viewer_of(owner), order=waiting, reason="asked")
    failed = send_refund(refund.pk)
    assert (failed.state, failed.failure) == ("failed", "ABNORMAL")


PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148"


def test_a_phone_goes_to_the_app(wechat: WeChatCounterpart, begun: Begin, buyer: Client) -> None:
    order = begun(wechat)
    page = buyer.get(f"/c/agora/orders/{order.number}/wechat/", headers={"User-Agent": PHONE}).text
    back = f"http%3A%2F%2Ftestserver%2Fc%2Fagora%2Forders%2F{order.number}%2Fpaid%2F"
    assert f"{wechat.address}/h5?prepay_id={order.number}&amp;redirect_url={back}" in page


def test_inside_wechat_the_payer_is_asked_for_and_the_browser_told_to_pay(
    wechat: WeChatCounterpart, begun: Begin, buyer: Client
) -> None:
    order = begun(wechat)
    address, inside = f"/c/agora/orders/{order.number}/wechat/", {"User-Agent": f"{PHONE} MicroMessenger/8.0"}
    away = buyer.get(address, headers=inside)
    asked = parse_qs(urlsplit(away.headers["Location"]).query)
    assert away.headers["Location"].startswith("https://open.weixin.qq.com/connect/oauth2/authorize?")
    assert (asked["redirect_uri"], asked["scope"]) == ([f"http://testserver{address}"], ["snsapi_base"])
    page = buyer.get(address, {"code": "c0de", "state": asked["state"][0]}, headers=inside)
    terms = json.loads(page.text.split("data-terms=")[1][1:].split("'" if "data-terms='" in page.text else '" data')[0]
                       .replace("&#34;", '"').replace("&quot;", '"'))  # fmt: skip
    text = f"{APP}\n{terms['timeStamp']}\n{terms['nonceStr']}\nprepay_id=wx26112004620270\n"
    key_pair("merchant").public_key().verify(
        base64.b64decode(terms["paySign"]), text.encode(), PKCS1v15(), SHA256()
    )


def test_a_code_of_another_visit_is_not_used(wechat: WeChatCounterpart, begun: Begin, buyer: Client) -> None:
    order = begun(wechat)
    address, inside = f"/c/agora/orders/{order.number}/wechat/", {"User-Agent": "MicroMessenger"}
    away = buyer.get(address, {"code": "c0de", "state": "forged"}, headers=inside)
    assert away.headers["Location"].startswith("https://open.weixin.qq.com/")
    assert not [path for _method, path in wechat.asked if "oauth2" in path]
