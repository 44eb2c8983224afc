"""PayPal's REST API: a token for a while, requests that repeat without harm."""

import json
import logging
import time
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography import x509

from paideia.commerce.providers import ProviderDown
from paideia.commerce.providers.asking import Answer, ProviderRefused, ask
from paideia.commerce.providers.configuring import Reading

ADDRESS = "https://api-m.paypal.com"

_log = logging.getLogger(__name__)
_tokens: dict[tuple[str, str], tuple[str, float]] = {}


@dataclass(frozen=True)
class Account:
    """The operator's app at PayPal. `roots`: in place of the public ones, where PayPal itself is elsewhere."""

    client_id: str
    secret: str
    webhook_id: str
    address: str
    roots: tuple[x509.Certificate, ...] = ()


def read(texts: Mapping[str, str]) -> Account:
    """The account that the operator set. Raises Misconfigured."""
    reading = Reading("paypal", texts)
    client_id = reading.text("CLIENT_ID", r"[\w-]{20,120}", "the id of your app")
    secret = reading.text("SECRET", r"[\w-]{20,120}", "the secret of your app")
    webhook_id = reading.text("WEBHOOK_ID", r"[0-9A-Z]{10,40}", "the id that PayPal's dashboard shows")
    address = reading.address("GATEWAY", ADDRESS)
    reading.done()
    roots = texts.get("ROOTS", "")  # of the tests' counterpart: no setting of the environment
    trusted = x509.load_pem_x509_certificates(Path(roots).read_bytes()) if roots else []
    return Account(client_id, secret, webhook_id, address, tuple(trusted))


class Gateway:
    def __init__(self, account: Account) -> None:
        self.account = account

    def call(
        self, method: str, path: str, content: Mapping[str, Any] | None = None, *, once: str = ""
    ) -> dict[str, Any]:
        """What PayPal answers. `once`: asked again under this name, it acts once. Raises ProviderRefused with its
        issue, or ProviderDown."""
        answer = self._ask(method, path, content, once)
        if answer.status == 401:  # the token ended early
            _tokens.pop(self._place, None)
            answer = self._ask(method, path, content, once)
        try:
            said = json.loads(answer.body or b"{}")
            if not isinstance(said, dict):
                raise ValueError
        except (ValueError, RecursionError):
            raise self.doubtful(f"{path} is out of form") from None
        if answer.status in (200, 201, 202):
            return said
        if answer.status in (401, 403, 409, 429):
            raise self.doubtful(f"{path}: {answer.status} {said.get('name')}")
        details = said.get("details")
        first = details[0] if isinstance(details, list) and details and isinstance(details[0], dict) else {}
        code = str(first.get("issue") or said.get("name") or answer.status)
        raise ProviderRefused(code, str(first.get("description") or said.get("message") or ""))

    def doubtful(self, what: str) -> ProviderDown:
        _log.warning("paypal does not answer for certain: %s", what)
        return ProviderDown(what)

    def _ask(self, method: str, path: str, content: Mapping[str, Any] | None, once: str) -> Answer:
        headers = {
            "Authorization": f"Bearer {self._token()}",
            "Content-Type": "application/json",
            "Prefer": "return=representation",
        }
        if once:
            headers["PayPal-Request-Id"] = once
        body = None if content is None else json.dumps(content, ensure_ascii=False).encode()
        return ask(method, self.account.address + path, body=body, headers=headers)

    @property
    def _place(self) -> tuple[str, str]:
        return self.account.address, self.account.client_id

    def _token(self) -> str:
        token, until = _tokens.get(self._place, ("", 0.0))
        if time.monotonic() < until:
            return token
        mine = self.account
        answer = ask(
            "POST",
            f"{mine.address}/v1/oauth2/token",
            body=b"grant_type=client_credentials",
            headers={
                "Authorization": f"Basic {b64encode(f'{mine.client_id}:{mine.secret}'.encode()).decode()}",
                "Content-Type": "application/x-www-form-urlencoded",
            },
        )
        try:
            said = json.loads(answer.body)
            token, seconds = str(said["access_token"]), int(said["expires_in"])
        except (ValueError, KeyError, TypeError):
            raise self.doubtful(f"no token: {answer.status}") from None
        _tokens[self._place] = (token, time.monotonic() + min(seconds, 32_400) - 60)
        return token
