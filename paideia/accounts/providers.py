"""Which other sites people may sign in through, read from the environment (docs/sign-in.md). No Django here:
the settings import it."""

from collections.abc import Callable
from typing import Any

NAMED = ("github", "google", "weixin")
Text = Callable[..., str]


def providers(text: Text) -> dict[str, dict[str, Any]]:
    """SOCIALACCOUNT_PROVIDERS for what is set. `text` reads PAIDEIA_<name> from the environment."""
    found: dict[str, dict[str, Any]] = {}
    for name in NAMED:
        client_id = text(f"{name.upper()}_CLIENT_ID")
        if client_id:
            found[name] = {"APPS": [{"client_id": client_id, "secret": text(f"{name.upper()}_SECRET")}]}
    if "google" in found:
        found["google"]["SCOPE"] = ["profile", "email"]
    if issuer := text("OIDC_ISSUER"):
        found["openid_connect"] = {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": "oidc",
                    "name": text("OIDC_NAME", "OpenID Connect"),
                    "client_id": text("OIDC_CLIENT_ID"),
                    "secret": text("OIDC_SECRET"),
                    "settings": {"server_url": issuer},
                }
            ],
        }
    return found


def apps(text: Text) -> list[str]:
    """The Django apps of those sites."""
    return [f"allauth.socialaccount.providers.{name}" for name in providers(text)]
