"""Checks of the source files of the corpus: articles, annotations and gold, joined by document.

``corpus.items`` joins the same files, and stops at the first fault. The checks go on after every
fault that it would refuse, so they join by themselves. A record out of order is reported and not
checked further, because its document has already gone by.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from sayso import jsonl
from sayso.callbacks import Advance
from sayso.checks.annotation_checks import (
    CHECKS_WITHOUT_SCHEMA,
    DECLINED_CHECKS,
    GENERAL_CHECKS,
    MENTION_ORDER,
    CheckTarget,
    check_gold_answers,
    target_of_annotation,
    target_of_declined,
    target_of_gold,
)
from sayso.checks.check_registry import Check, Finding, error_check, warning_check
from sayso.checks.role_checks import ROLE_CHECKS
from sayso.checks.rule_checks import check_rules
from sayso.corpus.items import AnnotationFilter
from sayso.corpus.sources import CorpusFiles, annotation_sort_key
from sayso.errors import InputError
from sayso.models import (
    Annotation,
    Document,
    Gold,
    GoldAnswer,
    GoldMention,
    GoldRelation,
    encode,
    sha256,
    sort_mentions,
    update_line,
)
from sayso.schema.declarations import Schema

UNREADABLE_LINE = error_check(
    "unreadable-line",
    "Every line is a record of its kind.",
    "restore the line from git, or remove it",
)
CANONICAL_LINE = error_check(
    "canonical-line", "Every line has the bytes that Sayso would write.", "run `sayso format`"
)
RECORD_ORDER = error_check(
    "record-order",
    "Records are in order, and no document is there twice.",
    "run `sayso format`; until then it is not checked further",
)
REPEATED_DOCUMENT = error_check(
    "repeated-document", "A doc_id is given once.", "give one of them another doc_id"
)
TEXT_HASH = error_check(
    "text-hash", "A text has the hash in its record.", "restore the article from git"
)
NUL_IN_TEXT = error_check("nul-in-text", "No text contains a NUL.", "restore the article from git")
UNKNOWN_DOCUMENT = error_check(
    "unknown-document",
    "Every annotation is about a document of the corpus.",
    "ingest the document, or remove its annotations",
)
TEXT_CHANGED = error_check(
    "text-changed",
    "Every annotation was made for the document's present text.",
    "ingest the article with --replace-text, which carries annotations over, or restore it",
)
UNKNOWN_PASS = error_check(
    "unknown-pass", "Every annotation is of a pass of the schema.", "name a pass of schema.yaml"
)
SCHEMA_VERSION = error_check(
    "schema-version",
    "Annotations use the names of this major version of the schema.",
    "run `sayso schema migrate`; until then their names are not checked",
)
MISPLACED_ANNOTATION = error_check(
    "misplaced-annotation",
    "An annotation is in the file of its campaign and annotator.",
    "move it to its own file",
)
CHANGED_BY_ANNOTATOR = error_check(
    "changed-by-annotator",
    "`changed_by` names somebody else than the annotator.",
    "remove `changed_by`, or correct it; `sayso pull --full` restores lines of the server",
)
REPEATED_ANNOTATION = error_check(
    "repeated-annotation",
    "No annotation of the server is there twice.",
    "keep the one updated last",
)
KEPT_ITEM = warning_check(
    "kept-item",
    "The server returned nothing that the schema does not know.",
    "look at `kept` in the record, and decide",
)
UNKNOWN_VOTER = error_check(
    "unknown-voter", "All who voted are among the annotators.", "add them, or correct the votes"
)


class CheckedLine(NamedTuple):
    """A record with its file and line. Lines sort by doc_id, and a document before its records."""

    doc_id: str
    rank: int
    file_number: int
    number: int
    file: str
    record: Any

    def finding(self, check: Check, message: str) -> Finding:
        """Return a finding about the whole record."""
        return self.locate(check.finding(message, self.doc_id))

    def locate(self, finding: Finding) -> Finding:
        """Return a finding with the file and line of the record."""
        return finding._replace(file=self.file, line=self.number)


def check_sources(
    corpus: CorpusFiles,
    schema: Schema,
    advance: Advance = lambda _n: None,
    selection: AnnotationFilter | None = None,
) -> Iterator[Finding]:
    """Check all articles and the selected annotations and gold, lazily, document by document.

    Raises:
        InputError: the filter names an unknown campaign or annotator.
        DiskError: a file cannot be read.
    """
    selection = selection or AnnotationFilter()
    documents = ((path, Document) for path in corpus.batch_files())
    files: list[tuple[Path, type]] = [*documents, *corpus.find_files(selection)]
    line_findings: list[Finding] = []  # filled while the lines are read
    lines = (
        _read_lines(number, *file, corpus.root, selection, line_findings)
        for number, file in enumerate(files)
    )
    for _doc_id, group in groupby(heapq.merge(*lines), key=itemgetter(0)):
        yield from _check_document_lines(list(group), schema)
        yield from line_findings
        line_findings.clear()
        advance(1)
    yield from line_findings


def _read_lines(
    file_number: int,
    path: Path,
    record_type: type,
    root: Path,
    selection: AnnotationFilter,
    line_findings: list[Finding],
) -> Iterator[CheckedLine]:
    """Yield selected records that are in order; append findings about lines to the list."""
    file, last = str(path.relative_to(root)), ("",)
    rank = (Document, Annotation, Gold).index(record_type)
    for number, raw, record in jsonl.read_lines_or_errors(path, record_type):
        if isinstance(record, InputError):
            finding = UNREADABLE_LINE.finding(record.what)
            line_findings.append(finding._replace(file=file, line=number))
            continue
        if record_type is not Document and not selection.accepts(record):
            continue
        line = CheckedLine(record.doc_id, rank, file_number, number, file, record)
        if update_line(raw) != encode(record) + b"\n":
            line_findings.append(line.finding(CANONICAL_LINE, "the same record has other bytes"))
        is_annotation = record_type is Annotation
        key = annotation_sort_key(record) if is_annotation else (record.doc_id,)
        if key == last and not is_annotation:
            message = f"{record.doc_id} is in the line before, too"
            line_findings.append(line.finding(REPEATED_DOCUMENT, message))
        elif key < last:
            message = f"{record.doc_id} is after {last[0]}"
            line_findings.append(line.finding(RECORD_ORDER, message))
        else:
            last = key
            yield line


def _check_document_lines(lines: list[CheckedLine], schema: Schema) -> Iterator[Finding]:
    documents = [line for line in lines if isinstance(line.record, Document)]
    for line in documents:
        yield from _check_document(line)
    for line in documents[1:]:
        first = documents[0]
        message = f"{line.doc_id} is in {first.file}:{first.number}, too"
        yield line.finding(REPEATED_DOCUMENT, message)
    document = documents[0].record if documents else None
    origins: dict[Any, CheckedLine] = {}
    for line in lines:
        if isinstance(line.record, Document):
            continue
        yield from _check_record(line, document, schema)
        origin = line.record.origin if isinstance(line.record, Annotation) else None
        if origin and (first := origins.setdefault(origin, line)) is not line:
            message = f"{first.file}:{first.number} is the same annotation of the server"
            yield line.finding(REPEATED_ANNOTATION, message)


def _check_document(line: CheckedLine) -> Iterator[Finding]:
    document = line.record
    digest = sha256(document.text)
    if digest != document.text_sha256:
        message = f"its text has {digest[:12]}…, not {document.text_sha256[:12]}…"
        yield line.finding(TEXT_HASH, message)
    if "\0" in document.text:
        at = document.text.index("\0")
        yield line.locate(NUL_IN_TEXT.finding(f"code point {at}", line.doc_id, at, at + 1))


def _check_record(
    line: CheckedLine, document: Document | None, schema: Schema
) -> Iterator[Finding]:
    record = line.record
    if not schema.supports(record.schema_version):
        message = f"made under {record.schema_version}, and the schema is {schema.version}"
        yield line.finding(SCHEMA_VERSION, message)
    yield from (_check_gold_fields if isinstance(record, Gold) else _check_fields)(line, schema)
    if document is None:
        yield line.finding(UNKNOWN_DOCUMENT, f"no document {record.doc_id}")
    elif record.text_sha256 != document.text_sha256:
        hashes = (record.text_sha256[:12], document.text_sha256[:12])
        yield line.finding(TEXT_CHANGED, "made for {}…, and the text is {}…".format(*hashes))
    else:
        check = check_gold if isinstance(record, Gold) else check_annotation
        yield from map(line.locate, check(record, document.text, schema, document.language))


def _check_fields(line: CheckedLine, schema: Schema) -> Iterator[Finding]:
    record: Annotation = line.record
    if record.interface not in schema.interfaces:
        yield line.finding(UNKNOWN_PASS, repr(record.interface))
    if not line.file.endswith(f"/{record.campaign}/{record.annotator}.jsonl"):
        message = f"it is {record.annotator}'s, of campaign {record.campaign}"
        yield line.finding(MISPLACED_ANNOTATION, message)
    if record.changed_by == record.annotator:
        yield line.finding(CHANGED_BY_ANNOTATOR, f"{record.annotator} annotated it and saved it")
    for kept in record.kept:
        yield line.finding(KEPT_ITEM, f"kept: {kept.reason}")


def _check_gold_fields(line: CheckedLine, schema: Schema) -> Iterator[Finding]:
    gold: Gold = line.record
    decided: tuple[GoldMention | GoldRelation | GoldAnswer, ...]
    decided = (*gold.mentions, *gold.declined, *gold.relations, *gold.declined_relations)
    decided += (*gold.answers, *gold.declined_answers)
    voters = {voter for each in decided for voter in each.votes}
    for voter in sorted(voters - set(gold.annotators)):
        yield line.finding(UNKNOWN_VOTER, f"{voter} voted")
    if gold.interface is not None and gold.interface not in schema.interfaces:
        yield line.finding(UNKNOWN_PASS, repr(gold.interface))


def check_annotation(
    annotation: Annotation, text: str, schema: Schema, language: str = ""
) -> Iterator[Finding]:
    """Check one annotation against its document's text, in a language where that is known."""
    target = target_of_annotation(annotation, text, schema, language)
    return _run_checks(target, annotation.schema_version)


def check_gold(gold: Gold, text: str, schema: Schema, language: str = "") -> Iterator[Finding]:
    """Check the gold of one document, and what it declined, against the document's text."""
    findings = list(_run_checks(target_of_gold(gold, text, schema, language), gold.schema_version))
    yield from findings
    supported = schema.supports(gold.schema_version)
    if supported:
        yield from check_gold_answers(gold, schema)
    if not gold.declined and not gold.declined_relations:
        return
    if gold.declined != sort_mentions(gold.declined):
        yield MENTION_ORDER.finding("declined mentions are not in order", gold.doc_id)
    target = target_of_declined(gold, text, schema)
    for check in DECLINED_CHECKS if supported else CHECKS_WITHOUT_SCHEMA:
        # The target has the mentions of gold too: what is wrong with these was found above.
        yield from (finding for finding in check(target) if finding not in findings)


def _run_checks(target: CheckTarget, version: str) -> Iterator[Finding]:
    supported = target.schema.supports(version)
    for check in (
        (*GENERAL_CHECKS, *ROLE_CHECKS, check_rules) if supported else CHECKS_WITHOUT_SCHEMA
    ):
        yield from check(target)
