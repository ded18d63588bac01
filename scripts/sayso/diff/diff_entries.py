"""Diff entries: one for each record or line that differs between two versions of the corpus.

Entries are complete: with the records of the older version they give the records of the newer one.
A change is a pair (older value, newer value), in which None stands for a missing field. Ids are
those of the newer version where a mention is in both.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from msgspec import Struct

from sayso.models import Annotation, Document, Gold, GoldMention, GoldRelation, Mention, Relation

M = TypeVar("M", bound=Mention)
R = TypeVar("R", bound=Relation)
Changes = dict[str, tuple[Any, Any]]


class DiffStruct(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all structs here; default values are left out of the JSON."""


class LineLocation(Struct, frozen=True, array_like=True):
    """A line of a file, counted from 1."""

    file: str
    line: int


class TextChange(DiffStruct, frozen=True, kw_only=True):
    """The one stretch in which two texts differ: ``text[start:start + len(old)]`` was ``old`` and
    is ``new``.

    ``start`` is in code points.
    """

    start: int
    old: str
    new: str


class MentionChange(DiffStruct, frozen=True, kw_only=True):
    """A mention of both versions. ``id``, ``label`` and ``text`` are the older ones.

    ``changes`` names fields of the record, and attributes as ``attributes.NAME``.
    """

    id: str
    label: str
    text: str
    changes: Changes


class AnnotationDiff(DiffStruct, Generic[M, R], frozen=True, kw_only=True):
    """Changes to the mentions and relations of one annotation. ``texts`` maps the ends of relations
    to their text.
    """

    added: tuple[M, ...] = ()
    removed: tuple[M, ...] = ()
    changed: tuple[MentionChange, ...] = ()
    relations_added: tuple[R, ...] = ()
    relations_removed: tuple[R, ...] = ()
    texts: dict[str, str] = {}


class FrameChange(DiffStruct, frozen=True, kw_only=True):
    """A frame that was added, removed or changed: its text, attributes or the mentions that its
    relations lead to.

    Frame changes follow from the rest of the entry and are there for readers.
    """

    id: str
    label: str
    text: str
    change: str
    changes: Changes = {}


class DiffEntry(DiffStruct, frozen=True, kw_only=True, tag_field="of"):
    """Base of the entries about one line. Without ``older`` it was added, without ``newer``
    removed.
    """

    older: LineLocation | None = None
    newer: LineLocation | None = None


class DocumentEntry(DiffEntry, frozen=True, kw_only=True, tag="document"):
    """A document that differs. ``record`` is given only where it was added."""

    doc_id: str
    title: str | None = None
    record: Document | None = None
    changes: Changes = {}
    text_change: TextChange | None = None


class AnnotationEntry(DiffEntry, frozen=True, kw_only=True, tag="annotation"):
    """An annotation that differs. ``record`` is given where it was added or removed."""

    doc_id: str
    campaign: str
    interface: str
    annotator: str
    record: Annotation | None = None
    changes: Changes = {}
    diff: AnnotationDiff[Mention, Relation] = AnnotationDiff()
    frames: tuple[FrameChange, ...] = ()


class GoldEntry(DiffEntry, frozen=True, kw_only=True, tag="gold"):
    """A document's gold that differs. ``record`` is given where it was added or removed."""

    doc_id: str
    campaign: str
    record: Gold | None = None
    changes: Changes = {}
    diff: AnnotationDiff[GoldMention, GoldRelation] = AnnotationDiff()
    frames: tuple[FrameChange, ...] = ()


class LineEntry(DiffEntry, frozen=True, kw_only=True, tag="line"):
    """A line of a file that holds no records, or a line that is no record for the ``reason`` given.

    ``line`` is the newer line; bytes that are not UTF-8 are escaped with a backslash.
    """

    line: str | None = None
    reason: str | None = None


class SchemaEntry(DiffStruct, frozen=True, kw_only=True, tag_field="of", tag="schema"):
    """A name that schema.yaml declares: label, attribute, question, value, relation, flag,
    interface or crosswalk.

    ``change`` is added, removed, renamed, split or changed; ``renamed_to`` gives the newer names
    that a migration declares. Schema entries follow from the lines of schema.yaml and are there for
    readers.
    """

    kind: str
    name: str
    change: str
    renamed_to: tuple[str, ...] = ()
    changes: Changes = {}


AnyDiffEntry = DocumentEntry | AnnotationEntry | GoldEntry | LineEntry | SchemaEntry
