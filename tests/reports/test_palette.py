"""The WCAG contrast of every pair of colours that the pages put on each other."""

from __future__ import annotations

import re
from itertools import product

import pytest

from sayso.reports import html_page
from sayso.reports.palette import DARK, LIGHT, contrast_ratio, make_legible
from tests.dataset.samples import SCHEMA

CSS = (html_page.FOLDER / "base.css").read_text(encoding="utf-8")
THEMES = dict(zip((LIGHT, DARK), re.findall(r":root \{(.*?)\}", CSS, re.DOTALL), strict=True))
INKS_ON_GROUND = {
    "page": ("ink", "muted", "accent", "bad"),
    "panel": ("ink", "muted"),
    "highlight": ("ink", "muted", "accent", "bad"),
    "warn": ("warn-ink",),
    "info": ("info-ink",),
}


def theme_colours(theme: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", THEMES[theme]))


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_text_is_legible_on_every_background(theme: str) -> None:
    known = theme_colours(theme)
    assert known["page"] == theme
    for ground, inks in INKS_ON_GROUND.items():
        for ink in inks:
            assert contrast_ratio(known[ink], known[ground]) >= 4.5, (
                f"{ink} on {ground} in the theme {theme}"
            )
    assert contrast_ratio(known["field-border"], known["page"]) >= 3, "the edge of a field"


@pytest.mark.parametrize(("label", "theme"), list(product(SCHEMA.labels, [LIGHT, DARK])))
def test_label_colours_and_text_on_their_tints_are_legible(label: str, theme: str) -> None:
    colour = SCHEMA.labels[label].colour
    assert contrast_ratio(make_legible(colour, theme), theme) >= 4.5
    for ink in ("ink", "muted"):
        assert (
            contrast_ratio(theme_colours(theme)[ink], html_page.tint_colour(colour, theme)) >= 4.5
        )


@pytest.mark.parametrize("colour", ["#000000", "#ffffff", "#ffff00", "#0000ff", "#777777"])
def test_any_colour_of_a_schema_can_be_made_legible(colour: str) -> None:
    for theme in (LIGHT, DARK):
        assert contrast_ratio(make_legible(colour, theme), theme) >= 4.5


def test_contrast_is_the_published_one() -> None:
    """Examples of WCAG: #767676 is the lightest grey that is legible on white."""
    assert contrast_ratio("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)
    assert contrast_ratio("#777777", "#ffffff") < 4.5
