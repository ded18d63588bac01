"""A difference as data: one entry for each record or line that differs, complete enough to make one side of the other.

A change is a pair, what was and what is; None stands for a field that is not there. An entry says where its line
stood (``older``) and where it stands (``newer``); lines that no entry names follow each other as before.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from msgspec import Struct

from sayso.models import Annotation, Document, Gold, GoldMention, GoldRelation, Mention, Relation

M = TypeVar("M", bound=Mention)
R = TypeVar("R", bound=Relation)
Changes = dict[str, tuple[Any, Any]]


class DiffStruct(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of everything here."""


class LineLocation(Struct, frozen=True, array_like=True):
    """A line of a file, counted from 1."""

    file: str
    line: int


class TextChange(DiffStruct, frozen=True, kw_only=True):
    """``text_change[start:start + len(old)]``, in code points, was ``old`` and is ``new``; all else of the text stayed."""

    start: int
    old: str
    new: str


class MentionChange(DiffStruct, frozen=True, kw_only=True):
    """A mention that is on both sides. ``id``, ``label`` and ``text_change`` are its older ones.

    ``changes`` names fields of the record, and attributes as ``attributes.NAME``.
    """

    id: str
    label: str
    text: str
    changes: Changes


class AnnotationDiff(DiffStruct, Generic[M, R], frozen=True, kw_only=True):
    """What changed among the mentions and relations of one answer. Relations name their ends by the newer ids.

    ``texts`` has the words at their ends, for whoever reads it.
    """

    added: tuple[M, ...] = ()
    removed: tuple[M, ...] = ()
    changed: tuple[MentionChange, ...] = ()
    relations_added: tuple[R, ...] = ()
    relations_removed: tuple[R, ...] = ()
    texts: dict[str, str] = {}


class ClaimChange(DiffStruct, frozen=True, kw_only=True):
    """A claim with what hangs on it: ``text_change``, its attributes, and for each relation the mentions it leads to.

    ``change`` is added, removed or changed. Follows from the rest of the entry, for whoever reads it.
    """

    id: str
    text: str
    change: str
    changes: Changes = {}


class DiffEntry(DiffStruct, frozen=True, kw_only=True, tag_field="of"):
    """Base of what differs in one line. No ``older`` place: it was added; no ``newer`` one: removed.

    ``line`` is the newer line where the entry's own data do not give it byte for byte; ``base64`` if not UTF-8.
    """

    older: LineLocation | None = None
    newer: LineLocation | None = None
    line: str | None = None
    base64: bytes | None = None


class DocumentEntry(DiffEntry, frozen=True, kw_only=True, tag="document"):
    """A document. ``record`` is there where it was added; what was removed leaves its name alone."""

    doc_id: str
    title: str | None = None
    record: Document | None = None
    changes: Changes = {}
    text_change: TextChange | None = None


class AnnotationEntry(DiffEntry, frozen=True, kw_only=True, tag="answer"):
    """One annotator's answer. ``record`` is there where it was added or removed."""

    doc_id: str
    campaign: str
    interface: str
    annotator: str
    record: Annotation | None = None
    changes: Changes = {}
    diff: AnnotationDiff[Mention, Relation] = AnnotationDiff()
    claims: tuple[ClaimChange, ...] = ()


class GoldEntry(DiffEntry, frozen=True, kw_only=True, tag="gold"):
    """The adjudicated reading of a document. ``record`` is there where it was added or removed."""

    doc_id: str
    campaign: str
    record: Gold | None = None
    changes: Changes = {}
    diff: AnnotationDiff[GoldMention, GoldRelation] = AnnotationDiff()
    claims: tuple[ClaimChange, ...] = ()


class LineEntry(DiffEntry, frozen=True, kw_only=True, tag="line"):
    """A line of a file that holds no records, or one that should be a record and is not, ``reason`` of what."""

    reason: str | None = None


class SchemaEntry(DiffStruct, frozen=True, kw_only=True, tag_field="of", tag="schema"):
    """A word of the schema, by its older name; ``kind`` is label, attribute, value, relation, flag or what is beside.

    ``change`` is added, removed, renamed, split, changed; ``renamed_to`` what a migration makes of it. Follows from the
    lines of schema.yaml, for whoever reads it.
    """

    kind: str
    name: str
    change: str
    renamed_to: tuple[str, ...] = ()
    changes: Changes = {}


AnyDiffEntry = DocumentEntry | AnnotationEntry | GoldEntry | LineEntry | SchemaEntry


class FileDigest(DiffStruct, frozen=True, kw_only=True):
    """A file that differs: XXH3-128 of its bytes on both sides, in hexadecimal; None where it is not there."""

    file: str
    older: str | None = None
    newer: str | None = None
