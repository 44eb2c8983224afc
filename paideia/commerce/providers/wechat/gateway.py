"""WeChat Pay's API v3: signed requests; answers believed only with its signature."""

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.x509 import load_pem_x509_certificate

from paideia.commerce.providers import ProviderDown
from paideia.commerce.providers.asking import Answer, ProviderRefused, ask
from paideia.commerce.providers.configuring import Reading
from paideia.commerce.providers.wechat.signing import Forged, authorization, check, decrypt, serial_of

ADDRESS = "https://api.mch.weixin.qq.com"
WAYS = ("native", "h5", "jsapi")
CERTIFICATES_SECONDS_MIN = 60  # between two looks for new certificates, whoever asks
# Nothing was decided: asking again is right.
PASSING = {"SYSTEM_ERROR", "FREQUENCY_LIMITED", "RATELIMIT_EXCEEDED", "BANK_ERROR", "BANKERROR"}

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Account:
    """The operator's merchant account."""

    app_id: str
    app_secret: str
    merchant_id: str
    serial: str
    api_key: str
    key: RSAPrivateKey
    public_key_id: str
    public_key: RSAPublicKey | None  # None: its platform certificates are fetched
    ways: tuple[str, ...]
    address: str


def read(texts: Mapping[str, str]) -> Account:
    """The account that the operator set. Raises Misconfigured."""
    reading = Reading("wechat", texts)
    app_id = reading.text("APP_ID", r"wx[0-9a-z]{16}", "wx and 16 letters or digits")
    merchant_id = reading.text("MERCHANT_ID", r"\d{8,10}", "the digits of your merchant account")
    serial = reading.text("MERCHANT_SERIAL", r"[0-9A-F]{20,64}", "the serial number of your certificate")
    api_key = reading.text("API_KEY", r"[0-9A-Za-z]{32}", "the 32 characters of your APIv3 key")
    key = reading.private_key("PRIVATE_KEY_FILE")
    has_key = bool(texts.get("PUBLIC_KEY_ID") or texts.get("PUBLIC_KEY_FILE"))
    key_id = reading.text("PUBLIC_KEY_ID", r"PUB_KEY_ID_\d+", "PUB_KEY_ID_ and digits", needed=has_key)
    public_key = reading.public_key("PUBLIC_KEY_FILE", needed=has_key)
    ways = reading.words("WAYS", WAYS)
    is_asked = "jsapi" in ways and bool(texts.get("WAYS"))  # who wants it expressly needs its secret
    secret = reading.text(
        "APP_SECRET", r"[0-9a-f]{32}", "the 32 characters of the app's secret", needed=is_asked
    )
    address = reading.address("GATEWAY", ADDRESS)
    reading.done()
    assert key is not None
    ways = ways if secret else tuple(way for way in ways if way != "jsapi")
    return Account(
        app_id, secret, merchant_id, serial, api_key, key, key_id, public_key, ways, address
    )  # fmt: skip


class Gateway:
    def __init__(self, account: Account) -> None:
        self.account = account

    def call(self, method: str, path: str, content: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """What WeChat Pay answers. Raises ProviderRefused with its code, or ProviderDown."""
        answer = self._ask(method, path, content)
        self._believe(answer, path)
        try:
            said = json.loads(answer.body or b"{}")
            if not isinstance(said, dict):
                raise ValueError
        except (ValueError, RecursionError):
            raise self.doubtful(f"{path} is out of form") from None
        if answer.status in (200, 202, 204):
            return said
        code = str(said.get("code", answer.status))
        if code in PASSING or answer.status == 429:
            raise self.doubtful(code)
        raise ProviderRefused(code, str(said.get("message", "")))

    def download(self, address: str) -> bytes:
        """A file that WeChat Pay pointed to, at its own host only. It is not signed: its hash is."""
        if not address.startswith(f"{self.account.address}/"):
            raise self.doubtful("a bill elsewhere")
        answer = self._ask("GET", address.removeprefix(self.account.address), None)
        if answer.status != 200:
            raise self.doubtful(f"no bill: {answer.status}")
        return answer.body

    def key_for(self, serial: str) -> RSAPublicKey:
        """WeChat Pay's own key of this number. Raises Forged where it has none such."""
        if self.account.public_key is not None and serial == self.account.public_key_id:
            return self.account.public_key
        if self.account.public_key is None and (key := certificates(self).get(serial)) is not None:
            return key
        raise Forged("The message was signed with a key that is not known.")

    def doubtful(self, what: str) -> ProviderDown:
        _log.warning("wechat pay does not answer for certain: %s", what)
        return ProviderDown(what)

    def _ask(self, method: str, path: str, content: Mapping[str, Any] | None) -> Answer:
        body = b"" if content is None else json.dumps(content, ensure_ascii=False).encode()
        mine = self.account
        headers = {
            "Authorization": authorization(mine.key, mine.merchant_id, mine.serial, method, path, body),
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "Paideia",
        }
        if mine.public_key_id:
            headers["Wechatpay-Serial"] = mine.public_key_id
        return ask(method, mine.address + path, body=body or None, headers=headers)

    def _believe(self, answer: Answer, path: str) -> None:
        try:
            check(answer.headers, answer.body, self.key_for(serial_of(answer.headers)))
        except Forged as reason:
            raise self.doubtful(f"{path}, status {answer.status}: {reason}") from None


_fetched: dict[tuple[str, str], tuple[float, dict[str, RSAPublicKey]]] = {}


def certificates(gateway: Gateway) -> dict[str, RSAPublicKey]:
    """The platform's keys by serial number, fetched when one is asked for; looked for anew after a minute, so that a
    new one is found and forged serial numbers cost nothing. Raises ProviderDown."""
    mine = gateway.account
    place = (mine.address, mine.merchant_id)
    at, known = _fetched.get(place, (float("-inf"), {}))
    if time.monotonic() - at < CERTIFICATES_SECONDS_MIN:
        return known
    answer = gateway._ask("GET", "/v3/certificates", None)
    try:
        serial = serial_of(answer.headers)
        found = {
            one["serial_no"]: _key_in(decrypt(mine.api_key, one["encrypt_certificate"]))
            for one in json.loads(answer.body)["data"]
        }
        check(answer.headers, answer.body, found[serial])
    except (Forged, ValueError, KeyError, TypeError):
        raise gateway.doubtful("certificates") from None
    _fetched[place] = (time.monotonic(), found)
    return found


def _key_in(pem: bytes) -> RSAPublicKey:
    key = load_pem_x509_certificate(pem).public_key()
    if not isinstance(key, RSAPublicKey):
        raise ValueError
    return key
