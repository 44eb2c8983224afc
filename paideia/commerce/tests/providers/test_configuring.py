"""What the operator set wrong is named, and never offered; secrets are in no message."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from paideia.commerce.models import Order
from paideia.commerce.providers import available, order_life, provider_of
from paideia.commerce.providers.configuring import problems
from paideia.commerce.tests.providers.conftest import COUNTERPARTS
from paideia.commerce.tests.providers.serving import Counterpart, write_private
from paideia.lib.refusal import NotFound

Serve = Callable[[str], Counterpart]


@pytest.fixture
def put(settings: Any) -> Callable[..., None]:
    def change(name: str, **texts: str) -> None:
        changed = copy.deepcopy(settings.PAYMENTS)
        changed[name] |= texts
        settings.PAYMENTS = changed

    return change


@pytest.mark.parametrize("name", list(COUNTERPARTS))
def test_a_whole_provider_is_offered_and_each_missing_part_is_named(
    serve: Serve, settings: Any, put: Callable[..., None], name: str
) -> None:
    counterpart = serve(name)
    assert [one.key for one in available()] == [name, "sandbox"]
    assert problems() == {name: []}
    for part in counterpart.settings():
        if part in {"GATEWAY", "ROOTS", "APP_SECRET"}:
            continue
        whole = settings.PAYMENTS
        put(name, **{part: ""})
        assert [one.key for one in available()] == ["sandbox"]
        assert problems()[name] == [f"set PAIDEIA_{name.upper()}_{part}"]
        with pytest.raises(NotFound):
            provider_of(name)
        settings.PAYMENTS = whole


@pytest.mark.parametrize("name", list(COUNTERPARTS))
def test_malformed_parts_are_named_without_what_they_hold(
    serve: Serve, put: Callable[..., None], name: str
) -> None:
    counterpart = serve(name)
    secret = "hunter2 is no key"
    put(name, **{part: secret for part in counterpart.settings() if part != "ROOTS"})
    found = problems()[name]
    assert len(found) >= 3
    assert [text for text in found if "hunter2" in text and "_FILE" not in text and "WAYS" not in text] == []


@pytest.mark.parametrize(
    "address", ["http://example.org", "ftp://x", "https://", "x", "http://127.0.0.1.example.org"]
)
def test_a_gateway_is_https_or_this_machine(serve: Serve, put: Callable[..., None], address: str) -> None:
    serve("stripe")
    put("stripe", GATEWAY=address)
    assert problems()["stripe"] == ["PAIDEIA_STRIPE_GATEWAY is malformed: write an address with https://"]


def test_a_file_that_holds_no_key_is_named(serve: Serve, put: Callable[..., None], tmp_path: Path) -> None:
    serve("alipay")
    for content, what in (
        (b"MIIE", "holds no private key in PEM form without a password"),
        (None, "cannot be read"),
    ):
        path = tmp_path / f"key-{what[:5]}.pem"
        if content is not None:
            path.write_bytes(content)
        put("alipay", PRIVATE_KEY_FILE=str(path))
        (found,) = problems()["alipay"]
        assert what in found and str(path) in found
    put("alipay", PRIVATE_KEY_FILE=write_private(tmp_path, "shop"), WAYS="page fax")
    assert problems()["alipay"] == ["PAIDEIA_ALIPAY_WAYS has fax: choose of page, wap, qr"]


def test_an_order_waits_an_hour_where_nothing_else_is_said(order: Order) -> None:
    from paideia.commerce.actions.orders import ORDER_LIFE

    assert order_life("sandbox", ORDER_LIFE) == ORDER_LIFE == order.expires_at - order.created_at


def test_checkout_offers_what_takes_the_currency(serve: Serve, buyer: Any, monthly: Any) -> None:
    serve("alipay"), serve("stripe")
    page = buyer.get(f"/c/agora/offers/{monthly.pk}/checkout/").text
    assert ['value="alipay"' in page, 'value="stripe"' in page] == [True, True]
    type(monthly).objects.update(currency="USD")
    page = buyer.get(f"/c/agora/offers/{monthly.pk}/checkout/").text
    assert ['value="alipay"' in page, 'value="stripe"' in page] == [False, True]
