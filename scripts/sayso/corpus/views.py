"""Annotations as the library shows them: mentions by label, relations in both directions.

A view wraps a record of `sayso.models` and adds what one record cannot know: the text around it and
the names that the schema declares. The record itself is at hand as ``.record``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from sayso.corpus.items import Item
from sayso.errors import UsageError
from sayso.models import Annotation, AttributeValue, Document, Gold, GoldMention, Mention, Relation
from sayso.schema.column_names import pluralise
from sayso.schema.declarations import Schema
from sayso.sentences import split_sentences
from sayso.spans import Span


@dataclass(frozen=True)
class CorpusVocabulary:
    """The names that a corpus uses. `schema` is None where only data is at hand.

    Attributes:
        attributes: names of attributes, by label.
        relations: types of relation.
        symmetric: those of them that hold in both directions, as far as the schema is at hand.
    """

    attributes: Mapping[str, frozenset[str]]
    relations: frozenset[str]
    schema: Schema | None = None
    symmetric: frozenset[str] = frozenset()
    label_of: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "label_of", {pluralise(label): label for label in self.attributes})

    @classmethod
    def from_schema(cls, schema: Schema) -> CorpusVocabulary:
        """Return the names that a schema declares."""
        attributes = {name: frozenset(label.attributes) for name, label in schema.labels.items()}
        symmetric = {name for name, relation in schema.relations.items() if relation.symmetric}
        return cls(attributes, frozenset(schema.relations), schema, frozenset(symmetric))


class Sentence(NamedTuple):
    """A sentence of a document: code points [start, end), and the words there."""

    start: int
    end: int
    text: str


class MentionView:
    """A mention with its surroundings.

    Attributes of its label are read as ``count.lower`` or ``count["lower"]``. An attribute that the
    annotator left out is None. One whose name a view has already (``text``, ``label``) is read as
    ``mention["text"]``.
    """

    __slots__ = ("annotation", "record")

    def __init__(self, annotation: AnnotationView, record: Mention) -> None:
        self.annotation = annotation
        self.record = record

    @property
    def id(self) -> str:
        """Its id within the annotation."""
        return self.record.id

    @property
    def label(self) -> str:
        """Its label."""
        return self.record.label

    @property
    def start(self) -> int:
        """Its first code point."""
        return self.record.start

    @property
    def end(self) -> int:
        """The code point after its last."""
        return self.record.end

    @property
    def span(self) -> Span:
        """Its start and end."""
        return self.record.span

    @property
    def text(self) -> str:
        """Its words."""
        return self.record.text

    @property
    def attributes(self) -> dict[str, AttributeValue]:
        """The attributes that the annotator gave."""
        return self.record.attributes

    @property
    def flag(self) -> str | None:
        """The annotator's flag."""
        return self.record.flag

    @property
    def note(self) -> str | None:
        """The annotator's remark."""
        return self.record.note

    @property
    def decided(self) -> str | None:
        """``unanimous``, ``majority`` or ``adjudicated``; None outside gold."""
        return self.record.decided if isinstance(self.record, GoldMention) else None

    @property
    def votes(self) -> tuple[str, ...]:
        """The annotators who had exactly this mention, or all of it but ``amended``; see there."""
        return self.record.votes if isinstance(self.record, GoldMention) else ()

    @property
    def amended(self) -> tuple[str, ...]:
        """The attributes in which gold differs from its voters, if nobody had exactly this."""
        return self.record.amended if isinstance(self.record, GoldMention) else ()

    @property
    def sentence(self) -> Sentence | None:
        """The sentence in which it starts; None where the text is withheld."""
        sentences = self.annotation.item.sentences
        at = bisect_right(sentences, self.start, key=lambda sentence: sentence.start) - 1
        return sentences[max(at, 0)] if sentences else None

    def related(self, relation: str | None = None, *, reverse: bool = False) -> list[MentionView]:
        """Return the mentions at the other end of its relations, in order of text.

        A symmetric relation is followed from either end; built data needs its schema for that.

        Args:
            relation: one type of relation, or None for every type.
            reverse: follow relations from their tail to their head: ``total.related("part_of",
                reverse=True)`` are the parts of a total, ``part.related("part_of")`` is the total.

        Raises:
            UsageError: the schema has no such relation.
        """
        return self.annotation.follow(self.id, relation, reverse)

    def __getitem__(self, name: str) -> AttributeValue:
        return self.record.attributes[name]

    def __getattr__(self, name: str) -> Any:
        if name in self.annotation.vocabulary.attributes.get(self.record.label, ()):
            return self.record.attributes.get(name)
        raise AttributeError(f"a mention labelled {self.record.label} has no attribute {name!r}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MentionView) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple[int, str]:
        return id(self.annotation.record), self.record.id

    def __repr__(self) -> str:
        return f"<{self.label} {self.text!r} [{self.start}, {self.end})>"


class RelationView(NamedTuple):
    """A typed arrow between two mentions."""

    type: str
    head: MentionView
    tail: MentionView


class AnnotationView:
    """An annotation, a prediction or the gold of a document.

    One without a record, which is gold that does not exist, is false and holds nothing. Fields of
    the record, such as ``campaign``, ``annotator`` and ``status``, are read from the view, too. So
    are the mentions of each label, under its plural: ``annotation.claims`` is
    ``annotation.mentions("Claim")``, unless a view has that name already, as ``answers``.
    """

    def __init__(self, item: ItemView, record: Annotation | Gold | None) -> None:
        self.item = item
        self.record = record

    @property
    def document(self) -> Document:
        """The document."""
        return self.item.document

    @property
    def vocabulary(self) -> CorpusVocabulary:
        """The names that the schema declares."""
        return self.item.vocabulary

    def mentions(
        self, label: str | None = None, /, **attributes: AttributeValue | None
    ) -> list[MentionView]:
        """Return mentions in order of text, of one label and with these attributes if given.

        Raises:
            UsageError: the schema has no such label, or the label no such attribute.
        """
        known = self.vocabulary.attributes
        if label is not None and label not in known:
            raise UsageError(f"no label {label!r}", remedy=f"choose from {', '.join(known)}")
        for name in attributes:
            if not any(name in known[each] for each in ([label] if label else known)):
                raise UsageError(
                    f"no attribute {name!r} of {label or 'any label'}", remedy="see schema.yaml"
                )
        return [
            view
            for view in self._views.values()
            if label in (None, view.label)
            and all(view.attributes.get(name) == value for name, value in attributes.items())
        ]

    @property
    def answers(self) -> dict[str, AttributeValue]:
        """The answers to the questions about the document, by question; those that were given."""
        if isinstance(self.record, Gold):
            return {answer.question: answer.value for answer in self.record.answers}
        return dict(self.record.answers) if self.record else {}

    @property
    def relations(self) -> list[RelationView]:
        """Every relation, each with the two mentions that it ties."""
        found = self.record.relations if self.record else ()
        return [
            RelationView(each.type, self._views[each.head], self._views[each.tail])
            for each in found
        ]

    def follow(self, mention_id: str, relation: str | None, reverse: bool) -> list[MentionView]:
        """Return the other ends of a mention's relations; see `MentionView.related`."""
        if relation is not None and relation not in self.vocabulary.relations:
            remedy = f"choose from {', '.join(sorted(self.vocabulary.relations))}"
            raise UsageError(f"no relation {relation!r}", remedy=remedy)
        found = {
            end
            for each in (self.record.relations if self.record else ())
            if relation in (None, each.type)
            for start, end in self._list_directions(each, reverse)
            if start == mention_id
        }
        return [view for name, view in self._views.items() if name in found]

    def _list_directions(self, relation: Relation, reverse: bool) -> list[tuple[str, str]]:
        """Return the pairs of ids along which a relation is followed."""
        forward, backward = (relation.head, relation.tail), (relation.tail, relation.head)
        if relation.type in self.vocabulary.symmetric:
            return [forward, backward]
        return [backward if reverse else forward]

    @cached_property
    def _views(self) -> dict[str, MentionView]:
        return {
            each.id: MentionView(self, each)
            for each in (self.record.mentions if self.record else ())
        }

    def __bool__(self) -> bool:
        return self.record is not None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or "item" not in self.__dict__:
            raise AttributeError(name)  # while an instance is copied or unpickled
        if label := self.vocabulary.label_of.get(name):
            return self.mentions(label)
        if name in (type(self.record) if self.record else Gold).__struct_fields__:
            return getattr(self.record, name, None)
        raise AttributeError(f"no label with the plural {name!r}, and no field of that name")

    def __repr__(self) -> str:
        if self.record is None:
            return f"<no gold of {self.document.doc_id}>"
        author = "gold" if isinstance(self.record, Gold) else self.record.annotator
        return f"<{author} of {self.record.doc_id}: {len(self.record.mentions)} mentions>"


class ItemView:
    """A document with the annotations, predictions and gold that a filter chose.

    Attributes:
        document: its text and metadata.
        item: the records.
        vocabulary: the names that the schema declares.
    """

    def __init__(self, item: Item, vocabulary: CorpusVocabulary) -> None:
        self.item = item
        self.vocabulary = vocabulary
        self.document = item.document

    @cached_property
    def annotations(self) -> list[AnnotationView]:
        """The annotations that people made."""
        return [AnnotationView(self, each) for each in self.item.annotations]

    @cached_property
    def predictions(self) -> list[AnnotationView]:
        """The annotations that programs made."""
        return [AnnotationView(self, each) for each in self.item.predictions]

    @cached_property
    def golds(self) -> list[AnnotationView]:
        """Gold of every campaign and pass, the newest first."""
        newest_first = sorted(self.item.gold, key=lambda gold: gold.adjudicated, reverse=True)
        return [AnnotationView(self, each) for each in newest_first]

    @property
    def gold(self) -> AnnotationView:
        """The newest gold; where there is none, a view that is false and has no mentions."""
        return self.golds[0] if self.golds else AnnotationView(self, None)

    @cached_property
    def sentences(self) -> list[Sentence]:
        """The sentences of the text; none where the text is withheld."""
        text = self.document.text
        return [
            Sentence(*span, text[slice(*span)])
            for span in split_sentences(text, self.document.language)
        ]

    def __iter__(self) -> Iterator[AnnotationView]:
        yield from (*self.golds, *self.annotations, *self.predictions)

    def __repr__(self) -> str:
        gold, annotations = len(self.item.gold), len(self.item.all_annotations)
        return f"<{self.document.doc_id}: {gold} gold, {annotations} annotations>"
