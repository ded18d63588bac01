"""Contents: what annotators agree or disagree on, apart from the ids of their records.

The content of a mention is its labelled span with its attributes, that of a relation its type with
the labelled spans at its ends, that of an answer its question and value. Notes and flags are no
content: they are for the adjudicator to read.

Where the schema allows a label to overlap in any way, an annotation may hold several mentions with
one labelled span: twins. Equal ones are numbered, and a relation names the twin at its end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from sayso.models import AttributeValue, Mention, Relation
from sayso.schema.declarations import Attribute, Schema
from sayso.spans import Span, overlaps

AttributeItems = tuple[tuple[str, AttributeValue], ...]
"""Names and values, sorted by name."""


class LabelledSpan(NamedTuple):
    """A label on a span of code points."""

    start: int
    end: int
    label: str

    @property
    def span(self) -> Span:
        """The span alone."""
        return Span(self.start, self.end)


class MentionContent(NamedTuple):
    """The part of a mention that annotators agree or disagree on; the ``copy``-th of equal ones."""

    labelled_span: LabelledSpan
    attributes: AttributeItems
    copy: int = 1


RelationEnd = LabelledSpan | MentionContent
"""A mention at an end: its labelled span, or its content where there are twins."""


class RelationContent(NamedTuple):
    """The part of a relation that annotators agree or disagree on."""

    type: str
    head: RelationEnd
    tail: RelationEnd


class AnswerContent(NamedTuple):
    """An answer to a question about the document."""

    question: str
    value: AttributeValue


Content = MentionContent | RelationContent | AnswerContent


def span_of_end(end: RelationEnd) -> LabelledSpan:
    """Return the labelled span at an end of a relation."""
    return end.labelled_span if isinstance(end, MentionContent) else end


def overlaps_with_label(one: LabelledSpan, other: LabelledSpan) -> bool:
    """Return True if the labels are equal and the spans overlap."""
    return one.label == other.label and overlaps(one, other)


def position_key(span: LabelledSpan) -> tuple[int, int, str]:
    """Return the sort key of records: start, the longer first, label."""
    return (span.start, -span.end, span.label)


def relation_key(content: RelationContent) -> tuple[object, ...]:
    """Return a sort key for relations: by head, type and tail."""
    head, tail = _end_key(content.head), _end_key(content.tail)
    return (head, content.type, tail)


def _end_key(end: RelationEnd) -> tuple[tuple[int, int, str], str]:
    return position_key(span_of_end(end)), str(end)


def labelled_span_of(mention: Mention) -> LabelledSpan:
    """Return the labelled span of a mention."""
    return LabelledSpan(mention.start, mention.end, mention.label)


def mention_contents(mentions: Iterable[Mention], schema: Schema) -> list[MentionContent]:
    """Return the content of each mention of one annotation, or of one decision."""
    seen: Counter[MentionContent] = Counter()
    found = []
    for mention in mentions:
        label = schema.labels.get(mention.label)
        declared = label.attributes if label else {}
        items = sorted(mention.attributes.items())
        attributes = tuple((name, _sort_value(declared.get(name), value)) for name, value in items)
        content = MentionContent(labelled_span_of(mention), attributes)
        seen[content] += 1
        copy = seen[content] if label and label.overlap == "allow" else 1
        found.append(content._replace(copy=copy))
    return found


def answer_contents(answers: Mapping[str, AttributeValue], schema: Schema) -> list[AnswerContent]:
    """Return the contents of answers by question."""
    declared = schema.questions
    return [
        AnswerContent(name, _sort_value(declared.get(name), value))
        for name, value in answers.items()
    ]


def _sort_value(attribute: Attribute | None, value: AttributeValue) -> AttributeValue:
    """Put several values in one order: they are a set."""
    if not isinstance(value, tuple):
        return value
    known = attribute.sort_values(value) if attribute else ()
    return (*known, *sorted(set(value) - set(known)))


def find_twin_spans(mentions: Iterable[Mention], schema: Schema) -> set[LabelledSpan]:
    """Return the labelled spans on which one annotation has several mentions, as it may."""
    counts = Counter(map(labelled_span_of, mentions))
    labels = schema.labels
    return {
        span
        for span, count in counts.items()
        if count > 1 and span.label in labels and labels[span.label].overlap == "allow"
    }


def relation_contents(
    mentions: Iterable[Mention],
    relations: Iterable[Relation],
    schema: Schema,
    twin_spans: Collection[LabelledSpan],
) -> list[RelationContent]:
    """Return the distinct contents of relations whose ends exist.

    A symmetric relation has one content, in whichever direction it was drawn.

    Args:
        twin_spans: labelled spans with twins, in this annotation or in another one.
    """
    mentions = list(mentions)
    ends: dict[str, RelationEnd] = {
        mention.id: content if content.labelled_span in twin_spans else content.labelled_span
        for mention, content in zip(mentions, mention_contents(mentions, schema), strict=True)
    }
    found = []
    for relation in relations:
        if relation.head in ends and relation.tail in ends:
            head, tail = ends[relation.head], ends[relation.tail]
            declared = schema.relations.get(relation.type)
            if declared and declared.symmetric:
                head, tail = sorted((head, tail), key=_end_key)
            found.append(RelationContent(relation.type, head, tail))
    return list(dict.fromkeys(found))
