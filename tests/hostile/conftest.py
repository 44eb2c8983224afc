"""One server, one browser and one hostile community for what has to be seen in a browser."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.journeys.site import Site, chromium, standing


@pytest.fixture(scope="package")
def site(django_db_setup: None, django_db_blocker: Any) -> Iterator[Site]:
    with standing(django_db_blocker) as site:
        yield site


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser
