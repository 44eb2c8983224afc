"""Alipay: its page on computers, its app on phones, a code to scan; all in yuan."""

from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from paideia.commerce.models import Order, Refund
from paideia.commerce.providers import BadNotification, Capability, amounts, charge_of, claims, statements
from paideia.commerce.providers.alipay import bills
from paideia.commerce.providers.alipay.gateway import ZONE, Account, Gateway, read
from paideia.commerce.providers.alipay.signing import is_genuine
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
from paideia.communities.models import Community

FORM = ("application/x-www-form-urlencoded",)
TIME = "%Y-%m-%d %H:%M:%S"
AGE_MAX = timedelta(hours=48)  # Alipay tells again for 25 hours
PAID = {"TRADE_SUCCESS", "TRADE_FINISHED"}
PRODUCTS = {
    "page": ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
    "wap": ("alipay.trade.wap.pay", "QUICK_WAP_WAY"),
}


def configured() -> "Alipay":
    """The provider as the operator set it. Raises Misconfigured."""
    return Alipay(_account(tuple(settings.PAYMENTS["alipay"].items())))


@lru_cache(maxsize=4)
def _account(texts: tuple[tuple[str, str], ...]) -> Account:
    return read(dict(texts))


class Alipay:
    key = "alipay"
    label = _("Alipay")
    note = _("With the Alipay app or your Alipay account.")
    capabilities = frozenset({Capability.REFUNDS, Capability.PARTIAL_REFUNDS, Capability.STATEMENTS})
    currencies = frozenset({"CNY"})
    refund_days = 365

    def __init__(self, account: Account) -> None:
        self.account, self.gateway = account, Gateway(account)

    def start(self, order: Order, *, return_url: str, notify_url: str) -> str:
        """A page of ours, which knows the buyer's device and sends them on to Alipay."""
        return reverse("alipay_payment", args=[order.number])

    def page(self, order: Order, way: str, *, return_url: str, notify_url: str) -> str:
        """The address at Alipay's where this order is paid: by "page" or "wap"."""
        method, product = PRODUCTS[way]
        content = {**self._terms(order), "product_code": product}
        return self.gateway.address_of(method, content, return_url=return_url, notify_url=notify_url)

    def code(self, order: Order, *, notify_url: str) -> str:
        """What the code says that the buyer scans. Raises ProviderRefused, ProviderDown."""
        said = self.gateway.call("alipay.trade.precreate", self._terms(order), notify_url=notify_url)
        return str(said["qr_code"])

    def read_notification(self, request: HttpRequest) -> News:
        fields = claims.fields_of(claims.body_of(request, FORM))
        if not is_genuine(fields, self.account.alipay_key):
            raise BadNotification("The signature does not fit the message.", 401)
        if (fields.get("app_id"), fields.get("seller_id")) != (self.account.app_id, self.account.seller_id):
            raise BadNotification("The message is for another app or seller.", 403)
        try:
            if timezone.now() - claims.moment(fields.get("notify_time"), TIME, ZONE) > AGE_MAX:
                raise BadNotification("The message is too old.")
            return self._news(fields, claims.text(fields, "notify_id"))
        except claims.Malformed as part:
            raise BadNotification(f"The message has no fit {part}.") from None

    def query(self, order: Order) -> Payment | None:
        try:
            said = self.gateway.call("alipay.trade.query", {"out_trade_no": trade_number(order.number)})
            if said["trade_status"] == "WAIT_BUYER_PAY":
                return None
            at = claims.moment(said.get("send_pay_date") or _now(), TIME, ZONE)
            return self._payment(said, f"query:{said['trade_no']}:{said['trade_status']}", at)
        except ProviderRefused as refusal:
            if refusal.code == "ACQ.TRADE_NOT_EXIST":
                return None
            raise
        except (claims.Malformed, KeyError):
            raise self.gateway.doubtful("alipay.trade.query") from None

    def charge(self, order: Order, mandate_id: str) -> Payment:
        raise ProviderRefused("no mandate", str(_("Alipay does not charge without the buyer.")))

    def refund(self, refund: Refund) -> RefundAnswer:
        content = {
            "trade_no": charge_of(refund),
            "refund_amount": amounts.as_text(refund.amount, refund.currency),
            "out_request_no": refund.key,
            "refund_reason": refund.reason[:200],
        }
        try:
            said = self.gateway.call("alipay.trade.refund", content)
        except ProviderRefused as refusal:
            return RefundAnswer(RefundState.FAILED, message=f"{refusal.code} {refusal.words}"[:300])
        if said.get("trade_no") == content["trade_no"] and said.get("fund_change") == "Y":
            return RefundAnswer(RefundState.DONE, refund.key)
        return self.query_refund(refund)  # sent before, or not moved yet

    def query_refund(self, refund: Refund) -> RefundAnswer:
        content = {"trade_no": charge_of(refund), "out_request_no": refund.key}
        try:
            said = self.gateway.call("alipay.trade.fastpay.refund.query", content)
        except ProviderRefused as refusal:
            if refusal.code == "ACQ.TRADE_NOT_EXIST":
                return RefundAnswer(RefundState.FAILED, message=refusal.code)
            raise self.gateway.doubtful(refusal.code) from None
        if said.get("refund_status") == "REFUND_SUCCESS":
            return RefundAnswer(RefundState.DONE, refund.key)
        return RefundAnswer(RefundState.PENDING)

    def reconcile(self, community: Community, day: date) -> Iterator[StatementLine]:
        lines = [line for local in statements.china_days(day) for line in bills.of(self.gateway, local)]
        return statements.of_community(statements.of_day(lines, day), community)

    def _terms(self, order: Order) -> dict[str, str]:
        return {
            "out_trade_no": trade_number(order.number),
            "total_amount": amounts.as_text(order.total, order.currency),
            "subject": _plain(order.title),
            "time_expire": order.expires_at.astimezone(ZONE).strftime(TIME),
        }

    def _news(self, fields: dict[str, str], notify_id: str) -> News:
        if "gmt_refund" in fields and "out_biz_no" in fields:
            return self._refund_news(fields, notify_id)
        status = claims.text(fields, "trade_status")
        if status == "WAIT_BUYER_PAY":
            return Nothing(status)
        at = fields.get("gmt_payment") or fields.get("gmt_close") or fields["notify_time"]
        return self._payment(fields, notify_id, claims.moment(at, TIME, ZONE))

    def _payment(self, said: dict[str, Any], message_id: str, at: Any) -> Payment:
        status = claims.text(said, "trade_status")
        if status not in {*PAID, "TRADE_CLOSED"}:
            raise claims.Malformed("trade_status")
        return Payment(
            message_id=message_id,
            order_number=order_number(claims.text(said, "out_trade_no")),
            succeeded=status in PAID,  # closed: never paid, or all of it refunded since
            charge_id=claims.text(said, "trade_no", form=r"\w{1,64}"),
            amount=_fen(said, "total_amount"),
            currency="CNY",
            at=at,
            body=dict(said),
        )

    def _refund_news(self, fields: dict[str, str], notify_id: str) -> RefundNews:
        """A refund, ours or made on Alipay's pages. The notification has only the sum of all refunds, so what
        this one was is asked."""
        charge_id, key = claims.text(fields, "trade_no", form=r"\w{1,64}"), claims.text(fields, "out_biz_no")
        said = self.gateway.call(
            "alipay.trade.fastpay.refund.query", {"trade_no": charge_id, "out_request_no": key}
        )
        if said.get("refund_status") != "REFUND_SUCCESS":
            raise self.gateway.doubtful("refund without success")
        return RefundNews(
            message_id=notify_id,
            state=RefundState.DONE,
            refund_key=key,
            refund_id=key,
            order_number=order_number(claims.text(fields, "out_trade_no")),
            charge_id=charge_id,
            amount=_fen(said, "refund_amount"),
            currency="CNY",
            at=claims.moment(fields["gmt_refund"].partition(".")[0], TIME, ZONE),
            body=dict(fields),
        )


def trade_number(number: str) -> str:
    """An order's number as Alipay takes it: letters, digits and low lines."""
    return number.replace("-", "_")


def order_number(number: str) -> str:
    return number.replace("_", "-")


def _fen(said: dict[str, Any], name: str) -> int:
    try:
        return amounts.from_text(said.get(name), "CNY")
    except ValueError:
        raise claims.Malformed(name) from None


def _plain(title: str) -> str:
    """A subject without the signs that Alipay refuses."""
    return "".join(" " if sign in "/=&<>\"'\\" else sign for sign in title)[:120] or "-"


def _now() -> str:
    return timezone.now().astimezone(ZONE).strftime(TIME)
