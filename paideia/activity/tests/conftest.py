"""Readers of their own for the tests of readers; no other test's facts reach them."""

from collections.abc import Iterator

import pytest

from paideia.activity.tests import listeners


@pytest.fixture(autouse=True)
def _listening() -> Iterator[None]:
    listeners.listen()
    yield
    listeners.fall_silent()
