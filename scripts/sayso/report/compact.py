"""What the page holds as JSON: arrays in place of objects, numbers in place of words that the schema lists.

report.js reads it; the shapes are told once, here. Offsets stay code points: the page counts as the records do.

| what | shape |
|---|---|
| listed | doc_id, title, outlet, url, published, language, split, license, readers, mentions, claims |
| document | text, readings |
| reading | reader, status, mentions, relations, equations, note, kept, updated, declined |
| declined | label, text, the values given, who marked it so |
| mention | id, start, end, label, attributes, flag, note, decided, votes, number as it is written |
| relation | type, head, tail: places among the mentions |
| equation | relation, whole, parts: places among the mentions; state, total, what is told of it |
| claim | document, reader, id, start, end, text, flag, closed attributes, one list of ends for each relation |
| end | text, gloss, lower, upper |

A label, a relation, a reader, a flag and a value of a closed attribute are places in the lists of ``words``; what the
schema does not list stands as it came. What is absent at the end of an array is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sayso.checks.scheme import CLAIM, COUNT, ENTITY, LOWER, UPPER
from sayso.readings import Reader, Reading
from sayso.records import Annotation, Document, Gold, GoldMention, Mention, Relation, Value, ordered_mentions
from sayso.report import algebra
from sayso.schema import Attribute, Label, Schema

Packed = list[Any]


def words(schema: Schema) -> dict[str, Any]:
    """The lists that numbers point into, and what each word means."""
    return {
        "labels": [_label(name, label) for name, label in schema.labels.items()],
        "relations": [
            {"name": name, "means": each.definition, "head": each.head, "tail": each.tail}
            for name, each in schema.relations.items()
        ],
        "flags": [{"name": name, "means": flag.definition} for name, flag in schema.flags.items()],
        "claim": CLAIM,
        "asked": _closed(schema),
        "ends": _of_claims(schema),
    }


def _label(name: str, label: Label) -> dict[str, Any]:
    attributes = [
        {
            "name": n,
            "means": a.definition,
            "values": list(a.values),
            "meanings": [v.definition for v in a.values.values()],
        }
        for n, a in label.attributes.items()
    ]
    return {"name": name, "means": label.definition, "attributes": attributes}


def _closed(schema: Schema) -> list[str]:
    label = schema.labels.get(CLAIM)
    return [name for name, attribute in label.attributes.items() if attribute.closed] if label else []


def _of_claims(schema: Schema) -> list[str]:
    return [name for name, relation in schema.relations.items() if relation.head == CLAIM]


def _trimmed(values: Packed) -> Packed:
    while values and not values[-1] and values[-1] != 0:
        values.pop()
    return values


class Packer:
    """Packs documents and readings; gives each reader its number as it comes."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.readers: dict[Reader, int] = {}
        self._labels = {name: number for number, name in enumerate(schema.labels)}
        self._flags = {name: number for number, name in enumerate(schema.flags)}
        self._relations = {name: number for number, name in enumerate(schema.relations)}
        self._attributes_of = {
            label: {name: _places(attribute) for name, attribute in declared.attributes.items()}
            for label, declared in schema.labels.items()
        }
        self._asked, self._ends = _closed(schema), _of_claims(schema)

    def reader(self, reading: Reading) -> int:
        """The number of whoever read."""
        return self.readers.setdefault(reading.reader, len(self.readers))

    def listed(self, document: Document, readings: Sequence[Reading]) -> Packed:
        """What the list of documents shows."""
        marked = [mention.label for reading in readings for mention in reading.record.mentions]
        return [
            document.doc_id, document.title, document.outlet, document.url, document.published, document.language,
            document.split, document.license, [self.reader(each) for each in readings], len(marked),
            marked.count(CLAIM),
        ]  # fmt: skip

    def document(self, document: Document, readings: Sequence[Reading]) -> Packed:
        """A text with everything that was read in it."""
        return [document.text, [self._reading(reading) for reading in readings]]

    def _reading(self, reading: Reading) -> Packed:
        record = reading.record
        mentions = ordered_mentions(record.mentions)  # the page draws from left to right, outer ones first
        place = {mention.id: number for number, mention in enumerate(mentions)}
        by_id: dict[str, Mention] = {mention.id: mention for mention in record.mentions}
        arrows = [[self._relations.get(r.type, r.type), place[r.head], place[r.tail]] for r in record.relations]
        said = [
            [e.relation, place[e.whole], [place[part] for part in e.parts], e.state, e.total, e.told]
            for e in algebra.equations(by_id, record.relations)
        ]
        return _trimmed([
            self.reader(reading), "skipped" if reading.skipped else "", [self._mention(m) for m in mentions],
            arrows, said, record.note, len(record.kept) if isinstance(record, Annotation) else 0,
            record.adjudicated if isinstance(record, Gold) else record.updated,
            [self._declined(m) for m in record.declined] if isinstance(record, Gold) else [],
        ])  # fmt: skip

    def _declined(self, mention: GoldMention) -> Packed:
        given = ", ".join(str(value) for value in mention.attributes.values())
        return [self._labels.get(mention.label, mention.label), mention.text, given, list(mention.votes)]

    def _mention(self, mention: Mention) -> Packed:
        decided, votes = (mention.decided, list(mention.votes)) if isinstance(mention, GoldMention) else (None, None)
        return _trimmed([
            mention.id, mention.start, mention.end, self._labels.get(mention.label, mention.label),
            self._attributes(mention), self._flag(mention), mention.note,
            decided,
                votes,
            algebra.notation(mention) if mention.label == COUNT else None,
        ])  # fmt: skip

    def _flag(self, mention: Mention) -> int | str | None:
        return None if mention.flag is None else self._flags.get(mention.flag, mention.flag)

    def _attributes(self, mention: Mention) -> Packed:
        """Values in the order of the schema; what it does not list follows as [name, value]."""
        held, declared = mention.attributes, self._attributes_of.get(mention.label, {})
        known = [_coded(held.get(name), places) for name, places in declared.items()]
        more = [[name, value] for name, value in held.items() if name not in declared]
        return _trimmed(known + more)

    def claims(self, number: int, readings: Sequence[Reading]) -> Iterator[Packed]:
        """The rows of the claims table, for the document of that number."""
        for reading in readings:
            record, reader = reading.record, self.reader(reading)
            by_id: dict[str, Mention] = {mention.id: mention for mention in record.mentions}
            tails = _tails(record.relations)
            declared = self._attributes_of.get(CLAIM, {})
            for m in record.mentions:
                if m.label == CLAIM:
                    asked = [_coded(m.attributes.get(name), declared[name]) for name in self._asked]
                    ends = [_trimmed([_end(by_id[t]) for t in tails.get((m.id, name), ())]) for name in self._ends]
                    yield [number, reader, m.id, m.start, m.end, m.text, self._flag(m), asked, ends]


def _places(attribute: Attribute) -> dict[Value, int]:
    return {value: number for number, value in enumerate(attribute.values)}


def _coded(value: Value | None, places: Mapping[Value, int]) -> Value | None:
    """A value's place in its list; where it has a list and is not in it, its words."""
    return value if value is None or not places else places.get(value, str(value))


def _tails(relations: Sequence[Relation]) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for relation in relations:
        found.setdefault((relation.head, relation.type), []).append(relation.tail)
    return found


def _end(mention: Mention) -> Packed:
    if mention.label == COUNT:
        lower, upper = (mention.attributes.get(name) for name in (LOWER, UPPER))
        return _trimmed([mention.text, algebra.notation(mention), lower, upper])
    entity = mention.attributes.get(ENTITY)
    return _trimmed([mention.text, entity if entity != mention.text else None])
