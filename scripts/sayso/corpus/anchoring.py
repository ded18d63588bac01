"""Move an annotation to a newer text of its document: all of it, or nothing.

A mention provably has the same words if the sentences around it, white space aside, occur once in
the older text and once in the newer one, as whole sentences both times. If they occur more often,
their neighbours are included until they do not. Nothing is guessed: an annotation with one mention
that is not proven stays with its own text.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from itertools import pairwise
from typing import TypeVar

import msgspec

from sayso.models import Annotation, Gold, Mention, sort_mentions
from sayso.sentences import sentence_starts
from sayso.spans import Span, trim

AnnotationOrGoldT = TypeVar("AnnotationOrGoldT", bound=Annotation | Gold)
_WHITE_SPACE = re.compile(r"\s+")


class SentenceIndex:
    """A text with each run of white space folded into one space, and its sentences."""

    def __init__(self, text: str, language: str) -> None:
        self.text = text
        in_paragraphs, self._offsets = _fold_white_space(text)
        self.folded = in_paragraphs.replace("\n", " ")
        starts = [*sentence_starts(in_paragraphs, language), len(self.folded)]
        spans = [trim(Span(*edges), self.folded) for edges in pairwise(starts)]
        self.sentences = [span for span in spans if span.start < span.end]
        self._starts = {span.start for span in self.sentences}
        self._ends = {span.end for span in self.sentences}

    def fold(self, span: Span) -> Span:
        """Convert offsets to the folded text; an edge within white space moves to its start."""
        return Span(
            bisect_right(self._offsets, span.start) - 1, bisect_left(self._offsets, span.end)
        )

    def unfold(self, span: Span) -> Span:
        """Convert back a span that neither starts nor ends with white space."""
        return Span(self._offsets[span.start], self._offsets[span.end - 1] + 1)

    def sentences_around(self, span: Span) -> tuple[int, int] | None:
        """Return the first sentence of a folded span and the one after its last, or None."""
        first = bisect_right(self.sentences, span.start, key=lambda sentence: sentence.start) - 1
        after = bisect_left(self.sentences, span.end, key=lambda sentence: sentence.start)
        inside = (
            first >= 0
            and span.start < self.sentences[first].end
            and span.end <= self.sentences[after - 1].end
        )
        return (first, after) if inside else None

    def join_sentences(self, first: int, after: int) -> str:
        """Return the folded text of sentences [first, after)."""
        return self.folded[self.sentences[first].start : self.sentences[after - 1].end]

    def find_whole_sentences(self, passage: str) -> list[int]:
        """Return the offsets at which the folded text has a passage as whole sentences."""
        return [
            at
            for at in _find_occurrences(passage, self.folded)
            if at in self._starts and at + len(passage) in self._ends
        ]

    def count_occurrences(self, passage: str) -> int:
        """Return how often a passage occurs, as whole sentences or not."""
        return sum(1 for _at in _find_occurrences(passage, self.folded))


def transfer_record(
    record: AnnotationOrGoldT, older: SentenceIndex, newer: SentenceIndex, text_sha256: str
) -> tuple[AnnotationOrGoldT | None, tuple[Mention, ...]]:
    """Return the record over the newer text, or None and the mentions that are not proven.

    A record without mentions, or with answers about the document, says something of the whole text,
    so it moves only if every word is the same. What gold declined must be proven, too.

    Args:
        text_sha256: of the newer text.
    """
    if (record.answers or not record.mentions) and older.folded.strip() != newer.folded.strip():
        return None, ()
    moved: dict[str, tuple[Mention, ...]] = {}
    unproven: tuple[Mention, ...] = ()
    for name in ("mentions", "declined") if isinstance(record, Gold) else ("mentions",):
        mentions = getattr(record, name)
        found = [(mention, transfer_span(mention.span, older, newer)) for mention in mentions]
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
    """Return the span of the same words in the newer text; None if that is not proven.

    >>> older = SentenceIndex("Two drones fell. The mayor spoke.", "en")
    >>> newer = SentenceIndex("Correction: it was night. Two drones fell.\\nThe mayor spoke.", "en")
    >>> transfer_span(Span(4, 10), older, newer)
    Span(start=30, end=36)
    >>> newer = SentenceIndex("Two drones fell. Two drones fell.", "en")
    >>> transfer_span(Span(4, 10), older, newer) is None
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
    first, after = sentences
    while older.count_occurrences(passage := older.join_sentences(first, after)) > 1:
        first, after = max(0, first - 1), min(len(older.sentences), after + 1)
    found = newer.find_whole_sentences(passage)
    if len(found) != 1 or newer.count_occurrences(passage) != 1:
        return None
    shift = found[0] - older.sentences[first].start
    return newer.unfold(Span(folded.start + shift, folded.end + shift))


def _move_mention(mention: Mention, span: Span, text: str) -> Mention:
    return msgspec.structs.replace(
        mention, start=span.start, end=span.end, text=text[span.start : span.end]
    )


def _fold_white_space(text: str) -> tuple[str, list[int]]:
    """Return the text with each run of white space as one code point, and all old offsets.

    The code point is a space, or a line feed between paragraphs.
    """
    pieces: list[str] = []
    offsets: list[int] = []
    end = 0
    for run in _WHITE_SPACE.finditer(text):
        pieces += [text[end : run.start()], "\n" if run.group().count("\n") > 1 else " "]
        offsets += range(end, run.start() + 1)
        end = run.end()
    return "".join([*pieces, text[end:]]), [*offsets, *range(end, len(text))]


def _find_occurrences(passage: str, text: str) -> Iterator[int]:
    at = text.find(passage)
    while at >= 0:
        yield at
        at = text.find(passage, at + 1)
