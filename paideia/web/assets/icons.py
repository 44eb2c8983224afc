"""Draws the app's icons as PNG from icon.svg with Playwright: `python paideia/web/assets/icons.py`."""

from pathlib import Path

from playwright.sync_api import sync_playwright

STATIC = Path(__file__).resolve().parent.parent / "static" / "web"
SIZES = (192, 512)


def draw() -> None:
    drawing = (
        (STATIC / "icon.svg").read_text(encoding="utf-8").replace('rx="15"', 'rx="0"')
    )  # phones round it themselves
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for size in SIZES:
            page = browser.new_page(viewport={"width": size, "height": size})
            page.set_content(f"<style>body{{margin:0}}svg{{display:block;width:100vw}}</style>{drawing}")
            page.screenshot(path=STATIC / f"icon-{size}.png")
        browser.close()


if __name__ == "__main__":
    draw()
