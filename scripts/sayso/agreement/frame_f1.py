"""F1 of whole frames, and of the tuples that they state.

A frame is a mention with the relations that start at it, of a label that the schema declares as a
frame. A group is a frame with some of these relations, if it has any. Exactly, all labelled spans
are equal; leniently, the frames are matched and so are the ends of their relations.

A frame states one tuple for each combination of the mentions in its slots. Tuples agree wherever
they were marked, so that one without a mention in any slot says nothing and is left out. F1 without
one of the slots is over the tuples that say something in the others; how much higher it is tells
what that slot costs. Frames without groups or slots have no such figures.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import compress, product

from sayso.agreement.annotation_pairs import (
    PAIRS,
    AgreementSums,
    AnnotationPair,
    DocumentStatistics,
    IndexedAnnotation,
    Occurrences,
    number_occurrences,
)
from sayso.agreement.jackknife import Estimate
from sayso.agreement.span_f1 import EXACT, MARKED, UNITS, estimate_f1
from sayso.models import Mention
from sayso.schema.declarations import Frame, Label, Schema
from sayso.schema.schema_types import SlotContent

GROUP = "frames"
WHOLE, TUPLE, LENIENT, FULL = "whole", "tuple", "lenient", "full"

FrameEnds = frozenset[tuple[tuple[str, Hashable], int]]
"""The type and end of each relation that starts at a frame."""


class FrameF1:
    """The figures of all frames of a schema."""

    def __init__(self, schema: Schema) -> None:
        self.schema, self.frames = schema, schema.frames

    def count(self, into: DocumentStatistics, pair: AnnotationPair) -> None:
        """Count what two annotations have in common."""
        for label, frame in self.frames.items():
            one, other = pair.derive(_ShapeMaker(self.schema, label, frame))
            for name, mine in one.groups.items():
                theirs = other.groups[name]
                _count_both(into, f"{label}.{name}", "", mine, theirs)
                into[GROUP, f"{label}.{name}", EXACT] += len(mine & theirs)
            into[GROUP, f"{label}.{WHOLE}", LENIENT] += _count_lenient(one, other, pair.matched_ids)
            for slots, tuples in one.tuples.items():
                _count_both(into, f"{label}.{TUPLE}", slots, tuples, other.tuples[slots])
                into[GROUP, f"{label}.{TUPLE}", slots] += len(tuples & other.tuples[slots])

    def count_units(self, into: DocumentStatistics, annotation: IndexedAnnotation) -> None:
        """Count the frames and tuples of an annotation."""
        for label, frame in self.frames.items():
            shapes = annotation.derive(_ShapeMaker(self.schema, label, frame))
            for name, found in shapes.groups.items():
                into[GROUP, f"{label}.{name}", UNITS] += len(found)
            for slots, tuples in shapes.tuples.items():
                into[GROUP, f"{label}.{TUPLE}", UNITS + slots] += len(tuples)

    def estimate(self, sums: AgreementSums, labels: Iterable[str]) -> Iterator[Estimate]:
        """Yield F1 of groups, of whole frames, and of tuples with all slots and without each."""
        for label in labels:
            if label not in self.frames:
                continue
            frame, unit = self.frames[label], f"mentions labelled {label}"
            reason = f"nobody marked a {label}"
            for name, relations in frame.groups.items():
                none = f"no {label} has a {' or '.join(relations)}"
                yield estimate_f1(sums, (GROUP, f"{label}.{name}"), EXACT, none, unit)
            for measure in (EXACT, LENIENT):
                yield estimate_f1(sums, (GROUP, f"{label}.{WHOLE}"), measure, reason, unit)
            none, subject = f"no {label} has a mention in these slots", (GROUP, f"{label}.{TUPLE}")
            for slots in _list_measures(frame):
                yield estimate_f1(sums, subject, slots, none, "tuples", slots)


def _count_both(
    into: DocumentStatistics,
    subject: str,
    of: str,
    mine: Collection[object],
    theirs: Collection[object],
) -> None:
    into[GROUP, subject, MARKED + of] += len(mine) + len(theirs)
    into[GROUP, subject, PAIRS + of] += bool(mine or theirs)


def _list_measures(frame: Frame) -> list[str]:
    return [FULL, *(f"without_{slot}" for slot in frame.slots)] if frame.slots else []


class _ShapeMaker:
    """Makes the shapes of one frame; equal makers make equal shapes, which are kept."""

    def __init__(self, schema: Schema, label: str, frame: Frame) -> None:
        self.schema, self.label, self.frame = schema, label, frame

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ShapeMaker) and self.label == other.label

    def __hash__(self) -> int:
        return hash(self.label)

    def __call__(self, indexed: IndexedAnnotation, keys: Occurrences) -> FrameShapes:
        return FrameShapes(indexed, keys, self.schema, self.label, self.frame)


class FrameShapes:
    """The frames of one annotation with what starts at them, in comparable form.

    Attributes:
        ends_by_frame: (type, id of the tail) of each relation, by id of the frame.
        groups: for each group, and for the whole: labelled span of the frame, with types and
            labelled spans of the tails.
        tuples: numbered tuples that say something, ``full`` and without each slot; empty without
            slots.
    """

    def __init__(
        self,
        indexed: IndexedAnnotation,
        keys: Occurrences,
        schema: Schema,
        label: str,
        frame: Frame,
    ) -> None:
        ends: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
        for relation in indexed.annotation.relations:
            ends[relation.head].append((relation.type, relation.tail))
            declared = schema.relations.get(relation.type)
            if declared and declared.symmetric:
                ends[relation.tail].append((relation.type, relation.head))
        mentions = indexed.mentions_by_label.get(label, [])
        self.ends_by_frame = {mention.id: ends[mention.id] for mention in mentions}
        whole: set[tuple[Hashable, FrameEnds]] = set()
        groups: dict[str, set[tuple[Hashable, FrameEnds]]] = {name: set() for name in frame.groups}
        for mention, tails in self.ends_by_frame.items():
            shape = [(kind, keys[tail]) for kind, tail in tails]
            whole.add((keys[mention], _freeze_ends(shape)))
            for name, relations in frame.groups.items():
                if grouped := [end for end in shape if end[0] in relations]:
                    groups[name].add((keys[mention], _freeze_ends(grouped)))
        self.groups = {**groups, WHOLE: whole}
        makers = {
            slot: _SlotReader(schema, indexed, content) for slot, content in frame.slots.items()
        }
        self.tuples = _build_tuples(mentions, self.ends_by_frame, makers)


def _freeze_ends(ends: Iterable[tuple[str, Hashable]]) -> FrameEnds:
    return frozenset(number_occurrences(ends))


def _count_lenient(one: FrameShapes, other: FrameShapes, matched_ids: Mapping[str, str]) -> int:
    """Count the matched frames whose relations have the same types and matched tails."""
    same = 0
    for frame, theirs in other.ends_by_frame.items():
        mine = one.ends_by_frame.get(matched_ids.get(frame, ""))
        if mine is not None and all(tail in matched_ids for _kind, tail in theirs):
            matched = ((kind, matched_ids[tail]) for kind, tail in theirs)
            same += _freeze_ends(mine) == _freeze_ends(matched)
    return same


class _SlotReader:
    """Reads what stands in one slot of a frame's tuple."""

    def __init__(self, schema: Schema, indexed: IndexedAnnotation, content: SlotContent) -> None:
        self._schema, self._indexed, self._content = schema, indexed, content
        self.is_relation = isinstance(content, str)

    def __call__(self, frame: Mention, ends: list[tuple[str, str]]) -> list[Hashable]:
        """Return the attributes of the frame, or what each mention of a relation stands for."""
        if not isinstance(self._content, str):
            return [_read_attributes(frame, self._content)]
        tails = (self._indexed.mentions_by_id[tail] for kind, tail in ends if kind == self._content)
        return [self._find_referent(tail) for tail in tails] or [None]

    def _find_referent(self, mention: Mention) -> Hashable:
        """Return what a mention stands for.

        That is its bounds and what they are about, or the attribute that says who or what is meant,
        or else, also where these are empty, the normalised text.
        """
        declared = self._schema.labels.get(mention.label)
        said: Hashable = None
        if declared and declared.bounds:
            said = _read_attributes(mention, _numeric_names(declared))
        elif declared:
            said = mention.attributes.get(declared.referent or "")
        return said or self._indexed.normalise_text(mention)


def _read_attributes(mention: Mention, names: Iterable[str]) -> tuple[Hashable, ...] | None:
    """Return the values of attributes; None if there is none at all."""
    values = tuple(mention.attributes.get(name) for name in names)
    return values if any(value is not None for value in values) else None


def _numeric_names(declared: Label) -> tuple[str, ...]:
    return (*(declared.bounds or ()), *declared.overview)


def _build_tuples(
    frames: list[Mention],
    ends: Mapping[str, list[tuple[str, str]]],
    readers: Mapping[str, _SlotReader],
) -> dict[str, frozenset[tuple[Hashable, int]]]:
    if not readers:
        return {}
    stated = [
        each
        for frame in frames
        for each in product(*(read(frame, ends[frame.id]) for read in readers.values()))
    ]
    slots = [*readers]
    kept = {FULL: slots, **{f"without_{slot}": [s for s in slots if s != slot] for slot in slots}}
    return {
        name: _freeze_tuples(
            (tuple(each[slots.index(slot)] for slot in chosen) for each in stated),
            [readers[slot].is_relation for slot in chosen],
        )
        for name, chosen in kept.items()
    }


def _freeze_tuples(
    stated: Iterable[tuple[Hashable, ...]], are_relations: Sequence[bool]
) -> frozenset[tuple[Hashable, int]]:
    """Number the tuples that say something: that have a mention, if a slot is for mentions.

    Attributes alone would make every two frames agree, wherever they are, that share a value.
    """
    counted = are_relations if any(are_relations) else [True] * len(are_relations)
    return frozenset(
        number_occurrences(
            each for each in stated if any(slot is not None for slot in compress(each, counted))
        )
    )
