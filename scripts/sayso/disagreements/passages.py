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
kinds, names and annotators are places in the lists of ``facts``. A gap is where a reader has nothing and a rival has
something.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sayso.disagreements.gathering import Case, Pair
from sayso.disagreements.kinds import KINDS, Disagreement, Side
from sayso.disagreements.telling import quoted, told, value
from sayso.records import Annotation, Mention, ordered_mentions
from sayso.schema import Schema
from sayso.sentences import sentence_starts
from sayso.spans import Span, trimmed
from sayso.studio.address import SYSTEM

Packed = list[Any]


class Words:
    """Words that are said often, each by its place in a list."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        self._places = {word: place for place, word in enumerate(known)}

    def place(self, word: str) -> int:
        """Where it stands; it is added where it is new."""
        return self._places.setdefault(word, len(self._places))

    @property
    def list(self) -> list[str]:
        """All, in order."""
        return list(self._places)


@dataclass
class _Had:
    """What some of the annotators have, in words and in short, and who they are."""

    side: Side
    words: str
    short: str
    who: set[str] = field(default_factory=set)


@dataclass
class _Line:
    """One disagreement of several pairs: by what they have, who has it."""

    found: Disagreement
    pairs: list[tuple[str, str]] = field(default_factory=list)
    sides: dict[str, _Had] = field(default_factory=dict)

    def add(self, pair: Pair, found: Disagreement) -> None:
        self.pairs.append((pair.one.annotator, pair.other.annotator))
        for number, (answer, side) in enumerate(zip((pair.one, pair.other), found.sides, strict=True)):
            words = told(side, found, number)
            short = " · ".join(value(each, number) for each in found.values)
            self.sides.setdefault(_had(side, words), _Had(side, words, short)).who.add(answer.annotator)


def _had(side: Side, words: str) -> str:
    spans = [(m.label, m.start, m.end) for m in side.mentions]
    arrows = [(a.relation.type, a.head.label, a.head.span, a.tail.label, a.tail.span) for a in side.arrows]
    return repr((spans, arrows, words))


class Packer:
    """Packs cases; gives annotators and passes their numbers as they come.

    ``mark`` gives each disagreement a number that its line carries.
    """

    def __init__(self, schema: Schema, mark: Callable[[Disagreement], int] | None = None) -> None:
        self.schema, self._mark = schema, mark
        self.kinds, self.labels = Words(KINDS), Words(schema.labels)
        self.names = Words([*schema.labels, *schema.relations])
        self.annotators, self.campaigns, self.interfaces = Words(), Words(), Words()

    def facts(self) -> dict[str, Any]:
        """The lists that numbers point into."""
        return {
            "kinds": [{"name": kind, "means": means} for kind, means in KINDS.items()],
            "labels": self.labels.list, "names": self.names.list, "annotators": self.annotators.list,
            "campaigns": self.campaigns.list, "interfaces": self.interfaces.list,
        }  # fmt: skip

    def passages(self, case: Case) -> Iterator[Packed]:
        """The passages of a document in which somebody disagrees, in order."""
        lines = list(_lines(case))
        for passage in _passages(case, lines):
            mine = [line for line in lines if passage.start <= _anchor(line.found).start < passage.end]
            yield self._passage(case, passage, mine)

    def _passage(self, case: Case, passage: Span, lines: Sequence[_Line]) -> Packed:
        mentions = {
            answer.annotator: [m for m in ordered_mentions(answer.mentions) if passage.start <= m.start < passage.end]
            for answer in case.answers
        }
        rows = {annotator: row for row, annotator in enumerate(mentions)}
        document = case.document
        return [
            document.doc_id, document.title, self.campaigns.place(case.campaign), self.interfaces.place(case.interface),
            passage.start, document.text[passage.start : passage.end],
            [self._reader(answer, mentions[answer.annotator], passage.start) for answer in case.answers],
            [self._line(line, passage, mentions, rows) for line in lines],
            [note for answer in case.answers for note in self._notes(answer, mentions[answer.annotator])],
        ]  # fmt: skip

    def _reader(self, answer: Annotation, mentions: Sequence[Mention], start: int) -> Packed:
        origin = answer.origin if answer.origin and answer.origin.system == SYSTEM else None
        marked = [[m.start - start, m.end - start, self.labels.place(m.label), self._answers(m)] for m in mentions]
        task = [origin.project, origin.task] if origin else [None, None]
        return [self.annotators.place(answer.annotator), *task, marked]

    def _answers(self, mention: Mention) -> str:
        declared = self.schema.labels.get(mention.label)
        order = list(declared.attributes) if declared else []
        names = [*order, *(name for name in mention.attributes if name not in order)]
        return " · ".join(str(mention.attributes[name]) for name in names if name in mention.attributes)

    def _line(self, line: _Line, passage: Span, mentions: dict[str, list[Mention]], rows: dict[str, int]) -> Packed:
        found = line.found
        sides = [
            [self._people(had.who), had.words, list(_places(had, mentions, rows)), *([had.short] if had.short else [])]
            for had in line.sides.values()
        ]
        hull = _anchor(found)
        gaps = [
            [rows[one], hull.start - passage.start, hull.end - passage.start]
            for had in line.sides.values() if not had.side and found.kind != "relation" for one in sorted(had.who)
        ]  # fmt: skip
        pairs = [[self.annotators.place(one), self.annotators.place(other)] for one, other in line.pairs]
        names, mark = [self.names.place(name) for name in found.names], [self._mark(found)] if self._mark else []
        return [self.kinds.place(found.kind), names, _detail(found), pairs, sides, gaps, *mark]

    def _people(self, who: Iterable[str]) -> list[int]:
        return [self.annotators.place(one) for one in sorted(who)]

    def _notes(self, answer: Annotation, mentions: Sequence[Mention]) -> Iterator[Packed]:
        annotator = self.annotators.place(answer.annotator)
        for mention in mentions:
            if mention.flag or mention.note:
                yield [annotator, quoted(mention.text), mention.flag or "", mention.note or ""]
        if answer.note:
            yield [annotator, "", "", answer.note]


def _lines(case: Case) -> Iterator[_Line]:
    """Disagreements of the document in order of place; those of several pairs about the same as one."""
    lines: dict[tuple[object, ...], _Line] = {}
    for pair in case.pairs:
        for found in pair.outcome.disagreements:
            had = frozenset(_had(side, told(side, found, number)) for number, side in enumerate(found.sides))
            lines.setdefault((found.kind, found.details, had), _Line(found)).add(pair, found)
    return iter(sorted(lines.values(), key=lambda line: (_anchor(line.found), list(KINDS).index(line.found.kind))))


def _anchor(found: Disagreement) -> Span:
    """Where a disagreement stands: from its first mention to its last; an arrow where it starts."""
    mentions = [m for side in found.sides for m in (*side.mentions, *(arrow.head for arrow in side.arrows))]
    return Span(min(m.start for m in mentions), max(m.end for m in mentions))


def _detail(found: Disagreement) -> str:
    if found.edges:
        return " and ".join(f"{edge.told} {quoted(edge.words)}" for edge in found.edges)
    return found.detail


def _places(had: _Had, mentions: dict[str, list[Mention]], rows: dict[str, int]) -> Iterator[list[int]]:
    """Where in the rows stands what a side has."""
    side = had.side
    wanted = [(m.label, m.start, m.end) for m in side.mentions]
    wanted += [(m.label, m.start, m.end) for arrow in side.arrows for m in (arrow.head, arrow.tail)]
    for one in sorted(had.who):
        for place, m in enumerate(mentions[one]):
            if (m.label, m.start, m.end) in wanted:
                yield [rows[one], place]


def _passages(case: Case, lines: Sequence[_Line]) -> Iterator[Span]:
    """Whole sentences around what is disagreed about, as many as it takes to cut no mention."""
    text = case.document.text
    starts = [0, *(start for start in sentence_starts(text, case.document.language) if start)]
    bounds = list(zip(starts, [*starts[1:], len(text)], strict=True))
    joined = _joined(bounds, starts, case)
    chosen = sorted({joined[bisect_right(starts, _anchor(line.found).start) - 1] for line in lines})
    for first, last in chosen:
        yield _trimmed(Span(bounds[first][0], bounds[last][1]), case)


def _trimmed(passage: Span, case: Case) -> Span:
    """Without white space at its edges, but for what somebody marked."""
    start, end = trimmed(passage, case.document.text)
    inside = [m for a in case.answers for m in a.mentions if passage.start <= m.start < passage.end]
    return Span(min([start, *(m.start for m in inside)]), max([end, *(m.end for m in inside)]))


def _joined(bounds: Sequence[tuple[int, int]], starts: Sequence[int], case: Case) -> list[tuple[int, int]]:
    """For each sentence the first and the last of those that mentions tie it to."""
    first = list(range(len(bounds)))
    for mention in (m for answer in case.answers for m in answer.mentions):
        here, there = (bisect_right(starts, at) - 1 for at in (mention.start, mention.end - 1))
        for sentence in range(here + 1, there + 1):
            first[sentence] = min(first[sentence], here)
    for sentence in range(len(bounds)):  # what is tied to something tied is tied to its first
        first[sentence] = first[first[sentence]]
    last = {start: sentence for sentence, start in enumerate(first)}
    return [(start, last[start]) for start in first]
