from collections.abc import Callable

import pytest

from paideia.accounts.models import User
from tests.cast import let_in


@pytest.fixture
def newcomers(community) -> Callable[[int], None]:
    """Lets a number of people in at once."""

    def come(number: int) -> None:
        for place in range(number):
            let_in(community, User.objects.create(handle=f"newcomer{place:03}"))

    return come
