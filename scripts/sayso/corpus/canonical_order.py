"""Put the records of the sources in canonical order, as after a merge that kept both sides.

A merge keeps every line that either side has (``merge=union``). So a record that one side changed
can be there twice: of two versions of one annotation on the server the one updated last stays;
nothing else is ever chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from sayso import jsonl
from sayso.callbacks import Advance
from sayso.corpus.sources import CorpusFiles, annotation_sort_key
from sayso.errors import ConflictError
from sayso.files import ContentWriter, hold_lock, replace_together
from sayso.models import (
    Annotation,
    Document,
    Gold,
    GoldAnswer,
    Record,
    Relation,
    encode,
    sort_mentions,
    sort_relations,
    update_line,
)
from sayso.schema.answer_order import answer_key
from sayso.schema.declarations import Schema, load_schema
from sayso.schema.symmetry import orient_relations
from sayso.settings import SCHEMA_FILE, Checkout


@dataclass(frozen=True)
class FormattedFile:
    """A source file that is not in canonical order.

    Attributes:
        path: relative to the checkout.
        moved: records that were behind their place.
        rewritten: records whose bytes or inner order differed.
        repeated: lines that were there twice, byte for byte.
        superseded: older versions of an annotation, as ``line N: doc_id``.
    """

    path: str
    moved: int
    rewritten: int
    repeated: int
    superseded: tuple[str, ...]


class _Line(NamedTuple):
    key: tuple[Any, ...]
    number: int
    content: bytes
    record: Any


def format_sources(
    checkout: Checkout, *, write: bool = True, advance: Advance = lambda _files: None
) -> list[FormattedFile]:
    """Write all articles, annotations and gold in canonical order, or list what would change.

    All files are replaced or none.

    Args:
        advance: called after each file.

    Raises:
        InputError: a line is not a record; nothing has changed.
        ConflictError: a document or its gold is there in two versions; nothing has changed.
    """
    corpus, schema = CorpusFiles(checkout.root), load_schema(checkout.root / SCHEMA_FILE)
    documents = [(path, Document) for path in corpus.batch_files()]
    formatted: list[FormattedFile] = []
    replacements: list[tuple[Path, ContentWriter]] = []
    with ExitStack() as stack:
        for name in ("ingest.lock", "sync.lock"):
            stack.enter_context(hold_lock(checkout.private / name, "sayso format"))
        for path, record_type in (*documents, *corpus.annotation_and_gold_files()):
            name = path.relative_to(checkout.root).as_posix()
            if found := _format_file(path, record_type, name, schema):
                formatted.append(found[0])
                replacements.append((path, partial(_write_lines, found[1])))
            advance(1)
        if write:
            replace_together(replacements)
    return formatted


def _write_lines(lines: list[bytes], file: Any) -> None:
    file.writelines(lines)


def _format_file(
    path: Path, record_type: type, name: str, schema: Schema
) -> tuple[FormattedFile, list[bytes]] | None:
    """Return what changes in a file and its lines, or None if nothing does."""
    before: list[bytes] = []
    lines: list[_Line] = []
    moved = rewritten = 0
    records: Iterator[tuple[int, bytes, Any]] = jsonl.read_lines(path, record_type)
    for number, raw, record in records:
        content = _canonical_line(raw, record, schema)
        key = annotation_sort_key(record) if record_type is Annotation else (record.doc_id,)
        moved += bool(lines) and key < lines[-1].key
        rewritten += content != raw
        before.append(raw)
        lines.append(_Line(key, number, content, record))
    lines.sort(key=lambda line: line.key)  # stable: equal keys stay as they are
    unique = list({line.content: line for line in reversed(lines)}.values())[::-1]
    kept, superseded = _drop_superseded(unique, path)
    after = [line.content for line in kept]
    if after == before:
        return None
    repeated = len(lines) - len(unique)
    names = tuple(f"line {line.number}: {line.record.doc_id}" for line in superseded)
    return FormattedFile(name, moved, rewritten, repeated, names), after


def _canonical_line(raw: bytes, record: Any, schema: Schema) -> bytes:
    """Return the line of a record; one that is good already stays byte for byte."""
    ordered = _order_fields(record, schema)
    if any(getattr(record, field) != value for field, value in ordered.items()):
        record = replace(record, **ordered)
    content = encode(record) + b"\n"
    return raw if update_line(raw) == content else content


def _order_fields(record: Record, schema: Schema) -> dict[str, Any]:
    """Return the fields of a record that have an order, in it."""
    if not isinstance(record, Annotation | Gold):
        return {}
    declined = record.declined if isinstance(record, Gold) else ()
    by_id = {mention.id: mention for mention in (*record.mentions, *declined)}

    def order_relations(relations: Iterable[Relation]) -> tuple[Relation, ...]:
        return sort_relations(orient_relations(relations, by_id, schema))

    def order_answers(answers: Iterable[GoldAnswer]) -> tuple[GoldAnswer, ...]:
        return tuple(sorted(answers, key=lambda answer: answer_key(answer, schema)))

    fields: dict[str, Any] = {
        "mentions": sort_mentions(record.mentions),
        "relations": order_relations(record.relations),
    }
    if isinstance(record, Gold):
        fields["declined"] = sort_mentions(record.declined)
        fields["declined_relations"] = order_relations(record.declined_relations)
        fields["answers"] = order_answers(record.answers)
        fields["declined_answers"] = order_answers(record.declined_answers)
    return fields


def _drop_superseded(lines: list[_Line], path: Path) -> tuple[list[_Line], list[_Line]]:
    """Split lines into those that stay and older versions of the same annotation.

    Raises:
        ConflictError: two versions of one record, and nothing says which is newer.
    """
    older: list[_Line] = []
    for identity, versions in _group_versions(lines):
        if len(versions) == 1:
            continue
        *superseded, last = sorted(versions, key=lambda line: getattr(line.record, "updated", ""))
        newest = getattr(last.record, "updated", "")
        if not newest or newest == superseded[-1].record.updated:
            numbers = " and ".join(str(line.number) for line in versions)
            raise ConflictError(
                f"two versions of {identity}, in lines {numbers}",
                where=str(path),
                remedy="remove all but one of them; git has both; then run `sayso format` again",
            )
        older += superseded
    dropped = {line.number for line in older}
    return [line for line in lines if line.number not in dropped], older


def _group_versions(lines: list[_Line]) -> Iterator[tuple[str, list[_Line]]]:
    """Yield the name and the lines of each record. Annotations without an origin are all others."""

    def identify(line: _Line) -> str:
        record = line.record
        if isinstance(record, Annotation):
            return f"{record.doc_id} {encode(record.origin).decode()}" if record.origin else ""
        return str(record.doc_id)

    identified = sorted((line for line in lines if identify(line)), key=identify)
    for _identity, group in groupby(identified, key=identify):
        versions = list(group)
        yield versions[0].record.doc_id, versions
