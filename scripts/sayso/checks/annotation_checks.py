"""Checks of one annotation, or of the gold of one document, against its text and the schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import pairwise

from sayso.checks.check_registry import Check, Finding, error_check
from sayso.models import (
    Annotation,
    AttributeValue,
    Gold,
    GoldAnswer,
    Mention,
    Relation,
    sort_mentions,
    sort_relations,
)
from sayso.schema.answer_order import answer_key
from sayso.schema.declarations import Schema
from sayso.schema.overlaps import exclude_each_other
from sayso.schema.schema_types import Attribute, describe_ends
from sayso.schema.symmetry import orient_relations
from sayso.spans import crosses

SPAN_OUTSIDE_TEXT = error_check(
    "span-outside-text", "Every span is inside its text.", "delete the mention and mark it again"
)
SLICE_DIFFERS = error_check(
    "slice-differs",
    "A mention's text is the slice of the document at its offsets.",
    "pull again; if it stays, report it",
)
WHITE_SPACE_EDGE = error_check(
    "white-space-edge", "No span begins or ends with white space.", "move the edge to the word"
)
LINE_BREAK = error_check(
    "line-break", "No span crosses a line break.", "end it before the break, or mark two"
)
SAME_LABEL_OVERLAP = error_check(
    "same-label-overlap",
    "Spans with one label do not overlap, unless the schema allows it.",
    "keep one of the two, or declare `overlap` for the label",
)
CROSSING_SPANS = error_check(
    "crossing-spans", "Spans that overlap are nested.", "move an edge so that one covers the other"
)
UNKNOWN_LABEL = error_check(
    "unknown-label", "Every label is in the schema.", "use a label of schema.yaml, or add it there"
)
OUTSIDE_PASS = error_check(
    "outside-pass",
    "An annotation uses only the labels and relations of its pass.",
    "annotate it in the pass that shows them",
)
UNKNOWN_ATTRIBUTE = error_check(
    "unknown-attribute",
    "Every attribute belongs to its label.",
    "remove it, or add it to schema.yaml",
)
UNKNOWN_VALUE = error_check(
    "unknown-value",
    "Every value is one that its attribute allows.",
    "choose one, or add it to schema.yaml",
)
REQUIRED_ATTRIBUTE = error_check(
    "required-attribute", "Every required attribute is filled.", "choose a value"
)
UNKNOWN_QUESTION = error_check(
    "unknown-question", "Every answer is to a question of the schema.", "remove it, or add it there"
)
REQUIRED_ANSWER = error_check(
    "required-answer", "Every required question is answered.", "answer it, or skip the document"
)
REPEATED_ANSWER = error_check(
    "repeated-answer", "Gold has one answer to each question.", "keep one, and decline the others"
)
UNKNOWN_FLAG = error_check(
    "unknown-flag", "Every flag is in the schema.", "use a flag of schema.yaml, or add it there"
)
REPEATED_MENTION_ID = error_check(
    "repeated-mention-id", "No two mentions of an annotation share an id.", "give each its own id"
)
MENTION_ORDER = error_check(
    "mention-order",
    "Mentions, relations and answers of gold are in canonical order.",
    "run `sayso format`",
)
UNKNOWN_RELATION = error_check(
    "unknown-relation",
    "Every relation type is in the schema.",
    "use one of schema.yaml's relations",
)
RELATION_SIGNATURE = error_check(
    "relation-signature",
    "A relation connects the labels that its type declares.",
    "draw it between the right mentions",
)
RELATION_END = error_check(
    "relation-end", "Both ends of a relation are mentions of the annotation.", "draw it again"
)
REPEATED_RELATION = error_check(
    "repeated-relation", "No relation is there twice.", "keep one of them"
)


@dataclass(frozen=True)
class CheckTarget:
    """The mentions, relations and answers to check, with what their pass shows.

    ``language`` is the tag of the text's language, or empty if it is not known.
    """

    doc_id: str
    text: str
    schema: Schema
    mentions: Sequence[Mention]
    relations: Sequence[Relation]
    pass_labels: frozenset[str]
    has_relations: bool
    skipped: bool
    language: str = ""
    answers: Mapping[str, AttributeValue] = field(default_factory=dict)
    questions: Mapping[str, Attribute] = field(default_factory=dict)

    @cached_property
    def by_id(self) -> dict[str, Mention]:
        """The mentions by id."""
        return {mention.id: mention for mention in self.mentions}

    @property
    def complete(self) -> bool:
        """True where a pass with relations was finished, so that all relations are due."""
        return self.has_relations and not self.skipped

    @cached_property
    def tails(self) -> dict[tuple[str, str], list[Mention]]:
        """The mentions that relations lead to, by (id of the head, type)."""
        tails: dict[tuple[str, str], list[Mention]] = {}
        for r in self.relations:
            if r.head in self.by_id and r.tail in self.by_id:
                tails.setdefault((r.head, r.type), []).append(self.by_id[r.tail])
                declared = self.schema.relations.get(r.type)
                if declared and declared.symmetric:
                    tails.setdefault((r.tail, r.type), []).append(self.by_id[r.head])
        return tails

    def finding(self, check: Check, message: str, at: Mention | None = None) -> Finding:
        """Return a finding at a mention, or about the annotation as a whole."""
        if at is None:
            return check.finding(message, self.doc_id)
        return check.finding(message, self.doc_id, at.start, at.end)


CheckFunction = Callable[[CheckTarget], Iterator[Finding]]


def check_slices(target: CheckTarget) -> Iterator[Finding]:
    """Check that every mention's text is the slice of the document."""
    text, size = target.text, len(target.text)
    for m in target.mentions:
        if text[m.start : m.end] == m.text:
            continue
        if m.end > size:
            message = f"mention {m.id} ends after the text's {size}"
            yield target.finding(SPAN_OUTSIDE_TEXT, message, m)
        else:
            message = f"mention {m.id} says {m.text!r}, and the text {text[m.start : m.end]!r}"
            yield target.finding(SLICE_DIFFERS, message, m)


def check_edges(target: CheckTarget) -> Iterator[Finding]:
    """Check white space at the edges of spans, and line breaks inside them."""
    for m in target.mentions:
        if m.text[0].isspace() or m.text[-1].isspace():
            yield target.finding(WHITE_SPACE_EDGE, f"{m.label} {m.text!r}", m)
        if "\n" in m.text or "\r" in m.text:
            yield target.finding(LINE_BREAK, f"{m.label} {m.text!r}", m)


def check_overlaps(target: CheckTarget) -> Iterator[Finding]:
    """Check overlaps in one sweep from left to right over the spans that are still open."""
    open_spans: list[Mention] = []
    for m in sorted(target.mentions, key=_sweep_order):
        start = m.start
        if open_spans:
            open_spans = [other for other in open_spans if other.end > start]
            for other in open_spans:
                if other.label == m.label:
                    if exclude_each_other(m, other, target.schema):
                        message = f"{m.label} {m.id} overlaps {other.id}"
                        yield target.finding(SAME_LABEL_OVERLAP, message, m)
                elif m.end > other.end and crosses(m.span, other.span):
                    crossed = f"{other.label} {other.id} [{other.start}, {other.end})"
                    message = f"{m.label} {m.id} crosses {crossed}"
                    yield target.finding(CROSSING_SPANS, message, m)
        open_spans.append(m)


def _sweep_order(mention: Mention) -> tuple[int, int]:
    return (mention.start, -mention.end)


def check_names(target: CheckTarget) -> Iterator[Finding]:
    """Check that labels, attributes, values and flags are in the schema."""
    labels, flags, shown = target.schema.labels, target.schema.flags, target.pass_labels
    for m in target.mentions:
        label = labels.get(m.label)
        if m.flag is not None and m.flag not in flags:
            yield target.finding(UNKNOWN_FLAG, f"{m.flag!r} on {m.id}", m)
        if label is None:
            yield target.finding(UNKNOWN_LABEL, f"{m.label!r} on {m.id}", m)
            continue
        if m.label not in shown:
            message = f"{m.label} {m.id} in a pass without that label"
            yield target.finding(OUTSIDE_PASS, message, m)
        for name, value in m.attributes.items():
            attribute = label.attributes.get(name)
            if attribute is None:
                yield target.finding(UNKNOWN_ATTRIBUTE, f"{m.label}.{name} on {m.id}", m)
            elif not attribute.accepts(value):
                message = f"{m.label}.{name} is {value!r} on {m.id}"
                yield target.finding(UNKNOWN_VALUE, message, m)


def check_required_attributes(target: CheckTarget) -> Iterator[Finding]:
    """Check that required attributes are filled, unless the document was skipped."""
    if target.skipped:
        return
    required = {
        name: {key for key, attribute in label.attributes.items() if attribute.required}
        for name, label in target.schema.labels.items()
    }
    for m in target.mentions:
        if m.label in required and not required[m.label] <= m.attributes.keys():
            missing = ", ".join(sorted(required[m.label] - m.attributes.keys()))
            yield target.finding(REQUIRED_ATTRIBUTE, f"{m.label} {m.id} has no {missing}", m)


def check_answers(target: CheckTarget) -> Iterator[Finding]:
    """Check the answers to the questions about the document; required ones unless skipped."""
    declared = target.schema.questions
    for name, value in target.answers.items():
        if name not in declared:
            yield target.finding(UNKNOWN_QUESTION, f"{name!r} is answered {value!r}")
        elif name not in target.questions:
            yield target.finding(
                OUTSIDE_PASS, f"an answer to {name!r}, which its pass does not ask"
            )
        elif not declared[name].accepts(value):
            yield target.finding(UNKNOWN_VALUE, f"the answer to {name!r} is {value!r}")
    for name, question in target.questions.items():
        if question.required and name not in target.answers and not target.skipped:
            yield target.finding(REQUIRED_ANSWER, f"no answer to {name!r}")


def check_gold_answers(gold: Gold, schema: Schema) -> Iterator[Finding]:
    """Check the order of gold's answers, and those that it declined."""
    for question in gold.repeated_questions:
        yield REPEATED_ANSWER.finding(f"two answers to {question!r}", gold.doc_id)
    for name in ("answers", "declined_answers"):
        given: tuple[GoldAnswer, ...] = getattr(gold, name)
        if list(given) != sorted(given, key=lambda each: answer_key(each, schema)):
            words = name.replace("_", " ")
            yield MENTION_ORDER.finding(f"{words} are not in canonical order", gold.doc_id)
    for answer in gold.declined_answers:
        question, value = answer.question, answer.value
        if question not in schema.questions:
            message = f"{question!r} is declined with {value!r}"
            yield UNKNOWN_QUESTION.finding(message, gold.doc_id)
        elif not schema.questions[question].accepts(value):
            message = f"the declined answer to {question!r} is {value!r}"
            yield UNKNOWN_VALUE.finding(message, gold.doc_id)


def check_order(target: CheckTarget) -> Iterator[Finding]:
    """Check that ids are unique, and that mentions and relations are in canonical order."""
    if len(target.by_id) != len(target.mentions):
        seen: set[str] = set()
        for m in target.mentions:
            if m.id in seen:
                yield target.finding(REPEATED_MENTION_ID, f"{m.id!r} is there twice", m)
            seen.add(m.id)
    for before, after in pairwise(target.mentions):
        if _canonical_order(after) < _canonical_order(before):
            yield target.finding(MENTION_ORDER, f"mention {after.id} is after {before.id}", after)
    oriented = sort_relations(orient_relations(target.relations, target.by_id, target.schema))
    if tuple(target.relations) != oriented:
        yield target.finding(MENTION_ORDER, "relations are not in canonical order")


def _canonical_order(m: Mention) -> tuple[int, int, str, str]:
    return (m.start, -m.end, m.label, m.id)


def check_relations(target: CheckTarget) -> Iterator[Finding]:
    """Check that relations are in the schema, connect the declared labels and are there once."""
    by_id, declared = target.by_id, target.schema.relations
    for number, relation in enumerate(target.relations):
        relation_type = declared.get(relation.type)
        head, tail = by_id.get(relation.head), by_id.get(relation.tail)
        if number and relation == target.relations[number - 1]:
            yield _relation_finding(REPEATED_RELATION, target, relation)
        if relation_type is None:
            yield _relation_finding(UNKNOWN_RELATION, target, relation)
        elif not target.has_relations:
            yield _relation_finding(OUTSIDE_PASS, target, relation, ", in a pass without relations")
        if head is None or tail is None:
            missing = relation.head if head is None else relation.tail
            detail = f": there is no mention {missing!r}"
            yield _relation_finding(RELATION_END, target, relation, detail)
        elif relation_type and not relation_type.connects(head.label, tail.label):
            expected = describe_ends(relation_type)
            detail = f" connects {head.label} to {tail.label}, not {expected}"
            yield _relation_finding(RELATION_SIGNATURE, target, relation, detail)


def check_relation_ends(target: CheckTarget) -> Iterator[Finding]:
    """Check only that both ends of every relation are there."""
    for relation in target.relations:
        for end in (relation.head, relation.tail):
            if end not in target.by_id:
                detail = f": there is no mention {end!r}"
                yield _relation_finding(RELATION_END, target, relation, detail)


def _relation_finding(
    check: Check, target: CheckTarget, relation: Relation, detail: str = ""
) -> Finding:
    at = target.by_id.get(relation.head) or target.by_id.get(relation.tail)
    message = f"{relation.type} from {relation.head} to {relation.tail}{detail}"
    return target.finding(check, message, at)


GENERAL_CHECKS: tuple[CheckFunction, ...] = (
    check_slices,
    check_edges,
    check_overlaps,
    check_names,
    check_required_attributes,
    check_answers,
    check_order,
    check_relations,
)
# For annotations that were made under another major version of the schema.
CHECKS_WITHOUT_SCHEMA: tuple[CheckFunction, ...] = (check_slices, check_edges, check_order)
DECLINED_CHECKS: tuple[CheckFunction, ...] = (
    check_slices,
    check_names,
    check_order,
    check_relation_ends,
)


def target_of_annotation(
    annotation: Annotation, text: str, schema: Schema, language: str = ""
) -> CheckTarget:
    """Return the target for one annotation. An unknown pass shows everything."""
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
        language=language,
        answers=annotation.answers,
        questions=schema.questions_of_pass(annotation.interface) if declared else schema.questions,
    )


def target_of_gold(gold: Gold, text: str, schema: Schema, language: str = "") -> CheckTarget:
    """Return the target for the gold of a document."""
    target = _gold_target(gold, text, schema, gold.mentions, gold.relations, skipped=False)
    declared = schema.interfaces.get(gold.interface or "")
    asked = schema.questions_of_pass(gold.interface or "") if declared else schema.questions
    answers = {answer.question: answer.value for answer in gold.answers}
    return replace(target, language=language, answers=answers, questions=asked)


def target_of_declined(gold: Gold, text: str, schema: Schema) -> CheckTarget:
    """Return the target for what gold declined, beside what it took; nothing is required."""
    mentions = sort_mentions((*gold.mentions, *gold.declined))
    return _gold_target(gold, text, schema, mentions, gold.declined_relations, skipped=True)


def _gold_target(
    gold: Gold,
    text: str,
    schema: Schema,
    mentions: Sequence[Mention],
    relations: Sequence[Relation],
    *,
    skipped: bool,
) -> CheckTarget:
    return CheckTarget(
        gold.doc_id, text, schema, mentions, relations, frozenset(schema.labels), True, skipped
    )
