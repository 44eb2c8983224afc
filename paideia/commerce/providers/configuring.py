"""What the operator set for a provider, read with every mistake named: `paideia doctor` shows them, and a provider
that has any is not offered. Secrets stay out of every message."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from typing import TypeVar
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from django.conf import settings

from paideia.commerce.providers import Provider, rsa

# The first choice first.
NAMES = ("wechat", "alipay", "stripe", "paypal", "transfer")

Key = TypeVar("Key", RSAPrivateKey, RSAPublicKey)
_LOCAL = {"127.0.0.1", "localhost", "::1"}


class Misconfigured(Exception):
    """Settings that a provider cannot work with. `problems` say what to do about each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def configured() -> list[Provider]:
    """The providers whose settings are whole, the first choice first."""
    found = []
    for name in NAMES:
        with suppress(Misconfigured):
            if is_wanted(name):
                found.append(_provider(name))
    return found


def problems() -> dict[str, list[str]]:
    """For each provider that the operator began to set: what is wrong with it."""
    found: dict[str, list[str]] = {}
    for name in filter(is_wanted, NAMES):
        found[name] = []
        try:
            _provider(name)
        except Misconfigured as wrong:
            found[name] = wrong.problems
    return found


def is_wanted(name: str) -> bool:
    """Whether anything of this provider is set."""
    return any(settings.PAYMENTS.get(name, {}).values())


def _provider(name: str) -> Provider:
    module = import_module(f"paideia.commerce.providers.{name}.provider")
    provider: Provider = module.configured()
    return provider


class Reading:
    """One provider's settings while they are read. `done` raises Misconfigured if anything was wrong."""

    def __init__(self, provider: str, texts: Mapping[str, str]) -> None:
        self.prefix = f"PAIDEIA_{provider.upper()}_"
        self.texts = texts
        self.problems: list[str] = []

    def text(self, name: str, form: str = r"\S+", like: str = "", *, needed: bool = True) -> str:
        """A setting of this form; `like` says the form to a person."""
        value = self.texts.get(name, "").strip()
        if not value and needed:
            self.problems.append(f"set {self.prefix}{name}")
        elif value and not re.fullmatch(form, value):
            self.problems.append(f"{self.prefix}{name} is malformed{': write ' + like if like else ''}")
        return value

    def words(self, name: str, known: tuple[str, ...]) -> tuple[str, ...]:
        """Some of the known words; all of them where none is set."""
        found = tuple(self.texts.get(name, "").replace(",", " ").split())
        if unknown := [word for word in found if word not in known]:
            self.problems.append(
                f"{self.prefix}{name} has {', '.join(unknown)}: choose of {', '.join(known)}"
            )
        return found or known

    def address(self, name: str, default: str) -> str:
        """Where the provider is asked: https, but on this machine itself."""
        value = (self.texts.get(name, "") or default).rstrip("/")
        parts = urlsplit(value)
        is_plain = parts.scheme == "http" and parts.hostname in _LOCAL
        if not parts.hostname or parts.query or not (parts.scheme == "https" or is_plain):
            self.problems.append(f"{self.prefix}{name} is malformed: write an address with https://")
        return value

    def private_key(self, name: str) -> RSAPrivateKey | None:
        return self._key(name, rsa.private_key)

    def public_key(self, name: str, *, needed: bool = True) -> RSAPublicKey | None:
        return self._key(name, rsa.public_key, needed=needed)

    def _key(self, name: str, load: Callable[[str], Key], *, needed: bool = True) -> Key | None:
        path = self.text(name, r".+", needed=needed)
        try:
            return load(path) if path else None
        except rsa.NoKey as problem:
            self.problems.append(f"{self.prefix}{name}: {problem}")
            return None

    def done(self) -> None:
        if self.problems:
            raise Misconfigured(self.problems)
