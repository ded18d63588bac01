"""Places by name, with what the words say of their precision."""

from __future__ import annotations

import pytest

from sayso.schema import declarations
from sayso.settings import SCHEMA_FILE
from sayso.suggest import gazetteer
from sayso.suggest.suggesters import fill_roles
from tests.conftest import REPOSITORY
from tests.dataset.samples import SCHEMA
from tests.suggest.test_numbers import build_document

suggest_filled = fill_roles(gazetteer.suggest_places, SCHEMA, "places")


# text; then for each place its words, precision and GeoNames id
CASES: dict[str, list[tuple[str, str, str | None]]] = {
    "A shell fell in Belgorod today.": [("Belgorod", "settlement", "578072")],
    "It fell near Belgorod, they say.": [("Belgorod", "vicinity", "578072")],
    "a drone en route to the Russian capital": [("Russian capital", "vicinity", "524901")],
    "drones flying over the Russian capital at night": [
        ("Russian capital", "settlement", "524901")
    ],
    "over the Belgorod region and Crimea": [
        ("Belgorod region", "region", None),
        ("Crimea", "region", "703883"),
    ],
    "in the border region of Belgorod": [("border region of Belgorod", "region", None)],
    "the city of Mosul fell": [("city of Mosul", "settlement", "99072")],
    "near the Ukrainian border": [("Ukrainian border", "area_or_line", None)],
    "UAVs in targeting Russian territory": [("Russian territory", "country", "2017370")],
    "strikes in Syria and Iraq": [("Syria", "country", "163843"), ("Iraq", "country", "99237")],
    "He spoke of Aleppo’s hospitals.": [("Aleppo", "settlement", "170063")],
    "They advanced in Anbar Province.": [("Anbar Province", "region", None)],
    "across the Black Sea": [("Black Sea", "area_or_line", None)],
    "an attack in Texas": [("Texas", "region", "4736286")],
}

NO_PLACE = (
    "Moscow Mayor Sergei Sobyanin spoke.",
    "With Moscow’s leadership silent",
    "the Russian Ministry of Defense",
    "Ukrainian drones were downed.",
    "U.S. airstrikes hit them.",
    "Mr Hammond said so.",
    "David C. Lyons spoke.",
    "the U.S.-led coalition",
    "the University of Aleppo",
    "They asked in March.",
    "Aleppo City Council met.",
)


@pytest.mark.parametrize("text", CASES)
def test_a_place(text: str) -> None:
    found = [
        (text[one.start : one.end], one.attributes["precision"], one.attributes.get("gazetteer"))
        for one in suggest_filled(build_document(text))
    ]
    assert found == CASES[text]


@pytest.mark.parametrize("text", NO_PLACE)
def test_what_is_no_place(text: str) -> None:
    assert [text[one.start : one.end] for one in suggest_filled(build_document(text))] == []


def test_precisions_are_those_of_the_schema() -> None:
    precisions = (
        declarations.load_schema(REPOSITORY / SCHEMA_FILE)
        .labels["Location"]
        .attributes["precision"]
        .values.keys()
    )
    assert {*gazetteer.AFTER.values(), *gazetteer.BEFORE.values()} <= precisions


def test_the_use_of_a_name_is_left_to_the_annotator() -> None:
    assert all(
        "use" not in one.attributes
        for one in suggest_filled(build_document("In Moscow and in Syria."))
    )
