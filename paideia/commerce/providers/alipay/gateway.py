"""Alipay's gateway: signed requests, answers whose signature is checked before a word of them is believed."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from django.utils import timezone

from paideia.commerce.providers import ProviderDown, rsa
from paideia.commerce.providers.alipay.signing import signed, signed_object
from paideia.commerce.providers.asking import ProviderRefused, ask
from paideia.commerce.providers.configuring import Reading

ADDRESS = "https://openapi.alipay.com/gateway.do"
ZONE = ZoneInfo("Asia/Shanghai")  # all times of Alipay's
WAYS = ("page", "wap", "qr")
# Nothing was decided: asking again is right (opendocs.alipay.com, public error codes).
PASSING = {"20000", "ACQ.SYSTEM_ERROR", "SYSTEM_ERROR", "aop.ACQ.SYSTEM_ERROR", "isp.unknow-error"}

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Account:
    """The operator's app at Alipay."""

    app_id: str
    seller_id: str
    ways: tuple[str, ...]
    address: str
    key: RSAPrivateKey
    alipay_key: RSAPublicKey


def read(texts: Mapping[str, str]) -> Account:
    """The account that the operator set. Raises Misconfigured."""
    reading = Reading("alipay", texts)
    app_id = reading.text("APP_ID", r"\d{16}", "the 16 digits of your app")
    seller_id = reading.text("SELLER_ID", r"2088\d{12}", "the 16 digits, from 2088 on, of your partner id")
    ways = reading.words("WAYS", WAYS)
    address = reading.address("GATEWAY", ADDRESS)
    key, alipay_key = reading.private_key("PRIVATE_KEY_FILE"), reading.public_key("PUBLIC_KEY_FILE")
    reading.done()
    assert key is not None and alipay_key is not None
    return Account(app_id, seller_id, ways, address, key, alipay_key)


class Gateway:
    def __init__(self, account: Account) -> None:
        self.account = account

    def address_of(self, method: str, content: Mapping[str, Any], **others: str) -> str:
        """The address of a page at Alipay's to which a browser is sent."""
        return f"{self.account.address}?{urlencode(self._parameters(method, content, others))}"

    def call(self, method: str, content: Mapping[str, Any], **others: str) -> dict[str, Any]:
        """What Alipay answers. Raises ProviderRefused with its code, or ProviderDown."""
        parameters = self._parameters(method, content, others)
        answer = ask(
            "POST",
            f"{self.account.address}?charset=utf-8",
            body=urlencode(parameters).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
        )
        said = self._believed(answer.body, f"{method.replace('.', '_')}_response")
        if said.get("code") == "10000":
            return said
        code = str(said.get("sub_code") or said.get("code"))
        if code in PASSING:
            raise ProviderDown
        raise ProviderRefused(code, str(said.get("sub_msg") or said.get("msg") or ""))

    def doubtful(self, what: str) -> ProviderDown:
        """What to raise when an answer of Alipay's decides nothing."""
        _log.warning("alipay does not answer for certain: %s", what)
        return ProviderDown(what)

    def _believed(self, body: bytes, name: str) -> dict[str, Any]:
        """The inner object, if Alipay signed it. What is not signed decides nothing: errors about the request
        as a whole are not, and a wrong app or key is seen in the log."""
        try:
            text = body.decode()
            inner, signature = signed_object(text, name)
            said = json.loads(inner)
        except (ValueError, RecursionError):
            _log.warning("alipay answers out of form to %s: %.200r", name, body)
            raise ProviderDown from None
        if not rsa.is_signed(self.account.alipay_key, inner.encode(), signature):
            _log.warning("alipay answers without its signature to %s: %s", name, said.get("sub_code"))
            raise ProviderDown
        return dict(said)

    def _parameters(
        self, method: str, content: Mapping[str, Any], others: Mapping[str, str]
    ) -> dict[str, str]:
        return signed(
            {
                "app_id": self.account.app_id,
                "method": method,
                "format": "JSON",
                "charset": "utf-8",
                "sign_type": "RSA2",
                "timestamp": timezone.now().astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S"),
                "version": "1.0",
                **others,
                "biz_content": json.dumps(content, ensure_ascii=False, separators=(",", ":")),
            },
            self.account.key,
        )
