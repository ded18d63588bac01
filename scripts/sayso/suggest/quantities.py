"""Kind and bounds that quantity words give a number, as the guidelines' table has them. English."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from text_to_num import text2num

from sayso.models import is_int64
from sayso.suggest.word_tokens import WordToken

EXACT, APPROX, AT_LEAST, AT_MOST = "exact", "approx", "at_least", "at_most"
RANGE, VAGUE = "range", "vague"


def _phrases(listed: str) -> tuple[str, ...]:
    return tuple(phrase.strip() for phrase in listed.split(","))


# The words in front of a number.
_QUALIFIERS: dict[str, tuple[str, ...]] = {
    AT_LEAST: _phrases(
        "at least, more than, no fewer than, no less than, not less than, not fewer than, over, "
        "upwards of, upward of, in excess of, a minimum of, well over"
    ),
    AT_MOST: _phrases(
        "at most, up to, no more than, not more than, fewer than, less than, under, as many as, "
        "a maximum of"
    ),
    APPROX: _phrases(
        "about, around, some, approximately, roughly, an estimated, estimated, circa, nearly, "
        "almost, close to, just over, just under, more or less, probably, an average of"
    ),
}
_NOT_QUITE = _phrases("almost, close to, just under, nearly")
_ADDITIONAL = _phrases("additional, another, further")

# No number in figures or words: the smallest whole number, no largest.
FEW = 2
_MANY = {"dozens": 24, "hundreds": 200, "thousands": 2000, "millions": 2_000_000, "scores": 40}
_MANY |= {"tens of thousands": 20_000, "hundreds of thousands": 200_000}
_VAGUE_LOWER_BOUNDS: dict[str, int] = {
    **dict.fromkeys(
        _phrases(
            "several, some, many, numerous, multiple, various, countless, a few, a number of, a "
            "handful of, a couple of, a series of"
        ),
        FEW,
    ),
    "tens of": 20,
    **_MANY,
    **{f"{words} of": lower for words, lower in _MANY.items()},
}
_NO_WORDS = frozenset({"no", "zero"})
NOBODY_WORDS = frozenset({"nobody", "none"})
_DOZENS = {"a dozen": 12, "half a dozen": 6, "a half-dozen": 6, "half-a-dozen": 6}
_MULTIPLIERS = {"hundred": 100, "thousand": 1000, "million": 1_000_000, "billion": 1_000_000_000}
_FIXED_NUMBERS = (
    _DOZENS
    | {f"a {word}": n for word, n in _MULTIPLIERS.items()}
    | {f"half a {word}": n // 2 for word, n in _MULTIPLIERS.items()}
)
_NUMERAL = re.compile(
    r"^(zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|"
    r"seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand|million|"
    r"billion)(-(one|two|three|four|five|six|seven|eight|nine))?\Z"
)
_FIGURES = re.compile(r"^(\d{1,3}(,\d{3})+|\d+)\Z")
_DECIMAL = re.compile(r"^\d+\.\d+\Z")
_LONGEST_PHRASE = 6  # words of the longest fixed phrase


@dataclass(frozen=True)
class Quantity:
    """The meaning of the words from ``first`` up to ``last`` (exclusive) of a line.

    Attributes:
        plural: True if its noun is in the plural.
        needs_noun: True if it means nothing without a noun.
    """

    first: int
    last: int
    kind: str
    lower: int | None
    upper: int | None
    plural: bool = True
    needs_noun: bool = False


def parse_quantity(line: Sequence[WordToken], first: int) -> Quantity | None:
    """Return the quantity that begins at a word, the longest there is; None where none does."""
    low = [word.normalized for word in line[first : first + 14]]
    found = (
        _parse_between(low)
        or _parse_qualified(low)
        or _parse_additional(low)
        or _parse_number_or_range(low)
        or _parse_vague(low)
        or _parse_nothing(low)
    )
    return found and replace(found, first=first, last=first + found.last)


def _match_phrase(low: Sequence[str], phrases: Collection[str]) -> tuple[int, str] | None:
    for length in range(min(_LONGEST_PHRASE, len(low)), 0, -1):
        if (joined := " ".join(low[:length])) in phrases:
            return length, joined
    return None


def _parse_between(low: list[str]) -> Quantity | None:
    """between 10 and 12"""
    if low[:1] != ["between"] and low[:1] != ["from"]:
        return None
    joint = "and" if low[0] == "between" else "to"
    one = parse_number(low[1:], joined=False)
    if one is None or low[1 + one[0] : 2 + one[0]] != [joint]:
        return None
    other = parse_number(low[2 + one[0] :])
    if other is None or other[1] < one[1]:
        return None
    return Quantity(0, 2 + one[0] + other[0], RANGE, one[1], other[1])


def _parse_qualified(low: list[str]) -> Quantity | None:
    """at least 34"""
    for kind, phrases in _QUALIFIERS.items():
        if not (found := _match_phrase(low, phrases)):
            continue
        length, words = found
        core = _parse_additional(low[length:]) or _parse_number_or_range(low[length:])
        if core is None or core.kind not in (EXACT, VAGUE):
            continue
        value, last = core.lower, length + core.last
        if kind == AT_LEAST:
            return Quantity(0, last, AT_LEAST, value, None)
        if kind == AT_MOST:
            return Quantity(0, last, AT_MOST, None, value)
        return Quantity(0, last, APPROX, None, value if words in _NOT_QUITE else None)
    return None


def _parse_additional(low: list[str]) -> Quantity | None:
    """another two; a further 12; another"""
    skipped = 1 if low[:1] == ["a"] and low[1:2] == ["further"] else 0
    if low[skipped : skipped + 1] and low[skipped] in _ADDITIONAL:
        skipped += 1
        core = (
            _parse_qualified(low[skipped:])
            or _parse_number_or_range(low[skipped:])
            or _parse_vague(low[skipped:])
        )
        if core:
            return replace(core, last=core.last + skipped)
        if low[0] == "another":
            return Quantity(0, 1, EXACT, 1, 1, plural=False, needs_noun=True)
    return None


def _parse_number_or_range(low: list[str]) -> Quantity | None:
    """34; thirty-four; two or three; 10–12"""
    one = parse_number(low)
    if one is None:
        return None
    if low[one[0] : one[0] + 1] and low[one[0]] in ("to", "or", "-", "–"):
        other = parse_number(low[one[0] + 1 :])
        if other and other[1] > one[1]:
            return Quantity(0, one[0] + 1 + other[0], RANGE, one[1], other[1])
    return Quantity(0, one[0], EXACT, one[1], one[1], plural=one[1] != 1)


def parse_number(low: Sequence[str], *, joined: bool = True) -> tuple[int, int] | None:
    """Return the length of a number in words, and the number.

    ``joined`` lets it go on after an "and".

    >>> parse_number(["three", "hundred", "and", "two", "men"])
    (4, 302)
    >>> parse_number(["1.5", "million", "people"])
    (2, 1500000)
    >>> parse_number(["a", "dozen", "men"])
    (2, 12)
    """
    if found := _match_phrase(low, _FIXED_NUMBERS):
        return found[0], _FIXED_NUMBERS[found[1]]
    if low and (_FIGURES.match(low[0]) or _DECIMAL.match(low[0])):
        return _parse_figures(low)
    length = 0
    while length < len(low) and (
        _NUMERAL.match(low[length]) or (joined and _continues_number(low, length))
    ):
        length += 1
    for shorter in range(length, 0, -1):  # "one two" is not a number, and "one" is
        if (value := _parse_words(low[:shorter])) is not None:
            dozens = low[shorter : shorter + 1] == ["dozen"]
            return shorter + dozens, value * (12 if dozens else 1)
    return None


def _continues_number(low: Sequence[str], at: int) -> bool:
    """ "hundred and two", and not "one and two"."""
    joins = at > 0 and low[at] == "and" and low[at - 1] in _MULTIPLIERS
    return joins and at + 1 < len(low) and bool(_NUMERAL.match(low[at + 1]))


def _parse_words(low: Sequence[str]) -> int | None:
    try:
        return int(text2num(" ".join(low).replace("-", " "), "en"))
    except ValueError:
        return None


def _parse_figures(low: Sequence[str]) -> tuple[int, int] | None:
    """Parse figures, also with a large word behind them; a fraction that stays one is no count."""
    scale = _MULTIPLIERS.get(low[1]) if len(low) > 1 else None
    dozen = 12 if low[1:2] == ["dozen"] else None
    value = float(low[0].replace(",", "")) * (scale or dozen or 1)
    if not (value.is_integer() and is_int64(int(value))):  # 400 figures in a row are infinity
        return None
    return 2 if scale or dozen else 1, int(value)


def _parse_vague(low: list[str]) -> Quantity | None:
    skipped = low[:1] == ["many"] and low[1:2] in (["dozens"], ["hundreds"], ["thousands"])
    if not (found := _match_phrase(low[skipped:], _VAGUE_LOWER_BOUNDS)):
        return None
    length, words = found
    return Quantity(
        0,
        length + skipped,
        VAGUE,
        _VAGUE_LOWER_BOUNDS[words],
        None,
        needs_noun=" " not in words and not words.endswith("s"),
    )


def _parse_nothing(low: list[str]) -> Quantity | None:
    """no; no one; nobody"""
    if low[:2] == ["no", "one"] or low[:1] == ["no-one"]:
        return Quantity(0, 2 if low[0] == "no" else 1, EXACT, 0, 0)
    if low and low[0] in NOBODY_WORDS:
        return Quantity(0, 1, EXACT, 0, 0)
    if low and low[0] in _NO_WORDS:
        return Quantity(0, 1, EXACT, 0, 0, needs_noun=True)
    return None
