"""What strangers send to the doors changes nothing and never breaks them; what providers send in any order, any number
of times, comes to the same."""

import json
import random
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from django.apps import apps
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paideia.access.models import Grant
from paideia.commerce.actions import expire_orders, place_order
from paideia.commerce.models import Notice, Offer, Order
from paideia.commerce.tests.providers.conftest import COUNTERPARTS
from paideia.commerce.tests.providers.serving import Counterpart, Message, deliver
from paideia.ledger.models import Account, Transfer
from tests.cast import let_in, person, viewer_of

Serve = Callable[[str], Counterpart]
Begin = Callable[[Counterpart], Order]
DOORS = [*COUNTERPARTS, "sandbox", "transfer", "nobody"]
KINDS = [
    "application/json",
    "application/json; charset=utf-8",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain",
    "",
    "application/json; charset=no-such",
]
HEADERS = [
    "Stripe-Signature", "Wechatpay-Signature", "Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Serial",
    "Wechatpay-Signature-Type", "Sandbox-Signature", "Paypal-Transmission-Id", "Paypal-Transmission-Time",
    "Paypal-Transmission-Sig", "Paypal-Cert-Url", "Paypal-Auth-Algo", "Content-Length", "Content-Encoding",
]  # fmt: skip
words = st.text(max_size=40) | st.sampled_from(["0", "-1", "1e999", "\x00", "é", "null", "SUCCESS", "9" * 40])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)
bodies = (
    st.binary(max_size=400)
    | values.map(lambda value: json.dumps(value).encode())
    | st.lists(st.tuples(words, words), max_size=8).map(
        lambda pairs: urlencode(pairs, errors="replace").encode()
    )
    | st.just(b'{"a":' * 5000)
    | st.just(b"[" * 60_000)
)


def rows() -> dict[str, int]:
    """How many rows each table of money, and the queue, has."""
    models = [Order, Notice, Grant, Transfer, Account, *apps.get_app_config("commerce").get_models()]
    found = {model._meta.db_table: model._default_manager.count() for model in models}
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from procrastinate_jobs")
        found["jobs"] = cursor.fetchone()[0]
    return found


@pytest.fixture
def genuine(serve: Serve, begun: Begin) -> dict[str, Message]:
    """A good notification of each provider, not yet delivered."""
    found = {}
    for name in COUNTERPARTS:
        counterpart = serve(name)
        order = begun(counterpart)
        counterpart.pay(order)
        found[name] = counterpart.notification(order)
    return found


def mangled(data: st.DataObject, message: Message) -> Message:
    """A genuine message with something about it changed."""
    body, headers = message
    what = data.draw(st.sampled_from(["byte", "cut", "grow", "header", "kind", "field", "nothing of it"]))
    if what == "byte":
        place = data.draw(st.integers(0, len(body) - 1))
        return body[:place] + bytes([body[place] ^ data.draw(st.integers(1, 255))]) + body[
            place + 1 :
        ], headers
    if what == "cut":
        return body[: data.draw(st.integers(0, len(body) - 1))], headers
    if what == "grow":
        return body + data.draw(st.binary(min_size=1, max_size=40)), headers
    if what == "header":
        names = [name for name in headers if name not in ("Content-Type", "Wechatpay-Signature-Type")]
        if names:
            return body, {**headers, data.draw(st.sampled_from(names)): data.draw(words)}
    if what == "kind":
        return body, {**headers, "Content-Type": "text/plain"}
    if what == "field" and "form" in headers["Content-Type"]:
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True))
        name = data.draw(st.sampled_from(sorted(fields)))
        fields[name] += "1"
        return urlencode(fields).encode(), headers
    return data.draw(bodies), headers


def assault(genuine: dict[str, Message], examples: int) -> None:
    before = rows()

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    @given(data=st.data())
    def attack(data: st.DataObject) -> None:
        door = data.draw(st.sampled_from(DOORS))
        if door in genuine and data.draw(st.booleans()):
            message = mangled(data, genuine[door])
        else:
            headers = data.draw(st.dictionaries(st.sampled_from(HEADERS), words, max_size=6))
            message = data.draw(bodies), {**headers, "Content-Type": data.draw(st.sampled_from(KINDS))}
        with transaction.atomic():
            answer = deliver(message, door)
            status, after = answer.status_code, Notice.objects.count()
        assert (400 <= status < 500, after) == (True, before["commerce_notice"]), (
            door,
            message,
            answer.content,
        )

    attack()
    assert rows() == before


def test_forged_and_malformed_notifications_change_nothing(genuine: dict[str, Message]) -> None:
    assault(genuine, 1_500)


@pytest.mark.long
def test_ten_thousand_forged_notifications_change_nothing(genuine: dict[str, Message]) -> None:
    assault(genuine, 10_000)


def test_the_assault_would_notice(genuine: dict[str, Message], monkeypatch: pytest.MonkeyPatch) -> None:
    """The control that must break: a door that believes whatever is told."""
    from paideia.commerce.providers.alipay import provider

    monkeypatch.setattr(provider, "is_genuine", lambda fields, key: True)
    with pytest.raises((AssertionError, ExceptionGroup)):
        assault(genuine, 300)


@pytest.mark.parametrize("name", list(COUNTERPARTS))
def test_after_all_that_the_genuine_one_counts(genuine: dict[str, Message], name: str) -> None:
    assert deliver(genuine[name], name).status_code == 200
    assert Notice.objects.get().outcome == "settled"


@pytest.mark.parametrize("name", [*COUNTERPARTS, "sandbox"])
def test_ten_megabytes_are_refused_before_they_are_read(genuine: dict[str, Message], name: str) -> None:
    kind = genuine[name][1]["Content-Type"] if name in genuine else "application/json"
    assert deliver((b"0" * 10 * 2**20, {"Content-Type": kind}), name).status_code == 413


def state() -> dict[str, Any]:
    """All that matters in the end, without ids of messages and times."""
    moved = Transfer.objects.values_list(
        "source__owner", "target__owner", "target__kind", "amount", "source__currency"
    )
    return {
        "orders": sorted(Order.objects.values_list("number", "state", "charge_id", "refunded")),
        "grants": sorted(Grant.objects.values_list("user_id", "plan_id", "revoked_at"), key=str),
        "money": sorted(moved),
        "notices": sorted(
            Notice.objects.exclude(outcome__in=["repeated", "noted"]).values_list("order__number", "outcome")
        ),
    }


def recorded(counterpart: Counterpart, orders: list[Order], buyers: list[Any]) -> list[Message]:
    """What a provider tells of these orders: failures, successes, one paid short, refunds made there."""
    stream: list[Message] = []
    for place, order in enumerate(orders):
        counterpart.open(buyers[place], order)
        if place % 4 == 1 and (failed := counterpart.failure(order)) is not None:
            stream.append(failed)
        counterpart.pay(order, **({"amount": order.total - 1} if place % 5 == 4 else {}))
        stream.append(counterpart.notification(order))
    return stream


def permute(serve: Serve, monthly: Offer, name: str, orders: int, permutations: int) -> None:
    from tests.cast import sign_in

    counterpart = serve(name)
    Offer.objects.filter(pk=monthly.pk).update(currency=counterpart.currency)
    monthly.refresh_from_db()
    people = [let_in(monthly.community, person(f"buyer{place}")) for place in range(orders)]
    placed = [place_order(viewer=viewer_of(who), offer=monthly, provider=name) for who in people]
    clients = [sign_in(who) for who in people]
    for client, order in zip(clients, placed, strict=True):
        client.post(f"/c/agora/orders/{order.number}/payment/")
    stream = recorded(counterpart, placed, clients)
    expected = None
    for number in range(permutations + 1):
        dice = random.Random(number)
        order = [message for message in stream for _ in range(dice.randint(1, 5) if number else 1)]
        if number:
            dice.shuffle(order)
        with transaction.atomic():
            for message in order:
                assert deliver(message, name).status_code == 200
            found = state()
            expected = expected or found
            transaction.set_rollback(True)
        assert found == expected, f"permutation {number} of {name}"


@pytest.mark.parametrize("name", list(COUNTERPARTS))
def test_any_order_and_any_number_of_notifications_come_to_the_same(
    serve: Serve, monthly: Offer, name: str
) -> None:
    permute(serve, monthly, name, orders=10, permutations=6)


@pytest.mark.long
@pytest.mark.parametrize("name", list(COUNTERPARTS))
def test_two_hundred_orders_of_notifications_come_to_the_same(
    serve: Serve, monthly: Offer, name: str
) -> None:
    permute(serve, monthly, name, orders=10, permutations=200)


@pytest.mark.parametrize("name", list(COUNTERPARTS))
def test_paid_after_it_expired(serve: Serve, begun: Begin, name: str) -> None:
    counterpart = serve(name)
    order = begun(counterpart)
    counterpart.pay(order)
    Order.objects.filter(pk=order.pk).update(expires_at=order.created_at)
    assert expire_orders() == 1
    assert deliver(counterpart.notification(order), name).status_code == 200
    order.refresh_from_db()
    assert order.state == "paid"
