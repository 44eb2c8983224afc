"""An operator's one brand colour, made into accents that can be read in the light and in the dark.

Hue and, as far as the screen can show it, chroma are the brand's; lightness moves as little as it must. The
space is OKLCH (Ottosson 2020, "A perceptual color space for image processing"), contrast is WCAG 2.2's.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

CONTRAST_MIN = 4.5
# The grounds of tokens.css that an accent can lie on.
LIGHT_GROUNDS = ("#faf8f4", "#fffefb", "#f2eee6")
DARK_GROUNDS = ("#161614", "#1f1f1c", "#262623")
_HEX = re.compile(r"#?([0-9a-fA-F]{6})")


@dataclass(frozen=True)
class Accents:
    """The accent tokens of one scheme, each as #rrggbb."""

    accent: str  # fills: the main button, the bar below a tab
    strong: str  # the same under the pointer
    on_accent: str  # text on either
    ink: str  # links and coloured text on any ground, on `soft` too
    soft: str  # a tinted ground
    line: str  # a tinted edge

    def pairs(self) -> list[tuple[str, str]]:
        return [
            ("--accent", self.accent),
            ("--accent-strong", self.strong),
            ("--on-accent", self.on_accent),
            ("--accent-ink", self.ink),
            ("--accent-soft", self.soft),
            ("--accent-line", self.line),
        ]


@lru_cache(maxsize=512)
def theme_css(brand: str) -> str:
    """A stylesheet, to be linked after app.css, that puts `brand` (#rrggbb) everywhere an accent is shown.

    Raises ValueError if it is no colour.
    """
    light, dark = accents(brand)
    plain = "".join(f"{name}:{value};" for name, value in light.pairs())
    both = "".join(
        f"{name}:light-dark({day},{night});"
        for (name, day), (_, night) in zip(light.pairs(), dark.pairs(), strict=True)
    )
    return f"@layer tokens{{:root{{{plain}}}@supports (color:light-dark(red,red)){{:root{{{both}}}}}}}\n"


@lru_cache(maxsize=256)
def theme_digest(brand: str) -> str:
    """What changes whenever `theme_css` says something else about this colour: for addresses that are kept for good."""
    return sha256(theme_css(brand).encode()).hexdigest()[:10]


def accents(brand: str) -> tuple[Accents, Accents]:
    """The accents for light and for dark; their every text has a contrast of 4.5 or more to its ground."""
    match = _HEX.fullmatch(brand)
    if not match:
        raise ValueError(f"A colour is # and six hexadecimal digits, such as #0f766e; {brand!r} is not.")
    lightness, chroma, hue = _to_oklch(f"#{match[1].lower()}")
    return _in_the_light(lightness, chroma, hue), _in_the_dark(lightness, chroma, hue)


def _in_the_light(lightness: float, chroma: float, hue: float) -> Accents:
    soft = _from_oklch(0.953, min(chroma, 0.018), hue)
    grounds = (*LIGHT_GROUNDS, soft)
    accent = _darker(min(lightness, 0.62), chroma, hue, until=_clear_of((*LIGHT_GROUNDS, "#ffffff")))
    ink = _darker(_to_oklch(accent)[0], chroma, hue, until=_clear_of(grounds))
    return Accents(
        accent=accent,
        strong=_from_oklch(max(_to_oklch(accent)[0] - 0.07, 0.0), chroma, hue),
        on_accent="#ffffff",
        ink=ink,
        soft=soft,
        line=_from_oklch(0.82, min(chroma, 0.05), hue),
    )


def _in_the_dark(lightness: float, chroma: float, hue: float) -> Accents:
    soft = _from_oklch(0.29, min(chroma, 0.035), hue)
    on_accent = _from_oklch(0.19, min(chroma, 0.03), hue)
    grounds = (*DARK_GROUNDS, on_accent)
    accent = _lighter(max(lightness, 0.68), min(chroma, 0.15), hue, until=_clear_of(grounds))
    ink = _lighter(max(lightness, 0.76), min(chroma, 0.13), hue, until=_clear_of((*DARK_GROUNDS, soft)))
    return Accents(
        accent=accent,
        strong=_from_oklch(min(_to_oklch(accent)[0] + 0.06, 1.0), min(chroma, 0.13), hue),
        on_accent=on_accent,
        ink=ink,
        soft=soft,
        line=_from_oklch(0.44, min(chroma, 0.06), hue),
    )


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio of two colours, 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _clear_of(grounds: Iterable[str]) -> Callable[[str], bool]:
    grounds = tuple(grounds)
    return lambda colour: all(contrast(colour, ground) >= CONTRAST_MIN for ground in grounds)


def _darker(lightness: float, chroma: float, hue: float, *, until: Callable[[str], bool]) -> str:
    return _search(lightness, 0.0, chroma, hue, until)


def _lighter(lightness: float, chroma: float, hue: float, *, until: Callable[[str], bool]) -> str:
    return _search(lightness, 1.0, chroma, hue, until)


def _search(start: float, end: float, chroma: float, hue: float, good: Callable[[str], bool]) -> str:
    """The first good colour on the way from `start` to `end` in lightness; black and white always are."""
    steps = max(1, math.ceil(abs(end - start) / 0.004))
    for step in range(steps + 1):
        colour = _from_oklch(start + (end - start) * step / steps, chroma, hue)
        if good(colour):
            return colour
    return "#000000" if end == 0 else "#ffffff"


def _luminance(colour: str) -> float:
    red, green, blue = _linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(colour: str) -> tuple[float, float, float]:
    red, green, blue = (_from_gamma(int(colour[place : place + 2], 16) / 255) for place in (1, 3, 5))
    return red, green, blue


def _from_gamma(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def _to_oklch(colour: str) -> tuple[float, float, float]:
    red, green, blue = _linear(colour)
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return lightness, math.hypot(a, b), math.atan2(b, a)


def _from_oklch(lightness: float, chroma: float, hue: float) -> str:
    """The nearest colour a screen can show: chroma gives way, lightness and hue stay."""
    low, high = 0.0, chroma
    if _shown(lightness, chroma, hue):
        low = chroma
    else:
        for _ in range(14):
            middle = (low + high) / 2
            low, high = (middle, high) if _shown(lightness, middle, hue) else (low, middle)
    channels = (round(min(max(_gamma(value), 0.0), 1.0) * 255) for value in _linear_of(lightness, low, hue))
    return "#" + "".join(f"{value:02x}" for value in channels)


def _shown(lightness: float, chroma: float, hue: float) -> bool:
    return all(-0.0005 <= value <= 1.0005 for value in _linear_of(lightness, chroma, hue))


def _linear_of(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _gamma(value: float) -> float:
    return 12.92 * value if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055
