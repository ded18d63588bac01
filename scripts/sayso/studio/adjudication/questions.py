"""What an adjudicator is asked of one document, as a Label Studio task. Pure.

Every spot that somebody marked is a region. What is agreed, or was decided before, comes with its verdict; what rivals
comes without, first in order, with who said what. Arrows that are settled are drawn, the others listed to be ticked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
from msgspec import Struct

from sayso.adjudication.candidates import Candidate, Candidates, Drawn, Marked, Spot, Votes, in_place, spot
from sayso.adjudication.deciding import Decision, pending
from sayso.adjudication.majority import chosen
from sayso.records import Document, Mention, Relation, Value
from sayso.schema import Schema
from sayso.spans import overlapping
from sayso.studio import codec, tasks
from sayso.studio.controls import ARROWS, DROP, KEEP, SAID, TEXT, VERDICT

ASKED, DIGEST = "adjudication", "adjudication_sha256"  # keys of the task's data
_WORDS = 40  # code points of a mention that a row quotes


class Row(Struct, frozen=True):
    """An arrow to be ticked: the words that stand there, and the regions at its ends."""

    words: str
    type: str
    head: str
    tail: str


class Known(Struct, frozen=True):
    """A mention's reading that the adjudicator had before them."""

    label: str
    start: int
    end: int
    attributes: dict[str, Value]


class Arrow(Struct, frozen=True):
    """An arrow that the adjudicator had before them, by the spots at its ends: start, end, label."""

    type: str
    head: tuple[int, int, str]
    tail: tuple[int, int, str]


class Asked(Struct, frozen=True):
    """All of a question that its answer needs, as the task carries it.

    Attributes:
        regions: the ids of the regions that were there from the start.
        marked, drawn: every reading that is decided once the task is submitted.
        rows: the arrows to be ticked.
    """

    regions: tuple[str, ...]
    marked: tuple[Known, ...]
    drawn: tuple[Arrow, ...]
    rows: tuple[Row, ...]

    @property
    def known(self) -> frozenset[Marked | Drawn]:
        """The readings that are decided with the answer."""
        spots = (Marked(Spot(k.start, k.end, k.label), tuple(sorted(k.attributes.items()))) for k in self.marked)
        return frozenset([*spots, *(Drawn(a.type, Spot(*a.head), Spot(*a.tail)) for a in self.drawn)])


@dataclass(frozen=True)
class Question:
    """One document to be adjudicated; ``before`` is what an adjudicator decided on it already."""

    document: Document
    candidates: Candidates
    schema: Schema
    before: Decision | None = None

    @cached_property
    def open(self) -> list[Marked | Drawn]:
        """What nobody has decided yet."""
        return pending(self.candidates, self.before)

    @cached_property
    def _open_spots(self) -> set[Spot]:
        return {each.spot for each in self.open if isinstance(each, Marked)}

    @cached_property
    def _before(self) -> dict[Spot, Mention]:
        return {spot(mention): mention for mention in self.before.mentions} if self.before else {}

    @cached_property
    def _voted(self) -> dict[Spot, Candidate]:
        return {candidate.spot: candidate for candidate in self.candidates.mentions}

    @cached_property
    def _spots(self) -> list[Spot]:
        """The undecided first: Label Studio leads from one to the next in this order."""
        spots = self._voted.keys() | self._before.keys() | {reading.spot for reading in self._over}
        return sorted(spots, key=lambda place: (place not in self._open_spots, in_place(place)))

    @cached_property
    def _over(self) -> list[Marked]:
        return [each for each in self.before.over if isinstance(each, Marked)] if self.before else []

    @cached_property
    def _settled_arrows(self) -> list[Drawn]:
        """Those that all drew, and those that were taken before; drawn as arrows."""
        agreed = [arrow for arrow, _votes in self.candidates.relations if self.candidates.agreed(arrow)]
        before = [each for each in (self.before.taken if self.before else ()) if isinstance(each, Drawn)]
        return sorted({*agreed, *before}, key=lambda each: (in_place(each.head), each.type, in_place(each.tail)))

    @cached_property
    def asked(self) -> Asked:
        """What the answer will need."""
        readings: set[Marked | Drawn] = {*self.candidates.votes}
        if self.before:
            readings |= self.before.taken | self.before.over
        marks = sorted((r for r in readings if isinstance(r, Marked)), key=lambda r: (in_place(r.spot), str(r)))
        arrows = sorted((r for r in readings if isinstance(r, Drawn)), key=str)
        return Asked(
            regions=tuple(map(region, self._spots)),
            marked=tuple(Known(m.spot.label, m.spot.start, m.spot.end, dict(m.attributes)) for m in marks),
            drawn=tuple(Arrow(a.type, (*a.head,), (*a.tail,)) for a in arrows),
            rows=tuple(self._rows()),
        )

    def _rows(self) -> Iterator[Row]:
        for number, arrow in enumerate((each for each in self.open if isinstance(each, Drawn)), 1):
            votes = self.candidates.votes[arrow]
            others = [name for name in self.candidates.annotators if name not in votes]
            ends = f"{self._quoted(arrow.head)} — {arrow.type} → {self._quoted(arrow.tail)}"
            who = ", ".join(votes) + (f"; not {', '.join(others)}" if others else "")
            yield Row(f"{number}. {ends} ({who})", arrow.type, region(arrow.head), region(arrow.tail))

    def _quoted(self, place: Spot) -> str:
        return f"{place.label} “{shortened(self.document.text[place.start : place.end])}”"

    @cached_property
    def data(self) -> dict[str, Any]:
        """The data of the task."""
        asked = msgspec.json.encode(self.asked, order="deterministic").decode()
        shown = tasks.data(self.document, self.schema.version)
        rows = [{"value": row.words} for row in self.asked.rows]
        digest = hashlib.sha256(msgspec.json.encode([asked, self.result, shown["text_sha256"]])).hexdigest()
        return {**shown, ARROWS: rows, ASKED: asked, DIGEST: digest}

    @cached_property
    def result(self) -> list[dict[str, Any]]:
        """What the adjudicator starts from."""
        mentions = [self._mention(place) for place in self._spots]
        ids = {spot(mention): mention.id for mention in mentions}
        relations = [Relation(type=a.type, head=ids[a.head], tail=ids[a.tail]) for a in self._settled_arrows]
        items = codec.encode(mentions, relations, self.schema)
        for mention in mentions:
            items += self._judged(mention)
        ticked = [row.words for row, arrow in zip(self.asked.rows, self._open_arrows(), strict=True)
                  if 2 * len(self.candidates.backers(arrow)) > len(self.candidates.annotators)]  # fmt: skip
        if ticked:
            items.append({"id": ARROWS, "from_name": ARROWS, "to_name": TEXT, "type": "choices",
                          "value": {"choices": ticked}})  # fmt: skip
        return items

    def _open_arrows(self) -> list[Drawn]:
        return [each for each in self.open if isinstance(each, Drawn)]

    def _mention(self, place: Spot) -> Mention:
        """The region of a spot: as it was taken before, else with the values that most of those gave who marked it."""
        start, end, label = place
        given = self._before.get(place)
        text, attributes = self.document.text[start:end], {}
        if given:
            attributes = given.attributes
        elif place in self._voted:
            attributes = chosen(self._voted[place], len(self._voted[place].voters) / 2)
        return Mention(id=region(place), label=label, start=start, end=end, text=text, attributes=attributes,
                       flag=given.flag if given else None, note=given.note if given else None)  # fmt: skip

    def _judged(self, mention: Mention) -> Iterator[dict[str, Any]]:
        place = spot(mention)
        about = {"id": mention.id, "to_name": TEXT}
        span = {"start": mention.start, "end": mention.end}
        if place not in self._open_spots:
            verdict = KEEP if self._kept(place) else DROP
            yield {**about, "from_name": VERDICT, "type": "choices", "value": {**span, "choices": [verdict]}}
        yield {**about, "from_name": SAID, "type": "textarea", "value": {**span, "text": [self.said(place)]}}

    def _kept(self, place: Spot) -> bool:
        return place in self._before or any(self.candidates.agreed(each) for each in self._marks(place))

    def _marks(self, place: Spot) -> tuple[Marked, ...]:
        return self._voted[place].marked if place in self._voted else ()

    def said(self, place: Spot) -> str:
        """Who said what of a spot and why, a line for each reading, then what the others have in its place."""
        candidate = self._voted.get(place)
        if candidate is None:
            return "nobody marks this any more" if place not in self._before else "marked by the adjudicator"
        lines = [self._line(candidate, attributes, votes) for attributes, votes in candidate.readings]
        lines += [self._instead(name, place) for name in self.candidates.annotators if name not in candidate.voters]
        return "\n".join(lines)

    def _line(self, candidate: Candidate, attributes: Iterable[tuple[str, Value]], votes: Votes) -> str:
        """The values in which readings differ, and the remarks."""
        shared = set.intersection(*(set(each) for each, _votes in candidate.readings))
        values = ", ".join(f"{name} {value}" for name, value in attributes if (name, value) not in shared)
        if len(candidate.readings) > 1 and not values:
            values = "nothing more"
        remarks = "".join(_remark(r.annotator, r.flag, r.note) for r in candidate.remarks if r.annotator in votes)
        return ", ".join(votes) + (f": {values}" if values else " marked this") + remarks

    def _instead(self, name: str, place: Spot) -> str:
        others = [c.spot for c in self.candidates.mentions
                  if name in c.voters and overlapping(c.spot.span, place.span) and _rivals(c.spot, place)]  # fmt: skip
        return f"{name}: {', '.join(map(self._quoted, others)) if others else 'nothing here'}"


def _rivals(one: Spot, other: Spot) -> bool:
    """Whether one may stand in the other's place: the same label with another boundary, or the same span."""
    return one.label == other.label or one.span == other.span


def _remark(annotator: str, flag: str | None, note: str | None) -> str:
    said = " ".join(filter(None, (flag and f"({flag})", note and f"“{note}”")))
    return f" — {annotator} {said}"


def region(place: Spot) -> str:
    """The id of a spot's region.

    >>> region(Spot(0, 6, "Actor"))
    'Actor-0-6'
    """
    return f"{place.label}-{place.start}-{place.end}"


def shortened(words: str) -> str:
    """The words on one line, without their middle where they are many.

    >>> shortened("four drones were shot down over the region last night")
    'four drones were sho…he region last night'
    """
    words = " ".join(words.split())
    return words if len(words) <= _WORDS else f"{words[: _WORDS // 2]}…{words[-_WORDS // 2 + 1 :]}"
