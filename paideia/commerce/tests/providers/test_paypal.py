"""PayPal: whose certificates count, what is signed, and taking the money once the buyer agreed."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from paideia.access.models import Grant
from paideia.commerce.models import Dispute, Notice, Order
from paideia.commerce.providers import provider_of
from paideia.commerce.providers.asking import ProviderRefused
from paideia.commerce.providers.paypal import certificates
from paideia.commerce.providers.paypal.provider import as_text
from paideia.commerce.tests.providers.paypal_counterpart import SIGNER, PayPalCounterpart, chain
from paideia.commerce.tests.providers.serving import Counterpart, deliver

Begin = Callable[[Counterpart], Order]
NOW = datetime.now(UTC)


@pytest.fixture
def paypal(serve: Callable[[str], PayPalCounterpart]) -> PayPalCounterpart:
    certificates._kept.clear()
    return serve("paypal")


@pytest.fixture
def waiting(paypal: PayPalCounterpart, begun: Begin) -> Order:
    order = begun(paypal)
    paypal.pay(order)
    return order


def refused(message: Any, status: int) -> None:
    assert (deliver(message, "paypal").status_code, Notice.objects.count()) == (status, 0)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"at": NOW - timedelta(days=4)}, 401),
        ({"at": NOW + timedelta(hours=1)}, 401),
        ({"webhook": "OTHERWEBHOOK0000"}, 401),
        ({"owner": "mallory"}, 401),
        ({"cert": "https://api.paypal.com.evil.example/v1/notifications/certs/CERT-1"}, 401),
        ({"cert": "https://evil.example/v1/notifications/certs/CERT-1"}, 401),
        ({"cert": "http://api.paypal.com/v1/notifications/certs/CERT-1"}, 401),
        ({"cert": "https://user@api.paypal.com/v1/notifications/certs/CERT-1"}, 401),
        ({"cert": "https://api.paypal.com:8443/v1/notifications/certs/CERT-1"}, 401),
        ({"cert": "https://api.paypal.com/v1/notifications/certs/../../x"}, 401),
        ({"cert": "file:///etc/passwd"}, 401),
        ({"id": None}, 400),
        ({"event_type": []}, 400),
        ({"resource": None}, 400),
        ({"said": {"amount": {"currency_code": "usd", "value": "30.00"}}}, 400),
        ({"said": {"amount": {"currency_code": "USD", "value": "-30.00"}}}, 400),
        ({"said": {"amount": {"currency_code": "USD", "value": 30}}}, 400),
        ({"said": {"amount": None}}, 400),
        ({"said": {"id": "../x"}}, 400),
        ({"said": {"create_time": "soon"}}, 400),
    ],
)
def test_unfit_events(paypal: PayPalCounterpart, waiting: Order, change: dict[str, Any], status: int) -> None:
    refused(paypal.notification(waiting, **change), status)


@pytest.mark.parametrize(
    "change",
    [
        {"Paypal-Transmission-Id": "other"},
        {"Paypal-Transmission-Id": ""},
        {"Paypal-Transmission-Time": "2026"},
        {"Paypal-Transmission-Sig": "AAAA"},
        {"Paypal-Transmission-Sig": "é"},
        {"Paypal-Auth-Algo": "none"},
        {"Paypal-Cert-Url": ""},
    ],
)
def test_a_changed_header_breaks_the_signature(
    paypal: PayPalCounterpart, waiting: Order, change: dict[str, str]
) -> None:
    body, headers = paypal.notification(waiting)
    refused((body, {**headers, **change}), 401)
    refused((body + b" ", headers), 401)


@pytest.mark.parametrize(
    ("by", "holder", "host"),
    [
        ("mallory", "signer", SIGNER),
        ("root", "signer", "paypal.com.evil.example"),
        ("root", "mallory", SIGNER),
    ],
)
def test_only_paypals_own_certificate_counts(
    paypal: PayPalCounterpart, waiting: Order, by: str, holder: str, host: str
) -> None:
    paypal.chain = chain(by, holder, host)
    refused(paypal.notification(waiting), 401)


@pytest.mark.parametrize(
    "served", [b"", b"no certificate", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_what_is_no_certificate_is_refused(paypal: PayPalCounterpart, waiting: Order, served: bytes) -> None:
    paypal.chain = served
    refused(paypal.notification(waiting), 401)


def test_the_public_roots_do_not_vouch_for_strangers() -> None:
    from cryptography import x509

    leaf = x509.load_pem_x509_certificates(chain("mallory", "signer", SIGNER))
    with pytest.raises(certificates.Forged):
        certificates.verified(leaf, list(certificates.public_roots()))


def test_while_the_certificate_cannot_be_had_paypal_is_asked_to_tell_again(
    paypal: PayPalCounterpart, waiting: Order
) -> None:
    message = paypal.notification(waiting)
    paypal.is_down = True
    refused(message, 503)
    paypal.is_down = False
    assert deliver(message, "paypal").status_code == 200


def test_an_agreed_order_is_taken_when_paypal_tells_that_it_is(
    paypal: PayPalCounterpart, waiting: Order, buyer: Client, visitor: Any
) -> None:
    """The buyer closed the window; then they come back after all, and PayPal tells of the capture too."""
    agreed = paypal.notification(waiting, approved=True)
    assert (len(paypal.captures), deliver(agreed, "paypal").status_code) == (0, 200)
    assert buyer.get(f"/c/agora/orders/{waiting.number}/paid/").status_code == 302
    assert [deliver(each, "paypal").status_code for each in (agreed, paypal.notification(waiting))] == [
        200,
        200,
    ]
    waiting.refresh_from_db()
    assert (waiting.state, len(paypal.captures), Grant.objects.filter(user=visitor).count()) == ("paid", 1, 1)


def test_an_agreed_order_of_somebody_elses_is_left_alone(paypal: PayPalCounterpart, waiting: Order) -> None:
    waiting.attempts.all().delete()
    assert deliver(paypal.notification(waiting, approved=True), "paypal").status_code == 200
    assert (len(paypal.captures), Notice.objects.count()) == (0, 0)


def test_asked_again_the_same_page_is_gone_on_with(
    paypal: PayPalCounterpart, begun: Begin, buyer: Client
) -> None:
    order = begun(paypal)
    paypal.open(buyer, order)
    order.attempts.all().delete()  # as if we had been killed before we noted it
    paypal.open(buyer, order)
    assert len(paypal.orders) == 1


def test_another_currency_settles_nothing(paypal: PayPalCounterpart, waiting: Order) -> None:
    said = {"amount": {"currency_code": "HKD", "value": "30.00"}}
    assert deliver(paypal.notification(waiting, said=said), "paypal").status_code == 200
    waiting.refresh_from_db()
    assert (waiting.state, Notice.objects.get().outcome) == ("awaiting", "mismatched")


def test_a_dispute_is_taken_in_and_decided(paypal: PayPalCounterpart, waiting: Order) -> None:
    deliver(paypal.notification(waiting), "paypal")
    waiting.refresh_from_db()
    it = {"dispute_id": "PP-D-1", "reason": "UNAUTHORISED", "create_time": waiting.paid_at.isoformat(),
          "dispute_amount": {"currency_code": "USD", "value": "30.00"},
          "disputed_transactions": [{"seller_transaction_id": waiting.charge_id}]}  # fmt: skip
    lost = {**it, "dispute_outcome": {"outcome_code": "RESOLVED_BUYER_FAVOUR"}}
    for kind, said, state in (("CREATED", it, "disputed"), ("RESOLVED", lost, "refunded")):
        event = paypal.event(f"CUSTOMER.DISPUTE.{kind}", said, f"WH-{kind}")
        assert [deliver(event, "paypal").status_code for _ in range(2)] == [200, 200]
        waiting.refresh_from_db()
        assert waiting.state == state
    assert Dispute.objects.get().state == "lost"


def test_an_ended_token_is_renewed(paypal: PayPalCounterpart, waiting: Order) -> None:
    paypal.token = "A21AAanother"
    said = provider_of("paypal").query(waiting)
    assert said is not None and said.succeeded


def test_amounts_are_whole_where_paypal_wants_them_whole() -> None:
    assert (as_text(3000, "USD"), as_text(500, "JPY"), as_text(30000, "TWD")) == ("30.00", "500", "300")
    with pytest.raises(ProviderRefused):
        as_text(30001, "TWD")
