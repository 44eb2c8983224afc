"""Alipay: its signature rule, and notifications that must not count."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from django.test import Client

from paideia.commerce.models import Notice, Order
from paideia.commerce.providers import amounts, provider_of
from paideia.commerce.providers.alipay import bills, signing
from paideia.commerce.providers.alipay.provider import Alipay
from paideia.commerce.tests.providers.alipay_counterpart import AlipayCounterpart
from paideia.commerce.tests.providers.serving import Counterpart, deliver

Begin = Callable[[Counterpart], Order]


@pytest.fixture
def alipay(serve: Callable[[str], AlipayCounterpart]) -> AlipayCounterpart:
    return serve("alipay")


@pytest.fixture
def waiting(alipay: AlipayCounterpart, begun: Begin) -> Order:
    order = begun(alipay)
    alipay.pay(order)
    return order


def test_parameters_are_joined_as_the_documents_show() -> None:
    """The example of opendocs.alipay.com, "自行实现签名"."""
    parameters = {
        "timestamp": "2014-07-24 03:07:50", "method": "alipay.mobile.public.menu.add",
        "charset": "GBK", "app_id": "2014072300007148", "version": "1.0", "sign_type": "RSA2", "empty": "",
        "biz_content": '{"button":[{"actionParam":"ZFB_HFCZ","actionType":"out","name":"话费充值"}]}',
    }  # fmt: skip
    assert signing.to_sign(parameters) == (
        "app_id=2014072300007148"
        '&biz_content={"button":[{"actionParam":"ZFB_HFCZ","actionType":"out","name":"话费充值"}]}'
        "&charset=GBK&method=alipay.mobile.public.menu.add&sign_type=RSA2"
        "&timestamp=2014-07-24 03:07:50&version=1.0"
    )
    assert "sign_type" not in signing.to_sign(parameters, without=("sign", "sign_type"))


@pytest.mark.parametrize(
    "inner", ['{"code":"10000","msg":"Success"}', '{ "a" : "}\\"", "b":{"c":[1,{"d":"{"}]} }', "{}"]
)
def test_the_signed_part_of_an_answer_is_its_very_characters(inner: str) -> None:
    text = f'{{"alipay_trade_query_response" : {inner},"sign":"ERITJKEIJKJHKKKKKKKHJEREEEEEEEEEEE"}}'
    found = signing.signed_object(text, "alipay_trade_query_response")
    assert found == (inner, "ERITJKEIJKJHKKKKKKKHJEREEEEEEEEEEE")


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (0, "CNY", "0.00"),
        (1, "CNY", "0.01"),
        (199900, "CNY", "1999.00"),
        (500, "JPY", "500"),
        (1, "KWD", "0.001"),
    ],
)
def test_amounts_go_there_and_back(minor: int, currency: str, text: str) -> None:
    assert (amounts.as_text(minor, currency), amounts.from_text(text, currency)) == (text, minor)


@pytest.mark.parametrize(
    "text", ["", "1.999", "-1", "+1", "1e3", "1,00", "０.01", "01.00", " 1", "1.", ".5", 1, None]
)
def test_what_is_no_plain_amount_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        amounts.from_text(text, "CNY")


def refused(message: Any, status: int) -> None:
    answer = deliver(message, "alipay")
    assert (answer.status_code, answer.content, Notice.objects.count()) == (status, b"failure", 0)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"app_id": "2021000087654321"}, 403),
        ({"seller_id": "2088102100000002"}, 403),
        ({"seller_id": ""}, 403),
        ({"notify_time": "2020-01-01 00:00:00"}, 400),
        ({"notify_time": ""}, 400),
        ({"total_amount": "30"}, 200),
        ({"total_amount": "30.000"}, 200),
        ({"total_amount": "30.001"}, 400),
        ({"total_amount": "-30.00"}, 400),
        ({"total_amount": "3e1"}, 400),
        ({"total_amount": ""}, 400),
        ({"trade_status": "TRADE_PAID"}, 400),
        ({"trade_no": ""}, 400),
        ({"out_trade_no": ""}, 400),
        ({"notify_id": ""}, 400),
        ({"gmt_payment": "yesterday"}, 400),
        ({"gmt_payment": "0001-01-01 00:00:00"}, 400),
        ({"gmt_payment": "9999-01-01 00:00:00"}, 400),
    ],
)
def test_signed_but_unfit_notifications(
    alipay: AlipayCounterpart, waiting: Order, change: dict[str, str], status: int
) -> None:
    message = alipay.notification(waiting, **change)
    if status == 200:
        assert deliver(message, "alipay").content == b"success"
        assert Notice.objects.get().outcome == "settled"
    else:
        refused(message, status)


@pytest.mark.parametrize(
    "name", ["total_amount", "out_trade_no", "trade_status", "sign", "notify_id", "seller_id"]
)
def test_a_changed_part_breaks_the_signature(alipay: AlipayCounterpart, waiting: Order, name: str) -> None:
    body, headers = alipay.notification(waiting)
    fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
    fields[name] = fields[name][:-1] + ("1" if fields[name][-1] != "1" else "2")
    refused((urlencode(fields).encode(), headers), 401)


def test_without_a_signature_or_with_a_weaker_one_nothing_counts(
    alipay: AlipayCounterpart, waiting: Order
) -> None:
    body, headers = alipay.notification(waiting)
    fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
    for change in ({"sign": ""}, {"sign_type": "RSA"}, {"sign_type": ""}):
        refused((urlencode({**fields, **change}).encode(), headers), 401)
    refused((body + b"&total_amount=30.00", headers), 400)  # named twice


def test_a_shops_own_signature_is_not_alipays(
    alipay: AlipayCounterpart, waiting: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    from paideia.commerce.tests.providers import alipay_counterpart as module

    pair = module.key_pair
    monkeypatch.setattr(module, "key_pair", lambda owner: pair("shop"))
    refused(alipay.notification(waiting), 401)


@pytest.mark.parametrize("size", [65 * 1024, 10 * 2**20])
def test_what_is_too_large_is_not_read(alipay: AlipayCounterpart, waiting: Order, size: int) -> None:
    body, headers = alipay.notification(waiting)
    refused((body + b"&x=" + b"y" * size, headers), 413)


def test_another_kind_of_body_is_refused(alipay: AlipayCounterpart, waiting: Order) -> None:
    body, _headers = alipay.notification(waiting)
    for kind in ("application/json", "multipart/form-data; boundary=x", "text/plain"):
        refused((body, {"Content-Type": kind}), 415)


def test_an_answer_that_alipay_did_not_sign_is_not_believed(
    alipay: AlipayCounterpart, waiting: Order, buyer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alipay, "sign", lambda text: "AAAA")
    assert buyer.get(f"/c/agora/orders/{waiting.number}/paid/").status_code == 302
    waiting.refresh_from_db()
    assert (waiting.state, Notice.objects.count()) == ("awaiting", 0)


PHONE = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36"


def test_phones_get_the_app_and_computers_the_page(
    alipay: AlipayCounterpart, waiting: Order, buyer: Client
) -> None:
    address = f"/c/agora/orders/{waiting.number}/alipay/"
    for agent, method in ((PHONE, "alipay.trade.wap.pay"), ("Mozilla/5.0 (X11)", "alipay.trade.page.pay")):
        page = buyer.get(address, headers={"User-Agent": agent}).text
        target = page.split('content="0; url=')[1].split('"')[0].replace("&amp;", "&")
        asked = parse_qs(urlsplit(target).query)
        assert asked["method"] == [method]
        assert asked["notify_url"] == ["http://testserver/c/agora/providers/alipay/notifications/"]
        assert asked["return_url"] == [f"http://testserver/c/agora/orders/{waiting.number}/paid/"]


def test_a_code_is_shown_and_the_page_goes_on_once_it_is_paid(
    alipay: AlipayCounterpart, begun: Begin, buyer: Client
) -> None:
    order = begun(alipay)
    address = f"/c/agora/orders/{order.number}/alipay/"
    page = buyer.get(address, {"way": "qr"})
    assert (page.status_code, "<svg" in page.text, 'hx-trigger="every 3s"' in page.text) == (200, True, True)
    assert buyer.get(address, headers={"HX-Request": "true"}).status_code == 204
    alipay.pay(order)
    deliver(alipay.notification(order), "alipay")
    answer = buyer.get(address, headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == f"/c/agora/orders/{order.number}/paid/"


def test_only_the_buyer_is_sent_on(
    alipay: AlipayCounterpart, waiting: Order, sign_in: Callable[..., Client], owner: Any, member: Any
) -> None:
    address = f"/c/agora/orders/{waiting.number}/alipay/"
    statuses = [sign_in(who).get(address).status_code for who in (owner, member)]
    assert (statuses, Client().get(address).status_code) == ([422, 404], 302)


def test_an_archive_that_is_no_bill_is_no_statement(alipay: AlipayCounterpart) -> None:
    provider = provider_of("alipay")
    assert isinstance(provider, Alipay)
    with pytest.raises(Exception, match="zip"):
        list(bills.read(b"not a zip"))
