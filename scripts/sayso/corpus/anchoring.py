"""Carry an answer over to a later text of its document: all of it, or nothing.

A mention provably stands on the same words when the sentences that it stands in, white space aside, occur once in
the older text and once in the newer one, as whole sentences both times. Where they occur more often, their
neighbours are taken in until they don't. Nothing is guessed: an answer of which one mention is not proven stays with
the text that it was given to.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import islice, pairwise
from typing import TypeVar

import msgspec

from sayso.models import Annotation, Gold, Mention, sort_mentions
from sayso.sentences import sentence_starts
from sayso.spans import Span, trim

AnnotationOrGoldT = TypeVar("AnnotationOrGoldT", bound=Annotation | Gold)
_WHITE_SPACE = re.compile(r"\s+")


class SentenceIndex:
    """A text with each run of white space folded into one, cut into sentences."""

    def __init__(self, text: str, language: str) -> None:
        self.text = text
        in_paragraphs, self._place = _fold_white_space(text)
        self.folded = in_paragraphs.replace("\n", " ")
        starts = [*sentence_starts(in_paragraphs, language), len(self.folded)]
        cuts = [trim(Span(*cut), self.folded) for cut in pairwise(starts)]
        self.sentences = [cut for cut in cuts if cut.start < cut.end]
        self._starts = {cut.start for cut in self.sentences}
        self._ends = {cut.end for cut in self.sentences}

    def fold(self, span: Span) -> Span:
        """Offsets into the text as offsets into the folded text; an edge within white space moves to its start."""
        return Span(bisect_right(self._place, span.start) - 1, bisect_left(self._place, span.end))

    def unfold(self, span: Span) -> Span:
        """The reverse, for a span whose first and last code point are no white space."""
        return Span(self._place[span.start], self._place[span.end - 1] + 1)

    def sentences_around(self, span: Span) -> tuple[int, int] | None:
        """The sentences, from and to (exclusive), that hold a folded span; None where it stands outside of them."""
        first = bisect_right(self.sentences, span.start, key=lambda cut: cut.start) - 1
        after = bisect_left(self.sentences, span.end, key=lambda cut: cut.start)
        inside = (
            first >= 0
            and span.start < self.sentences[first].end
            and span.end <= self.sentences[after - 1].end
        )
        return (first, after) if inside else None

    def join_sentences(self, first: int, after: int) -> str:
        """The folded words of some sentences."""
        return self.folded[self.sentences[first].start : self.sentences[after - 1].end]

    def find_whole_sentences(self, passage: str) -> list[int]:
        """Where in the folded text a passage stands as whole sentences."""
        places = _find_occurrences(passage, self.folded)
        return [at for at in places if at in self._starts and at + len(passage) in self._ends]

    def count_occurrences(self, passage: str) -> int:
        """How often a passage occurs, as whole sentences or not; two are as good as many."""
        return sum(1 for _at in islice(_find_occurrences(passage, self.folded), 2))


def transfer_record(
    record: AnnotationOrGoldT, older: SentenceIndex, newer: SentenceIndex, text_sha256: str
) -> tuple[AnnotationOrGoldT | None, tuple[Mention, ...]]:
    """The record over the newer text, whose hash is given, or None and the mentions that are not proven.

    A record without mentions says something of the whole text, so it is carried over only where every word is the
    same. What gold declined has to be proven too.
    """
    if not record.mentions and older.folded.strip() != newer.folded.strip():
        return None, ()
    moved: dict[str, tuple[Mention, ...]] = {}
    unproven: tuple[Mention, ...] = ()
    for name in ("mentions", "declined") if isinstance(record, Gold) else ("mentions",):
        found = [
            (mention, transfer_span(mention.span, older, newer))
            for mention in getattr(record, name)
        ]
        unproven += tuple(mention for mention, span in found if span is None)
        moved[name] = sort_mentions(
            _move_mention(mention, span, newer.text) for mention, span in found if span
        )
    if unproven:
        return None, unproven
    read = record.text_read or record.text_sha256
    texts = {"text_sha256": text_sha256, "text_read": None if read == text_sha256 else read}
    return msgspec.structs.replace(record, **texts, **moved), ()


def transfer_span(span: Span, older: SentenceIndex, newer: SentenceIndex) -> Span | None:
    """Where the words of a span of the older text stand in the newer one; None where that is not proven.

    >>> older = SentenceIndex("AnnotatorPair drones fell. The mayor spoke.", "en")
    >>> open_newer = SentenceIndex("Correction: it before night. AnnotatorPair drones fell.\\nThe mayor spoke.", "en")
    >>> transfer_span(Span(4, 10), older, open_newer)
    Span(start=30, end=36)
    >>> transfer_span(Span(4, 10), older, SentenceIndex("AnnotatorPair drones fell. AnnotatorPair drones fell.", "en")) is None
    True
    """
    if any(older.text[edge].isspace() for edge in (span.start, span.end - 1)):
        return None
    folded = older.fold(span)
    if older.folded == newer.folded:
        return newer.unfold(folded)
    sentences = older.sentences_around(folded)
    if sentences is None:
        return None
    for first, after in _widening_windows(*sentences, len(older.sentences)):
        passage = older.join_sentences(first, after)
        if older.count_occurrences(passage) > 1:
            continue
        places = newer.find_whole_sentences(passage)
        if len(places) != 1 or newer.count_occurrences(passage) != 1:
            return None
        shift = places[0] - older.sentences[first].start
        return newer.unfold(Span(folded.start + shift, folded.end + shift))
    return None


def _widening_windows(first: int, after: int, count: int) -> Iterator[tuple[int, int]]:
    yield first, after
    while first > 0 or after < count:
        first, after = max(0, first - 1), min(count, after + 1)
        yield first, after


def _move_mention(mention: Mention, span: Span, text: str) -> Mention:
    return msgspec.structs.replace(
        mention, start=span.start, end=span.end, text=text[span.start : span.end]
    )


def _fold_white_space(text: str) -> tuple[str, list[int]]:
    """The text with a run of white space as one space, or as one line feed between paragraphs; where each stood."""
    pieces: list[str] = []
    place: list[int] = []
    end = 0
    for run in _WHITE_SPACE.finditer(text):
        pieces += [text[end : run.start()], "\n" if run.group().count("\n") > 1 else " "]
        place += range(end, run.start() + 1)
        end = run.end()
    return "".join([*pieces, text[end:]]), [*place, *range(end, len(text))]


def _find_occurrences(passage: str, text: str) -> Iterator[int]:
    at = text.find(passage)
    while at >= 0:
        yield at
        at = text.find(passage, at + 1)
