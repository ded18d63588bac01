"""Everything on the page can be read: WCAG's contrast of every pair of colours that stand on each other."""

from __future__ import annotations

import re
from itertools import product

import pytest

from sayso.reports import html_page
from sayso.reports.palette import DARK, LIGHT, contrast_ratio, make_legible
from tests.dataset.samples import SCHEMA

CSS = (html_page._HERE / "base.css").read_text(encoding="utf-8")
THEMES = dict(zip((LIGHT, DARK), re.findall(r":root \{(.*?)\}", CSS, re.DOTALL), strict=True))
INKS_ON_GROUND = {
    "page": ("ink", "faint", "accent", "bad"),
    "panel": ("ink", "faint"),
    "chosen": ("ink", "faint", "accent", "bad"),
    "warn": ("warn-ink",),
    "calm": ("calm-ink",),
}


def theme_colours(room: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", THEMES[room]))


@pytest.mark.parametrize("room", [LIGHT, DARK])
def test_words_stand_out_from_what_they_stand_on(room: str) -> None:
    known = theme_colours(room)
    assert known["page"] == room
    for ground, inks in INKS_ON_GROUND.items():
        for ink in inks:
            assert contrast_ratio(known[ink], known[ground]) >= 4.5, (
                f"{ink} on {ground} in the room of {room}"
            )
    assert contrast_ratio(known["field"], known["page"]) >= 3, "the edge of a field"


@pytest.mark.parametrize(("label", "room"), list(product(SCHEMA.labels, [LIGHT, DARK])))
def test_a_layer_is_seen_and_its_text_is_read(label: str, room: str) -> None:
    colour = SCHEMA.labels[label].colour
    assert contrast_ratio(make_legible(colour, room), room) >= 4.5
    for ink in ("ink", "faint"):
        assert contrast_ratio(theme_colours(room)[ink], html_page.tint_colour(colour, room)) >= 4.5


@pytest.mark.parametrize("colour", ["#000000", "#ffffff", "#ffff00", "#0000ff", "#777777"])
def test_any_colour_of_a_schema_can_be_made_legible(colour: str) -> None:
    for room in (LIGHT, DARK):
        assert contrast_ratio(make_legible(colour, room), room) >= 4.5


def test_contrast_is_the_published_one() -> None:
    """Figures of WCAG's own examples: #767676 is the lightest grey that is legible on white."""
    assert contrast_ratio("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)
    assert contrast_ratio("#777777", "#ffffff") < 4.5
