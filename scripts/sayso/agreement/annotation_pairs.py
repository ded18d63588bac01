"""Answers made ready to be compared, each once, and two of them side by side."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import cached_property, lru_cache
from operator import attrgetter
from typing import Any, TypeVar

from sayso import matching
from sayso.agreement.bootstrap import ResampledSums
from sayso.checks.schema_checks import trim_name
from sayso.models import Annotation, Mention

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
SpanOccurrence = tuple[tuple[str, int, int], int]
"""Label, start and end, and how many the same annotator marked on the very same place before."""

StatisticKey = tuple[str, str, Hashable]
"""A group of measures, what it is of, and what is counted."""

DocumentStatistics = defaultdict[StatisticKey, float]
"""What a document gives."""

AgreementSums = ResampledSums[StatisticKey]
"""What all documents give, as they are and drawn anew."""

ALL = "all"
"""What stands in the place of a label or type for all of them."""

_bare_span = lru_cache(maxsize=1 << 16)(trim_name)


def number_occurrences(keys: Iterable[K]) -> list[tuple[K, int]]:
    """Each with how often it came before, so that a set of them counts what stands there twice as two.

    >>> number_occurrences("aba")
    [('a', 0), ('b', 0), ('a', 1)]
    """
    listed = list(keys)
    if len(set(listed)) == len(listed):
        return [(key, 0) for key in listed]
    before: Counter[K] = Counter()
    found = []
    for key in listed:
        found.append((key, before[key]))
        before[key] += 1
    return found


class IndexedAnnotation:
    """One annotator's answer. Offsets are code points of the document's text."""

    def __init__(self, annotation: Annotation) -> None:
        self.annotation = annotation
        self.mentions_by_id = {mention.id: mention for mention in annotation.mentions}
        self._derived: dict[object, Any] = {}

    def derive(self, make: Callable[[IndexedAnnotation], T]) -> T:
        """What ``make`` makes of the answer, made when it is first asked for."""
        if make not in self._derived:
            self._derived[make] = make(self)
        made: T = self._derived[make]
        return made

    @cached_property
    def mentions_by_label(self) -> Mapping[str, list[Mention]]:
        """The mentions of each label, in order of start, then of end."""
        found: defaultdict[str, list[Mention]] = defaultdict(list)
        for mention in sorted(self.annotation.mentions, key=attrgetter("start", "end")):
            found[mention.label].append(mention)
        return dict(found)

    @cached_property
    def mentions_by_occurrence(self) -> Mapping[SpanOccurrence, Mention]:
        """The mentions by where they stand."""
        mentions = self.annotation.mentions
        return dict(
            zip(
                number_occurrences((m.label, m.start, m.end) for m in mentions),
                mentions,
                strict=True,
            )
        )

    @cached_property
    def occurrences_by_id(self) -> Mapping[str, SpanOccurrence]:
        """Where a mention stands, by its id."""
        return {mention.id: place for place, mention in self.mentions_by_occurrence.items()}

    @cached_property
    def normalised_occurrences(self) -> frozenset[SpanOccurrence]:
        """Where the mentions stand without article, possessive and punctuation at their edges."""
        return frozenset(number_occurrences(map(_normalised_span, self.annotation.mentions)))


def _normalised_span(mention: Mention) -> tuple[str, int, int]:
    start, end = _bare_span(mention.text)
    return mention.label, mention.start + start, mention.start + end


def normalise_text(mention: Mention) -> str:
    """What a mention says, for comparing: bare, without case, one space between words."""
    start, end = _bare_span(mention.text)
    return " ".join(mention.text[start:end].casefold().split())


class AnnotationPair:
    """Two annotators' answers to one document; nothing that is measured of it depends on which comes first."""

    def __init__(self, one: IndexedAnnotation, other: IndexedAnnotation) -> None:
        self.one, self.other = one, other

    @cached_property
    def common_occurrences(self) -> frozenset[SpanOccurrence]:
        """Where both marked the very same."""
        return frozenset(
            self.one.mentions_by_occurrence.keys() & self.other.mentions_by_occurrence.keys()
        )

    @cached_property
    def matched_mentions(self) -> matching.MentionPairs[Mention]:
        """The mentions that overlap, as many pairs as there can be."""
        layers = self.other.mentions_by_label
        return [
            pair
            for label, mine in self.one.mentions_by_label.items()
            if label in layers
            for pair in matching.match_within_label(mine, layers[label])
        ]

    @cached_property
    def matched_ids(self) -> Mapping[str, str]:
        """The other's ids, each with the id of what it is matched with."""
        return {theirs.id: mine.id for mine, theirs in self.matched_mentions}


def add_totals(into: DocumentStatistics, groups: frozenset[str]) -> None:
    """Add, for each of the groups, what all labels or types come to."""
    for (group, _subject, what), number in list(into.items()):
        if group in groups:
            into[group, ALL, what] += number
