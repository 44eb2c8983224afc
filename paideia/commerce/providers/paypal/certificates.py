"""PayPal's signatures under its webhooks, checked here: `id|time|webhook id|CRC-32 of the body`, with a certificate
that comes from PayPal's own hosts and leads to a root that everybody trusts.

developer.paypal.com/api/rest/webhooks/rest, "Self verification method".
"""

import re
import time
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit
from zlib import crc32

import certifi
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
from django.utils import timezone

from paideia.commerce.providers import claims, rsa
from paideia.commerce.providers.asking import ask

HOSTS = {"api.paypal.com", "api-m.paypal.com", "api.sandbox.paypal.com", "api-m.sandbox.paypal.com"}
SIGNER = "messageverificationcerts.paypal.com"
SIGNERS = (SIGNER, "messageverificationcerts.sandbox.paypal.com")
AGE_MAX = timedelta(days=3, hours=1)  # PayPal tells again for three days, with the time of the first
CHAIN_MAX = 6
KEPT_SECONDS, KEPT_MAX = 3600, 8

_kept: dict[tuple[str, bytes], tuple[float, RSAPublicKey]] = {}


class Forged(Exception):
    """It was not made by PayPal for this webhook."""


def check(
    headers: Mapping[str, str],
    body: bytes,
    *,
    webhook_id: str,
    gateway: str,
    roots: Sequence[x509.Certificate] = (),
) -> None:
    """Raise Forged unless PayPal signed this body for this webhook. Certificates come from PayPal's hosts, or from
    the gateway's where another is set; `roots` in place of the public ones. Raises ProviderDown."""
    parts = [headers.get(f"Paypal-{name}", "") for name in ("Transmission-Id", "Transmission-Time")]
    if not all(re.fullmatch(r"[!-~]{1,100}", part) for part in parts):
        raise Forged("The signature is missing or malformed.")
    if headers.get("Paypal-Auth-Algo", "").lower() != "sha256withrsa":
        raise Forged("The signature is of another kind.")
    try:
        at = claims.moment(parts[1])
    except claims.Malformed:
        raise Forged("The message has no time.") from None
    if not -timedelta(minutes=5) < timezone.now() - at < AGE_MAX:
        raise Forged("The message is too old.")
    key = _key_at(_checked(headers.get("Paypal-Cert-Url", ""), gateway), at, roots)
    text = f"{parts[0]}|{parts[1]}|{webhook_id}|{crc32(body)}"
    if not rsa.is_signed(key, text.encode(), headers.get("Paypal-Transmission-Sig", "")):
        raise Forged("The signature does not fit the message.")


def _checked(address: str, gateway: str) -> str:
    """The address of a certificate, if it is one of PayPal's own."""
    own = urlsplit(gateway)
    form = re.fullmatch(
        r"(https?)://([a-z0-9.:-]+)(/v1/notifications/certs/CERT-[0-9A-Za-z-]{1,120})", address
    )
    if form is None or (form[1], form[2]) not in {("https", host) for host in HOSTS} | {
        (own.scheme, own.netloc)
    }:
        raise Forged("The certificate is not from PayPal.")
    return address


def _key_at(address: str, at: datetime, roots: Sequence[x509.Certificate]) -> RSAPublicKey:
    """The key of a certificate, kept for an hour once it was found genuine."""
    place = (address, b"".join(root.fingerprint(SHA256()) for root in roots))
    known = _kept.get(place)
    if known is not None and time.monotonic() - known[0] < KEPT_SECONDS:
        return known[1]
    answer = ask("GET", address)
    try:
        chain = x509.load_pem_x509_certificates(answer.body)
    except ValueError:
        raise Forged("The certificate is none.") from None
    key = verified(chain, list(roots) or list(public_roots()))
    if len(_kept) >= KEPT_MAX:
        _kept.clear()
    _kept[place] = (time.monotonic(), key)
    return key


def verified(chain: Sequence[x509.Certificate], roots: Sequence[x509.Certificate]) -> RSAPublicKey:
    """The key of the first certificate, if it is PayPal's signer's and leads to one of the roots. Raises Forged."""
    if not 1 <= len(chain) <= CHAIN_MAX:
        raise Forged("The certificate is none.")
    builder = PolicyBuilder().store(Store(list(roots))).time(timezone.now())
    for name in SIGNERS:
        try:
            builder.build_server_verifier(x509.DNSName(name)).verify(chain[0], list(chain[1:]))
            break
        except VerificationError:
            continue
    else:
        raise Forged("The certificate leads to nobody that is trusted.")
    key = chain[0].public_key()
    if not isinstance(key, RSAPublicKey):
        raise Forged("The certificate's key is of another kind.")
    return key


@cache
def public_roots() -> tuple[x509.Certificate, ...]:
    """Those that browsers trust."""
    return tuple(x509.load_pem_x509_certificates(Path(certifi.where()).read_bytes()))
