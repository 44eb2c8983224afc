"""What every page loads stays small."""

from pathlib import Path

import brotli
import pytest
from django.contrib.staticfiles import finders

from paideia.lib import jinja

BUDGET_BYTES = 45_000


@pytest.mark.skipif(not jinja.asset("app.js"), reason="the assets are not built: npm ci && npm run build")
def test_styles_and_scripts_of_every_page_fit_the_budget() -> None:
    dist = Path(str(finders.find("web/dist/manifest.json"))).parent
    first = [dist / Path(jinja.asset(name)).name for name in ("app.css", "app.js", "theme.js")]
    shared = sorted(dist.glob("chunk-*.js"))
    assert sum(len(brotli.compress(file.read_bytes())) for file in [*first, *shared]) < BUDGET_BYTES
