"""PayPal's Orders v2 and its webhooks, as its documents describe them: tokens, names of requests, a certificate that
leads to a root of its own, CRC-32 under what is signed."""

import base64
import json
import re
import secrets
import time
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zlib import crc32

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.test import Client

from paideia.commerce.models import Order, Refund
from paideia.commerce.tests.providers.serving import Counterpart, Message, Reply, Unsound, key_pair

CLIENT, SECRET, WEBHOOK = (
    "AZDxjDScFpQtjWTOUtWKbyN_bDt4OgqaF4eY",
    "EO422dn3gQLgDbuwqTjzrFgFtaRLRR5BdHEESmha",
    "8PT597110X687430LKGECATA",
)
SIGNER = "messageverificationcerts.paypal.com"
TRANSMISSIONS = {"PAYMENT.CAPTURE.COMPLETED": "capture"}


class PayPalCounterpart(Counterpart):
    key = "paypal"
    currency = "USD"
    tells_of_refunds = True

    def __init__(self, folder: Any) -> None:
        super().__init__(folder)
        self.orders: dict[str, dict[str, Any]] = {}
        self.captures: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self.done: dict[str, tuple[str, Reply]] = {}
        self.token = f"A21AA{secrets.token_hex(12)}"
        self.chain = chain("root", "signer", SIGNER)
        (self.folder / "paypal_roots.pem").write_bytes(root("root").public_bytes(Encoding.PEM))

    def settings(self) -> dict[str, str]:
        return {"CLIENT_ID": CLIENT, "SECRET": SECRET, "WEBHOOK_ID": WEBHOOK, "GATEWAY": self.address,
                "ROOTS": str(self.folder / "paypal_roots.pem")}  # fmt: skip

    def handle(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        if path.startswith("/v1/notifications/certs/"):
            return 200, {}, self.chain
        if path == "/v1/oauth2/token":
            expected = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
            if headers["authorization"] != f"Basic {expected}" or body != b"grant_type=client_credentials":
                raise Unsound("credentials")
            return self.json(200, {"access_token": self.token, "token_type": "Bearer", "expires_in": 32400})
        if headers.get("authorization") != f"Bearer {self.token}":
            return self.json(401, {"name": "AUTHENTICATION_FAILURE"})
        name = headers.get("paypal-request-id", "")
        if name in self.done and self.done[name][0] == path:
            return self.done[name][1]
        reply = self.answer(method, path, json.loads(body) if body else {})
        if name:
            self.done[name] = (path, reply)
        return reply

    def json(self, status: int, said: dict[str, Any]) -> Reply:
        return status, {"Content-Type": "application/json"}, json.dumps(said).encode()

    def refusal(self, issue: str) -> Reply:
        return self.json(
            422, {"name": "UNPROCESSABLE_ENTITY", "details": [{"issue": issue, "description": issue}]}
        )

    def answer(self, method: str, path: str, asked: dict[str, Any]) -> Reply:
        if (method, path) == ("POST", "/v2/checkout/orders"):
            return self.json(200, self.open_order(asked))
        if found := re.fullmatch(r"/v2/checkout/orders/(\w+)", path):
            return self.json(200, self.orders[found[1]])
        if found := re.fullmatch(r"/v2/checkout/orders/(\w+)/capture", path):
            return self.capture(self.orders[found[1]])
        if found := re.fullmatch(r"/v2/payments/captures/(\w+)/refund", path):
            return self.refund(self.captures[found[1]], asked)
        if found := re.fullmatch(r"/v2/payments/refunds/(\w+)", path):
            return self.json(200, self.refunds[found[1]])
        raise Unsound(f"{method} {path}")

    def open_order(self, asked: dict[str, Any]) -> dict[str, Any]:
        (unit,) = asked["purchase_units"]
        context = asked["payment_source"]["paypal"]["experience_context"]
        if asked["intent"] != "CAPTURE" or not context["return_url"].startswith("http"):
            raise Unsound("intent or context")
        if not re.fullmatch(r"\d+\.\d\d", unit["amount"]["value"]) or len(unit["description"]) > 127:
            raise Unsound("amount or description")
        if any(one["purchase_units"][0]["invoice_id"] == unit["invoice_id"] for one in self.orders.values()):
            raise Unsound("DUPLICATE_INVOICE_ID")
        name = f"5O190127TN36471{len(self.orders):02d}T"
        self.orders[name] = {
            "id": name, "status": "PAYER_ACTION_REQUIRED", "purchase_units": [unit],
            "links": [{"rel": "self", "href": f"{self.address}/v2/checkout/orders/{name}"},
                      {"rel": "payer-action", "href": f"{self.address}/checkoutnow?token={name}"}],
        }  # fmt: skip
        return self.orders[name]

    def capture(self, order: dict[str, Any]) -> Reply:
        if order["status"] == "COMPLETED":
            return self.refusal("ORDER_ALREADY_CAPTURED")
        if order["status"] != "APPROVED":
            return self.refusal("ORDER_NOT_APPROVED")
        (unit,) = order["purchase_units"]
        name = f"3C67936{len(self.captures):02d}X"
        amount = order.get("taken") or unit["amount"]
        self.captures[name] = {"id": name, "status": "COMPLETED", "amount": amount, "custom_id": unit["custom_id"],
                               "invoice_id": unit["invoice_id"], "create_time": now()}  # fmt: skip
        unit["payments"] = {"captures": [self.captures[name]]}
        order["status"] = "COMPLETED"
        return self.json(201, order)

    def refund(self, capture: dict[str, Any], asked: dict[str, Any]) -> Reply:
        if self.given_back(capture) + cents(asked["amount"]) > cents(capture["amount"]):
            return self.refusal("REFUND_AMOUNT_EXCEEDED")
        name = f"1JU08902781{len(self.refunds):02d}X"
        link = {"rel": "up", "href": f"{self.address}/v2/payments/captures/{capture['id']}"}
        self.refunds[name] = {"id": name, "status": "COMPLETED", "amount": asked["amount"], "links": [link],
                              "custom_id": asked["custom_id"], "create_time": now(), "of": capture["id"]}  # fmt: skip
        return self.json(201, self.refunds[name])

    def given_back(self, capture: dict[str, Any]) -> int:
        return sum(cents(one["amount"]) for one in self.refunds.values() if one["of"] == capture["id"])

    def of(self, order: Order) -> dict[str, Any]:
        return next(
            one for one in self.orders.values() if one["purchase_units"][0]["custom_id"] == order.number
        )

    def open(self, client: Client, order: Order) -> None:
        page = client.post(f"/c/agora/orders/{order.number}/payment/")
        assert f"{self.address}/checkoutnow?token=" in page.text, (page, self.faults)

    def pay(self, order: Order, **other: Any) -> None:
        """The buyer agrees; the money is taken by whoever asks first."""
        it = self.of(order)
        it["status"] = "APPROVED"
        if "amount" in other:
            it["taken"] = {"currency_code": order.currency, "value": f"{other['amount'] / 100:.2f}"}

    def notification(self, order: Order, **other: Any) -> Message:
        it = self.of(order)
        if other.pop("approved", False):
            return self.event(
                "CHECKOUT.ORDER.APPROVED", {"id": it["id"], "status": "APPROVED"}, "WH-A", **other
            )
        if it["status"] == "APPROVED":
            self.capture(it)
        (capture,) = it["purchase_units"][0]["payments"]["captures"]
        said = {**capture, **other.pop("said", {})}
        return self.event("PAYMENT.CAPTURE.COMPLETED", said, f"WH-{capture['id']}", **other)

    def failure(self, order: Order) -> Message:
        amount = {"currency_code": order.currency, "value": "30.00"}
        said = {
            "id": "9D",
            "status": "DECLINED",
            "amount": amount,
            "custom_id": order.number,
            "create_time": now(),
        }
        return self.event("PAYMENT.CAPTURE.DENIED", said, f"WH-denied-{order.number}")

    def refund_notification(self, refund: Refund) -> Message:
        made = next(one for one in self.refunds.values() if one["custom_id"] == refund.key)
        return self.event("PAYMENT.CAPTURE.REFUNDED", made, f"WH-{made['id']}")

    def refunded(self, order: Order) -> int:
        (capture,) = self.of(order)["purchase_units"][0]["payments"]["captures"]
        return self.given_back(capture)

    def event(
        self, kind: str, it: dict[str, Any], name: str, *, at: datetime | None = None, webhook: str = WEBHOOK,
        owner: str = "signer", cert: str = "", **other: Any,
    ) -> Message:  # fmt: skip
        said = {"id": name, "event_type": kind, "create_time": now(), "resource": it, **other}
        body = json.dumps(said).encode()
        number, stamp = f"{secrets.token_hex(8)}-t", (at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
        text = f"{number}|{stamp}|{webhook}|{crc32(body) & 0xFFFFFFFF}".encode()
        signed = base64.b64encode(key_pair(owner).sign(text, PKCS1v15(), SHA256())).decode()
        address = cert or f"{self.address}/v1/notifications/certs/CERT-360caa42-{id(self)}"
        return body, {
            "Content-Type": "application/json", "Paypal-Transmission-Id": number, "Paypal-Transmission-Time": stamp,
            "Paypal-Transmission-Sig": signed, "Paypal-Cert-Url": address, "Paypal-Auth-Algo": "SHA256withRSA",
        }  # fmt: skip


def name_of(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def usage(**true: bool) -> x509.KeyUsage:
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
             "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip
    return x509.KeyUsage(**{name: true.get(name, False) for name in names})


def certificate(
    subject: str, owner: str, issuer: str, by: RSAPrivateKey, *extensions: Any
) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder(name_of(issuer), name_of(subject), key_pair(owner).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=90))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key_pair(owner).public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), False)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(by, SHA256())


@cache
def root(owner: str) -> x509.Certificate:
    constraints = (x509.BasicConstraints(ca=True, path_length=None), True)
    return certificate(f"{owner} CA", owner, f"{owner} CA", key_pair(owner), constraints,
                       (usage(key_cert_sign=True, crl_sign=True), True))  # fmt: skip


def chain(by: str, owner: str, host: str) -> bytes:
    """The signer's certificate, as PayPal hands it out."""
    leaf = certificate(
        host, owner, f"{by} CA", key_pair(by),
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.SubjectAlternativeName([x509.DNSName(host)]), False),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (usage(digital_signature=True), True),
    )  # fmt: skip
    return leaf.public_bytes(Encoding.PEM)


def cents(amount: dict[str, str]) -> int:
    return int(amount["value"].replace(".", ""))


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
