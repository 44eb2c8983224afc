"""Alipay, as its documents describe it: checks RSA2 under every request, signs answers and notifications."""

import base64
import csv
import io
import json
import re
import zipfile
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from django.test import Client
from django.utils import timezone

from paideia.commerce.models import Order, Refund
from paideia.commerce.tests.providers.serving import (
    Counterpart,
    Message,
    Reply,
    Unsound,
    key_pair,
    write_private,
    write_public,
)

APP, SELLER = "2021000012345678", "2088102100000001"
CHINA = ZoneInfo("Asia/Shanghai")
COMMON = {"app_id", "method", "format", "charset", "sign_type", "timestamp", "version", "biz_content", "sign"}
BILL = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,"
    "订单金额(元),商家实收(元),支付宝红包(元),集分宝(元),支付宝优惠(元),商家优惠(元),券核销金额(元),券名称,"
    "商家红包消费金额(元),卡消费金额(元),退款批次号/请求号,服务费(元),分润(元),备注"
)
COLUMNS = BILL.split(",")


def joined(parameters: dict[str, str], without: set[str]) -> bytes:
    """The documents' own rule, written a second time."""
    names = sorted(name for name in parameters if name not in without and parameters[name] != "")
    return "&".join(name + "=" + parameters[name] for name in names).encode("utf-8")


class AlipayCounterpart(Counterpart):
    key = "alipay"
    tells_of_refunds = True

    def __init__(self, folder: Any) -> None:
        super().__init__(folder)
        self.trades: dict[str, dict[str, Any]] = {}
        self.refunds: dict[tuple[str, str], dict[str, Any]] = {}

    def settings(self) -> dict[str, str]:
        return {
            "APP_ID": APP,
            "SELLER_ID": SELLER,
            "PRIVATE_KEY_FILE": write_private(self.folder, "shop"),
            "PUBLIC_KEY_FILE": write_public(self.folder, "alipay"),
            "GATEWAY": f"{self.address}/gateway.do",
        }

    def handle(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        if path.startswith("/bill/"):
            return 200, {"Content-Type": "application/zip"}, self.bill(path.rpartition("/")[2])
        query = dict(parse_qsl(urlsplit(path).query))
        parameters = query if method == "GET" else dict(parse_qsl(body.decode(), strict_parsing=True))
        content = self.check(parameters)
        name = parameters["method"]
        if method == "GET":
            self.ask_for(content, parameters, {"alipay.trade.page.pay", "alipay.trade.wap.pay"})
            return 200, {"Content-Type": "text/html"}, b"<h1>Alipay</h1>"
        said = self.call(name, content, parameters)
        inner = json.dumps(said, ensure_ascii=False)
        sign = self.sign(inner.encode())
        answer = f'{{"{name.replace(".", "_")}_response":{inner},"sign":"{sign}"}}'
        return 200, {"Content-Type": "text/html;charset=utf-8"}, answer.encode()

    def check(self, parameters: dict[str, str]) -> dict[str, Any]:
        """Refuse what Alipay would refuse."""
        if not parameters.keys() >= COMMON or parameters["app_id"] != APP:
            raise Unsound(f"common parameters: {sorted(parameters)}")
        if (parameters["sign_type"], parameters["charset"], parameters["version"]) != (
            "RSA2",
            "utf-8",
            "1.0",
        ):
            raise Unsound("sign type, charset or version")
        at = datetime.strptime(parameters["timestamp"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA)
        if abs(timezone.now() - at) > timedelta(minutes=15):
            raise Unsound("timestamp")
        key_pair("shop").public_key().verify(
            base64.b64decode(parameters["sign"]), joined(parameters, {"sign"}), PKCS1v15(), SHA256()
        )
        content: dict[str, Any] = json.loads(parameters["biz_content"])
        return content

    def sign(self, text: bytes) -> str:
        return base64.b64encode(key_pair("alipay").sign(text, PKCS1v15(), SHA256())).decode()

    def ask_for(self, content: dict[str, Any], parameters: dict[str, str], methods: set[str]) -> None:
        number, total = content["out_trade_no"], content["total_amount"]
        if parameters["method"] not in methods or not re.fullmatch(r"[A-Za-z0-9_]{1,64}", number):
            raise Unsound("method or out_trade_no")
        if not re.fullmatch(r"\d{1,9}\.\d\d", total) or re.search("[/=&]", content["subject"]):
            raise Unsound("total_amount or subject")
        datetime.strptime(content["time_expire"], "%Y-%m-%d %H:%M:%S")
        known = self.trades.setdefault(
            number,
            {"out_trade_no": number, "trade_no": f"20261121{len(self.trades):020d}", "total_amount": total,
             "trade_status": "WAIT_BUYER_PAY", "notify_url": parameters["notify_url"]},
        )  # fmt: skip
        if known["total_amount"] != total:
            raise Unsound("another amount for the same number")

    def call(self, name: str, content: dict[str, Any], parameters: dict[str, str]) -> dict[str, Any]:
        if name == "alipay.trade.precreate":
            self.ask_for(content, parameters, {name})
            number = content["out_trade_no"]
            return {"code": "10000", "msg": "Success", "out_trade_no": number,
                    "qr_code": f"https://qr.alipay.com/{number}"}  # fmt: skip
        if name == "alipay.data.dataservice.bill.downloadurl.query":
            if not self.trades:
                return {"code": "40004", "msg": "Business Failed", "sub_code": "isp.bill_not_exist"}
            return {"code": "10000", "bill_download_url": f"{self.address}/bill/{content['bill_date']}"}
        trade = self.trade_of(content)
        if trade is None or (trade["trade_status"] == "WAIT_BUYER_PAY" and name != "alipay.trade.query"):
            return {"code": "40004", "msg": "Business Failed", "sub_code": "ACQ.TRADE_NOT_EXIST",
                    "sub_msg": "交易不存在"}  # fmt: skip
        if name == "alipay.trade.query":
            shown = {key: value for key, value in trade.items() if key != "notify_url"}
            return {"code": "10000", "msg": "Success", **shown}
        if name == "alipay.trade.refund":
            return self.refund(trade, content)
        done = self.refunds.get((trade["trade_no"], content["out_request_no"]))
        return {"code": "10000", "msg": "Success", **(done or {})}

    def trade_of(self, content: dict[str, Any]) -> dict[str, Any] | None:
        if "trade_no" in content:
            return next((one for one in self.trades.values() if one["trade_no"] == content["trade_no"]), None)
        return self.trades.get(content["out_trade_no"])

    def refund(self, trade: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
        place = (trade["trade_no"], content["out_request_no"])
        moved = place not in self.refunds
        if moved:
            total = self.given_back(trade) + fen(content["refund_amount"])
            if total > fen(trade["total_amount"]):
                return {
                    "code": "40004",
                    "sub_code": "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL",
                    "sub_msg": "退款金额超限",
                }
            self.refunds[place] = {
                "refund_amount": content["refund_amount"], "refund_status": "REFUND_SUCCESS",
                "out_request_no": content["out_request_no"], "trade_no": trade["trade_no"],
            }  # fmt: skip
        return {"code": "10000", "msg": "Success", "trade_no": trade["trade_no"],
                "fund_change": "Y" if moved else "N", "refund_fee": yuan(self.given_back(trade))}  # fmt: skip

    def given_back(self, trade: dict[str, Any]) -> int:
        own = [one for (number, _), one in self.refunds.items() if number == trade["trade_no"]]
        return sum(fen(one["refund_amount"]) for one in own)

    def open(self, client: Client, order: Order) -> None:
        page = client.get(f"/c/agora/orders/{order.number}/alipay/")
        address = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', page.text)
        assert address is not None, page.text
        path = address[1].replace("&amp;", "&").removeprefix(self.address)
        assert self.reply("GET", path, {}, b"")[0] == 200, self.faults

    def trade(self, order: Order) -> dict[str, Any]:
        return self.trades[order.number.replace("-", "_")]

    def pay(self, order: Order, **other: Any) -> None:
        now = timezone.now().astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
        trade = self.trade(order)
        trade.update(trade_status="TRADE_SUCCESS", send_pay_date=now, buyer_user_id="2088101100000002")
        if "amount" in other:
            trade["total_amount"] = yuan(other["amount"])

    def notification(self, order: Order, **other: Any) -> Message:
        trade = self.trade(order)
        now = timezone.now().astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
        fields = {
            "notify_type": "trade_status_sync", "notify_id": f"n_{trade['trade_no']}_{trade['trade_status']}",
            "notify_time": now, "app_id": APP, "seller_id": SELLER, "charset": "utf-8", "version": "1.0",
            "out_trade_no": trade["out_trade_no"], "trade_no": trade["trade_no"], "subject": "课程 & 社群",
            "total_amount": trade["total_amount"], "trade_status": trade["trade_status"], "body": "",
            "gmt_payment": trade.get("send_pay_date", ""), **other,
        }  # fmt: skip
        return self.signed(fields)

    def signed(self, fields: dict[str, str]) -> Message:
        sign = self.sign(joined(fields, {"sign", "sign_type"}))
        body = urlencode({**fields, "sign": sign, "sign_type": "RSA2"}).encode()
        return body, {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}

    def failure(self, order: Order) -> Message:
        return self.notification(
            order, trade_status="TRADE_CLOSED", notify_id=f"closed_{order.number}", gmt_payment=""
        )

    def refund_notification(self, refund: Refund) -> Message:
        now = timezone.now().astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S.123")
        trade = self.trade(refund.order)
        total = yuan(self.given_back(trade))
        return self.notification(
            refund.order, out_biz_no=refund.key, refund_fee=total, gmt_refund=now, notify_id=f"r_{refund.key}"
        )

    def refunded(self, order: Order) -> int:
        return self.given_back(self.trade(order))

    def bill(self, day: str) -> bytes:
        """The packed bill, as it is downloaded: names and rows in GBK, remarks before and after."""
        out = io.StringIO()
        out.write(f"#支付宝业务明细查询\n#账号：[{SELLER}0156]\n#起始日期：[{day}]\n#-----业务明细列表----\n")
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        for trade in self.trades.values():
            if str(trade.get("send_pay_date", "")).startswith(day):
                writer.writerow(self.row(trade, "交易", trade["total_amount"], "", "-0.18"))
        for (number, key), one in self.refunds.items():
            trade = next(each for each in self.trades.values() if each["trade_no"] == number)
            if str(trade["send_pay_date"]).startswith(day):
                writer.writerow(self.row(trade, "退款", f"-{one['refund_amount']}", key, "0.00"))
        out.write("#-----业务明细列表结束----\n#交易合计：1笔\n")
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name, text in (
                (f"{SELLER}_{day}_业务明细.csv", out.getvalue()),
                ("业务明细(汇总).csv", "#\n"),
            ):
                entry = zipfile.ZipInfo(name.encode("gb18030").decode("cp437"))
                archive.writestr(entry, text.encode("gb18030"))
        return packed.getvalue()

    def row(self, trade: dict[str, Any], what: str, amount: str, key: str, fee: str) -> list[str]:
        values = dict.fromkeys(COLUMNS, "")
        values |= {
            "支付宝交易号": f"{trade['trade_no']}\t", "商户订单号": f"{trade['out_trade_no']}\t", "业务类型": what,
            "商品名称": "课程", "创建时间": trade["send_pay_date"], "完成时间": trade["send_pay_date"],
            "订单金额(元)": amount, "退款批次号/请求号": key, "服务费(元)": fee,
        }  # fmt: skip
        return list(values.values())


def fen(text: str) -> int:
    return int(text.replace(".", ""))


def yuan(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02d}"
