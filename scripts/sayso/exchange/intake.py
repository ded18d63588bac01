"""Others' work into the corpus: documents through ingest, readings as answers of a campaign. All of it, or nothing."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from sayso import jsonl
from sayso import schema as schemas
from sayso.errors import ConflictError, InputError, UsageError
from sayso.exchange import formats, staging
from sayso.exchange.export import LossError
from sayso.exchange.formats import Arriving
from sayso.exchange.readings import Reading
from sayso.exchange.staging import Staging
from sayso.exchange.wording import worded
from sayso.files import locked
from sayso.ingest import Order as Articles
from sayso.ingest import Report, ingest
from sayso.ingest.metadata import FIELDS
from sayso.records import (
    Annotation,
    AnnotatorKind,
    DocId,
    Origin,
    Pseudonym,
    StartedFrom,
    Status,
    sha256,
)
from sayso.schema import Schema, Version
from sayso.settings import MARK, Instance, now
from sayso.store import Corpus, annotation_order

Watch = Callable[[int], None]

_SERVER = "label-studio"  # as the origin of what a pull brought


@dataclass(frozen=True)
class Order:
    """What a command asks for.

    Attributes:
        labels: which of our labels and relations theirs are, where they are not the same.
        fields: where a record of theirs has what, by our names.
        metadata: for all documents, by ingest's names.
        annotator: whose readings these are; None where the file says it.
    """

    format: str
    path: Path
    campaign: str
    interface: str
    annotator: str | None = None
    annotator_kind: AnnotatorKind | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)
    lossy: bool = False
    dry_run: bool = False


@dataclass
class Outcome:
    """What was done, or with ``dry_run`` would be. ``answers``: annotator → new, changed and unchanged ones."""

    dry_run: bool
    documents: Report | None = None
    answers: dict[str, dict[str, int]] = field(default_factory=dict)
    mentions: int = 0
    relations: int = 0
    lost: dict[str, int] = field(default_factory=dict)
    noticed: dict[str, int] = field(default_factory=dict)
    written: list[str] = field(default_factory=list)


def take_in(instance: Instance, order: Order, watch: Watch = lambda _n: None) -> Outcome:
    """Bring the readings of a file or folder into the corpus; ``watch`` hears how many documents further it is.

    Raises:
        UsageError: no such format, or nobody said whose readings these are.
        InputError: the file is none of its format, or an offset or a document is wrong; nothing was taken in.
        LossError: the schema cannot hold all of it, and ``lossy`` was not said; nothing was taken in.
        ConflictError: a document or an answer is here already and is another; nothing was taken in.
        DiskError: the disk refused; running the command again goes on.
    """
    schema = schemas.load(instance.root / MARK)
    schema.interface(order.interface)
    if order.format not in formats.IN:
        raise UsageError(f"{order.format} goes out only", remedy=f"choose one of {', '.join(formats.IN)}")
    if not order.path.exists():
        raise InputError("not there", where=str(order.path), remedy="check the path")
    with (
        locked(instance.private / "sync.lock", "sayso import"),
        staging.opened(instance.private / "importing", order.path.resolve().name) as stage,
    ):
        return _Intake(instance, order, schema, stage).run(watch)


class _Intake:
    def __init__(self, instance: Instance, order: Order, schema: Schema, stage: Staging) -> None:
        self.instance, self.order, self.schema, self.stage = instance, order, schema, stage
        self.corpus = Corpus(instance.root)
        self.how = Arriving(order.fields, order.labels, schema, instance)
        self.outcome = Outcome(order.dry_run)
        self.named: set[str | None] = set()

    def run(self, watch: Watch) -> Outcome:
        for reading in formats.named(self.order.format).read(self.order.path, self.how):
            self._take(reading)
            watch(1)
        self._refuse()
        names = self.stage.annotators()
        for name in names:  # every conflict is found before the first file is written; ingest finds its own
            self.outcome.answers[name] = self._counted(name)
        articles = Articles(paths=(str(self.stage.articles),), format="jsonl", dry_run=self.order.dry_run)
        self.outcome.documents = ingest(self.instance, articles)
        if not self.order.dry_run:
            self.outcome.written = [name for name in names if self._write(name)]
        return self.outcome

    def _refuse(self) -> None:
        lost = self.how.lost
        self.outcome.lost = {what: count for what, count in sorted(lost.items()) if count}
        self.outcome.noticed = {what: count for what, count in sorted(self.how.noticed.items()) if count}
        if lost.total() and not self.order.lossy:
            remedy = "say what their labels are, --map THEIRS=OURS; or keep it apart in the records, --lossy"
            raise LossError(lost, "the schema", remedy=f"nothing was taken in; {remedy}")

    def _take(self, reading: Reading) -> None:
        place = f"{self.order.path}, document {reading.doc_id}"
        _fitting(
            reading.doc_id, DocId, "doc_id", place, "rename the document: letters, digits, point, hyphen, underscore"
        )
        given = {name: reading.about[name] for name in FIELDS if name in reading.about} | dict(self.order.metadata)
        self.stage.document(reading.doc_id, reading.text, given, place)
        record = self._record(reading, place)
        self.outcome.mentions += len(record.mentions)
        self.outcome.relations += len(record.relations)
        self.stage.answer(record, place)

    def _record(self, reading: Reading, place: str) -> Annotation:
        about, order = reading.about, self.order
        annotator = order.annotator or about.get("annotator")
        self.named.add(about.get("annotator"))
        if order.annotator and len(self.named) > 1:
            raise UsageError("readings of several annotators would get one name", where=place,
                             remedy="leave --annotator out")  # fmt: skip
        if annotator is None:
            raise UsageError(
                "nobody says whose readings these are", where=place, remedy="give a pseudonym: --annotator NAME"
            )
        found = worded(reading, self.schema, order.labels, self.how)
        seconds = about.get("lead_time_seconds")

        def known(name: str, otherwise: str | None, kind: Any) -> Any:
            return _fitting(about.get(name, otherwise), kind, name, place, "mend it where it comes from")

        remedy = "give small letters, digits and hyphens, and never a name or an address: --annotator"
        return Annotation(
            doc_id=reading.doc_id,
            text_sha256=sha256(reading.text),
            campaign=order.campaign,
            interface=order.interface,
            annotator=_fitting(annotator, Pseudonym, "a pseudonym", place, remedy),
            annotator_kind=order.annotator_kind or known("annotator_kind", "human", AnnotatorKind),
            schema_version=self.schema.version,
            guidelines_version=known("guidelines_version", None, Version | None),
            status=known("status", "submitted", Status),
            created=about.get("created", ""),
            updated=about.get("updated", about.get("created", "")),
            lead_time_seconds=float(seconds) if seconds else None,
            started_from=known("started_from", "nothing", StartedFrom),
            mentions=found.mentions,
            relations=found.relations,
            note=reading.note,
            kept=found.kept,
            origin=_origin(about),
        )

    def _counted(self, annotator: str) -> dict[str, int]:
        counts: Counter[str] = Counter()
        for _answer, what in self._merged(annotator):
            counts[what] += 1
        return {what: counts[what] for what in ("new", "changed", "unchanged")}

    def _write(self, annotator: str) -> bool:
        answers = (answer for answer, _what in self._merged(annotator))
        return self.corpus.write_annotations(self.order.campaign, annotator, answers)

    def _merged(self, annotator: str) -> Iterator[tuple[Annotation, str]]:
        """The annotator's file as it will be, each answer with what becomes of it; in flat memory."""
        for old in self._standing(annotator):
            self.stage.take_place_of(old)
        moment = _moment()
        standing = (self._in_place_of(old, moment) for old in self._standing(annotator))
        coming = ((_timed(new, moment, moment), "new") for new in self.stage.answers(annotator))
        merged = heapq.merge(standing, coming, key=_document)
        for _doc_id, mine in groupby(merged, key=_document):
            yield from sorted(mine, key=_place)

    def _standing(self, annotator: str) -> Iterator[Annotation]:
        path = self.corpus.annotation_file(self.order.campaign, annotator)
        return jsonl.read(path, Annotation) if path.exists() else iter(())

    def _in_place_of(self, old: Annotation, moment: str) -> tuple[Annotation, str]:
        new = self.stage.in_place_of(old)
        if new is None:
            if old.origin and old.origin.system == _SERVER and self.stage.has(old):
                raise ConflictError(
                    f"{old.annotator} has answered {old.doc_id} in Label Studio",
                    where=str(self.corpus.annotation_file(old.campaign, old.annotator)),
                    remedy="give these readings another --annotator",
                )
            return old, "stays"
        same = _timed(new, old.created, old.updated)
        return (old, "unchanged") if same == old else (_timed(new, old.created, moment), "changed")


def _document(placed: tuple[Annotation, str]) -> str:
    return placed[0].doc_id


def _place(placed: tuple[Annotation, str]) -> tuple[str, str, str, int]:
    return annotation_order(placed[0])


def _timed(answer: Annotation, created: str, updated: str) -> Annotation:
    """The answer with these times where it came without its own."""
    return answer if answer.created else replace(answer, created=created, updated=updated)


def _moment() -> str:
    return now().isoformat().replace("+00:00", "Z")


def _fitting(value: str | None, kind: Any, what: str, place: str, remedy: str) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise InputError(f"{value!r} cannot be {what}", where=place, remedy=remedy) from error


def _origin(about: Mapping[str, str]) -> Origin | None:
    words = about.get("origin", "").split()
    if len(words) != 4 or not all(word.isdecimal() for word in words[1:]):
        return None
    system, *numbers = words
    project, task, annotation = map(int, numbers)
    return Origin(system=system, project=project, task=task, annotation=annotation)
