"""Migrating what lies on disk: first everything is looked at, then everything is written beside, then put in place.

The lines that are replaced go into the history before that, each once. So a migration that is killed has lost
nothing, and run again it does the rest: a record that is in the new words already is passed over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from sayso import jsonl
from sayso import schema as schemas
from sayso.checks import Finding
from sayso.checks.answers import Answer, layers, of_annotation, of_gold, relations, required, vocabulary
from sayso.files import Fill, locked, replace_together
from sayso.history import remembering
from sayso.migrations.declared import Migrations, Step, keep, load
from sayso.migrations.moving import Change, Moved, moved
from sayso.records import Annotation, Gold, encode
from sayso.schema import Schema
from sayso.settings import MARK, Instance
from sayso.store import Corpus

_CHECKS = (layers, vocabulary, required, relations)
Advance = Callable[[int], None]


@dataclass
class File:
    """One file of answers: how many records are to be moved by version, how many are not concerned, what is put aside.

    ``stranded`` counts records of other versions that no migration leads from.
    """

    path: Path
    moving: Counter[str] = field(default_factory=Counter)
    current: int = 0
    stranded: Counter[str] = field(default_factory=Counter)
    changes: Counter[Change] = field(default_factory=Counter)
    aside: Counter[str] = field(default_factory=Counter)


@dataclass
class Report:
    """What a migration does, or would do.

    Attributes:
        version: of the schema that is in force.
        findings: what forbids it: open questions, and findings that it would bring about and that were not accepted.
        accepted: findings that it brings about with leave.
        applied: whether it was done.
    """

    version: str
    files: list[File] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    accepted: list[Finding] = field(default_factory=list)
    applied: bool = False

    def total(self, counter: Callable[[File], Counter[str]]) -> Counter[str]:
        """A count over all files."""
        return sum((counter(file) for file in self.files), Counter())

    @property
    def changes(self) -> Counter[Change]:
        """How often each word changes, over all files."""
        return sum((file.changes for file in self.files), Counter())


def migrate(instance: Instance, given: Path | None = None, *, accept: Collection[str] = (), dry_run: bool = False,
            advance: Advance = lambda _n: None) -> Report:  # fmt: skip
    """Bring annotations and gold into the words of schema.yaml, unless something forbids it.

    ``given`` is a migration that is not yet in its folder: it is put there, where every later pull finds it.

    Raises:
        InputError: a migration or a record is wrong; nothing was written.
        ConflictError: another command is at work, or another migration stands in the place of ``given``.
    """
    folder, corpus = (instance.root / MARK).parent, Corpus(instance.root)
    with nullcontext() if dry_run else locked(instance.private / "sync.lock", "sayso schema migrate"):
        migrations = load(folder, schemas.load(instance.root / MARK), given)
        report = plan(corpus, migrations, accept, advance)
        if not dry_run and not report.findings:
            if given is not None:
                keep(folder, given)
            apply(corpus, migrations, report)
            report.applied = True
    return report


def plan(corpus: Corpus, migrations: Migrations, accept: Collection[str] = (),
         advance: Advance = lambda _n: None) -> Report:  # fmt: skip
    """Look at every record and count; nothing is written.

    Raises:
        InputError: a line is not a record.
    """
    report = Report(migrations.schema.version)
    for path, kind in corpus.answer_files():
        file = File(path)
        for number, _line, record in jsonl.lines(path, kind):
            for finding in _look(file, record, migrations):
                placed = finding._replace(file=str(path.relative_to(corpus.root)), line=number)
                (report.accepted if finding.check in accept else report.findings).append(placed)
            advance(1)
        report.files.append(file)
    return report


def apply(corpus: Corpus, migrations: Migrations, report: Report) -> None:
    """Do what ``report`` says, which has no findings: all of it, or with the power gone the rest another time.

    Raises:
        DiskError: the disk refused.
    """
    kinds = dict(corpus.answer_files())
    moving = [file for file in report.files if file.moving]
    replace_together(entry for file in moving for entry in _histories(corpus, file, kinds[file.path], migrations))
    replace_together((file.path, _rewritten(file.path, kinds[file.path], migrations)) for file in moving)


def _look(file: File, record: Annotation | Gold, migrations: Migrations) -> Iterator[Finding]:
    """Count one record, and yield what the migration leaves open in it or newly breaks."""
    version, route = record.schema_version, migrations.route(record.schema_version)
    if not route:
        if migrations.schema.understands(version):
            file.current += 1
        else:
            file.stranded[version] += 1
        return
    new, done = moved(record, route)
    file.moving[version] += 1
    file.changes += done.changes
    file.aside += Counter(kept.reason for kept in done.aside)
    yield from _open(record.doc_id, done, route)
    yield from _broken_by(record, new, route)


def _open(doc_id: str, done: Moved, route: tuple[Step, ...]) -> Iterator[Finding]:
    remedy = f"settle it in schema/migrations/{route[0].migration.name}.yaml"
    for start, end, what in done.unsettled:
        yield Finding("unsettled", "error", what, remedy, doc_id, start, end)


def _broken_by(record: Annotation | Gold, new: Annotation | Gold, route: tuple[Step, ...]) -> Iterator[Finding]:
    """What the checks find of a record now and did not find before."""
    older, newer = route[0].older, route[-1].newer
    if isinstance(new, Annotation) and new.interface in older.interfaces and new.interface not in newer.interfaces:
        what = f"{newer.version} has no pass {new.interface!r}"
        yield Finding("unknown-pass", "error", what, "keep the interface in schema.yaml", new.doc_id)
    before = Counter((found.check, found.start, found.end) for found in _broken(record, older))
    for found in _broken(new, newer):
        key = (found.check, found.start, found.end)
        before[key] -= 1
        if before[key] < 0:
            yield found


def _broken(record: Annotation | Gold, schema: Schema) -> Iterator[Finding]:
    answer = _answer(record, schema)
    for look in _CHECKS:
        yield from look(answer)


def _answer(record: Annotation | Gold, schema: Schema) -> Answer:
    # These checks compare mentions with each other and with the schema; none of them reads the text.
    return of_annotation(record, "", schema) if isinstance(record, Annotation) else of_gold(record, "", schema)


def _rewritten(path: Path, kind: type[Annotation] | type[Gold], migrations: Migrations) -> Fill:
    def fill(file: BinaryIO) -> None:
        for _number, line, record in jsonl.lines(path, kind):
            route = migrations.route(record.schema_version)
            file.write(encode(moved(record, route)[0]) + b"\n" if route else line)

    return fill


def _histories(corpus: Corpus, file: File, kind: type[Annotation] | type[Gold],
               migrations: Migrations) -> Iterator[tuple[Path, Fill]]:  # fmt: skip
    for version in file.moving:
        newer = migrations.route(version)[-1].migration.to_version
        yield remembering(corpus.history_file(file.path, f"{version}-{newer}"), _of_version(file.path, kind, version))


def _of_version(path: Path, kind: type[Annotation] | type[Gold], version: str) -> Iterator[bytes]:
    return (line for _number, line, record in jsonl.lines(path, kind) if record.schema_version == version)
