"""What every test of Paideia may use. The database comes from paideia.config.testing."""

import pytest
from hypothesis import settings

from paideia.config.testing import django_db_setup

__all__ = ["django_db_setup"]
pytest_plugins = ["tests.cast"]

# No deadline: the clock of a shared machine proves nothing.
settings.register_profile("paideia", deadline=None, derandomize=True)
settings.load_profile("paideia")


@pytest.fixture(autouse=True)
def nothing_kept() -> None:
    """Each test has another database under the same keys: what was kept of the one before is none of its pages."""
    from paideia.lib.kept import forget

    forget()
