"""What a browser calls itself, in words that a person knows again."""

import re

from django.utils.translation import gettext as _

# The more special first: most browsers also call themselves what they descend from.
BROWSERS = [
    ("MicroMessenger", "WeChat"),
    (r"Edg(e|A|iOS)?/", "Edge"),
    (r"OPR/|Opera", "Opera"),
    (r"SamsungBrowser", "Samsung Internet"),
    (r"Firefox/|FxiOS", "Firefox"),
    (r"Chrome/|CriOS|HeadlessChrome", "Chrome"),
    (r"Safari/", "Safari"),
]
SYSTEMS = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh|Mac OS X", "Mac"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
]


def device_name(user_agent: str) -> str:
    """“Firefox on Windows”; what is not known as it calls itself, shortened."""
    browser, system = _first(BROWSERS, user_agent), _first(SYSTEMS, user_agent)
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or user_agent[:60] or _("Unknown browser")


def _first(table: list[tuple[str, str]], user_agent: str) -> str:
    return next((name for pattern, name in table if re.search(pattern, user_agent)), "")
