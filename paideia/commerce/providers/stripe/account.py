"""The operator's Stripe account, and asking it: everything that goes wrong becomes one of our two words for it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from paideia.commerce.providers import ProviderDown, claims
from paideia.commerce.providers.asking import ProviderRefused, ask
from paideia.commerce.providers.configuring import Misconfigured, Reading

if TYPE_CHECKING:
    from stripe import StripeClient

ADDRESS = "https://api.stripe.com"


@dataclass(frozen=True)
class Account:
    secret_key: str
    webhook_secret: str
    address: str

    @property
    def is_live(self) -> bool:
        return "_live_" in self.secret_key


def read(texts: Mapping[str, str]) -> Account:
    """The account that the operator set. Raises Misconfigured."""
    reading = Reading("stripe", texts)
    secret_key = reading.text("SECRET_KEY", r"(sk|rk)_(live|test)_\w+", "a key from sk_ or rk_ on")
    webhook_secret = reading.text("WEBHOOK_SECRET", r"whsec_\S{16,}", "the endpoint's secret, from whsec_ on")
    address = reading.address("GATEWAY", ADDRESS)
    reading.done()
    if find_spec("stripe") is None:
        raise Misconfigured(['install its library: uv pip install "paideia[stripe]"'])
    return Account(secret_key, webhook_secret, address)


@lru_cache(maxsize=4)
def client_of(account: Account) -> "StripeClient":
    """Stripe's own library, which takes most of a second to load: only where Stripe is asked. Its requests go as all
    ours do, since its own time-outs begin anew with each drop."""
    import stripe

    class Ours(stripe.HTTPClient):
        name = "paideia"

        def request(
            self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
        ) -> tuple[str, int, Mapping[str, str]]:
            body = post_data.encode() if isinstance(post_data, str) else post_data
            answer = ask(method.upper(), url, body=body, headers=headers)
            return answer.body.decode("utf-8", "replace"), answer.status, answer.headers

        def close(self) -> None:
            pass

    return stripe.StripeClient(
        account.secret_key,
        base_addresses={"api": account.address},
        http_client=Ours(),
        max_network_retries=0,
    )


@contextmanager
def certainty() -> Iterator[None]:
    """Around a question. A card's refusal is left as it is; other refusals become ProviderRefused; what is not certain,
    ProviderDown."""
    import stripe

    try:
        yield
    except stripe.CardError:
        raise
    except stripe.InvalidRequestError as error:
        raise ProviderRefused(error.code or "invalid_request", error.user_message or "") from None
    except claims.Malformed as part:
        raise ProviderDown(f"stripe's answer has no fit {part}") from None
    except stripe.StripeError as error:
        raise ProviderDown(f"stripe: {type(error).__name__} {error.code or ''}") from None
