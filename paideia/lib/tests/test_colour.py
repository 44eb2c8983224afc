"""One brand colour, and everything made from it can be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paideia.lib.colour import (
    CONTRAST_MIN,
    DARK_GROUNDS,
    LIGHT_GROUNDS,
    Accents,
    accents,
    contrast,
    theme_css,
)

colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")
EDGES = ["#000000", "#ffffff", "#ff0000", "#00ff00", "#0000ff", "#ffff00", "#00ffff", "#ff00ff", "#808080"]


def unreadable(made: Accents, grounds: tuple[str, ...]) -> list[tuple[str, str, float]]:
    pairs = [(made.on_accent, made.accent), (made.on_accent, made.strong), (made.ink, made.soft)]
    pairs += [(colour, ground) for colour in (made.accent, made.ink) for ground in grounds]
    return [(*pair, contrast(*pair)) for pair in pairs if contrast(*pair) < CONTRAST_MIN]


@given(colours)
def test_whatever_the_brand_text_can_be_read(brand: str) -> None:
    light, dark = accents(brand)
    assert (unreadable(light, LIGHT_GROUNDS), unreadable(dark, DARK_GROUNDS)) == ([], [])


@pytest.mark.parametrize("brand", EDGES)
def test_the_corners_of_the_colour_cube_can_be_read(brand: str) -> None:
    light, dark = accents(brand)
    assert (unreadable(light, LIGHT_GROUNDS), unreadable(dark, DARK_GROUNDS)) == ([], [])


@given(colours)
def test_ink_can_be_read_on_the_tinted_ground(brand: str) -> None:
    light, dark = accents(brand)
    assert contrast("#211f1b", light.soft) >= CONTRAST_MIN
    assert contrast("#ebe8e1", dark.soft) >= CONTRAST_MIN


def test_a_brand_that_is_dark_enough_stays_as_it_is() -> None:
    assert accents("#0f766e")[0].accent == "#0f766e"


def test_contrast_is_that_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == 21.0
    assert contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)


@given(colours)
def test_the_stylesheet_holds_six_tokens_of_plain_colours_and_nothing_else(brand: str) -> None:
    css = theme_css(brand)
    assert css.count("--") == 12
    assert set(css) <= set("@layertokns:rooupicg{};,()#-0123456789abcdefhtvwq \n")


@pytest.mark.parametrize(
    "text", ["", "red", "#12345", "#1234567", "#12345g", "}body{display:none", "#123456;"]
)
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="six hexadecimal digits"):
        theme_css(text)
