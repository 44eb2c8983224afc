"""One server, one browser and one furnished community for all journeys."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import pytest

from tests.journeys.money import furnish_with_money
from tests.journeys.place import Place, furnish
from tests.journeys.site import Site, Visit, chromium, standing, visit


@pytest.fixture(scope="package")
def site(django_db_setup: None, django_db_blocker: Any) -> Iterator[Site]:
    with standing(django_db_blocker) as site:
        yield site


@pytest.fixture(scope="package")
def place(site: Site) -> Place:
    place = furnish("agora", asks=False)
    furnish_with_money(place)
    return place


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def visiting(browser: Any, site: Site) -> Callable[..., AbstractContextManager[Visit]]:
    return partial(visit, browser, site)
