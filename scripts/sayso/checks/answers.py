"""Checks of one answer against its text and the schema: an annotation, or an adjudicated document."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from sayso.checks.findings import Check, Finding, declare
from sayso.records import Annotation, Gold, Mention, Relation, ordered_mentions, ordered_relations
from sayso.schema import Schema
from sayso.spans import crossing


@dataclass(frozen=True)
class Answer:
    """What is being checked. ``complete`` says that a pass with relations was finished, so that all of it is due."""

    doc_id: str
    text: str
    schema: Schema
    mentions: Sequence[Mention]
    relations: Sequence[Relation]
    shown: frozenset[str]
    drawn: bool
    skipped: bool

    @cached_property
    def by_id(self) -> dict[str, Mention]:
        """The mentions by id."""
        return {mention.id: mention for mention in self.mentions}

    @property
    def complete(self) -> bool:
        """Whether relations are due."""
        return self.drawn and not self.skipped

    @cached_property
    def tails(self) -> dict[tuple[str, str], list[Mention]]:
        """Where the arrows of one type from one mention lead, as far as both ends are there."""
        found: dict[tuple[str, str], list[Mention]] = {}
        for relation in self.relations:
            if relation.head in self.by_id and relation.tail in self.by_id:
                found.setdefault((relation.head, relation.type), []).append(self.by_id[relation.tail])
        return found


AnswerCheck = Callable[[Answer], Iterator[Finding]]

OUTSIDE = declare(
    "span-outside-text", "error", "Every span is inside its text.", "take the mention out and mark it again"
)
SLICE = declare(
    "slice-differs", "error", "A mention's text is the slice of the document.", "pull again; if it stays, report it"
)
WHITE_SPACE = declare(
    "white-space-edge", "error", "No span begins or ends with white space.", "move the edge to the word"
)
LINE_BREAK = declare("line-break", "error", "No span crosses a line break.", "end it before the break, or mark two")
SAME_LABEL = declare("same-label-overlap", "error", "Spans with one label do not overlap.", "keep one of the two")
CROSSING = declare("crossing-spans", "error", "Spans nest or stand apart.", "move an edge so that one holds the other")
LABEL = declare(
    "unknown-label", "error", "Every label is in the schema.", "use a label of schema.yaml, or add it there"
)
PASS = declare(
    "outside-pass", "error", "A pass has only the labels and relations that it shows.", "answer it in the right pass"
)
ATTRIBUTE = declare(
    "unknown-attribute", "error", "Every attribute belongs to its label.", "take it out, or add it to schema.yaml"
)
VALUE = declare(
    "unknown-value", "error", "Every value is one that its attribute allows.", "choose one, or add it to schema.yaml"
)
REQUIRED = declare("required-attribute", "error", "Every required attribute is filled.", "choose a value")
FLAG = declare("unknown-flag", "error", "Every flag is in the schema.", "use a flag of schema.yaml, or add it there")
IDS = declare("repeated-mention-id", "error", "No two mentions of an answer share an id.", "give each its own id")
MENTION_ORDER = declare(
    "mention-order", "error", "Mentions and relations stand in canonical order.", "write the file with `sayso pull`"
)
RELATION = declare(
    "unknown-relation", "error", "Every relation is in the schema.", "use one of schema.yaml's relations"
)
SIGNATURE = declare(
    "relation-signature", "error", "A relation ties the labels that it is for.", "draw it between the right mentions"
)
END = declare("relation-end", "error", "Both ends of a relation are mentions of the answer.", "draw it again")
REPEATED_RELATION = declare("repeated-relation", "error", "No relation is drawn twice.", "keep one of them")


def slices(answer: Answer) -> Iterator[Finding]:
    """Rule 1, and that what stands in the record is what stands in the text."""
    text, size = answer.text, len(answer.text)
    for m in answer.mentions:
        if text[m.start : m.end] != m.text:
            if m.end > size:
                yield OUTSIDE.found(f"mention {m.id} ends after the text's {size}", answer.doc_id, m.start, m.end)
            else:
                message = f"mention {m.id} says {m.text!r} where the text says {text[m.start : m.end]!r}"
                yield SLICE.found(message, answer.doc_id, m.start, m.end)


def edges(answer: Answer) -> Iterator[Finding]:
    """Rules 2 and 4."""
    for m in answer.mentions:
        marked = m.text
        if marked[0].isspace() or marked[-1].isspace():
            yield WHITE_SPACE.found(f"{m.label} {marked!r}", answer.doc_id, m.start, m.end)
        if "\n" in marked or "\r" in marked:
            yield LINE_BREAK.found(f"{m.label} {marked!r}", answer.doc_id, m.start, m.end)


def layers(answer: Answer) -> Iterator[Finding]:
    """Rules 5 and 6: one sweep from left to right over the spans that are still open."""
    open_spans: list[Mention] = []
    for m in sorted(answer.mentions, key=_sweep):
        start = m.start
        if open_spans:
            open_spans = [other for other in open_spans if other.end > start]
            for other in open_spans:
                if other.label == m.label:
                    yield SAME_LABEL.found(f"{m.label} {m.id} overlaps {other.id}", answer.doc_id, start, m.end)
                elif m.end > other.end and crossing(m.span, other.span):
                    message = f"{m.label} {m.id} crosses {other.label} {other.id} [{other.start}, {other.end})"
                    yield CROSSING.found(message, answer.doc_id, start, m.end)
        open_spans.append(m)


def _sweep(mention: Mention) -> tuple[int, int]:
    return (mention.start, -mention.end)


def vocabulary(answer: Answer) -> Iterator[Finding]:
    """That labels, attributes, values and flags are the schema's."""
    labels, flags, shown = answer.schema.labels, answer.schema.flags, answer.shown
    for m in answer.mentions:
        label = labels.get(m.label)
        if m.flag is not None and m.flag not in flags:
            yield FLAG.found(f"{m.flag!r} on {m.id}", answer.doc_id, m.start, m.end)
        if label is None:
            yield LABEL.found(f"{m.label!r} on {m.id}", answer.doc_id, m.start, m.end)
            continue
        if m.label not in shown:
            yield PASS.found(f"{m.label} {m.id} in a pass without that label", answer.doc_id, m.start, m.end)
        for name, value in m.attributes.items():
            attribute = label.attributes.get(name)
            if attribute is None:
                yield ATTRIBUTE.found(f"{m.label}.{name} on {m.id}", answer.doc_id, m.start, m.end)
            elif value not in attribute.values and (attribute.values or type(value) is not _TYPES[attribute.kind]):
                yield VALUE.found(f"{m.label}.{name} is {value!r} on {m.id}", answer.doc_id, m.start, m.end)


_TYPES = {"integer": int, "text": str}


def required(answer: Answer) -> Iterator[Finding]:
    """Rule 16, where the document was not skipped."""
    if answer.skipped:
        return
    due = {
        name: {attribute for attribute, declared in label.attributes.items() if declared.required}
        for name, label in answer.schema.labels.items()
    }
    for m in answer.mentions:
        if m.label in due and not due[m.label] <= m.attributes.keys():
            missing = ", ".join(sorted(due[m.label] - m.attributes.keys()))
            yield REQUIRED.found(f"{m.label} {m.id} has no {missing}", answer.doc_id, m.start, m.end)


def order(answer: Answer) -> Iterator[Finding]:
    """That ids are single and that the record stands as it would be written."""
    if len(answer.by_id) != len(answer.mentions):
        seen: set[str] = set()
        for m in answer.mentions:
            if m.id in seen:
                yield IDS.found(f"{m.id!r} stands twice", answer.doc_id, m.start, m.end)
            seen.add(m.id)
    keys = [(m.start, -m.end, m.label, m.id) for m in answer.mentions]
    for before, after in pairwise(keys):
        if after < before:
            message = f"mention {after[3]} stands after {before[3]}"
            yield MENTION_ORDER.found(message, answer.doc_id, after[0], -after[1])
    if tuple(answer.relations) != ordered_relations(answer.relations):
        yield MENTION_ORDER.found("relations are not in order of head, type and tail", answer.doc_id)


def relations(answer: Answer) -> Iterator[Finding]:
    """Rules 7 and 8, and that relations are the schema's and drawn once."""
    by_id, declared = answer.by_id, answer.schema.relations
    for number, relation in enumerate(answer.relations):
        kind = declared.get(relation.type)
        head, tail = by_id.get(relation.head), by_id.get(relation.tail)
        if number and relation == answer.relations[number - 1]:
            yield _of_relation(REPEATED_RELATION, answer, relation)
        if kind is None:
            yield _of_relation(RELATION, answer, relation)
        elif not answer.drawn:
            yield _of_relation(PASS, answer, relation, ", in a pass without relations")
        if head is None or tail is None:
            missing = relation.head if head is None else relation.tail
            yield _of_relation(END, answer, relation, f": there is no mention {missing!r}")
        elif kind and (head.label != kind.head or tail.label != kind.tail):
            what = f" ties {head.label} to {tail.label}, not {kind.head} to {kind.tail}"
            yield _of_relation(SIGNATURE, answer, relation, what)


def ends(answer: Answer) -> Iterator[Finding]:
    """That both ends of every relation are there; ``relations`` tells the same with the rest."""
    for relation in answer.relations:
        for end in (relation.head, relation.tail):
            if end not in answer.by_id:
                yield _of_relation(END, answer, relation, f": there is no mention {end!r}")


def _of_relation(check: Check, answer: Answer, relation: Relation, what: str = "") -> Finding:
    at = answer.by_id.get(relation.head) or answer.by_id.get(relation.tail)
    start, end = (at.start, at.end) if at else (None, None)
    message = f"{relation.type} from {relation.head} to {relation.tail}{what}"
    return check.found(message, answer.doc_id, start, end)


GENERAL: tuple[AnswerCheck, ...] = (slices, edges, layers, vocabulary, required, order, relations)
WORDLESS: tuple[AnswerCheck, ...] = (slices, edges, order)  # of an answer in the words of another schema


def of_annotation(annotation: Annotation, text: str, schema: Schema) -> Answer:
    """One annotator's answer, as the checks see it; where the schema has no such pass, one that shows everything."""
    declared = schema.interfaces.get(annotation.interface)
    return Answer(
        doc_id=annotation.doc_id,
        text=text,
        schema=schema,
        mentions=annotation.mentions,
        relations=annotation.relations,
        shown=frozenset(declared.labels if declared else schema.labels),
        drawn=declared.relations if declared else True,
        skipped=annotation.status == "skipped",
    )


def of_gold(gold: Gold, text: str, schema: Schema) -> Answer:
    """An adjudicated document, as the checks see it."""
    everything = frozenset(schema.labels)
    return Answer(gold.doc_id, text, schema, gold.mentions, gold.relations, everything, drawn=True, skipped=False)


def of_declined(gold: Gold, text: str, schema: Schema) -> Answer:
    """What an adjudicated document declined, beside what it took: several readings of one place, none of them due."""
    mentions, everything = ordered_mentions((*gold.mentions, *gold.declined)), frozenset(schema.labels)
    return Answer(gold.doc_id, text, schema, mentions, gold.declined_relations, everything, drawn=True, skipped=True)


DECLINED: tuple[AnswerCheck, ...] = (slices, vocabulary, order, ends)
