"""How time and likeness to gold go over the sequence of an annotator's own answers.

Time is what the server measured from opening a document to submitting it, for each 100 characters of its text. Nobody
measures whether a person was there: a time above ``IDLE`` times that person's own median counts as that much.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from sayso.feedback.judging import NOTHING, Judged, Score

IDLE = 5.0
BLOCKS = 10
"""Into how many parts a sequence is cut at most, so that single documents do not hide the way it goes."""
FEW = 3  # answers in a part at least


@dataclass(frozen=True)
class Point:
    """One own answer.

    Attributes:
        number: its place in the sequence, from 1.
        seconds: for 100 characters, idle time capped; None where nothing was measured.
        capped: whether it was.
    """

    number: int
    doc_id: str
    seconds: float | None
    capped: bool
    score: Score


@dataclass(frozen=True)
class Part:
    """Consecutive answers together: the median of their times, and F1 over all their mentions."""

    first: int
    last: int
    seconds: float | None
    exact: float | None
    overlap: float | None


@dataclass(frozen=True)
class Curve:
    """The sequence. ``cap`` in seconds for 100 characters, None where no time was measured."""

    points: tuple[Point, ...]
    parts: tuple[Part, ...]
    cap: float | None

    @property
    def capped(self) -> int:
        """How many answers took longer than the cap."""
        return sum(point.capped for point in self.points)


@dataclass(frozen=True)
class Given:
    """What the curve needs to know of one answer. ``seconds`` for the whole document."""

    created: str
    doc_id: str
    seconds: float | None
    characters: int
    score: Score

    @classmethod
    def of(cls, each: Judged) -> Given:
        """Taken from an answer beside gold."""
        answer = each.answer
        return cls(answer.created, answer.doc_id, answer.lead_time_seconds, len(each.case.document.text), each.score)

    @property
    def rate(self) -> float | None:
        """Seconds for 100 characters, as measured."""
        return None if self.seconds is None else 100 * self.seconds / self.characters


def curve(given: Sequence[Given]) -> Curve:
    """The sequence in order of when answers were made."""
    ordered = sorted(given, key=lambda each: (each.created, each.doc_id))
    rates = [each.rate for each in ordered if each.rate is not None]
    cap = IDLE * median(rates) if rates else None
    points = tuple(_point(number, each, cap) for number, each in enumerate(ordered, 1))
    return Curve(points, tuple(_parts(points)), cap)


def _point(number: int, each: Given, cap: float | None) -> Point:
    capped = each.rate is not None and cap is not None and each.rate > cap
    return Point(number, each.doc_id, cap if capped else each.rate, capped, each.score)


def _parts(points: Sequence[Point]) -> Iterator[Part]:
    count = max(1, min(BLOCKS, len(points) // FEW))
    for number in range(count):
        part = points[number * len(points) // count : (number + 1) * len(points) // count]
        if part:
            times = [point.seconds for point in part if point.seconds is not None]
            score = sum((point.score for point in part), NOTHING)
            yield Part(part[0].number, part[-1].number, median(times) if times else None,
                       score.f1(score.exact), score.f1(score.overlap))  # fmt: skip
