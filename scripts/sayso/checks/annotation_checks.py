"""Checks of one answer against its text and the schema: an annotation, or an adjudicated document."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from sayso.checks.check_registry import Check, Finding, register
from sayso.models import Annotation, Gold, Mention, Relation, sort_mentions, sort_relations
from sayso.schema.declarations import Schema
from sayso.spans import crosses


@dataclass(frozen=True)
class CheckTarget:
    """What is being checked. ``complete`` says that a pass with relations was finished, so that all of it is due."""

    doc_id: str
    text: str
    schema: Schema
    mentions: Sequence[Mention]
    relations: Sequence[Relation]
    pass_labels: frozenset[str]
    has_relations: bool
    skipped: bool

    @cached_property
    def by_id(self) -> dict[str, Mention]:
        """The mentions by id."""
        return {mention.id: mention for mention in self.mentions}

    @property
    def complete(self) -> bool:
        """Whether relations are due."""
        return self.has_relations and not self.skipped

    @cached_property
    def tails(self) -> dict[tuple[str, str], list[Mention]]:
        """Where the arrows of one type from one mention lead, as far as both ends are there."""
        found: dict[tuple[str, str], list[Mention]] = {}
        for relation in self.relations:
            if relation.head in self.by_id and relation.tail in self.by_id:
                found.setdefault((relation.head, relation.type), []).append(
                    self.by_id[relation.tail]
                )
        return found


CheckFunction = Callable[[CheckTarget], Iterator[Finding]]

SPAN_OUTSIDE_TEXT = register(
    "span-outside-text",
    "error",
    "Every span is inside its text.",
    "take the mention out and mark it again",
)
SLICE_DIFFERS = register(
    "slice-differs",
    "error",
    "A mention's text is the slice of the document.",
    "pull again; if it stays, report it",
)
WHITE_SPACE_EDGE = register(
    "white-space-edge",
    "error",
    "No span begins or ends with white space.",
    "move the edge to the word",
)
LINE_BREAK = register(
    "line-break", "error", "No span crosses a line break.", "end it before the break, or mark two"
)
SAME_LABEL_OVERLAP = register(
    "same-label-overlap", "error", "Spans with one label do not overlap.", "keep one of the two"
)
CROSSING_SPANS = register(
    "crossing-spans",
    "error",
    "Spans nest or stand apart.",
    "move an edge so that one holds the other",
)
UNKNOWN_LABEL = register(
    "unknown-label",
    "error",
    "Every label is in the schema.",
    "use a label of schema.yaml, or add it there",
)
OUTSIDE_PASS = register(
    "outside-pass",
    "error",
    "A pass has only the labels and relations that it shows.",
    "answer it in the right pass",
)
UNKNOWN_ATTRIBUTE = register(
    "unknown-attribute",
    "error",
    "Every attribute belongs to its label.",
    "take it out, or add it to schema.yaml",
)
UNKNOWN_VALUE = register(
    "unknown-value",
    "error",
    "Every value is one that its attribute allows.",
    "choose one, or add it to schema.yaml",
)
REQUIRED_ATTRIBUTE = register(
    "required-attribute", "error", "Every required attribute is filled.", "choose a value"
)
UNKNOWN_FLAG = register(
    "unknown-flag",
    "error",
    "Every flag is in the schema.",
    "use a flag of schema.yaml, or add it there",
)
REPEATED_MENTION_ID = register(
    "repeated-mention-id",
    "error",
    "No two mentions of an answer share an id.",
    "give each its own id",
)
MENTION_ORDER = register(
    "mention-order",
    "error",
    "Mentions and relations stand in canonical order.",
    "write the file with `sayso pull`",
)
UNKNOWN_RELATION = register(
    "unknown-relation",
    "error",
    "Every relation is in the schema.",
    "use one of schema.yaml's relations",
)
RELATION_SIGNATURE = register(
    "relation-signature",
    "error",
    "A relation ties the labels that it is for.",
    "draw it between the right mentions",
)
RELATION_END = register(
    "relation-end", "error", "Both ends of a relation are mentions of the answer.", "draw it again"
)
REPEATED_RELATION = register(
    "repeated-relation", "error", "No relation is drawn twice.", "keep one of them"
)


def check_slices(target: CheckTarget) -> Iterator[Finding]:
    """Rule 1, and that what stands in the record is what stands in the text."""
    text, size = target.text, len(target.text)
    for m in target.mentions:
        if text[m.start : m.end] != m.text:
            if m.end > size:
                yield SPAN_OUTSIDE_TEXT.finding(
                    f"mention {m.id} ends after the text's {size}", target.doc_id, m.start, m.end
                )
            else:
                message = (
                    f"mention {m.id} says {m.text!r} where the text says {text[m.start : m.end]!r}"
                )
                yield SLICE_DIFFERS.finding(message, target.doc_id, m.start, m.end)


def check_edges(target: CheckTarget) -> Iterator[Finding]:
    """Rules 2 and 4."""
    for m in target.mentions:
        marked = m.text
        if marked[0].isspace() or marked[-1].isspace():
            yield WHITE_SPACE_EDGE.finding(f"{m.label} {marked!r}", target.doc_id, m.start, m.end)
        if "\n" in marked or "\r" in marked:
            yield LINE_BREAK.finding(f"{m.label} {marked!r}", target.doc_id, m.start, m.end)


def check_overlaps(target: CheckTarget) -> Iterator[Finding]:
    """Rules 5 and 6: one sweep from left to right over the spans that are still open."""
    open_spans: list[Mention] = []
    for m in sorted(target.mentions, key=_sweep_order):
        start = m.start
        if open_spans:
            open_spans = [other for other in open_spans if other.end > start]
            for other in open_spans:
                if other.label == m.label:
                    yield SAME_LABEL_OVERLAP.finding(
                        f"{m.label} {m.id} overlaps {other.id}", target.doc_id, start, m.end
                    )
                elif m.end > other.end and crosses(m.span, other.span):
                    message = f"{m.label} {m.id} crosses {other.label} {other.id} [{other.start}, {other.end})"
                    yield CROSSING_SPANS.finding(message, target.doc_id, start, m.end)
        open_spans.append(m)


def _sweep_order(mention: Mention) -> tuple[int, int]:
    return (mention.start, -mention.end)


def check_names(target: CheckTarget) -> Iterator[Finding]:
    """That labels, attributes, values and flags are the schema's."""
    labels, flags, shown = target.schema.labels, target.schema.flags, target.pass_labels
    for m in target.mentions:
        label = labels.get(m.label)
        if m.flag is not None and m.flag not in flags:
            yield UNKNOWN_FLAG.finding(f"{m.flag!r} on {m.id}", target.doc_id, m.start, m.end)
        if label is None:
            yield UNKNOWN_LABEL.finding(f"{m.label!r} on {m.id}", target.doc_id, m.start, m.end)
            continue
        if m.label not in shown:
            yield OUTSIDE_PASS.finding(
                f"{m.label} {m.id} in a pass without that label", target.doc_id, m.start, m.end
            )
        for name, value in m.attributes.items():
            attribute = label.attributes.get(name)
            if attribute is None:
                yield UNKNOWN_ATTRIBUTE.finding(
                    f"{m.label}.{name} on {m.id}", target.doc_id, m.start, m.end
                )
            elif value not in attribute.values and (
                attribute.values or type(value) is not _VALUE_TYPES[attribute.kind]
            ):
                yield UNKNOWN_VALUE.finding(
                    f"{m.label}.{name} is {value!r} on {m.id}", target.doc_id, m.start, m.end
                )


_VALUE_TYPES = {"integer": int, "text": str}


def check_required_attributes(target: CheckTarget) -> Iterator[Finding]:
    """Rule 16, where the document was not skipped."""
    if target.skipped:
        return
    due = {
        name: {attribute for attribute, declared in label.attributes.items() if declared.required}
        for name, label in target.schema.labels.items()
    }
    for m in target.mentions:
        if m.label in due and not due[m.label] <= m.attributes.keys():
            missing = ", ".join(sorted(due[m.label] - m.attributes.keys()))
            yield REQUIRED_ATTRIBUTE.finding(
                f"{m.label} {m.id} has no {missing}", target.doc_id, m.start, m.end
            )


def check_order(target: CheckTarget) -> Iterator[Finding]:
    """That ids are single and that the record stands as it would be written."""
    if len(target.by_id) != len(target.mentions):
        seen: set[str] = set()
        for m in target.mentions:
            if m.id in seen:
                yield REPEATED_MENTION_ID.finding(
                    f"{m.id!r} stands twice", target.doc_id, m.start, m.end
                )
            seen.add(m.id)
    keys = [(m.start, -m.end, m.label, m.id) for m in target.mentions]
    for before, after in pairwise(keys):
        if after < before:
            message = f"mention {after[3]} stands after {before[3]}"
            yield MENTION_ORDER.finding(message, target.doc_id, after[0], -after[1])
    if tuple(target.relations) != sort_relations(target.relations):
        yield MENTION_ORDER.finding(
            "relations are not in order of head, type and tail", target.doc_id
        )


def check_relations(target: CheckTarget) -> Iterator[Finding]:
    """Rules 7 and 8, and that relations are the schema's and drawn once."""
    by_id, declared = target.by_id, target.schema.relations
    for number, relation in enumerate(target.relations):
        kind = declared.get(relation.type)
        head, tail = by_id.get(relation.head), by_id.get(relation.tail)
        if number and relation == target.relations[number - 1]:
            yield _relation_finding(REPEATED_RELATION, target, relation)
        if kind is None:
            yield _relation_finding(UNKNOWN_RELATION, target, relation)
        elif not target.has_relations:
            yield _relation_finding(OUTSIDE_PASS, target, relation, ", in a pass without relations")
        if head is None or tail is None:
            missing = relation.head if head is None else relation.tail
            yield _relation_finding(
                RELATION_END, target, relation, f": there is no mention {missing!r}"
            )
        elif kind and (head.label != kind.head or tail.label != kind.tail):
            what = f" ties {head.label} to {tail.label}, not {kind.head} to {kind.tail}"
            yield _relation_finding(RELATION_SIGNATURE, target, relation, what)


def check_relation_ends(target: CheckTarget) -> Iterator[Finding]:
    """That both ends of every relation are there; ``check_relations`` tells the same with the rest."""
    for relation in target.relations:
        for end in (relation.head, relation.tail):
            if end not in target.by_id:
                yield _relation_finding(
                    RELATION_END, target, relation, f": there is no mention {end!r}"
                )


def _relation_finding(
    check: Check, target: CheckTarget, relation: Relation, detail: str = ""
) -> Finding:
    at = target.by_id.get(relation.head) or target.by_id.get(relation.tail)
    start, end = (at.start, at.end) if at else (None, None)
    message = f"{relation.type} from {relation.head} to {relation.tail}{detail}"
    return check.finding(message, target.doc_id, start, end)


GENERAL_CHECKS: tuple[CheckFunction, ...] = (
    check_slices,
    check_edges,
    check_overlaps,
    check_names,
    check_required_attributes,
    check_order,
    check_relations,
)
CHECKS_WITHOUT_SCHEMA: tuple[CheckFunction, ...] = (
    check_slices,
    check_edges,
    check_order,
)  # of an answer in the words of another schema


def target_of_annotation(annotation: Annotation, text: str, schema: Schema) -> CheckTarget:
    """One annotator's answer, as the checks see it; where the schema has no such pass, one that shows everything."""
    declared = schema.interfaces.get(annotation.interface)
    return CheckTarget(
        doc_id=annotation.doc_id,
        text=text,
        schema=schema,
        mentions=annotation.mentions,
        relations=annotation.relations,
        pass_labels=frozenset(declared.labels if declared else schema.labels),
        has_relations=declared.relations if declared else True,
        skipped=annotation.status == "skipped",
    )


def target_of_gold(gold: Gold, text: str, schema: Schema) -> CheckTarget:
    """An adjudicated document, as the checks see it."""
    everything = frozenset(schema.labels)
    return CheckTarget(
        gold.doc_id,
        text,
        schema,
        gold.mentions,
        gold.relations,
        everything,
        has_relations=True,
        skipped=False,
    )


def target_of_declined(gold: Gold, text: str, schema: Schema) -> CheckTarget:
    """What an adjudicated document declined, beside what it took: several readings of one place, none of them due."""
    mentions, everything = sort_mentions((*gold.mentions, *gold.declined)), frozenset(schema.labels)
    return CheckTarget(
        gold.doc_id,
        text,
        schema,
        mentions,
        gold.declined_relations,
        everything,
        has_relations=True,
        skipped=True,
    )


DECLINED_CHECKS: tuple[CheckFunction, ...] = (
    check_slices,
    check_names,
    check_order,
    check_relation_ends,
)
