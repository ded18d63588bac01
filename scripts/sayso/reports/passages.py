"""The sentences that disagreements stand in, with every annotator's mentions there, as arrays for the page.

explorer.js reads it; the shapes are told once, here. Offsets count code points from the start of the passage's text.

| what | shape |
|---|---|
| passage | doc_id, title, campaign, interface, start, text, readers, lines, notes |
| reader | annotator, project, task, mentions |
| mention | start, end, label, answers in words |
| line | kind, names, detail, pairs, sides, gaps, and its mark where there are marks |
| pair | annotator, annotator |
| side | annotators, what they have in words, places, of attributes the answers alone |
| place, gap | reader of the passage; place of the mention among its own, or for a gap start and end |
| note | annotator, words or empty, flag or empty, note or empty |

A line is one disagreement of all the pairs that have the same two things to disagree about. Campaigns, interfaces,
kinds, names and annotators are places in the lists of ``build_page_data``. A gap is where a reader has nothing and a rival has
something.
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
from sayso.sentences import sentence_starts
from sayso.spans import Span, trim

PackedRow = list[Any]


class WordIndex:
    """Words that are said often, each by its place in a list."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._places = {word: place for place, word in enumerate(known)}

    def index(self, word: str) -> int:
        """Where it stands; it is added where it is new."""
        return self._places.setdefault(word, len(self._places))

    @property
    def words(self) -> words[str]:
        """All, in order."""
        return list(self._places)


@dataclass
class _SideGroup:
    """What some of the annotators have, in words and in short, and who they are."""

    side: DisagreementSide
    text: str
    short: str
    annotators: set[str] = field(default_factory=set)


@dataclass
class _DisagreementGroup:
    """One disagreement of several pairs: by what they have, who has it."""

    disagreement: Disagreement
    pairs: list[tuple[str, str]] = field(default_factory=list)
    sides: dict[str, _SideGroup] = field(default_factory=dict)

    def add(self, pair: ComparedPair, disagreement: Disagreement) -> None:
        self.pairs.append((pair.one.annotator, pair.other.annotator))
        for number, (answer, side) in enumerate(
            zip((pair.one, pair.other), disagreement.sides, strict=True)
        ):
            words = describe_side(side, disagreement, number)
            short = " · ".join(format_value(each, number) for each in disagreement.values)
            self.sides.setdefault(
                _side_key(side, words), _SideGroup(side, words, short)
            ).annotators.add(answer.annotator)


def _side_key(side: DisagreementSide, text: str) -> str:
    spans = [(m.label, m.start, m.end) for m in side.mentions]
    arrows = [
        (a.relation.type, a.head.label, a.head.span, a.tail.label, a.tail.span)
        for a in side.relations
    ]
    return repr((spans, arrows, text))


class PassagePacker:
    """Packs cases; gives annotators and passes their numbers as they come.

    ``mark`` gives each disagreement a number that its line carries.
    """

    def __init__(self, schema: Schema, number: Callable[[Disagreement], int] | None = None) -> None:
        self.schema, self._number = schema, number
        self.kinds, self.labels = WordIndex(DISAGREEMENT_KINDS), WordIndex(schema.labels)
        self.names = WordIndex([*schema.labels, *schema.relations])
        self.annotators, self.campaigns, self.passes = WordIndex(), WordIndex(), WordIndex()

    def build_page_data(self) -> dict[str, Any]:
        """The lists that numbers point into."""
        return {
            "kinds": [{"name": kind, "means": means} for kind, means in DISAGREEMENT_KINDS.items()],
            "labels": self.labels.words,
            "names": self.names.words,
            "annotators": self.annotators.words,
            "campaigns": self.campaigns.words,
            "interfaces": self.passes.words,
        }

    def pack_passages(self, case: DisagreementCase) -> Iterator[PackedRow]:
        """The passages of a document in which somebody disagrees, in order."""
        lines = list(_group_disagreements(case))
        for passage in _find_passages(case, lines):
            mine = [
                line
                for line in lines
                if passage.start <= _disagreement_span(line.disagreement).start < passage.end
            ]
            yield self._pack_passage(case, passage, mine)

    def _pack_passage(
        self, case: DisagreementCase, passage: Span, groups: Sequence[_DisagreementGroup]
    ) -> PackedRow:
        mentions = {
            answer.annotator: [
                m for m in sort_mentions(answer.mentions) if passage.start <= m.start < passage.end
            ]
            for answer in case.annotations
        }
        rows = {annotator: row for row, annotator in enumerate(mentions)}
        document = case.document
        return [
            document.doc_id,
            document.title,
            self.campaigns.index(case.campaign),
            self.passes.index(case.pass_name),
            passage.start,
            document.text[passage.start : passage.end],
            [
                self._pack_annotator(answer, mentions[answer.annotator], passage.start)
                for answer in case.annotations
            ],
            [self._pack_disagreement(line, passage, mentions, rows) for line in groups],
            [
                note
                for answer in case.annotations
                for note in self._pack_notes(answer, mentions[answer.annotator])
            ],
        ]

    def _pack_annotator(
        self, annotation: Annotation, mentions: Sequence[Mention], start: int
    ) -> PackedRow:
        origin = (
            annotation.origin if annotation.origin and annotation.origin.system == SYSTEM else None
        )
        marked = [
            [m.start - start, m.end - start, self.labels.index(m.label), self._format_attributes(m)]
            for m in mentions
        ]
        task = [origin.project, origin.task] if origin else [None, None]
        return [self.annotators.index(annotation.annotator), *task, marked]

    def _format_attributes(self, mention: Mention) -> str:
        declared = self.schema.labels.get(mention.label)
        order = list(declared.attributes) if declared else []
        names = [*order, *(name for name in mention.attributes if name not in order)]
        return " · ".join(
            str(mention.attributes[name]) for name in names if name in mention.attributes
        )

    def _pack_disagreement(
        self,
        group: _DisagreementGroup,
        passage: Span,
        mentions: dict[str, list[Mention]],
        rows: dict[str, int],
    ) -> PackedRow:
        found = group.disagreement
        sides = [
            [
                self._annotator_indexes(had.annotators),
                had.text,
                list(_locate_mentions(had, mentions, rows)),
                *([had.short] if had.short else []),
            ]
            for had in group.sides.values()
        ]
        hull = _disagreement_span(found)
        gaps = [
            [rows[one], hull.start - passage.start, hull.end - passage.start]
            for had in group.sides.values()
            if not had.side and found.kind != "relation"
            for one in sorted(had.annotators)
        ]
        pairs = [
            [self.annotators.index(one), self.annotators.index(other)] for one, other in group.pairs
        ]
        names, mark = (
            [self.names.index(name) for name in found.names],
            [self._number(found)] if self._number else [],
        )
        return [
            self.kinds.index(found.kind),
            names,
            _format_detail(found),
            pairs,
            sides,
            gaps,
            *mark,
        ]

    def _annotator_indexes(self, who: Iterable[str]) -> list[int]:
        return [self.annotators.index(one) for one in sorted(who)]

    def _pack_notes(
        self, annotation: Annotation, mentions: Sequence[Mention]
    ) -> Iterator[PackedRow]:
        annotator = self.annotators.index(annotation.annotator)
        for mention in mentions:
            if mention.flag or mention.note:
                yield [annotator, quote_text(mention.text), mention.flag or "", mention.note or ""]
        if annotation.note:
            yield [annotator, "", "", annotation.note]


def _group_disagreements(case: DisagreementCase) -> Iterator[_DisagreementGroup]:
    """Disagreements of the document in order of place; those of several pairs about the same as one."""
    lines: dict[tuple[object, ...], _DisagreementGroup] = {}
    for pair in case.pairs:
        for found in pair.comparison.disagreements:
            had = frozenset(
                _side_key(side, describe_side(side, found, number))
                for number, side in enumerate(found.sides)
            )
            lines.setdefault((found.kind, found.details, had), _DisagreementGroup(found)).add(
                pair, found
            )
    return iter(
        sorted(
            lines.values(),
            key=lambda line: (
                _disagreement_span(line.disagreement),
                list(DISAGREEMENT_KINDS).index(line.disagreement.kind),
            ),
        )
    )


def _disagreement_span(disagreement: Disagreement) -> Span:
    """Where a disagreement stands: from its first mention to its last; an arrow where it starts."""
    mentions = [
        m
        for side in disagreement.sides
        for m in (*side.mentions, *(arrow.head for arrow in side.relations))
    ]
    return Span(min(m.start for m in mentions), max(m.end for m in mentions))


def _format_detail(disagreement: Disagreement) -> str:
    if disagreement.edges:
        return " and ".join(
            f"{edge.description} {quote_text(edge.words)}" for edge in disagreement.edges
        )
    return disagreement.detail


def _locate_mentions(
    side_group: _SideGroup, mentions: dict[str, list[Mention]], rows: dict[str, int]
) -> Iterator[list[int]]:
    """Where in the rows stands what a side has."""
    side = side_group.side
    wanted = [(m.label, m.start, m.end) for m in side.mentions]
    wanted += [
        (m.label, m.start, m.end) for arrow in side.relations for m in (arrow.head, arrow.tail)
    ]
    for one in sorted(side_group.annotators):
        for place, m in enumerate(mentions[one]):
            if (m.label, m.start, m.end) in wanted:
                yield [rows[one], place]


def _find_passages(case: DisagreementCase, groups: Sequence[_DisagreementGroup]) -> Iterator[Span]:
    """Whole sentences around what is disagreed about, as many as it takes to cut no mention."""
    text = case.document.text
    starts = [0, *(start for start in sentence_starts(text, case.document.language) if start)]
    bounds = list(zip(starts, [*starts[1:], len(text)], strict=True))
    joined = _join_sentences(bounds, starts, case)
    chosen = sorted(
        {
            joined[bisect_right(starts, _disagreement_span(line.disagreement).start) - 1]
            for line in groups
        }
    )
    for first, last in chosen:
        yield _trim_passage(Span(bounds[first][0], bounds[last][1]), case)


def _trim_passage(passage: Span, case: DisagreementCase) -> Span:
    """Without white space at its edges, but for what somebody marked."""
    start, end = trim(passage, case.document.text)
    inside = [
        m for a in case.annotations for m in a.mentions if passage.start <= m.start < passage.end
    ]
    return Span(min([start, *(m.start for m in inside)]), max([end, *(m.end for m in inside)]))


def _join_sentences(
    bounds: Sequence[tuple[int, int]], starts: Sequence[int], case: DisagreementCase
) -> list[tuple[int, int]]:
    """For each sentence the first and the last of those that mentions tie it to."""
    first = list(range(len(bounds)))
    for mention in (m for answer in case.annotations for m in answer.mentions):
        here, there = (bisect_right(starts, at) - 1 for at in (mention.start, mention.end - 1))
        for sentence in range(here + 1, there + 1):
            first[sentence] = min(first[sentence], here)
    for sentence in range(len(bounds)):  # what is tied to something tied is tied to its first
        first[sentence] = first[first[sentence]]
    last = {start: sentence for sentence, start in enumerate(first)}
    return [(start, last[start]) for start in first]
