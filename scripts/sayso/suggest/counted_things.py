"""What is counted and what happened to it, by small lexica of the schema's values. English."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sayso.suggest.word_tokens import WordToken

# Head nouns in the singular, by the schema's value of ``find_thing``.
THINGS: dict[str, tuple[str, ...]] = {
    "civilian": (
        "civilian",
        "resident",
        "passer-by",
        "bystander",
        "villager",
        "refugee",
        "pedestrian",
    ),
    "combatant": (
        "soldier",
        "fighter",
        "serviceman",
        "servicewoman",
        "militant",
        "troop",
        "insurgent",
        "terrorist",
        "rebel",
        "gunman",
        "combatant",
        "marine",
        "conscript",
        "mercenary",
        "jihadist",
        "officer",
        "pilot",
        "commander",
        "sailor",
        "militiaman",
    ),
    "person": (
        "person",
        "people",
        "man",
        "woman",
        "child",
        "boy",
        "girl",
        "victim",
        "casualty",
        "death",
        "fatality",
        "injury",
        "worker",
        "journalist",
        "patient",
        "doctor",
        "prisoner",
        "hostage",
        "body",
        "survivor",
        "employee",
        "family member",
        "student",
        "teacher",
        "policeman",
        "personnel",
        "firefighter",
        "migrant",
        "individual",
        "inhabitant",
        "rescuer",
        "medic",
        "detainee",
        "driver",
        "passenger",
        "adult",
        "infant",
    ),
    "uav": (
        "drone",
        "uav",
        "quadcopter",
        "unmanned aerial vehicle",
        "drone aircraft",
        "unmanned vehicle",
        "shahed",
        "munition drone",
        "unmanned aircraft",
    ),
    "missile_rocket": (
        "missile",
        "rocket",
        "shell",
        "bomb",
        "munition",
        "mortar",
        "grenade",
        "projectile",
        "warhead",
        "mine",
        "ied",
        "vbied",
        "device",
        "round",
        "torpedo",
        "bullet",
        "mortar system",
        "artillery system",
    ),
    "aircraft_ship_vehicle": (
        "aircraft",
        "plane",
        "jet",
        "helicopter",
        "fighter jet",
        "ship",
        "boat",
        "vessel",
        "tank",
        "vehicle",
        "car",
        "truck",
        "train",
        "bus",
        "warship",
        "frigate",
        "airplane",
        "bomber",
        "tanker",
        "loader",
        "ambulance",
        "submarine",
    ),
    "building": (
        "building",
        "house",
        "home",
        "apartment",
        "flat",
        "school",
        "hospital",
        "plant",
        "residence",
        "mosque",
        "church",
        "shop",
        "factory",
        "warehouse",
        "depot",
        "facility",
        "headquarters",
        "shelter",
        "structure",
        "kindergarten",
        "clinic",
        "headquarter",
        "refinery",
        "base",
        "bunker",
    ),
    "infrastructure": (
        "substation",
        "pipe",
        "pipeline",
        "bridge",
        "road",
        "railway",
        "tunnel",
        "power line",
        "airport",
        "airfield",
        "port",
        "well",
        "wellhead",
        "checkpoint",
    ),
    "attack": (
        "attack",
        "strike",
        "airstrike",
        "raid",
        "explosion",
        "blast",
        "assault",
        "bombing",
        "shelling",
        "bombardment",
        "offensive",
        "incident",
        "clash",
        "engagement",
        "sortie",
        "wave",
        "salvo",
    ),
    "place": (
        "region",
        "city",
        "town",
        "village",
        "district",
        "settlement",
        "province",
        "country",
        "area",
        "neighbourhood",
        "neighborhood",
        "location",
        "site",
        "suburb",
    ),
}

# Beginnings of words, by the schema's value of ``find_outcome``.
OUTCOMES: dict[str, str] = {
    "killed": r"kill|dead$|died?$|dies$|dying|death|fatal|slain|perish|massacr|execut(ed|ing)$|murder",
    "injured": r"injur|wound|hurt$|maim",
    "missing_captured": r"missing$|captur|abduct|kidnap|detain|hostage|arrest|prisoner",
    "displaced": r"displac|fled$|flee|evacuat|homeless|uprooted",
    "destroyed": r"destr[ou]|intercept|neutrali[sz]|sho[o]?t-?down|downed$|sunk$|sank$|annihilat|eliminat|repel",
    "damaged": r"damag|shatter|crippl",
    "launched": r"launch|fired$|firing|fires$|dropped$",
    "affected": r"hit$|hits$|hitting|struck|strike|striking|attack|target|shell(ed|ing)$|bomb(ed|ing)$|engaged$",
    "deployed_other": r"deploy|dispatch|station(ed)$",
}
_OUTCOMES = {value: re.compile(f"^({stems})") for value, stems in OUTCOMES.items()}
_DOWN_VERBS = {"shot", "brought", "shooting", "shoot", "bringing"}
_THING_OF_NOUN = {noun: value for value, nouns in THINGS.items() for noun in nouns}
# Whatever a bare "a" counts: persons, munitions, vehicles and buildings.
COUNTED_BY_ARTICLE = frozenset(
    {
        "aircraft_ship_vehicle",
        "building",
        "civilian",
        "combatant",
        "missile_rocket",
        "person",
        "uav",
    }
)
_IRREGULAR_PLURALS = {
    "people": "person",
    "men": "man",
    "women": "woman",
    "children": "child",
    "servicemen": "serviceman",
    "servicewomen": "servicewoman",
    "policemen": "policeman",
    "gunmen": "gunman",
    "militiamen": "militiaman",
    "personnel": "personnel",
    "aircraft": "aircraft",
    "troops": "troop",
    "bodies": "body",
    "police": "police",
    "passers-by": "passer-by",
    "headquarters": "headquarters",
    "staff": "staff",
    "crew": "crew",
    "dead": "dead",
    "lives": "life",
    "buses": "bus",
    "losses": "loss",
    "wives": "wife",
    "knives": "knife",
    "cattle": "cattle",
    "airmen": "airman",
    "seamen": "seaman",
    "spokesmen": "spokesman",
    "houses": "house",
    "crises": "crisis",
    "bases": "base",
    "cases": "case",
    "phases": "phase",
    "residences": "residence",
    "offences": "offence",
}
_NO_PLURAL = frozenset(
    {
        "access",
        "across",
        "afterwards",
        "always",
        "as",
        "besides",
        "business",
        "campus",
        "dangerous",
        "does",
        "enormous",
        "famous",
        "gas",
        "has",
        "his",
        "is",
        "its",
        "less",
        "news",
        "perhaps",
        "plus",
        "press",
        "previous",
        "princess",
        "process",
        "religious",
        "says",
        "series",
        "serious",
        "sometimes",
        "status",
        "this",
        "thus",
        "towards",
        "us",
        "various",
        "virus",
        "was",
        "yes",
    }
)
_DEMONYM_PATTERN = re.compile(r"^[A-Z]\w+(ans|ons|is|men|women)$")  # Syrians, Iraqis
OUTCOME_DISTANCE = 12  # words: how far from its noun an outcome may stand


def singular(word: str) -> str | None:
    """The singular of a plural noun, as far as its ending tells; None where the word does not look like one.

    >>> singular("drones"), singular("cities"), singular("people"), singular("apartment")
    ('drone', 'city', 'person', None)
    """
    low = word.lower()
    if low in _IRREGULAR_PLURALS:
        return _IRREGULAR_PLURALS[low]
    if (
        len(low) < 3
        or low in _NO_PLURAL
        or not low.endswith("s")
        or low.endswith(("ss", "us", "is", "'s"))
    ):
        return None
    if word.isupper():
        return None
    if low.endswith("ies"):
        return f"{low[:-3]}y"
    return low[:-2] if low.endswith(("ches", "shes", "xes", "sses")) else low[:-1]


def find_thing(noun: Sequence[str]) -> str | None:
    """What a noun phrase counts, by its head and, where that says more, the words before it."""
    low = [word.lower() for word in noun]
    head = singular(noun[-1]) or low[-1]
    for first in range(len(low)):
        if found := _THING_OF_NOUN.get(" ".join([*low[first:-1], head])):
            return _refine_thing(found, low[:-1])
    return "person" if _DEMONYM_PATTERN.match(noun[-1]) else None


def _refine_thing(value: str, before: Sequence[str]) -> str:
    if value == "person" and {"civilian", "local"} & set(before):
        return "civilian"
    return "combatant" if value == "person" and {"armed", "military"} & set(before) else value


def is_known_noun(word: str) -> bool:
    """Whether a word alone is one of the nouns."""
    return (singular(word) or word.lower()) in _THING_OF_NOUN


def find_outcome(line: Sequence[WordToken], first: int, last: int) -> str | None:
    """What happened to the thing at words [first, last): what stands inside it says, else the nearest word."""
    for word in line[first:last]:
        if (found := _outcome_of_word(word.normalized)) and found != "affected":
            return found
    near = sorted(
        [*_outcomes_before(line, first), *_outcomes_after(line, last)],
        key=lambda one: one[0] + OUTCOME_DISTANCE * (one[1] == "affected"),
    )
    return near[0][1] if near else None


def _outcomes_after(line: Sequence[WordToken], last: int) -> list[tuple[int, str]]:
    for number in range(last, min(last + OUTCOME_DISTANCE, len(line))):
        if line[number].text in ".;":
            break
        if found := _outcome_at(line, number):
            return [(number - last, found)]
    return []


def _outcomes_before(line: Sequence[WordToken], first: int) -> list[tuple[int, str]]:
    for number in range(first - 1, max(first - OUTCOME_DISTANCE, -1), -1):
        if line[number].text in ".;":
            break
        if found := _outcome_at(line, number):
            return [(first - number, found)]
    return []


def _outcome_at(line: Sequence[WordToken], number: int) -> str | None:
    low = line[number].normalized
    if low in _DOWN_VERBS:
        return (
            "destroyed"
            if "down" in [word.normalized for word in line[number + 1 : number + 4]]
            else None
        )
    return _outcome_of_word(low)


def is_outcome(word: WordToken) -> bool:
    """Whether a word alone says that something happened."""
    return _outcome_of_word(word.normalized) is not None


def _outcome_of_word(low: str) -> str | None:
    return next((value for value, stems in _OUTCOMES.items() if stems.match(low)), None)
