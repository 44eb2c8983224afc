"""RSA signatures with SHA-256 (PKCS #1 v1.5), as Alipay, WeChat Pay and PayPal make them."""

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from functools import cache
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from cryptography.x509 import load_pem_x509_certificate

BITS_MIN = 2048


class NoKey(Exception):
    """A file that should hold a key does not. The message never shows what it holds."""


@cache
def private_key(path: str) -> rsa.RSAPrivateKey:
    """The RSA key in this PEM file, PKCS #1 or #8. Raises NoKey."""
    try:
        key = load_pem_private_key(_read(path), password=None)
    except (ValueError, TypeError):
        raise NoKey(f"{path} holds no private key in PEM form without a password") from None
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < BITS_MIN:
        raise NoKey(f"{path} holds no RSA key of {BITS_MIN} bits or more")
    return key


@cache
def public_key(path: str) -> rsa.RSAPublicKey:
    """The RSA key in this PEM file, bare or in a certificate. Raises NoKey."""
    pem = _read(path)
    try:
        is_certificate = b"BEGIN CERTIFICATE" in pem
        key = load_pem_x509_certificate(pem).public_key() if is_certificate else load_pem_public_key(pem)
    except ValueError:
        raise NoKey(f"{path} holds no public key and no certificate in PEM form") from None
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < BITS_MIN:
        raise NoKey(f"{path} holds no RSA key of {BITS_MIN} bits or more")
    return key


def sign(key: rsa.RSAPrivateKey, message: bytes) -> str:
    """The signature in Base64."""
    return b64encode(key.sign(message, padding.PKCS1v15(), SHA256())).decode()


def is_signed(key: rsa.RSAPublicKey, message: bytes, signature: str) -> bool:
    """Whether `signature`, in Base64, was made by the owner of the key under this very message."""
    try:
        key.verify(b64decode(signature, validate=True), message, padding.PKCS1v15(), SHA256())
    except (InvalidSignature, NotBase64, ValueError):
        return False
    return True


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise NoKey(f"{path} cannot be read: {error.strerror}") from None
