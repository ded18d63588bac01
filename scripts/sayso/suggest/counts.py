"""Numbers and their bounds: ``Count`` mentions from the first quantity word to the noun that is counted. English.

Dates, times, ages, money, distances, ordinals, shares and numbers that are names are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from sayso.checks.scheme import COUNT, KIND, LOWER, OUTCOME, THING, UPPER
from sayso.records import Document, Value
from sayso.suggest import counted, quantities, words
from sayso.suggest.counted import COUNTED_BY_ARTICLE, known, singular
from sayso.suggest.quantities import AT_LEAST, AT_MOST, EXACT, FEW, VAGUE, Quantity, quantity
from sayso.suggest.suggesters import Suggested, Suggester, digest
from sayso.suggest.words import Word, begins, lines

NAME = "numbers"
LANGUAGE = "en"
# How probable it is that an annotator would mark just that; fixed, and no more than a rank.
SURE, ALONE, BY_ARTICLE, VAGUELY = 0.9, 0.7, 0.5, 0.75

_MONTHS = frozenset({
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december", "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec"
})  # fmt: skip
_UNITS = frozenset({
    "second", "seconds", "minute", "minutes", "hour", "hours", "day", "days", "night", "nights", "week", "weeks",
    "weekend", "weekends", "month", "months", "year", "years", "decade", "decades", "century", "centuries",
    "time", "times", "am", "pm", "a.m.", "p.m.", "o'clock", "gmt", "edt", "est", "utc", "year-old", "years-old",
    "km", "kilometre", "kilometres", "kilometer", "kilometers", "mile", "miles", "metre", "metres", "meter",
    "meters", "m", "mm", "cm", "foot", "feet", "inch", "inches", "kg", "kilogram", "kilograms", "kilogramme",
    "kilogrammes", "ton", "tons", "tonne", "tonnes", "pound", "pounds", "litre", "litres", "liter", "liters",
    "hectare", "hectares", "acre", "acres", "knots", "mph", "kph", "degrees", "mw", "megawatts", "gigawatts",
    "volts", "barrels", "dollar", "dollars", "euro", "euros", "cent", "cents", "ruble", "rubles", "rouble",
    "roubles", "hryvnia", "hryvnias", "usd", "eur", "gbp", "bn", "percent", "per", "percentage", "%", "point",
    "points", "third", "thirds", "half", "quarter", "quarters", "fifth", "fifths", "way", "ways", "million",
    "billion", "thousand", "hundred", "st", "nd", "rd", "th"
})  # fmt: skip
_CURRENCY = frozenset({"$", "£", "¥", "€", "₴", "₽"})
_STOP = frozenset({
    "a", "an", "the", "this", "that", "these", "those", "of", "in", "on", "at", "by", "for", "from", "to", "into",
    "onto", "over", "under", "near", "with", "without", "within", "across", "along", "through", "throughout",
    "between", "among", "during", "since", "until", "till", "before", "after", "about", "around", "against",
    "towards", "toward", "and", "or", "but", "nor", "so", "yet", "as", "than", "then", "if", "when", "while",
    "where", "which", "who", "whom", "whose", "what", "how", "because", "although", "though", "is", "are", "was",
    "were", "be", "been", "being", "am", "has", "have", "had", "having", "do", "does", "did", "will", "would",
    "shall", "should", "may", "might", "must", "can", "could", "he", "she", "it", "they", "we", "you", "i", "him",
    "her", "them", "us", "me", "his", "its", "their", "our", "your", "my", "there", "here", "not", "never",
    "also", "only", "just", "still", "now", "today", "yesterday", "tomorrow", "again", "too", "very", "both",
    "each", "every", "any", "all", "such", "more", "most", "other", "via", "per", "off", "out", "up", "down",
    "amid", "despite", "including", "according", "remain", "remained", "remains", "continue", "continued", "came",
    "come", "went", "go", "took", "take", "said", "say", "says", "told", "reported", "overnight", "alone",
    "apart", "away", "back", "onboard", "aboard", "inside", "outside", "behind", "beyond", "above", "below",
    "last", "next", "later", "earlier", "ago", "already", "recently", "meanwhile", "however", "killed", "died",
    "injured", "wounded", "hurt", "dead", "missing", "fell", "crashed", "exploded", "hit", "struck", "targeted",
    "became", "become", "began", "begin", "left", "got", "made", "make", "gave", "give", "saw", "see", "landed",
    "flew", "arrived", "entered", "ended", "resulted", "followed", "occurred", "happened", "lost", "suggests",
    "shows", "means", "includes", "indicates", "makes", "brings", "comes", "leaves"
})  # fmt: skip
_ADVERB = re.compile(
    r"^(?!(supply|family|assembly|elderly|early|ally|rally|enemy|daily|hourly|weekly|monthly)$).{3,}ly$"
)
_POINTED_AT = frozenset({"these", "those"})
_PARTICIPLE = re.compile(r"^\w{3,}(ed|ing)$")
_FURTHER = frozenset({"additional", "further", "more", "other"})
_YEAR = re.compile(r"^(19|20)\d\d$")
_NUMBER = re.compile(r"^\d")
_FUSED_BEFORE = frozenset({"at", "numbered", "of", "to", "total", "totaled", "totalled", "totals"})
_FUSED_AFTER = frozenset({
    "were", "was", "are", "have", "had", "has", "people-were", "killed", "wounded", "injured", "dead", "died",
    "missing", "hurt", "of", "more", "others", "other"
})  # fmt: skip
_FUSED_END = frozenset({",", ".", ";", "and", "by", "in", "suggests"})
_LONGEST = 7  # words of a noun phrase
_AFFECTED, _PLACE = "affected", "place"


def suggester() -> Suggester:
    """The suggester, which needs nothing but its own tables."""
    files = (Path(str(module.__file__)) for module in (quantities, counted, words))
    return Suggester(NAME, suggest, digest(Path(__file__), *files, version("text2num").encode()))


def suggest(document: Document) -> Iterator[Suggested]:
    """Every quantity that counts something, in order; none in a language other than English."""
    if document.language.partition("-")[0].lower() == LANGUAGE:
        for line in lines(document.text):
            yield from _in_line(line, document.text)


def _in_line(line: Sequence[Word], text: str) -> Iterator[Suggested]:
    number = 0
    while number < len(line):
        found = quantity(line, number)
        if found is None or _other(line, found, text):
            number = _past(line, number, found)
            continue
        last = _noun_end(line, found)
        mention = _mention(line, found, last)
        if mention:
            yield mention
        number = max(last, found.last) if mention else number + 1


def _past(line: Sequence[Word], number: int, found: Quantity | None) -> int:
    """Where to go on: past the whole of a number that is no count, so that no part of it becomes one."""
    plain = found and found.kind != VAGUE and _NUMBER.match(line[found.last - 1].text)
    return found.last if found and plain else number + 1


def _other(line: Sequence[Word], found: Quantity, text: str) -> bool:
    """Whether the number is a date, an age, a sum of money, a share, or part of a name."""
    first, last = found.first, found.last
    before = line[first - 1] if first else None
    after = line[last] if last < len(line) else None
    number = line[last - 1]
    if after and (after.low in _UNITS or after.low in _MONTHS or _attached(after, number, text)):
        return True
    if before and before.low in _POINTED_AT:
        return True
    if before and (before.text in _CURRENCY or before.low in ("age", "aged", "no", "number", "§", "ages")):
        return found.kind != VAGUE
    if before and _NUMBER.match(number.text) and found.kind == EXACT and (
        before.low in _MONTHS or _joined(before, line[first], text) or _named(line, first)
    ):  # fmt: skip
        return True
    if found.kind == EXACT and _YEAR.match(number.text):
        return True
    if after and after.text == "." and begins(line, first) and _NUMBER.match(number.text):
        return True  # the number of a paragraph
    return bool(
        before
        and after
        and before.text == after.text == ","
        and _NUMBER.match(number.text)
        and first > 1
        and line[first - 2].capital
    )  # fmt: skip - a name, 34, who


def _attached(after: Word, number: Word, text: str) -> bool:
    return after.start == number.end and after.text in "-–/:@_=°'′" and not text[number.end - 1 : number.end].isspace()


def _joined(before: Word, number: Word, text: str) -> bool:
    return before.end == number.start and before.text not in '("“‘[—–,.'


def _named(line: Sequence[Word], first: int) -> bool:
    """Resolution 2328, CTF 50: a capital in front that no sentence's beginning gave."""
    before = line[first - 1]
    return before.capital and not begins(line, first - 1)


def _noun_end(line: Sequence[Word], found: Quantity) -> int:
    """The word after the noun that is counted; ``found.last`` where there is no noun."""
    run = _run(line, found.last)
    plurals = [number for number in run if singular(line[number].text)]
    if found.plural and plurals:
        return _last_of(plurals) + 1
    nouns = [number for number in run if known(line[number].text)]
    if nouns and (not found.plural or found.upper == 0):
        return nouns[-1] + 1 if nouns[-1] == run[-1] or not found.article else found.last
    return found.last if found.plural or found.article or not 0 < len(run) < 3 else run[-1] + 1


def _last_of(numbers: list[int]) -> int:
    """The last of the first numbers that follow on each other."""
    last = numbers[0]
    for number in numbers[1:]:
        if number != last + 1:
            break
        last = number
    return last


def _run(line: Sequence[Word], start: int) -> list[int]:
    """The words that may belong to the noun phrase."""
    run: list[int] = []
    further = start < len(line) and line[start].low in _FURTHER
    for number in range(start, min(start + _LONGEST, len(line))):
        word = line[number]
        if number == start and further:
            continue
        participle = _PARTICIPLE.match(word.low)
        ended = run and singular(line[run[-1]].text) and (participle or not word.text[0].isalnum())
        if (word.low in _STOP and not (word.low in ("killed", "wounded", "injured", "dead") and not run)) or ended:
            break
        if (
            not word.text[0].isalnum()
            or word.low.endswith(("'s", "s'"))
            or _ADVERB.match(word.low)
            or _NUMBER.match(word.text)
        ):
            break
        run.append(number)
    return run if run and any(not _PARTICIPLE.match(line[n].low) for n in run) else []


def _mention(line: Sequence[Word], found: Quantity, last: int) -> Suggested | None:
    noun = [word.text for word in line[found.last : last]]
    score = _score(line, found, last, noun)
    if score is None:
        return None
    attributes: dict[str, Value] = {KIND: found.kind}
    if found.lower is not None:
        attributes[LOWER] = found.lower
    if found.upper is not None:
        attributes[UPPER] = found.upper
    attributes |= _happened(line, found, last, noun)
    return Suggested(COUNT, line[found.first].start, line[last - 1].end, attributes, score)


def _happened(line: Sequence[Word], found: Quantity, last: int, noun: list[str]) -> dict[str, Value]:
    thing = counted.thing(noun) if noun else "person" if _nobody(line, found) else None
    outcome = counted.outcome(line, found.first, last)
    if thing == _PLACE and outcome:
        outcome = _AFFECTED
    return {name: value for name, value in ((THING, thing), (OUTCOME, outcome)) if value}


def _nobody(line: Sequence[Word], found: Quantity) -> bool:
    return found.upper == 0 and line[found.last - 1].low != "none"


def _score(line: Sequence[Word], found: Quantity, last: int, noun: list[str]) -> float | None:
    """How sure we are; None where it counts nothing that is marked."""
    after = line[last].low if last < len(line) else "."
    if found.article or (found.noun and found.upper == 1):
        if not noun or counted.thing(noun) not in COUNTED_BY_ARTICLE:
            return None
        return BY_ARTICLE if not found.article or counted.outcome(line, found.first, last) else None
    if not noun:
        return _alone(line, found, after)
    if noun[-1].lower() in _UNITS:
        return None  # square miles
    if found.upper == 0 or (found.kind == VAGUE and found.lower == FEW):
        return VAGUELY if counted.thing(noun) else None
    return SURE


def _alone(line: Sequence[Word], found: Quantity, after: str) -> float | None:
    """A quantity without a noun: only where the words around it show that it counts."""
    if found.noun:
        return None
    if found.upper == 0:
        return SURE if line[found.last - 1].low in ("one", "no-one", "nobody") else None
    if found.upper == 1 and found.lower == 1:
        return None
    before = line[found.first - 1] if found.first else None
    if found.kind in (AT_LEAST, AT_MOST) or not before:
        return ALONE if found.kind in (AT_LEAST, AT_MOST) or after in _FUSED_AFTER else None
    if before.capital:
        return None  # Resolution 2328
    leads = after in _FUSED_END and (before.low in _FUSED_BEFORE or counted.happened(before))
    return ALONE if leads or after in _FUSED_AFTER else None
