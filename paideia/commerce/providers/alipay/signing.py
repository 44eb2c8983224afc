"""Alipay's RSA2: SHA256withRSA under the parameters, sorted by name, joined as `name=value&…`, without empty ones.

Requests are signed with `sign_type` among the parameters; notifications are signed without it
(opendocs.alipay.com, "异步通知验签"). Answers are signed as the very characters of their inner object.
"""

import json
from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from paideia.commerce.providers import rsa


def to_sign(parameters: Mapping[str, str], *, without: tuple[str, ...] = ("sign",)) -> str:
    """The text that is signed."""
    return "&".join(
        f"{name}={value}" for name, value in sorted(parameters.items()) if value and name not in without
    )


def signed(parameters: Mapping[str, str], key: RSAPrivateKey) -> dict[str, str]:
    """The parameters of a request with their signature."""
    return {**parameters, "sign": rsa.sign(key, to_sign(parameters).encode())}


def is_genuine(parameters: Mapping[str, str], key: RSAPublicKey) -> bool:
    """Whether a notification, or the return of a buyer, was signed by Alipay."""
    text = to_sign(parameters, without=("sign", "sign_type"))
    return parameters.get("sign_type") == "RSA2" and rsa.is_signed(
        key, text.encode(), parameters.get("sign", "")
    )


def signed_object(text: str, name: str) -> tuple[str, str]:
    """The characters of the object `name` in an answer, which are what is signed, and the signature. Raises
    ValueError."""
    outer = json.loads(text)
    if not isinstance(outer, dict) or not isinstance(outer.get(name), dict):
        raise ValueError("no such object")
    start = text.index(f'"{name}"') + len(name) + 2
    start += len(text[start:]) - len(text[start:].lstrip(" \t\r\n:"))
    _object, end = json.JSONDecoder().raw_decode(text, start)
    sign = outer.get("sign")
    return text[start:end], sign if isinstance(sign, str) else ""
