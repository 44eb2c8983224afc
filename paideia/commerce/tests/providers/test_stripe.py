"""Stripe: events that must not count, cards charged again, disputes; and localstripe where it serves."""

import json
import queue
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from paideia.commerce.actions import refund_order, send_refund
from paideia.commerce.models import Dispute, Notice, Offer, Order, Refund
from paideia.commerce.providers import ProviderDown, provider_of
from paideia.commerce.providers.stripe.account import read
from paideia.commerce.providers.stripe.provider import Stripe
from paideia.commerce.tests.providers.serving import Counterpart, Message, deliver
from paideia.commerce.tests.providers.stripe_counterpart import SECRET, StripeCounterpart, signed
from tests.cast import viewer_of

Begin = Callable[[Counterpart], Order]


@pytest.fixture
def stripe(serve: Callable[[str], StripeCounterpart]) -> StripeCounterpart:
    return serve("stripe")


@pytest.fixture
def waiting(stripe: StripeCounterpart, begun: Begin) -> Order:
    order = begun(stripe)
    stripe.pay(order)
    return order


def refused(message: Any, status: int) -> None:
    assert (deliver(message, "stripe").status_code, Notice.objects.count()) == (status, 0)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"at": int(time.time()) - 3600}, 401),
        ({"at": int(time.time()) + 3600}, 401),
        ({"secret": "whsec_of_another_account"}, 401),
        ({"livemode": True}, 403),
        ({"livemode": None}, 403),
        ({"account": "acct_1"}, 403),
        ({"id": None}, 400),
        ({"type": 7}, 400),
        ({"created": "now"}, 400),
        ({"data": None}, 400),
        ({"data": {"object": []}}, 400),
        ({"said": {"amount_total": "3000"}}, 400),
        ({"said": {"amount_total": 3000.0}}, 400),
        ({"said": {"amount_total": -1}}, 400),
        ({"said": {"currency": "USD"}}, 400),
        ({"said": {"currency": None}}, 400),
        ({"said": {"payment_intent": None}}, 400),
        ({"said": {"metadata": {"order": "\x00"}}}, 400),
    ],
)
def test_unfit_events(stripe: StripeCounterpart, waiting: Order, change: dict[str, Any], status: int) -> None:
    refused(stripe.notification(waiting, **change), status)


@pytest.mark.parametrize(
    "header", ["", "t=1", "v1=00", "t=x,v1=00", "t=1,v1=é", "t=1,v0=00", "t" * 5000, f"t={'9' * 5000},v1=0"]
)
def test_malformed_signatures(stripe: StripeCounterpart, waiting: Order, header: str) -> None:
    body, headers = stripe.notification(waiting)
    refused((body, {**headers, "Stripe-Signature": header}), 401)


def test_a_changed_body_breaks_the_signature(stripe: StripeCounterpart, waiting: Order) -> None:
    body, headers = stripe.notification(waiting)
    refused((body.replace(b"3000", b"3001"), headers), 401)
    refused((body + b" " * 10 * 2**20, headers), 413)
    refused((body, {**headers, "Content-Type": "text/plain"}), 415)
    refused(signed(b"\xff\xfe"), 400)


def test_another_currency_or_what_is_not_paid_settles_nothing(
    stripe: StripeCounterpart, waiting: Order
) -> None:
    assert (
        deliver(stripe.notification(waiting, said={"payment_status": "unpaid"}), "stripe").status_code == 200
    )
    assert Notice.objects.count() == 0
    assert deliver(stripe.notification(waiting, said={"currency": "jpy"}), "stripe").status_code == 200
    waiting.refresh_from_db()
    assert (waiting.state, Notice.objects.get().outcome) == ("awaiting", "mismatched")


def test_a_failed_try_on_the_page_leaves_the_order_open(stripe: StripeCounterpart, begun: Begin) -> None:
    order = begun(stripe)
    intent = {
        "id": "pi_x",
        "object": "payment_intent",
        "amount": 3000,
        "currency": "usd",
        "metadata": {"order": order.number},
    }
    assert (
        deliver(stripe.event("payment_intent.payment_failed", intent, "evt_1"), "stripe").status_code == 200
    )
    order.refresh_from_db()
    assert order.state == "awaiting"


def test_asked_again_the_same_page_is_gone_on_with(
    stripe: StripeCounterpart, begun: Begin, buyer: Client
) -> None:
    order = begun(stripe)
    for _ in range(3):
        stripe.open(buyer, order)
    assert len(stripe.sessions) == 1


def test_a_lost_answer_does_not_make_a_second_page(
    stripe: StripeCounterpart, begun: Begin, buyer: Client
) -> None:
    order = begun(stripe)
    order.attempts.all().delete()  # as if we had been killed before we noted it
    stripe.open(buyer, order)
    assert len(stripe.sessions) == 1


@pytest.fixture
def renewing(stripe: StripeCounterpart, monthly: Offer, begun: Begin) -> Order:
    Offer.objects.filter(pk=monthly.pk).update(renewal="automatic", trial_days=0)
    monthly.refresh_from_db()
    order = begun(stripe)
    Order.objects.filter(pk=order.pk).update(renewal="automatic")
    stripe.pay(order)
    return order


def test_a_buyer_who_agreed_can_be_charged_again(
    stripe: StripeCounterpart, renewing: Order, visitor: Any, monthly: Offer
) -> None:
    provider = provider_of("stripe")
    for intent in stripe.intents.values():
        intent["setup_future_usage"] = "off_session"
    said = provider.query(renewing)
    assert said is not None and said.mandate_id == "cus_1:pm_1"
    told = deliver(stripe.notification(renewing), "stripe")
    assert told.status_code == 200
    again = Order.objects.get(pk=renewing.pk)
    again.pk, again.number, again.charge_id, again.state, again.paid_at = (
        None,
        "AAAA-BBBB-CCCC",
        None,
        "created",
        None,
    )
    again.subscription = again.period = None
    again.save()
    first = provider.charge(again, "cus_1:pm_1")
    assert (first.succeeded, first.amount, first.currency, first.order_number) == (
        True,
        3000,
        "USD",
        again.number,
    )
    stripe.done.clear()  # a day later Stripe has forgotten the key
    assert provider.charge(again, "cus_1:pm_1").charge_id == first.charge_id
    assert provider.query(again) == first


def test_a_declined_card_is_certain_and_a_silent_provider_is_not(
    stripe: StripeCounterpart, waiting: Order
) -> None:
    provider = provider_of("stripe")
    stripe.declines.add("pm_2")
    said = provider.charge(waiting, "cus_1:pm_2")
    assert (said.succeeded, said.order_number, said.body) == (
        False,
        waiting.number,
        {"declined": "card_declined"},
    )
    stripe.is_down = True
    with pytest.raises(ProviderDown):
        provider.charge(waiting, "cus_1:pm_1")


def test_a_dispute_rests_what_was_bought_until_it_is_decided(
    stripe: StripeCounterpart, waiting: Order
) -> None:
    deliver(stripe.notification(waiting), "stripe")
    waiting.refresh_from_db()
    it = {"id": "dp_1", "object": "dispute", "amount": 3000, "currency": "usd", "reason": "fraudulent",
          "payment_intent": waiting.charge_id, "status": "warning_needs_response"}  # fmt: skip
    deliver(stripe.event("charge.dispute.created", it, "evt_0"), "stripe")
    assert Dispute.objects.count() == 0  # a question of the bank's takes nothing
    for number, (kind, status, state) in enumerate(
        [("created", "needs_response", "disputed"), ("closed", "won", "paid")], 1
    ):
        event = stripe.event(f"charge.dispute.{kind}", {**it, "status": status}, f"evt_{number}")
        assert [deliver(event, "stripe").status_code for _ in range(2)] == [200, 200]
        waiting.refresh_from_db()
        assert waiting.state == state
    assert Dispute.objects.get().state == "won"


@pytest.fixture(scope="module")
def localstripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("localstripe", reason="localstripe is a development dependency")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("localstripe")
    command = [sys.executable, "-m", "localstripe", "--port", str(port), "--from-scratch"]
    log = (folder / "log").open("w")
    process = subprocess.Popen(
        command, cwd=folder, stdout=log, stderr=log, env={"HOME": str(folder), "TMPDIR": str(folder)}
    )
    address = f"http://127.0.0.1:{port}"
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(f"{address}/js.stripe.com/v3/", timeout=1).close()
            break
        except (urllib.error.URLError, OSError):
            if process.poll() is not None:
                pytest.skip(f"localstripe does not start here: {(folder / 'log').read_text()[-200:]}")
    yield address
    process.terminate()
    process.wait(10)
    log.close()


def ask(address: str, path: str, **fields: str) -> dict[str, Any]:
    request = urllib.request.Request(
        address + path, urlencode(fields).encode(), {"Authorization": "Bearer sk_test_12345"}
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.loads(answer.read() or b"{}")  # type: ignore[no-any-return]


def card(address: str, number: str) -> str:
    """A customer with this card, as a mandate names them."""
    customer = ask(address, "/v1/customers", email="vera@example.org")["id"]
    fields = {
        "type": "card",
        "card[number]": number,
        "card[exp_month]": "12",
        "card[exp_year]": "2030",
        "card[cvc]": "123",
    }
    method = ask(address, "/v1/payment_methods", **fields)["id"]
    ask(address, f"/v1/payment_methods/{method}/attach", customer=customer)
    return f"{customer}:{method}"


@pytest.fixture
def at_localstripe(localstripe: str) -> Stripe:
    return Stripe(read({"SECRET_KEY": "sk_test_12345", "WEBHOOK_SECRET": SECRET, "GATEWAY": localstripe}))


def test_localstripe_charges_a_card_again_and_refunds_it(
    at_localstripe: Stripe, localstripe: str, order: Order, owner: Any
) -> None:
    said = at_localstripe.charge(order, card(localstripe, "4242424242424242"))
    assert (said.succeeded, said.order_number, said.amount, said.currency) == (
        True,
        order.number,
        3000,
        "CNY",
    )
    order.charge_id = said.charge_id
    for number in (1, 2):
        refund = Refund(order=order, key=f"k{number}", amount=1000 * number, currency="CNY", reason="asked")
        answer = at_localstripe.refund(refund)
        assert (answer.state, at_localstripe.query_refund(refund)) == ("done", answer)
        refund.tries = 1
        assert at_localstripe.refund(refund) == answer  # sent again after a lost answer


@pytest.mark.parametrize(
    ("number", "why"),
    [("4000000000000341", "card_declined"), ("4000002760003184", "authentication_required")],
)
def test_localstripe_declines(
    at_localstripe: Stripe, localstripe: str, order: Order, number: str, why: str
) -> None:
    said = at_localstripe.charge(order, card(localstripe, number))
    assert (said.succeeded, said.order_number, said.body["declined"]) == (False, order.number, why)


@pytest.fixture
def mailbox() -> Iterator[tuple[str, "queue.Queue[Message]"]]:
    """Where localstripe sends its events: an address, and what arrived."""
    arrived: queue.Queue[Message] = queue.Queue()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            arrived.put((self.rfile.read(int(self.headers["Content-Length"])), dict(self.headers)))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", arrived
    server.shutdown()
    thread.join()
    server.server_close()


def test_localstripe_tells_of_a_charge_and_its_signature_counts(
    at_localstripe: Stripe, localstripe: str, order_at: Begin, stripe: StripeCounterpart, mailbox: Any
) -> None:
    """The event is made and signed by its own code."""
    address, arrived = mailbox
    order = order_at(stripe)
    ask(localstripe, "/_config/webhooks/shop", url=address, secret=SECRET)
    said = at_localstripe.charge(order, card(localstripe, "4242424242424242"))
    while said.charge_id.encode() not in (message := arrived.get(timeout=10))[0]:
        pass  # it tells of customers too
    assert deliver(message, "stripe").status_code == 200
    order.refresh_from_db()
    assert (order.state, order.charge_id) == ("paid", said.charge_id)


def test_refunds_survive_a_lost_answer(stripe: StripeCounterpart, waiting: Order, owner: Any) -> None:
    deliver(stripe.notification(waiting), "stripe")
    refund = refund_order(viewer=viewer_of(owner), order=waiting, amount=1000, reason="asked")
    provider_of("stripe").refund(refund)  # and we are killed
    stripe.done.clear()  # for more than a day
    Refund.objects.filter(pk=refund.pk).update(tries=1)
    assert (send_refund(refund.pk).state, stripe.refunded(waiting)) == ("done", 1000)
