"""Files of annotations that may lie anywhere, joined so that exactly they are compared.

The annotations of a document are compared whatever campaign and pass they name. Of different passes
only what all of them show is kept.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from msgspec.structs import replace

from sayso import jsonl
from sayso.corpus.items import AnnotationFilter, Item, join_items
from sayso.corpus.sources import CorpusFiles
from sayso.errors import InputError, UsageError
from sayso.models import UNKNOWN_LICENCE, Annotation, Document, sha256
from sayso.schema.declarations import Schema


class AnnotationWithText(Annotation, frozen=True, kw_only=True):
    """An annotation that may bring the text of a document that the corpus does not have."""

    text: str | None = None


def read_compared_files(
    corpus: CorpusFiles,
    paths: Sequence[Path],
    chosen: AnnotationFilter,
    schema: Schema,
    *,
    annotator_per_file: bool = False,
) -> Iterator[Item]:
    """Yield every document of some files with their annotations, in order of doc_id.

    Args:
        annotator_per_file: each file is one annotator with the name of the file.

    Raises:
        InputError: one annotator has a document in two files, a document has no text, or a text is
            not the one of its hash.
        UsageError: a file has no name for an annotator, or two have one.
    """
    names = _name_annotators(paths) if annotator_per_file else {}
    campaign = ", ".join(path.name for path in paths)
    documents = _merge_documents(corpus, paths)
    for item in join_items(documents, [(path, AnnotationWithText) for path in paths], chosen):
        if not item.all_annotations:
            continue
        _require_one_file_each(item, named=bool(names))
        passes = sorted({each.interface for each in item.all_annotations})
        annotations = tuple(
            replace(
                _keep_shown(each, passes, schema),
                campaign=campaign,
                interface=" and ".join(passes),
                annotator=names.get(item.file_of(each), each.annotator),
            )
            for each in item.all_annotations
        )
        yield Item(item.document, all_annotations=annotations)


def _name_annotators(paths: Iterable[Path]) -> dict[Path | None, str]:
    names: dict[Path | None, str] = {}
    for path in paths:
        name = re.sub("[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:64]
        if not name or name in names.values():
            what = "two files would be one annotator" if name else "no name for an annotator"
            raise UsageError(what, where=str(path), remedy="rename the file")
        names[path] = name
    return names


def _merge_documents(corpus: CorpusFiles, paths: Sequence[Path]) -> Iterator[tuple[Path, Document]]:
    """Yield the documents of the corpus and those that come with the files, by doc_id."""
    sources = [corpus.documents_with_files(), *map(_read_documents, paths)]
    merged = heapq.merge(*sources, key=lambda each: each[1].doc_id)
    for _doc_id, found in groupby(merged, key=lambda each: each[1].doc_id):
        yield next(found)  # the corpus's own is first


def _read_documents(path: Path) -> Iterator[tuple[Path, Document]]:
    for line, record in jsonl.read_numbered(path, AnnotationWithText):
        if record.text is None:
            continue
        if sha256(record.text) != record.text_sha256:
            what = "the text is not the one of `text_sha256`"
            raise InputError(what, where=f"{path}:{line}", remedy="correct one of them")
        yield (
            path,
            Document(
                doc_id=record.doc_id,
                language="und",
                license=UNKNOWN_LICENCE,
                source_name=path.name,
                split="train",
                ingested=record.created,
                text_sha256=record.text_sha256,
                text=record.text,
            ),
        )


def _require_one_file_each(item: Item, *, named: bool) -> None:
    """Check that no annotator has the document in two files: one would hide the other."""
    found = sorted(
        ((each.annotator, str(item.file_of(each))) for each in item.all_annotations),
        key=itemgetter(0),
    )
    for annotator, files in groupby(() if named else found, key=itemgetter(0)):
        places = sorted({path for _annotator, path in files})
        if len(places) > 1:
            raise InputError(
                f"{annotator} has document {item.document.doc_id} in {' and '.join(places)}",
                remedy="pass --annotator-per-file, which takes each file as one annotator",
            )


def _keep_shown(annotation: Annotation, passes: Sequence[str], schema: Schema) -> Annotation:
    """Return the annotation with what all of the passes show."""
    shown = [schema.interfaces[name] for name in passes if name in schema.interfaces]
    if len(passes) < 2:
        return annotation
    mentions = tuple(
        mention
        for mention in annotation.mentions
        if all(mention.label in each.labels for each in shown)
    )
    ids = {mention.id for mention in mentions}
    return replace(
        annotation,
        mentions=mentions,
        relations=tuple(
            relation
            for relation in annotation.relations
            if all(each.relations for each in shown) and {relation.head, relation.tail} <= ids
        ),
        answers={
            name: value
            for name, value in annotation.answers.items()
            if all(name in each.questions for each in shown)
        },
    )
