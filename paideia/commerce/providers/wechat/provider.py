"""WeChat Pay: a code to scan on computers, its app from a phone's browser, its own browser inside WeChat."""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from paideia.commerce.models import Order, Refund
from paideia.commerce.providers import (
    BadNotification,
    Capability,
    ProviderDown,
    charge_of,
    claims,
    statements,
)
from paideia.commerce.providers.asking import ProviderRefused
from paideia.commerce.providers.news import (
    News,
    Nothing,
    Payment,
    RefundAnswer,
    RefundNews,
    RefundState,
    StatementLine,
)
from paideia.commerce.providers.wechat import bills
from paideia.commerce.providers.wechat.gateway import Account, Gateway, read
from paideia.commerce.providers.wechat.signing import Forged, check, decrypt, page_signature, serial_of
from paideia.communities.models import Community

JSON = ("application/json",)
ZONE = ZoneInfo("Asia/Shanghai")
REFUND_STATES = {
    "SUCCESS": RefundState.DONE,
    "PROCESSING": RefundState.PENDING,
    "CLOSED": RefundState.FAILED,
    "ABNORMAL": RefundState.FAILED,
}
NOT_YET = {"NOTPAY", "USERPAYING", "ACCEPT", "PAYERROR"}  # after an error the same order can be paid again
PAID = {"SUCCESS", "REFUND"}


def configured() -> "WeChatPay":
    """The provider as the operator set it. Raises Misconfigured."""
    return WeChatPay(_account(tuple(settings.PAYMENTS["wechat"].items())))


@lru_cache(maxsize=4)
def _account(texts: tuple[tuple[str, str], ...]) -> Account:
    return read(dict(texts))


class WeChatPay:
    key = "wechat"
    label = _("WeChat Pay")
    note = _("With the WeChat app.")
    capabilities = frozenset({Capability.REFUNDS, Capability.PARTIAL_REFUNDS, Capability.STATEMENTS})
    currencies = frozenset({"CNY"})
    refund_days = 365

    def __init__(self, account: Account) -> None:
        self.account, self.gateway = account, Gateway(account)

    def start(self, order: Order, *, return_url: str, notify_url: str) -> str:
        """A page of ours, which knows the buyer's device and goes on from there."""
        return reverse("wechat_payment", args=[order.number])

    def code(self, order: Order, *, notify_url: str) -> str:
        """What the code says that the buyer scans. Raises ProviderRefused, ProviderDown."""
        said = self.gateway.call("POST", "/v3/pay/transactions/native", self._terms(order, notify_url))
        return self._part(said, "code_url")

    def app_address(self, order: Order, *, notify_url: str, return_url: str, ip: str) -> str:
        """Where a phone's browser goes to open the app (H5)."""
        scene = {"scene_info": {"payer_client_ip": ip, "h5_info": {"type": "Wap"}}}
        said = self.gateway.call(
            "POST", "/v3/pay/transactions/h5", {**self._terms(order, notify_url), **scene}
        )
        return f"{self._part(said, 'h5_url')}&redirect_url={quote(return_url, safe='')}"

    def page_terms(self, order: Order, *, notify_url: str, openid: str) -> dict[str, str]:
        """What WeChat's browser is given to pay with (JSAPI); the payer is known by their openid."""
        terms = {**self._terms(order, notify_url), "payer": {"openid": openid}}
        said = self.gateway.call("POST", "/v3/pay/transactions/jsapi", terms)
        return page_signature(self.account.key, self.account.app_id, self._part(said, "prepay_id"))

    def read_notification(self, request: HttpRequest) -> News:
        body = claims.body_of(request, JSON)
        try:
            check(request.headers, body, self.gateway.key_for(serial_of(request.headers)))
            message = claims.object_of(body)
            said = claims.object_of(decrypt(self.account.api_key, claims.inner(message, "resource")))
        except Forged as reason:
            raise BadNotification(str(reason), 401) from None
        except claims.Malformed as part:
            raise BadNotification(f"The message has no fit {part}.") from None
        if said.get("mchid") != self.account.merchant_id:
            raise BadNotification("The message is for another merchant.", 403)
        try:
            return self._news(message, said)
        except claims.Malformed as part:
            raise BadNotification(f"The message has no fit {part}.") from None

    def query(self, order: Order) -> Payment | None:
        path = f"/v3/pay/transactions/out-trade-no/{order.number}?mchid={self.account.merchant_id}"
        try:
            said = self.gateway.call("GET", path)
            self._must_be_ours(said)
            state = claims.text(said, "trade_state")
            if state in NOT_YET:
                return None
            return self._payment(said, f"query:{said.get('transaction_id') or order.number}:{state}")
        except ProviderRefused as refusal:
            if refusal.code in {"ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS"}:
                return None
            raise self.gateway.doubtful(refusal.code) from None
        except (claims.Malformed, BadNotification) as reason:
            raise self.gateway.doubtful(f"query: {reason}") from None

    def charge(self, order: Order, mandate_id: str) -> Payment:
        raise ProviderDown("WeChat Pay does not charge without the buyer.")

    def refund(self, refund: Refund) -> RefundAnswer:
        content = {
            "transaction_id": charge_of(refund),
            "out_refund_no": refund.key,
            "reason": refund.reason[:80] or "-",
            "amount": {"refund": refund.amount, "total": self._charged(refund), "currency": refund.currency},
        }
        try:
            return self._refund_answer(
                refund, self.gateway.call("POST", "/v3/refund/domestic/refunds", content)
            )
        except ProviderRefused as refusal:
            return RefundAnswer(RefundState.FAILED, message=f"{refusal.code} {refusal.words}"[:300])

    def query_refund(self, refund: Refund) -> RefundAnswer:
        try:
            return self._refund_answer(
                refund, self.gateway.call("GET", f"/v3/refund/domestic/refunds/{refund.key}")
            )
        except ProviderRefused as refusal:
            if refusal.code in {"RESOURCE_NOT_EXISTS", "REFUND_NOT_EXISTS"}:
                return RefundAnswer(RefundState.FAILED, message=refusal.code)
            raise self.gateway.doubtful(refusal.code) from None

    def reconcile(self, community: Community, day: date) -> Iterator[StatementLine]:
        lines = [line for local in statements.china_days(day) for line in bills.of(self.gateway, local)]
        return statements.of_community(statements.of_day(lines, day), community)

    def _terms(self, order: Order, notify_url: str) -> dict[str, Any]:
        return {
            "appid": self.account.app_id,
            "mchid": self.account.merchant_id,
            "description": order.title[:40] or "-",
            "out_trade_no": order.number,
            "time_expire": order.expires_at.astimezone(ZONE).isoformat(timespec="seconds"),
            "notify_url": notify_url,
            "amount": {"total": order.total, "currency": order.currency},
        }

    def _charged(self, refund: Refund) -> int:
        """What the charge was of: the order's total, or, of a stray one, what its notice says."""
        if not refund.stray_charge_id:
            return refund.order.total
        told = refund.order.notices.filter(charge_id=refund.stray_charge_id, amount__isnull=False).first()
        return told.amount if told is not None and told.amount else refund.amount

    def _news(self, message: dict[str, Any], said: dict[str, Any]) -> News:
        event, message_id = claims.text(message, "event_type"), claims.text(message, "id")
        if event.startswith("REFUND."):
            return self._refund_news(said, message_id)
        if not event.startswith("TRANSACTION."):
            return Nothing(event)
        self._must_be_ours(said)
        if said.get("trade_state") in NOT_YET:
            return Nothing(event)
        return self._payment(said, message_id)

    def _must_be_ours(self, said: dict[str, Any]) -> None:
        if (said.get("appid"), said.get("mchid")) != (self.account.app_id, self.account.merchant_id):
            raise BadNotification("The message is for another app or merchant.", 403)

    def _payment(self, said: dict[str, Any], message_id: str) -> Payment:
        state, number = claims.text(said, "trade_state"), claims.text(said, "out_trade_no")
        if state in {"CLOSED", "REVOKED"}:
            return Payment(message_id, number, False, "", 0, "CNY", claims.now(), said)
        if state not in PAID:
            raise claims.Malformed("trade_state")
        sum_ = claims.inner(said, "amount")
        return Payment(
            message_id=message_id,
            order_number=number,
            succeeded=True,
            charge_id=claims.text(said, "transaction_id", form=r"\w{1,64}"),
            amount=claims.amount(sum_, "total"),
            currency=claims.currency(sum_, "currency"),
            at=claims.moment(said.get("success_time")),
            body=said,
        )

    def _refund_answer(self, refund: Refund, said: dict[str, Any]) -> RefundAnswer:
        if said.get("out_refund_no") != refund.key:
            raise self.gateway.doubtful("the answer is about another refund")
        state = REFUND_STATES.get(str(said.get("status")))
        if state is None:
            raise self.gateway.doubtful(f"refund {said.get('status')}")
        why = str(said.get("status")) if state == RefundState.FAILED else ""
        return RefundAnswer(state, str(said.get("refund_id", ""))[:120], why)

    def _refund_news(self, said: dict[str, Any], message_id: str) -> News:
        state = REFUND_STATES.get(claims.text(said, "refund_status"))
        if state is None:
            raise claims.Malformed("refund_status")
        at = claims.moment(said["success_time"]) if said.get("success_time") else claims.now()
        return RefundNews(
            message_id=message_id,
            state=state,
            refund_key=claims.text(said, "out_refund_no"),
            refund_id=claims.text(said, "refund_id"),
            order_number=claims.text(said, "out_trade_no"),
            charge_id=claims.text(said, "transaction_id", form=r"\w{1,64}"),
            amount=claims.amount(claims.inner(said, "amount"), "refund"),
            currency="CNY",
            at=at,
            body=said,
            message="" if state != RefundState.FAILED else claims.text(said, "refund_status"),
        )

    def _part(self, said: dict[str, Any], name: str) -> str:
        value = said.get(name)
        if not isinstance(value, str) or not value:
            raise self.gateway.doubtful(f"no {name}")
        return value
