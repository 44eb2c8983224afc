"""Stripe's API where localstripe has none of it (pages to pay on, idempotency keys, disputes, statements by day):
refuses what Stripe refuses, and signs events as its documents say."""

import hashlib
import hmac
import json
import re
import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.test import Client

from paideia.commerce.models import Order, Refund
from paideia.commerce.tests.providers.serving import Counterpart, Message, Reply, Unsound

KEY, SECRET = "sk_test_51Hx0aPaideia", "whsec_vK7bPaideiaCounterpart"
PAGE_PARAMETERS = {
    "mode", "client_reference_id", "metadata", "payment_intent_data", "line_items", "success_url", "cancel_url",
    "expires_at", "customer_creation", "customer_email",
}  # fmt: skip


class StripeCounterpart(Counterpart):
    key = "stripe"
    currency = "USD"
    tells_of_refunds = True

    def __init__(self, folder: Any) -> None:
        super().__init__(folder)
        self.sessions: dict[str, dict[str, Any]] = {}
        self.intents: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self.done: dict[str, tuple[str, Reply]] = {}  # by idempotency key
        self.declines: set[str] = set()

    def settings(self) -> dict[str, str]:
        return {"SECRET_KEY": KEY, "WEBHOOK_SECRET": SECRET, "GATEWAY": self.address}

    def handle(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        if headers.get("authorization") != f"Bearer {KEY}" or "stripe-version" not in headers:
            return self.json(401, {"error": {"type": "invalid_request_error", "message": "Invalid API Key"}})
        name = headers.get("idempotency-key", "") if method == "POST" else ""
        what = f"{method} {path} {body.decode()}"
        if name in self.done:
            if self.done[name][0] != what:
                return self.json(400, {"error": {"type": "idempotency_error", "message": "other parameters"}})
            return self.done[name][1]
        parts = urlsplit(path)
        reply = self.answer(method, parts.path, tree(body.decode() if method == "POST" else parts.query))
        if name:
            self.done[name] = (what, reply)
        return reply

    def answer(self, method: str, path: str, asked: dict[str, Any]) -> Reply:
        if (method, path) == ("POST", "/v1/checkout/sessions"):
            return self.json(200, self.open_page(asked))
        if found := re.fullmatch(r"/v1/checkout/sessions/(\w+)", path):
            session = dict(self.sessions[found[1]])
            if "payment_intent" in asked.get("expand", {}).values() and session["payment_intent"]:
                session["payment_intent"] = self.intents[session["payment_intent"]]
            return self.json(200, session)
        if (method, path) == ("POST", "/v1/payment_intents"):
            return self.charge(asked)
        if path == "/v1/payment_intents":
            own = [one for one in self.intents.values() if one["customer"] == asked["customer"]]
            return self.listed(path, own)
        if found := re.fullmatch(r"/v1/payment_intents/(\w+)", path):
            return self.json(200, self.intents[found[1]])
        if (method, path) == ("POST", "/v1/refunds"):
            return self.refund(asked)
        if path == "/v1/refunds":
            return self.listed(path, self.refunds_of(asked["payment_intent"]))
        if path == "/v1/balance_transactions":
            if int(asked["created"]["lt"]) - int(asked["created"]["gte"]) != 86400:
                raise Unsound("not a day")
            return self.listed(path, self.movements(int(asked["created"]["gte"])))
        raise Unsound(f"{method} {path}")

    def json(self, status: int, said: dict[str, Any]) -> Reply:
        return status, {"Content-Type": "application/json", "Request-Id": "req_1"}, json.dumps(said).encode()

    def listed(self, url: str, rows: list[dict[str, Any]]) -> Reply:
        return self.json(200, {"object": "list", "url": url, "has_more": False, "data": rows})

    def open_page(self, asked: dict[str, Any]) -> dict[str, Any]:
        if not asked.keys() <= PAGE_PARAMETERS or asked["mode"] != "payment":
            raise Unsound(f"parameters {sorted(asked)}")
        (line,) = asked["line_items"].values()
        price = line["price_data"]
        if not 1800 <= int(asked["expires_at"]) - time.time() <= 86400 or line["quantity"] != "1":
            raise Unsound("expires_at or quantity")
        if not re.fullmatch("[a-z]{3}", price["currency"]) or not price["product_data"]["name"]:
            raise Unsound("price")
        name = f"cs_test_{len(self.sessions)}"
        self.sessions[name] = {
            "id": name, "object": "checkout.session", "url": f"{self.address}/pay/{name}", "status": "open",
            "payment_status": "unpaid", "amount_total": int(price["unit_amount"]), "currency": price["currency"],
            "client_reference_id": asked["client_reference_id"], "metadata": asked["metadata"], "livemode": False,
            "payment_intent": None, "created": int(time.time()), "intent_data": asked["payment_intent_data"],
        }  # fmt: skip
        return self.sessions[name]

    def intent(self, amount: int, currency: str, metadata: dict[str, str], **other: Any) -> dict[str, Any]:
        name = f"pi_{len(self.intents)}Paideia"
        self.intents[name] = {
            "id": name, "object": "payment_intent", "amount": amount, "amount_received": amount, "livemode": False,
            "currency": currency, "metadata": metadata, "status": "succeeded", "created": int(time.time()),
            "customer": "cus_1", "payment_method": "pm_1", "setup_future_usage": None, **other,
        }  # fmt: skip
        return self.intents[name]

    def charge(self, asked: dict[str, Any]) -> Reply:
        if (asked["off_session"], asked["confirm"]) != ("true", "true") or int(asked["amount"]) <= 0:
            raise Unsound("off_session and confirm")
        if asked["payment_method"] in self.declines:
            return self.json(
                402, {"error": {"type": "card_error", "code": "card_declined", "message": "declined"}}
            )
        terms = {"customer": asked["customer"], "payment_method": asked["payment_method"]}
        return self.json(
            200, self.intent(int(asked["amount"]), asked["currency"], asked["metadata"], **terms)
        )

    def refund(self, asked: dict[str, Any]) -> Reply:
        intent = self.intents[asked["payment_intent"]]
        back = sum(one["amount"] for one in self.refunds_of(intent["id"]))
        if back + int(asked["amount"]) > intent["amount_received"]:
            error = {
                "type": "invalid_request_error",
                "code": "charge_already_refunded",
                "message": "too much",
            }
            return self.json(400, {"error": error})
        name = f"re_{len(self.refunds)}"
        self.refunds[name] = {
            "id": name, "object": "refund", "amount": int(asked["amount"]), "currency": intent["currency"],
            "payment_intent": intent["id"], "metadata": asked["metadata"], "status": "succeeded",
            "created": int(time.time()),
        }  # fmt: skip
        return self.json(200, self.refunds[name])

    def refunds_of(self, intent: str) -> list[dict[str, Any]]:
        return [one for one in self.refunds.values() if one["payment_intent"] == intent]

    def movements(self, start: int) -> list[dict[str, Any]]:
        rows = []
        for one in [*self.intents.values(), *self.refunds.values()]:
            is_refund = one["object"] == "refund"
            source = one if is_refund else {
                "id": f"ch_{one['id']}", "object": "charge", "payment_intent": one["id"], "amount": one["amount"],
                "currency": one["currency"], "metadata": one["metadata"],
            }  # fmt: skip
            rows.append({
                "id": f"txn_{one['id']}", "object": "balance_transaction", "type": "refund" if is_refund else "charge",
                "amount": -one["amount"] if is_refund else one["amount"], "fee": 0 if is_refund else 18,
                "currency": one["currency"], "created": one["created"], "source": source,
                "reporting_category": "refund" if is_refund else "charge",
            })  # fmt: skip
        return [row for row in rows if start <= row["created"] < start + 86400]

    def open(self, client: Client, order: Order) -> None:
        page = client.post(f"/c/agora/orders/{order.number}/payment/")
        found = re.search(r'content="0; url=([^"]+)"', page.text)
        assert found is not None and found[1].startswith(f"{self.address}/pay/cs_test_"), (page, self.faults)

    def session(self, order: Order) -> dict[str, Any]:
        return next(one for one in self.sessions.values() if one["client_reference_id"] == order.number)

    def pay(self, order: Order, **other: Any) -> None:
        session = self.session(order)
        amount = other.get("amount", session["amount_total"])
        wanted = session["intent_data"].get("setup_future_usage")
        intent = self.intent(
            amount, session["currency"], session["intent_data"]["metadata"], setup_future_usage=wanted
        )
        session |= {"payment_intent": intent["id"], "payment_status": "paid", "status": "complete",
                    "amount_total": amount}  # fmt: skip

    def notification(self, order: Order, **other: Any) -> Message:
        session = {**self.session(order), **other.pop("said", {})}
        return self.event("checkout.session.completed", session, f"evt_{session['id']}", **other)

    def failure(self, order: Order) -> Message:
        failed = {**self.session(order), "payment_intent": "pi_failed", "payment_status": "unpaid"}
        return self.event("checkout.session.async_payment_failed", failed, f"evt_failed_{failed['id']}")

    def refund_notification(self, refund: Refund) -> Message:
        made = next(one for one in self.refunds.values() if one["metadata"]["key"] == refund.key)
        return self.event("refund.updated", made, f"evt_{made['id']}")

    def refunded(self, order: Order) -> int:
        intent = self.session(order)["payment_intent"]
        return sum(one["amount"] for one in self.refunds_of(intent))

    def event(
        self,
        kind: str,
        it: dict[str, Any],
        name: str,
        *,
        at: int | None = None,
        secret: str = SECRET,
        **other: Any,
    ) -> Message:
        said = {"id": name, "object": "event", "type": kind, "created": int(time.time()), "livemode": False,
                "api_version": "2026-10-28.endive", "data": {"object": it}, **other}  # fmt: skip
        return signed(json.dumps(said).encode(), at=at, secret=secret)


def signed(body: bytes, *, at: int | None = None, secret: str = SECRET) -> Message:
    """`t=…,v1=HMAC-SHA-256 of "t.body"` (docs.stripe.com/webhooks#verify-manually), beside a scheme of old."""
    stamp = int(time.time()) if at is None else at
    digest = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    header = f"t={stamp},v1={digest},v0={'6ffb' * 16}"
    return body, {"Content-Type": "application/json", "Stripe-Signature": header}


def tree(text: str) -> dict[str, Any]:
    """`a[0][b]=c` as {"a": {"0": {"b": "c"}}}."""
    found: dict[str, Any] = {}
    for name, value in parse_qsl(text):
        parts = re.findall(r"[^\[\]]+", name)
        place = found
        for part in parts[:-1]:
            place = place.setdefault(part, {})
        place[parts[-1]] = value
    return found
