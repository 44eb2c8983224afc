"""Alipay's bill of a day: a ZIP with a CSV in GBK, one line for each payment and each refund."""

import csv
import io
import zipfile
from collections.abc import Iterator
from datetime import date

from paideia.commerce.providers import ProviderDown, amounts, claims
from paideia.commerce.providers.alipay.gateway import ZONE, Gateway
from paideia.commerce.providers.asking import ProviderRefused, ask
from paideia.commerce.providers.news import LineKind, StatementLine

UNPACKED_BYTES_MAX = 256 * 2**20
KINDS = {"交易": LineKind.CHARGE, "退款": LineKind.REFUND}


def of(gateway: Gateway, day: date) -> Iterator[StatementLine]:
    """The lines of a day of China's calendar; none for a day without any. Raises ProviderDown before the bill is
    there, at ten in the morning after."""
    content = {"bill_type": "trade", "bill_date": day.isoformat()}
    try:
        said = gateway.call("alipay.data.dataservice.bill.downloadurl.query", content)
    except ProviderRefused as refusal:
        if refusal.code == "isp.bill_not_exist":
            return
        raise ProviderDown(refusal.code) from None
    answer = ask("GET", str(said.get("bill_download_url", "")))
    try:
        yield from read(answer.body)
    except (zipfile.BadZipFile, UnicodeDecodeError, ValueError, KeyError, claims.Malformed) as error:
        raise ProviderDown(f"the bill of {day} is out of form: {type(error).__name__}") from error


def read(packed: bytes) -> Iterator[StatementLine]:
    """The lines of a packed bill."""
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        for entry in archive.infolist():
            names = f"{entry.filename} {_from_gbk(entry.filename)}"
            if "业务明细" in names and "汇总" not in names:
                if entry.file_size > UNPACKED_BYTES_MAX:
                    raise ValueError("the bill is too large")
                yield from _rows(archive.read(entry).decode("gb18030"))


def _rows(text: str) -> Iterator[StatementLine]:
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    for row in csv.DictReader(lines, skipinitialspace=True):
        plain = {(name or "").strip(): (value or "").strip() for name, value in row.items() if name}
        if (line := line_of(plain)) is not None:
            yield line


def line_of(row: dict[str, str]) -> StatementLine | None:
    """One row, by the names of its columns; None for what is neither a payment nor a refund. Raises KeyError,
    ValueError or Malformed."""
    kind = KINDS.get(row["业务类型"])
    return _line(kind, row) if kind is not None else None


def _line(kind: LineKind, row: dict[str, str]) -> StatementLine:
    charge_id, key = row["支付宝交易号"], row["退款批次号/请求号"]
    return StatementLine(
        kind=kind,
        line_id=f"{charge_id}:{key}" if kind == LineKind.REFUND else charge_id,
        charge_id=charge_id,
        order_number=row["商户订单号"].replace("_", "-"),
        amount=amounts.from_text(row["订单金额(元)"].lstrip("-"), "CNY"),
        currency="CNY",
        at=claims.moment(row["完成时间"], "%Y-%m-%d %H:%M:%S", ZONE),
        refund_key=key if kind == LineKind.REFUND else "",
        fee=amounts.from_text(row["服务费(元)"].lstrip("-"), "CNY"),
    )


def _from_gbk(name: str) -> str:
    """Names within such archives are in GBK without saying so; zipfile takes them for code page 437."""
    try:
        return name.encode("cp437").decode("gb18030")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return name
