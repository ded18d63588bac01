"""Numbers and their bounds: ``Count`` mentions from the first quantity word to the noun that is counted. English.

Dates, times, ages, money, distances, ordinals, shares and numbers that are names are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

from sayso.checks.schema_checks import COUNT, KIND, LOWER, OUTCOME, THING, UPPER
from sayso.models import AttributeValue, Document
from sayso.suggest import counted_things, quantities, word_tokens
from sayso.suggest.counted_things import COUNTED_BY_ARTICLE, is_known_noun, singular
from sayso.suggest.quantities import AT_LEAST, AT_MOST, EXACT, FEW, VAGUE, Quantity, parse_quantity
from sayso.suggest.suggesters import Suggester, Suggestion, compute_digest
from sayso.suggest.word_tokens import WordToken, begins_sentence, split_into_lines

NAME = "numbers"
LANGUAGE = "en"
# How probable it is that an annotator would mark just that; fixed, and no more than a rank.
SURE, ALONE, BY_ARTICLE, VAGUELY = 0.9, 0.7, 0.5, 0.75

_MONTHS = frozenset(
    {
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "jan",
        "feb",
        "mar",
        "apr",
        "jun",
        "jul",
        "aug",
        "sep",
        "sept",
        "oct",
        "nov",
        "dec",
    }
)
_UNITS = frozenset(
    {
        "second",
        "seconds",
        "minute",
        "minutes",
        "hour",
        "hours",
        "day",
        "days",
        "night",
        "nights",
        "week",
        "weeks",
        "weekend",
        "weekends",
        "month",
        "months",
        "year",
        "years",
        "decade",
        "decades",
        "century",
        "centuries",
        "time",
        "times",
        "am",
        "pm",
        "a.m.",
        "p.m.",
        "o'clock",
        "gmt",
        "edt",
        "est",
        "utc",
        "year-old",
        "years-old",
        "km",
        "kilometre",
        "kilometres",
        "kilometer",
        "kilometers",
        "mile",
        "miles",
        "metre",
        "metres",
        "meter",
        "meters",
        "m",
        "mm",
        "cm",
        "foot",
        "feet",
        "inch",
        "inches",
        "kg",
        "kilogram",
        "kilograms",
        "kilogramme",
        "kilogrammes",
        "ton",
        "tons",
        "tonne",
        "tonnes",
        "pound",
        "pounds",
        "litre",
        "litres",
        "liter",
        "liters",
        "hectare",
        "hectares",
        "acre",
        "acres",
        "knots",
        "mph",
        "kph",
        "degrees",
        "mw",
        "megawatts",
        "gigawatts",
        "volts",
        "barrels",
        "dollar",
        "dollars",
        "euro",
        "euros",
        "cent",
        "cents",
        "ruble",
        "rubles",
        "rouble",
        "roubles",
        "hryvnia",
        "hryvnias",
        "usd",
        "eur",
        "gbp",
        "bn",
        "percent",
        "per",
        "percentage",
        "%",
        "point",
        "points",
        "third",
        "thirds",
        "half",
        "quarter",
        "quarters",
        "fifth",
        "fifths",
        "way",
        "ways",
        "million",
        "billion",
        "thousand",
        "hundred",
        "st",
        "nd",
        "rd",
        "th",
    }
)
_CURRENCY = frozenset({"$", "£", "¥", "€", "₴", "₽"})
_NOUN_PHRASE_END = frozenset(
    {
        "a",
        "an",
        "the",
        "this",
        "that",
        "these",
        "those",
        "of",
        "in",
        "on",
        "at",
        "by",
        "for",
        "from",
        "to",
        "into",
        "onto",
        "over",
        "under",
        "near",
        "with",
        "without",
        "within",
        "across",
        "along",
        "through",
        "throughout",
        "between",
        "among",
        "during",
        "since",
        "until",
        "till",
        "before",
        "after",
        "about",
        "around",
        "against",
        "towards",
        "toward",
        "and",
        "or",
        "but",
        "nor",
        "so",
        "yet",
        "as",
        "than",
        "then",
        "if",
        "when",
        "while",
        "where",
        "which",
        "who",
        "whom",
        "whose",
        "what",
        "how",
        "because",
        "although",
        "though",
        "is",
        "are",
        "was",
        "were",
        "be",
        "been",
        "being",
        "am",
        "has",
        "have",
        "had",
        "having",
        "do",
        "does",
        "did",
        "will",
        "would",
        "shall",
        "should",
        "may",
        "might",
        "must",
        "can",
        "could",
        "he",
        "she",
        "it",
        "they",
        "we",
        "you",
        "i",
        "him",
        "her",
        "them",
        "us",
        "me",
        "his",
        "its",
        "their",
        "our",
        "your",
        "my",
        "there",
        "here",
        "not",
        "never",
        "also",
        "only",
        "just",
        "still",
        "now",
        "today",
        "yesterday",
        "tomorrow",
        "again",
        "too",
        "very",
        "both",
        "each",
        "every",
        "any",
        "all",
        "such",
        "more",
        "most",
        "other",
        "via",
        "per",
        "off",
        "out",
        "up",
        "down",
        "amid",
        "despite",
        "including",
        "according",
        "remain",
        "remained",
        "remains",
        "continue",
        "continued",
        "came",
        "come",
        "went",
        "go",
        "took",
        "take",
        "said",
        "say",
        "says",
        "told",
        "reported",
        "overnight",
        "alone",
        "apart",
        "away",
        "back",
        "onboard",
        "aboard",
        "inside",
        "outside",
        "behind",
        "beyond",
        "above",
        "below",
        "last",
        "next",
        "later",
        "earlier",
        "ago",
        "already",
        "recently",
        "meanwhile",
        "however",
        "killed",
        "died",
        "injured",
        "wounded",
        "hurt",
        "dead",
        "missing",
        "fell",
        "crashed",
        "exploded",
        "hit",
        "struck",
        "targeted",
        "became",
        "become",
        "began",
        "begin",
        "left",
        "got",
        "made",
        "make",
        "gave",
        "give",
        "saw",
        "see",
        "landed",
        "flew",
        "arrived",
        "entered",
        "ended",
        "resulted",
        "followed",
        "occurred",
        "happened",
        "lost",
        "suggests",
        "shows",
        "means",
        "includes",
        "indicates",
        "makes",
        "brings",
        "comes",
        "leaves",
    }
)
_ADVERB = re.compile(
    r"^(?!(supply|family|assembly|elderly|early|ally|rally|enemy|daily|hourly|weekly|monthly)$).{3,}ly$"
)
_DETERMINERS = frozenset({"these", "those"})
_PARTICIPLE = re.compile(r"^\w{3,}(ed|ing)$")
_FURTHER = frozenset({"additional", "further", "more", "other"})
_YEAR = re.compile(r"^(19|20)\d\d$")
_NUMBER = re.compile(r"^\d")
_NUMBERED = frozenset({"age", "aged", "ages", "no", "number", "§"})
_FUSED_BEFORE = frozenset({"at", "numbered", "of", "to", "total", "totaled", "totalled", "totals"})
_FUSED_AFTER = frozenset(
    {
        "were",
        "was",
        "are",
        "have",
        "had",
        "has",
        "people-were",
        "killed",
        "wounded",
        "injured",
        "dead",
        "died",
        "missing",
        "hurt",
        "of",
        "more",
        "others",
        "other",
    }
)
_FUSED_END = frozenset({",", ".", ";", "and", "by", "in", "suggests"})
_LONGEST_NOUN_PHRASE = 7  # words of a noun phrase
_AFFECTED, _PLACE = "affected", "place"


def build_numbers_suggester() -> Suggester:
    """The suggester, which needs nothing but its own tables."""
    files = (Path(str(module.__file__)) for module in (quantities, counted_things, word_tokens))
    return Suggester(
        NAME, suggest_counts, compute_digest(Path(__file__), *files, version("text2num").encode())
    )


def suggest_counts(document: Document) -> Iterator[Suggestion]:
    """Every quantity that counts something, in order; none in a language other than English."""
    if document.language.partition("-")[0].lower() == LANGUAGE:
        for line in split_into_lines(document.text):
            yield from _suggest_in_line(line, document.text)


def _suggest_in_line(line: Sequence[WordToken], text: str) -> Iterator[Suggestion]:
    number = 0
    while number < len(line):
        found = parse_quantity(line, number)
        if found is None or _is_no_count(line, found, text):
            number = _next_position(line, number, found)
            continue
        last = _find_noun_end(line, found)
        mention = _build_count(line, found, last)
        if mention:
            yield mention
        number = max(last, found.last) if mention else number + 1


def _next_position(line: Sequence[WordToken], number: int, found: Quantity | None) -> int:
    """Where to go on: past the whole of a number that is no count, so that no part of it becomes one."""
    plain = found and found.kind != VAGUE and _NUMBER.match(line[found.last - 1].text)
    return found.last if found and plain else number + 1


def _is_no_count(line: Sequence[WordToken], found: Quantity, text: str) -> bool:
    """Whether the number is a date, an age, a sum of money, a share, or part of a name."""
    before = line[found.first - 1] if found.first else None
    after = line[found.last] if found.last < len(line) else None
    number = line[found.last - 1]
    if after and (
        after.normalized in _UNITS
        or after.normalized in _MONTHS
        or _is_attached(after, number, text)
    ):
        return True
    if before and before.normalized in _DETERMINERS:
        return True
    if before and (before.text in _CURRENCY or before.normalized in _NUMBERED):
        return found.kind != VAGUE
    return (
        bool(_NUMBER.match(number.text))
        and found.kind == EXACT
        and _is_plain_no_count(line, found, before, after, text)
    )


def _is_plain_no_count(
    line: Sequence[WordToken],
    found: Quantity,
    before: WordToken | None,
    after: WordToken | None,
    text: str,
) -> bool:
    """The same of a number in figures that nothing qualifies."""
    if before and (
        before.normalized in _MONTHS
        or _is_joined(before, line[found.first], text)
        or _is_part_of_name(line, found.first)
    ):
        return True
    if _YEAR.match(line[found.last - 1].text):
        return True
    if after and after.text == "." and begins_sentence(line, found.first):
        return True  # the number of a paragraph
    enclosed = before and after and before.text == after.text == ","
    return bool(
        enclosed and found.first > 1 and line[found.first - 2].is_capitalized
    )  # a name, 34, who


def _is_attached(after: WordToken, number: WordToken, text: str) -> bool:
    return (
        after.start == number.end
        and after.text in "-–/:@_=°'′"
        and not text[number.end - 1 : number.end].isspace()
    )


def _is_joined(before: WordToken, number: WordToken, text: str) -> bool:
    return before.end == number.start and before.text not in '("“‘[—–,.'


def _is_part_of_name(line: Sequence[WordToken], first: int) -> bool:
    """Resolution 2328, CTF 50: a capital in front that no sentence's beginning gave."""
    before = line[first - 1]
    return before.is_capitalized and not begins_sentence(line, first - 1)


def _find_noun_end(line: Sequence[WordToken], found: Quantity) -> int:
    """The word after the noun that is counted; ``found.last`` where there is no noun."""
    run = _find_noun_phrase(line, found.last)
    plurals = [number for number in run if singular(line[number].text)]
    if found.plural and plurals:
        return _last_consecutive(plurals) + 1
    nouns = [number for number in run if is_known_noun(line[number].text)]
    if nouns and (not found.plural or found.upper == 0):
        return nouns[-1] + 1 if nouns[-1] == run[-1] or not found.is_article else found.last
    return found.last if found.plural or found.is_article or not 0 < len(run) < 3 else run[-1] + 1


def _last_consecutive(numbers: list[int]) -> int:
    """The last of the first numbers that follow on each other."""
    last = numbers[0]
    for number in numbers[1:]:
        if number != last + 1:
            break
        last = number
    return last


def _find_noun_phrase(line: Sequence[WordToken], start: int) -> list[int]:
    """The words that may belong to the noun phrase."""
    run: list[int] = []
    further = start < len(line) and line[start].normalized in _FURTHER
    for number in range(start, min(start + _LONGEST_NOUN_PHRASE, len(line))):
        word = line[number]
        if number == start and further:
            continue
        participle = _PARTICIPLE.match(word.normalized)
        ended = run and singular(line[run[-1]].text) and (participle or not word.text[0].isalnum())
        if (
            word.normalized in _NOUN_PHRASE_END
            and not (word.normalized in ("killed", "wounded", "injured", "dead") and not run)
        ) or ended:
            break
        if (
            not word.text[0].isalnum()
            or word.normalized.endswith(("'s", "s'"))
            or _ADVERB.match(word.normalized)
            or _NUMBER.match(word.text)
        ):
            break
        run.append(number)
    return run if run and any(not _PARTICIPLE.match(line[n].normalized) for n in run) else []


def _build_count(line: Sequence[WordToken], found: Quantity, last: int) -> Suggestion | None:
    noun = [word.text for word in line[found.last : last]]
    score = _score(line, found, last, noun)
    if score is None:
        return None
    attributes: dict[str, AttributeValue] = {KIND: found.kind}
    if found.lower is not None:
        attributes[LOWER] = found.lower
    if found.upper is not None:
        attributes[UPPER] = found.upper
    attributes |= _thing_and_outcome(line, found, last, noun)
    return Suggestion(COUNT, line[found.first].start, line[last - 1].end, attributes, score)


def _thing_and_outcome(
    line: Sequence[WordToken], found: Quantity, last: int, noun: list[str]
) -> dict[str, AttributeValue]:
    thing = (
        counted_things.find_thing(noun)
        if noun
        else "person"
        if _counts_nobody(line, found)
        else None
    )
    outcome = counted_things.find_outcome(line, found.first, last)
    if thing == _PLACE and outcome:
        outcome = _AFFECTED
    return {name: value for name, value in ((THING, thing), (OUTCOME, outcome)) if value}


def _counts_nobody(line: Sequence[WordToken], found: Quantity) -> bool:
    return found.upper == 0 and line[found.last - 1].normalized != "none"


def _score(line: Sequence[WordToken], found: Quantity, last: int, noun: list[str]) -> float | None:
    """How sure we are; None where it counts nothing that is marked."""
    after = line[last].normalized if last < len(line) else "."
    if found.is_article or (found.needs_noun and found.upper == 1):
        if not noun or counted_things.find_thing(noun) not in COUNTED_BY_ARTICLE:
            return None
        return (
            BY_ARTICLE
            if not found.is_article or counted_things.find_outcome(line, found.first, last)
            else None
        )
    if not noun:
        return _score_without_noun(line, found, after)
    if noun[-1].lower() in _UNITS:
        return None  # square miles
    if found.upper == 0 or (found.kind == VAGUE and found.lower == FEW):
        return VAGUELY if counted_things.find_thing(noun) else None
    return SURE


def _score_without_noun(line: Sequence[WordToken], found: Quantity, after: str) -> float | None:
    """A quantity without a noun: only where the words around it show that it counts."""
    if found.needs_noun:
        return None
    if found.upper == 0:
        return SURE if line[found.last - 1].normalized in ("one", "no-one", "nobody") else None
    if found.upper == 1 and found.lower == 1:
        return None
    before = line[found.first - 1] if found.first else None
    if found.kind in (AT_LEAST, AT_MOST) or not before:
        return ALONE if found.kind in (AT_LEAST, AT_MOST) or after in _FUSED_AFTER else None
    if before.is_capitalized:
        return None  # Resolution 2328
    leads = after in _FUSED_END and (
        before.normalized in _FUSED_BEFORE or counted_things.is_outcome(before)
    )
    return ALONE if leads or after in _FUSED_AFTER else None
