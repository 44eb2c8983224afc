"""WeChat Pay's API v3: WECHATPAY2-SHA256-RSA2048 under requests and answers, AES-256-GCM around what is told.

pay.weixin.qq.com/doc/v3: a request signs `METHOD\\nPATH\\nTIME\\nNONCE\\nBODY\\n`, an answer or a notification
`TIME\\nNONCE\\nBODY\\n`.
"""

import re
import secrets
import time
from base64 import b64decode
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from paideia.commerce.providers import rsa

SCHEMA = "WECHATPAY2-SHA256-RSA2048"
AGE_SECONDS_MAX = 300


class Forged(Exception):
    """It was not made by WeChat Pay for us."""


def authorization(
    key: RSAPrivateKey, merchant_id: str, serial: str, method: str, path: str, body: bytes
) -> str:
    """The header that signs one request. `path` with its query."""
    at, nonce = str(int(time.time())), secrets.token_hex(16)
    signature = rsa.sign(key, f"{method}\n{path}\n{at}\n{nonce}\n".encode() + body + b"\n")
    return (
        f'{SCHEMA} mchid="{merchant_id}",nonce_str="{nonce}",signature="{signature}",'
        f'timestamp="{at}",serial_no="{serial}"'
    )


def page_signature(key: RSAPrivateKey, app_id: str, prepay_id: str) -> dict[str, str]:
    """What WeChat's own browser is given to pay with (JSAPI)."""
    at, nonce, package = str(int(time.time())), secrets.token_hex(16), f"prepay_id={prepay_id}"
    signature = rsa.sign(key, f"{app_id}\n{at}\n{nonce}\n{package}\n".encode())
    return {
        "appId": app_id,
        "timeStamp": at,
        "nonceStr": nonce,
        "package": package,
        "signType": "RSA",
        "paySign": signature,
    }


def serial_of(headers: Mapping[str, str]) -> str:
    """Which of WeChat Pay's keys signed. Raises Forged where the form is wrong or it is too old."""
    at, nonce = headers.get("Wechatpay-Timestamp", ""), headers.get("Wechatpay-Nonce", "")
    if not re.fullmatch(r"[0-9]{1,12}", at) or not re.fullmatch(r"[!-~]{1,128}", nonce):
        raise Forged("The signature is missing or malformed.")
    if headers.get("Wechatpay-Signature-Type", SCHEMA) != SCHEMA:
        raise Forged("The signature is of another kind.")
    if abs(time.time() - int(at)) > AGE_SECONDS_MAX:
        raise Forged("The message is too old.")
    return headers.get("Wechatpay-Serial", "")


def check(headers: Mapping[str, str], body: bytes, key: RSAPublicKey) -> None:
    """Raise Forged unless the owner of the key signed this body at that time."""
    prefix = f"{headers.get('Wechatpay-Timestamp', '')}\n{headers.get('Wechatpay-Nonce', '')}\n".encode()
    if not rsa.is_signed(key, prefix + body + b"\n", headers.get("Wechatpay-Signature", "")):
        raise Forged("The signature does not fit the message.")


def decrypt(api_key: str, resource: Mapping[str, object]) -> bytes:
    """The plain text of an encrypted resource. Raises Forged."""
    nonce, data, cipher = (resource.get(name) for name in ("nonce", "associated_data", "ciphertext"))
    if resource.get("algorithm", "AEAD_AES_256_GCM") != "AEAD_AES_256_GCM":
        raise Forged("The encryption is of another kind.")
    if not isinstance(nonce, str) or not isinstance(cipher, str) or not isinstance(data, str | None):
        raise Forged("The encrypted part is malformed.")
    try:
        return AESGCM(api_key.encode()).decrypt(
            nonce.encode(), b64decode(cipher, validate=True), (data or "").encode()
        )
    except (InvalidTag, ValueError):  # binascii.Error is one; so is a nonce that is too short
        raise Forged("The encrypted part is not for us.") from None
