"""Numbers and their bounds, from quantity word to counted noun. English.

Roles: ``wording`` (exact, approx, at_least, at_most, range, vague), ``lower``, ``upper``.

Dates, times, ages, money, distances, ordinals, shares and numbers that are names are left alone.
What is counted, and what happened to it, is for the annotator to say.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Sequence

from sayso.models import AttributeValue, Document
from sayso.suggest.quantities import AT_LEAST, AT_MOST, EXACT, FEW, VAGUE, Quantity, parse_quantity
from sayso.suggest.suggesters import Suggester, SuggesterRequest, Suggestion, fill_roles
from sayso.suggest.word_tokens import (
    FUNCTION_WORDS,
    WordToken,
    begins_sentence,
    is_english,
    split_into_lines,
    word_set,
)

# How probable it is that an annotator would mark just that; fixed, and no more than a rank.
SURE, VAGUELY, ALONE = 0.9, 0.75, 0.7

_MONTHS = frozenset(
    name.lower() for name in (*calendar.month_name[1:], *calendar.month_abbr[1:], "sept")
)
_UNITS = word_set(
    "second seconds minute minutes hour hours day days night nights week weeks weekend weekends "
    "month months year years decade decades century centuries time times am pm a.m. p.m. o'clock "
    "gmt edt est utc year-old years-old km kilometre kilometres kilometer kilometers mile miles "
    "metre metres meter meters m mm cm foot feet inch inches kg kilogram kilograms kilogramme "
    "kilogrammes ton tons tonne tonnes pound pounds litre litres liter liters hectare hectares "
    "acre acres knots mph kph degrees mw megawatts gigawatts volts barrels dollar dollars euro "
    "euros cent cents ruble rubles rouble roubles hryvnia hryvnias usd eur gbp bn percent per "
    "percentage % point points third thirds half quarter quarters fifth fifths way ways million "
    "billion thousand hundred st nd rd th"
)
_CURRENCY = frozenset("$£¥€₴₽")
_STATES = frozenset(
    {"killed", "wounded", "injured", "dead"}
)  # may stand between a number and its noun
_VERBS = word_set(
    "according remain remained remains continue continued came come went go took take said say "
    "says told reported overnight alone apart away back last next later earlier ago recently died "
    "hurt missing fell crashed exploded hit struck targeted became become began begin left got "
    "made make gave give saw see landed flew arrived entered ended resulted followed occurred "
    "happened lost suggests shows means includes indicates makes brings comes leaves"
)
_ADVERB = re.compile(
    r"^(?!(supply|family|assembly|elderly|early|ally|rally|enemy|daily|hourly|weekly|monthly)\Z).{3,}ly\Z"
)
_DETERMINERS = frozenset({"these", "those"})
_PARTICIPLE = re.compile(r"^\w{3,}(ed|ing)\Z")
_FURTHER = frozenset({"additional", "further", "more", "other"})
_YEAR = re.compile(r"^(19|20)\d\d\Z")
_NUMBER = re.compile(r"^\d")
_NUMBERED = frozenset({"age", "aged", "ages", "no", "number", "§"})
_PLURALS = frozenset({"aircraft", "cattle", "children", "people", "personnel", "police"})
# Words beside a number without a noun that show that it counts all the same.
_BEFORE_ALONE = frozenset({"at", "numbered", "of", "to", "total", "totaled", "totalled", "totals"})
_AFTER_ALONE = _STATES | word_set(
    "were was are have had has died missing hurt of more others other"
)
_END_ALONE = frozenset({",", ".", ";", "and", "by", "in", "suggests"})
_LONGEST_NOUN_PHRASE = 7  # words
_LONGEST_SINGULAR = 3


def build_suggester(request: SuggesterRequest) -> Suggester:
    """Return the suggester, which needs nothing but its own tables."""
    suggest = fill_roles(suggest_counts, request.schema, request.name)
    return request.suggester(suggest, libraries=("text2num",))


def suggest_counts(document: Document) -> Iterator[Suggestion]:
    """Yield every quantity that counts something, in order; none in other languages."""
    if is_english(document):
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
    """Return the position after a number that is no count, so that no part of it becomes one."""
    in_figures = found and found.kind != VAGUE and _NUMBER.match(line[found.last - 1].normalized)
    return found.last if found and in_figures else number + 1


def _is_no_count(line: Sequence[WordToken], found: Quantity, text: str) -> bool:
    """Return True if the number is a date, an age, a sum of money, a share, or part of a name."""
    before = line[found.first - 1] if found.first else None
    after = line[found.last] if found.last < len(line) else None
    number = line[found.last - 1]
    if after and (after.normalized in _UNITS | _MONTHS or _is_attached(after, number, text)):
        return True
    if before and before.normalized in _DETERMINERS:
        return True
    if before and (before.text in _CURRENCY or before.normalized in _NUMBERED):
        return found.kind != VAGUE
    in_figures = _NUMBER.match(number.text) and found.kind == EXACT
    return bool(in_figures) and _is_plain_no_count(line, found, before, after)


def _is_plain_no_count(
    line: Sequence[WordToken], found: Quantity, before: WordToken | None, after: WordToken | None
) -> bool:
    """Return the same for a number in figures that nothing qualifies."""
    first = found.first
    if before and (before.normalized in _MONTHS or _is_joined(before, line[first])):
        return True
    if before and before.is_capitalized and not begins_sentence(line, first - 1):
        return True  # Resolution 2328, CTF 50
    if _YEAR.match(line[found.last - 1].text):
        return True
    if after and after.text == "." and begins_sentence(line, first):
        return True  # the number of a paragraph
    enclosed = before and after and before.text == after.text == ","
    return bool(enclosed and first > 1 and line[first - 2].is_capitalized)  # a name, 34, who


def _is_attached(after: WordToken, number: WordToken, text: str) -> bool:
    touches = after.start == number.end and not text[number.end - 1 : number.end].isspace()
    return touches and after.text in "-–/:@_=°'′"


def _is_joined(before: WordToken, number: WordToken) -> bool:
    return before.end == number.start and before.text not in '("“‘[—–,.'


def is_plural(word: str) -> bool:
    """Return True if a word looks like a plural noun.

    >>> is_plural("drones"), is_plural("women"), is_plural("apartment"), is_plural("is")
    (True, True, False, False)
    """
    low = word.lower()
    if low in _PLURALS or low.endswith("men"):
        return True
    ends_in_s = len(low) > 2 and low.endswith("s") and not low.endswith(("ss", "us", "is", "'s"))
    return ends_in_s and not word.isupper()


def _find_noun_end(line: Sequence[WordToken], found: Quantity) -> int:
    """Return the position after the noun that is counted; ``found.last`` where there is no noun."""
    phrase = _find_noun_phrase(line, found.last)
    if not found.plural:
        return phrase[-1] + 1 if 0 < len(phrase) <= _LONGEST_SINGULAR else found.last
    plurals = [number for number in phrase if is_plural(line[number].text)]
    if not plurals:
        return found.last
    last = plurals[0]
    while last + 1 in plurals:
        last += 1
    return last + 1


def _find_noun_phrase(line: Sequence[WordToken], start: int) -> list[int]:
    """Return the positions of the words that may belong to the noun phrase."""
    phrase: list[int] = []
    further = start < len(line) and line[start].normalized in _FURTHER
    for number in range(start + further, min(start + _LONGEST_NOUN_PHRASE, len(line))):
        word = line[number]
        is_state = word.normalized in _STATES and not phrase
        ended = phrase and is_plural(line[phrase[-1]].text) and _PARTICIPLE.match(word.normalized)
        if ended or (not is_state and _ends_noun_phrase(word)):
            break
        phrase.append(number)
    has_noun = any(not _PARTICIPLE.match(line[number].normalized) for number in phrase)
    return phrase if has_noun else []


def _ends_noun_phrase(word: WordToken) -> bool:
    low = word.normalized
    return bool(
        low in FUNCTION_WORDS | _VERBS | _STATES
        or not low[0].isalnum()
        or low.endswith(("'s", "s'"))
        or _ADVERB.match(low)
        or _NUMBER.match(low)
    )


def _build_count(line: Sequence[WordToken], found: Quantity, last: int) -> Suggestion | None:
    noun = line[last - 1].text if last > found.last else ""
    score = _score(line, found, last, noun)
    if score is None:
        return None
    bounds = {"lower": found.lower, "upper": found.upper}
    attributes: dict[str, AttributeValue] = {"wording": found.kind}
    attributes |= {name: value for name, value in bounds.items() if value is not None}
    return Suggestion("", line[found.first].start, line[last - 1].end, attributes, score)


def _score(line: Sequence[WordToken], found: Quantity, last: int, noun: str) -> float | None:
    """Return how sure we are; None where it counts nothing that is marked."""
    if noun.lower() in _UNITS:  # square miles
        return None
    if not noun:
        return _score_without_noun(line, found, last)
    if found.upper == 0 or (found.kind == VAGUE and found.lower == FEW):
        return VAGUELY if is_plural(noun) else None
    return SURE


def _score_without_noun(line: Sequence[WordToken], found: Quantity, last: int) -> float | None:
    """Return a score only where the words around a bare quantity show that it counts."""
    if found.needs_noun or found.lower == found.upper == 1:
        return None
    if found.upper == 0:
        return SURE if line[found.last - 1].normalized in ("one", "no-one", "nobody") else None
    after = line[last].normalized if last < len(line) else "."
    if found.kind in (AT_LEAST, AT_MOST):
        return ALONE
    before = line[found.first - 1] if found.first else None
    if before is None:
        return ALONE if after in _AFTER_ALONE else None
    if before.is_capitalized:
        return None  # Resolution 2328
    low = before.normalized
    leads = after in _END_ALONE and (low in _BEFORE_ALONE or _PARTICIPLE.match(low))
    return ALONE if leads or after in _AFTER_ALONE else None
