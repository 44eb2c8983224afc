"""WeChat Pay's trade bill of a day: a CSV whose values begin with a backtick; its hash is in the signed answer."""

import csv
import hashlib
import hmac
from collections.abc import Iterator
from datetime import date
from zoneinfo import ZoneInfo

from paideia.commerce.providers import amounts, claims
from paideia.commerce.providers.asking import ProviderRefused
from paideia.commerce.providers.news import LineKind, StatementLine
from paideia.commerce.providers.wechat.gateway import Gateway

ZONE = ZoneInfo("Asia/Shanghai")
KINDS = {"SUCCESS": LineKind.CHARGE, "REFUND": LineKind.REFUND}


def of(gateway: Gateway, day: date) -> Iterator[StatementLine]:
    """The lines of a day of China's calendar; none for a day without any. Raises ProviderDown before the bill is
    there, at ten in the morning after."""
    try:
        said = gateway.call("GET", f"/v3/bill/tradebill?bill_date={day.isoformat()}&bill_type=ALL")
    except ProviderRefused as refusal:
        if refusal.code == "NO_STATEMENT_EXIST":
            return
        raise gateway.doubtful(f"bill: {refusal.code}") from None
    body = gateway.download(str(said.get("download_url", "")))
    if not hmac.compare_digest(hashlib.sha1(body).hexdigest(), str(said.get("hash_value", "")).lower()):
        raise gateway.doubtful("the bill is not what was signed")
    try:
        yield from read(body.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, KeyError, claims.Malformed, csv.Error) as error:
        raise gateway.doubtful(f"the bill of {day} is out of form: {type(error).__name__}") from error


def read(text: str) -> Iterator[StatementLine]:
    """The lines of a bill, without the sums at its end."""
    rows = csv.reader(text.splitlines())
    names = [name.strip() for name in next(rows)]
    for row in rows:
        if not row or not row[0].startswith("`"):
            return  # the sums begin with a header of their own
        values = {name: value.strip().removeprefix("`") for name, value in zip(names, row, strict=False)}
        if (line := line_of(values)) is not None:
            yield line


def line_of(row: dict[str, str]) -> StatementLine | None:
    """One row, by the names of its columns; None for what is neither a payment nor a refund. Raises KeyError,
    ValueError or Malformed."""
    kind = KINDS.get(row["交易状态"])
    return _line(kind, row) if kind is not None else None


def _line(kind: LineKind, row: dict[str, str]) -> StatementLine:
    is_refund = kind == LineKind.REFUND
    return StatementLine(
        kind=kind,
        line_id=row["微信退款单号"] if is_refund else row["微信订单号"],
        charge_id=row["微信订单号"],
        order_number=row["商户订单号"],
        amount=amounts.from_text(row["申请退款金额" if is_refund else "订单金额"], "CNY"),
        currency="CNY",
        at=claims.moment(row["交易时间"], "%Y-%m-%d %H:%M:%S", ZONE),
        refund_key=row["商户退款单号"] if is_refund else "",
        fee=_fee(row["手续费"]),
    )


def _fee(text: str) -> int:
    """To five digits in the bill; what is below a fen is rounded down."""
    whole, _point, rest = text.lstrip("-").partition(".")
    return amounts.from_text(f"{whole}.{rest[:2].ljust(2, '0')}", "CNY")
