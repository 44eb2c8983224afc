"""WeChat Pay's API v3, as its documents describe it: checks the signature under every request, signs answers and
notifications with the platform's key, encrypts with the APIv3 key."""

import base64
import hashlib
import json
import re
import secrets
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
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

APP, MERCHANT, SERIAL = "wx8888888888888888", "1900000001", "1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C"
API_KEY, PUBLIC_KEY_ID = "0123456789abcdefABCDEF9876543210", "PUB_KEY_ID_0114232134912410000000000000"
AUTHORIZATION = re.compile(
    r'WECHATPAY2-SHA256-RSA2048 mchid="(\d+)",nonce_str="([^"]+)",signature="([^"]+)",'
    r'timestamp="(\d+)",serial_no="([0-9A-F]+)"'
)
BILL = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
CHINA = ZoneInfo("Asia/Shanghai")
REASONS = {"native": "code_url", "h5": "h5_url", "jsapi": "prepay_id"}


class WeChatCounterpart(Counterpart):
    key = "wechat"
    tells_of_refunds = True
    with_certificates = False

    def __init__(self, folder: Any) -> None:
        super().__init__(folder)
        self.trades: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, dict[str, Any]] = {}
        self.refund_status = "SUCCESS"
        self.bills: dict[str, bytes] = {}
        self.serial = PUBLIC_KEY_ID

    def settings(self) -> dict[str, str]:
        own_key = {"PUBLIC_KEY_ID": PUBLIC_KEY_ID, "PUBLIC_KEY_FILE": write_public(self.folder, "platform")}
        return {
            "APP_ID": APP,
            "APP_SECRET": "0123456789abcdef0123456789abcdef",
            "MERCHANT_ID": MERCHANT,
            "MERCHANT_SERIAL": SERIAL,
            "PRIVATE_KEY_FILE": write_private(self.folder, "merchant"),
            "API_KEY": API_KEY,
            "GATEWAY": self.address,
            **({} if self.with_certificates else own_key),
        }

    def handle(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        if path.startswith("/sns/oauth2/access_token"):
            return 200, {}, json.dumps({"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}).encode()
        self.check(method, path, headers, body)
        if path.startswith("/billdownload/"):
            return 200, {}, self.bills[path.rpartition("/")[2]]
        status, said = self.answer(method, path, json.loads(body) if body else {})
        reply = json.dumps(said, ensure_ascii=False).encode()
        return status, {"Content-Type": "application/json", **self.signature(reply)}, reply

    def check(self, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        """Refuse what WeChat Pay would refuse."""
        found = AUTHORIZATION.fullmatch(headers.get("authorization", ""))
        if found is None or found[1] != MERCHANT or found[5] != SERIAL:
            raise Unsound(f"authorization {headers.get('authorization')}")
        if abs(time.time() - int(found[4])) > 300 or "user-agent" not in headers:
            raise Unsound("timestamp or agent")
        text = f"{method}\n{path}\n{found[4]}\n{found[2]}\n".encode() + body + b"\n"
        key_pair("merchant").public_key().verify(base64.b64decode(found[3]), text, PKCS1v15(), SHA256())

    def signature(self, body: bytes, *, at: int | None = None, owner: str = "platform") -> dict[str, str]:
        stamp, nonce = str(int(time.time()) if at is None else at), secrets.token_hex(16)
        text = f"{stamp}\n{nonce}\n".encode() + body + b"\n"
        signed = base64.b64encode(key_pair(owner).sign(text, PKCS1v15(), SHA256())).decode()
        return {
            "Wechatpay-Timestamp": stamp, "Wechatpay-Nonce": nonce, "Wechatpay-Signature": signed,
            "Wechatpay-Serial": self.serial, "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        }  # fmt: skip

    def answer(self, method: str, path: str, content: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        parts, query = urlsplit(path).path, parse_qs(urlsplit(path).query)
        if parts == "/v3/certificates":
            return 200, {"data": [self.certificate()]}
        if method == "POST" and (found := re.fullmatch(r"/v3/pay/transactions/(native|h5|jsapi)", parts)):
            return 200, self.ask_for(found[1], content)
        if found := re.fullmatch(r"/v3/pay/transactions/out-trade-no/(.+)", parts):
            trade = self.trades.get(found[1])
            if trade is None or query["mchid"] != [MERCHANT]:
                return 404, {"code": "ORDER_NOT_EXIST", "message": "订单不存在"}
            return 200, self.shown(trade)
        if method == "POST" and parts == "/v3/refund/domestic/refunds":
            return self.refund(content)
        if found := re.fullmatch(r"/v3/refund/domestic/refunds/(.+)", parts):
            one = self.refunds.get(found[1])
            return (200, one) if one else (404, {"code": "RESOURCE_NOT_EXISTS", "message": "退款单不存在"})
        if parts == "/v3/bill/tradebill":
            return self.bill(query["bill_date"][0])
        raise Unsound(f"{method} {path}")

    def ask_for(self, way: str, content: dict[str, Any]) -> dict[str, Any]:
        number, amount = content["out_trade_no"], content["amount"]
        if (content["appid"], content["mchid"]) != (APP, MERCHANT):
            raise Unsound("app or merchant")
        if not re.fullmatch(r"[\w|*@-]{6,32}", number) or not content["notify_url"].startswith("http"):
            raise Unsound("number or address")
        if type(amount["total"]) is not int or amount["currency"] != "CNY" or not content["description"]:
            raise Unsound("amount")
        if way == "jsapi" and not content["payer"]["openid"]:
            raise Unsound("payer")
        if way == "h5" and not content["scene_info"]["payer_client_ip"]:
            raise Unsound("scene")
        datetime.fromisoformat(content["time_expire"])
        known = self.trades.setdefault(number, {"out_trade_no": number, "total": amount["total"], "state": "NOTPAY",
                                                "id": f"42000000{len(self.trades):020d}"})  # fmt: skip
        if known["total"] != amount["total"]:
            raise Unsound("another amount for the same number")
        found = {"native": f"weixin://wxpay/bizpayurl?pr={number}", "jsapi": "wx26112004620270",
                 "h5": f"{self.address}/h5?prepay_id={number}"}  # fmt: skip
        return {REASONS[way]: found[way]}

    def shown(self, trade: dict[str, Any]) -> dict[str, Any]:
        said = {"appid": APP, "mchid": MERCHANT, "out_trade_no": trade["out_trade_no"],
                "trade_state": trade["state"], "trade_state_desc": "支付", "amount":
                {"total": trade["total"], "payer_total": trade["total"], "currency": "CNY",
                 "payer_currency": "CNY"}}  # fmt: skip
        if trade["state"] == "SUCCESS":
            said |= {"transaction_id": trade["id"], "success_time": trade["at"], "trade_type": "NATIVE",
                     "bank_type": "OTHERS", "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}}  # fmt: skip
        return said

    def refund(self, content: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        trade = next(one for one in self.trades.values() if one["id"] == content["transaction_id"])
        amount = content["amount"]
        if amount["total"] != trade["total"]:
            return 400, {"code": "PARAM_ERROR", "message": "订单金额不一致"}
        if content["out_refund_no"] not in self.refunds:
            if self.given_back(trade) + amount["refund"] > trade["total"]:
                return 403, {"code": "NOT_ENOUGH", "message": "退款金额大于可退金额"}
            self.refunds[content["out_refund_no"]] = {
                "refund_id": f"50000000{len(self.refunds):020d}", "out_refund_no": content["out_refund_no"],
                "transaction_id": trade["id"], "out_trade_no": trade["out_trade_no"], "amount": amount,
                "status": self.refund_status, "success_time": now(),
            }  # fmt: skip
        return 200, self.refunds[content["out_refund_no"]]

    def given_back(self, trade: dict[str, Any]) -> int:
        own = [one for one in self.refunds.values() if one["transaction_id"] == trade["id"]]
        return sum(one["amount"]["refund"] for one in own)

    def refunded(self, order: Order) -> int:
        return self.given_back(self.trades[order.number])

    def open(self, client: Client, order: Order) -> None:
        page = client.get(f"/c/agora/orders/{order.number}/wechat/")
        assert (page.status_code, "<svg" in page.text) == (200, True), self.faults

    def pay(self, order: Order, **other: Any) -> None:
        self.trades[order.number] |= {"state": "SUCCESS", "at": now()}
        self.trades[order.number]["total"] = other.get("amount", order.total)

    def notification(self, order: Order, **other: Any) -> Message:
        trade = self.trades[order.number]
        said = {**self.shown(trade), **other.pop("said", {})}
        return self.told(
            f"EV-{trade['id']}-{trade['state']}", "TRANSACTION.SUCCESS", "transaction", said, **other
        )

    def failure(self, order: Order) -> Message:
        said = {"trade_state": "CLOSED"}
        return self.notification(order, said=said, id=f"EV-closed-{order.number}")

    def refund_notification(self, refund: Refund) -> Message:
        one = dict(self.refunds[refund.key])
        said = {**one, "mchid": MERCHANT, "refund_status": one.pop("status"), "amount":
                {"total": 3000, "refund": refund.amount, "payer_total": 3000, "payer_refund": 1}}  # fmt: skip
        return self.told(f"EV-r-{refund.key}", "REFUND.SUCCESS", "refund", said)

    def told(
        self, message_id: str, event: str, kind: str, said: dict[str, Any], *, at: int | None = None,
        api_key: str = API_KEY, owner: str = "platform", resource: dict[str, Any] | None = None, **other: Any,
    ) -> Message:  # fmt: skip
        message = {
            "id": message_id, "create_time": now(), "resource_type": "encrypt-resource", "event_type": event,
            "summary": "支付成功", "resource": {**encrypted(json.dumps(said).encode(), kind, api_key),
                                            "original_type": kind, **(resource or {})}, **other,
        }  # fmt: skip
        body = json.dumps(message, ensure_ascii=False).encode()
        return body, {"Content-Type": "application/json", **self.signature(body, at=at, owner=owner)}

    def certificate(self) -> dict[str, Any]:
        """The platform's certificate, encrypted, under the number that answers name."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tenpay.com sign")])
        made = (
            x509.CertificateBuilder(name, name, key_pair("platform").public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(datetime.now(UTC) - timedelta(1))
            .not_valid_after(datetime.now(UTC) + timedelta(1))
            .sign(key_pair("platform"), SHA256())
        )
        pem = made.public_bytes(Encoding.PEM)
        return {"serial_no": self.serial, "encrypt_certificate": encrypted(pem, "certificate", API_KEY)}

    def bill(self, day: str) -> tuple[int, dict[str, Any]]:
        lines = [
            self.row(trade, {}) for trade in self.trades.values() if str(trade.get("at")).startswith(day)
        ]
        for one in self.refunds.values():
            if one["success_time"].startswith(day):
                lines.append(self.row(self.trades[one["out_trade_no"]], one))
        if not lines:
            return 400, {"code": "NO_STATEMENT_EXIST", "message": "账单文件不存在"}
        sums = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额\n`2,`30.00"
        body = ("\ufeff" + BILL + "\n" + "\n".join(lines) + "\n" + sums + "\n").encode()
        self.bills[day] = body
        return 200, {"hash_type": "SHA1", "hash_value": hashlib.sha1(body).hexdigest(),
                     "download_url": f"{self.address}/billdownload/{day}"}  # fmt: skip

    def row(self, trade: dict[str, Any], refund: dict[str, Any]) -> str:
        values = dict.fromkeys(BILL.split(","), "0")
        at = refund["success_time"] if refund else trade["at"]
        values |= {
            "交易时间": at[:19].replace("T", " "), "公众账号ID": APP, "商户号": MERCHANT, "微信订单号": trade["id"],
            "商户订单号": trade["out_trade_no"], "交易状态": "REFUND" if refund else "SUCCESS", "货币种类": "CNY",
            "订单金额": "0.00" if refund else f"{trade['total'] / 100:.2f}", "商品名称": "课程",
            "手续费": "0.00000" if refund else "0.18000", "费率": "0.60%",
        }  # fmt: skip
        if refund:
            values |= {"微信退款单号": refund["refund_id"], "商户退款单号": refund["out_refund_no"],
                       "申请退款金额": f"{refund['amount']['refund'] / 100:.2f}"}  # fmt: skip
        return ",".join("`" + value for value in values.values())


class WeChatWithCertificates(WeChatCounterpart):
    """An account of the older kind, without a public key."""

    with_certificates = True

    def __init__(self, folder: Any) -> None:
        super().__init__(folder)
        self.serial = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"


def encrypted(text: bytes, data: str, api_key: str) -> dict[str, Any]:
    nonce = secrets.token_hex(6)
    cipher = AESGCM(api_key.encode()).encrypt(nonce.encode(), text, data.encode())
    return {"algorithm": "AEAD_AES_256_GCM", "ciphertext": base64.b64encode(cipher).decode(),
            "associated_data": data, "nonce": nonce}  # fmt: skip


def now() -> str:
    return timezone.now().astimezone(CHINA).isoformat(timespec="seconds")
