"""The JSON of passages: sentences with disagreements and every annotator's mentions.

``passages.js`` reads these arrays. Offsets count code points from the start of the passage.

| array | elements |
|---|---|
| passage | doc_id, title, campaign, pass, start, text, annotators, disagreements, notes |
| annotator | annotator, project, task, mentions |
| mention | start, end, label, attribute values in words |
| disagreement | kind, names, detail, pairs, sides, gaps, and the number of its rule in feedback |
| pair | annotator, annotator |
| side | annotators, description, places of its mentions, for attributes the values |
| place | index of the annotator in the passage, index of the mention |
| gap | index of an annotator without a mention, start, end |
| note | annotator, quotation or empty, flag or empty, note or empty |

A disagreement joins all pairs that differ in the same way. Campaigns, passes, kinds, names and
annotators are indexes into the lists of the page data.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sayso.agreement.disagreement_cases import ComparedPair, DisagreementCase
from sayso.agreement.disagreement_text import describe_side, format_value, quote_text
from sayso.agreement.disagreement_types import DISAGREEMENT_KINDS, Disagreement, DisagreementSide
from sayso.labelstudio.urls import SYSTEM
from sayso.models import Annotation, Mention, sort_mentions
from sayso.schema.declarations import Schema
from sayso.schema.value_words import describe_value
from sayso.sentences import sentence_starts
from sayso.spans import Span, trim

PackedRow = list[Any]


class WordIndex:
    """Numbers words in order of appearance."""

    def __init__(self, words: Iterable[str] = ()) -> None:
        self._indexes = {word: number for number, word in enumerate(words)}

    def index(self, word: str) -> int:
        """Return the number of a word, which may be new."""
        return self._indexes.setdefault(word, len(self._indexes))

    @property
    def words(self) -> list[str]:
        """All words in order."""
        return list(self._indexes)


@dataclass
class _SideGroup:
    """One version of what is disagreed about, with the annotators who have it."""

    side: DisagreementSide
    text: str
    values: str
    annotators: set[str] = field(default_factory=set)


@dataclass
class _DisagreementGroup:
    """The same disagreement of several pairs."""

    disagreement: Disagreement
    pairs: list[tuple[str, str]] = field(default_factory=list)
    sides: dict[str, _SideGroup] = field(default_factory=dict)

    def add(self, pair: ComparedPair, disagreement: Disagreement) -> None:
        self.pairs.append((pair.one.annotator, pair.other.annotator))
        for number, (annotation, side) in enumerate(
            zip((pair.one, pair.other), disagreement.sides, strict=True)
        ):
            text = describe_side(side, disagreement, number)
            values = " · ".join(format_value(each, number) for each in disagreement.values)
            group = self.sides.setdefault(_side_key(side, text), _SideGroup(side, text, values))
            group.annotators.add(annotation.annotator)

    @property
    def span(self) -> Span:
        """The span from the first mention to the last, or of the head of a relation.

        Answers about the document stand at its beginning.
        """
        mentions = [
            m
            for side in self.disagreement.sides
            for m in (*side.mentions, *(relation.head for relation in side.relations))
        ]
        ends = [m.end for m in mentions]
        return Span(min((m.start for m in mentions), default=0), max(ends, default=0))


def _side_key(side: DisagreementSide, text: str) -> str:
    mentions = [(m.label, m.start, m.end) for m in side.mentions]
    relations = [
        (r.relation.type, r.head.label, r.head.span, r.tail.label, r.tail.span)
        for r in side.relations
    ]
    return repr((mentions, relations, text))


class PassagePacker:
    """Packs cases into passages, and numbers annotators, campaigns and passes as they appear.

    ``number`` gives each disagreement a number to find it by.
    """

    def __init__(self, schema: Schema, number: Callable[[Disagreement], int] | None = None) -> None:
        self.schema, self._number = schema, number
        self.kinds, self.labels = WordIndex(DISAGREEMENT_KINDS), WordIndex(schema.labels)
        self.names = WordIndex([*schema.labels, *schema.relations, *schema.questions])
        self.annotators, self.campaigns, self.passes = WordIndex(), WordIndex(), WordIndex()

    def build_page_data(self) -> dict[str, Any]:
        """Return the lists that indexes point into."""
        return {
            "kinds": [
                {"name": kind, "definition": text} for kind, text in DISAGREEMENT_KINDS.items()
            ],
            "labels": self.labels.words,
            "names": self.names.words,
            "annotators": self.annotators.words,
            "campaigns": self.campaigns.words,
            "passes": self.passes.words,
        }

    def pack_passages(self, case: DisagreementCase) -> Iterator[PackedRow]:
        """Yield the passages of a document that hold disagreements, in text order."""
        groups = _group_disagreements(case)
        for number, passage in enumerate(_find_passages(case, groups)):
            # The first one may begin with white space that it goes without.
            start = passage.start if number else 0
            inside = [group for group in groups if start <= group.span.start < passage.end]
            yield self._pack_passage(case, passage, inside)

    def _pack_passage(
        self, case: DisagreementCase, passage: Span, groups: Sequence[_DisagreementGroup]
    ) -> PackedRow:
        document = case.document
        mentions = {
            annotation.annotator: [
                m
                for m in sort_mentions(annotation.mentions)
                if passage.start <= m.start < passage.end
            ]
            for annotation in case.annotations
        }
        return [
            document.doc_id,
            document.title,
            self.campaigns.index(case.campaign),
            self.passes.index(case.pass_name),
            passage.start,
            document.text[passage.start : passage.end],
            [
                self._pack_annotator(each, mentions[each.annotator], passage.start)
                for each in case.annotations
            ],
            [self._pack_disagreement(group, passage, mentions) for group in groups],
            [
                note
                for each in case.annotations
                for note in self._pack_notes(each, mentions[each.annotator])
            ],
        ]

    def _pack_annotator(
        self, annotation: Annotation, mentions: Sequence[Mention], start: int
    ) -> PackedRow:
        origin = (
            annotation.origin if annotation.origin and annotation.origin.system == SYSTEM else None
        )
        task = [origin.project, origin.task] if origin else [None, None]
        packed = [
            [m.start - start, m.end - start, self.labels.index(m.label), self._format_attributes(m)]
            for m in mentions
        ]
        return [self.annotators.index(annotation.annotator), *task, packed]

    def _format_attributes(self, mention: Mention) -> str:
        declared = self.schema.labels.get(mention.label)
        attributes = declared.attributes if declared else {}
        names = dict.fromkeys([*attributes, *mention.attributes])
        return " · ".join(
            describe_value(mention.attributes[name], attributes.get(name))
            for name in names
            if name in mention.attributes
        )

    def _pack_disagreement(
        self, group: _DisagreementGroup, passage: Span, mentions: dict[str, list[Mention]]
    ) -> PackedRow:
        disagreement, rows = (
            group.disagreement,
            {annotator: row for row, annotator in enumerate(mentions)},
        )
        sides = [
            [
                [self.annotators.index(annotator) for annotator in sorted(side.annotators)],
                side.text,
                [[rows[annotator], index] for annotator, index in _locate_mentions(side, mentions)],
                *([side.values] if side.values else []),
            ]
            for side in group.sides.values()
        ]
        start, end = group.span.start - passage.start, group.span.end - passage.start
        without = [
            side
            for side in group.sides.values()
            if not side.side and disagreement.kind not in ("relation", "answer")
        ]
        gaps = [
            [rows[annotator], start, end]
            for side in without
            for annotator in sorted(side.annotators)
        ]
        return [
            self.kinds.index(disagreement.kind),
            [self.names.index(name) for name in disagreement.names],
            _format_detail(disagreement),
            [[self.annotators.index(annotator) for annotator in pair] for pair in group.pairs],
            sides,
            gaps,
            *([self._number(disagreement)] if self._number else []),
        ]

    def _pack_notes(
        self, annotation: Annotation, mentions: Sequence[Mention]
    ) -> Iterator[PackedRow]:
        annotator = self.annotators.index(annotation.annotator)
        for mention in mentions:
            if mention.flag or mention.note:
                yield [annotator, quote_text(mention.text), mention.flag or "", mention.note or ""]
        if annotation.note:
            yield [annotator, "", "", annotation.note]


def _group_disagreements(case: DisagreementCase) -> list[_DisagreementGroup]:
    """Join the disagreements of pairs that have the same two sides, in text order."""
    groups: dict[tuple[object, ...], _DisagreementGroup] = {}
    for pair in case.pairs:
        for found in pair.comparison.disagreements:
            sides = frozenset(
                _side_key(side, describe_side(side, found, n)) for n, side in enumerate(found.sides)
            )
            groups.setdefault((found.kind, found.details, sides), _DisagreementGroup(found)).add(
                pair, found
            )
    kinds = list(DISAGREEMENT_KINDS)
    return sorted(
        groups.values(), key=lambda group: (group.span, kinds.index(group.disagreement.kind))
    )


def _format_detail(disagreement: Disagreement) -> str:
    if disagreement.edges:
        return " and ".join(
            f"{edge.description} {quote_text(edge.words)}" for edge in disagreement.edges
        )
    return disagreement.detail


def _locate_mentions(
    group: _SideGroup, mentions: dict[str, list[Mention]]
) -> Iterator[tuple[str, int]]:
    """Yield the annotator and the index of each mention of a side."""
    ends = [
        mention for relation in group.side.relations for mention in (relation.head, relation.tail)
    ]
    keys = {(m.label, m.start, m.end) for m in (*group.side.mentions, *ends)}
    for annotator in sorted(group.annotators):
        for index, m in enumerate(mentions[annotator]):
            if (m.label, m.start, m.end) in keys:
                yield annotator, index


def _find_passages(case: DisagreementCase, groups: Sequence[_DisagreementGroup]) -> Iterator[Span]:
    """Yield the sentences with disagreements, joined where a mention would be cut."""
    text = case.document.text
    starts = [0, *(start for start in sentence_starts(text, case.document.language) if start)]
    ends = [*starts[1:], len(text)]
    joined = _join_sentences(starts, case)
    for first, last in sorted(
        {joined[bisect_right(starts, group.span.start) - 1] for group in groups}
    ):
        yield _trim_passage(Span(starts[first], ends[last]), case)


def _trim_passage(passage: Span, case: DisagreementCase) -> Span:
    """Drop white space at the edges, unless somebody marked it."""
    start, end = trim(passage, case.document.text)
    mentions = [
        m for a in case.annotations for m in a.mentions if passage.start <= m.start < passage.end
    ]
    return Span(min([start, *(m.start for m in mentions)]), max([end, *(m.end for m in mentions)]))


def _join_sentences(starts: Sequence[int], case: DisagreementCase) -> list[tuple[int, int]]:
    """Return for each sentence the first and the last of those that mentions connect it with."""
    first = list(range(len(starts)))
    for mention in (m for annotation in case.annotations for m in annotation.mentions):
        here, there = (
            bisect_right(starts, offset) - 1 for offset in (mention.start, mention.end - 1)
        )
        for sentence in range(here + 1, there + 1):
            first[sentence] = min(first[sentence], here)
    for sentence, earlier in enumerate(
        first
    ):  # in order, so that chains reach their first sentence
        first[sentence] = first[earlier]
    last = {start: sentence for sentence, start in enumerate(first)}
    return [(start, last[start]) for start in first]
