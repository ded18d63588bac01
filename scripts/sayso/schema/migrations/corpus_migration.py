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
from sayso.checks import Finding
from sayso.checks.annotation_checks import (
    CheckTarget,
    check_names,
    check_overlaps,
    check_relations,
    check_required_attributes,
    target_of_annotation,
    target_of_gold,
)
from sayso.corpus.history import prepare_history
from sayso.corpus.sources import CorpusFiles
from sayso.files import ContentWriter, hold_lock, replace_together
from sayso.models import Annotation, Gold, encode
from sayso.schema import declarations as schemas
from sayso.schema.declarations import Schema
from sayso.schema.migrations.migration_files import (
    Migrations,
    MigrationStep,
    load_migrations,
    store_draft,
)
from sayso.schema.migrations.record_migration import (
    NameChange,
    RecordMigrationResult,
    migrate_record,
)
from sayso.settings import SCHEMA_FILE, Checkout

_CHECKS_AFTER_MIGRATION = (check_overlaps, check_names, check_required_attributes, check_relations)
Advance = Callable[[int], None]


@dataclass
class FileMigration:
    """One file of answers: how many records are to be moved by version, how many are not concerned, what is put aside.

    ``without_route`` counts records of other versions that no migration leads from.
    """

    path: Path
    migrated: Counter[str] = field(default_factory=Counter)
    unaffected: int = 0
    without_route: Counter[str] = field(default_factory=Counter)
    changes: Counter[NameChange] = field(default_factory=Counter)
    set_aside: Counter[str] = field(default_factory=Counter)


@dataclass
class MigrationResult:
    """What a migration does, or would do.

    Attributes:
        version: of the schema that is in force.
        findings: what forbids it: open questions, and findings that it would bring about and that were not accepted.
        accepted: findings that it brings about with leave.
        applied: whether it was done.
    """

    version: str
    files: list[FileMigration] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    accepted: list[Finding] = field(default_factory=list)
    applied: bool = False

    def sum_counter(self, counter: Callable[[FileMigration], Counter[str]]) -> Counter[str]:
        """A count over all files."""
        return sum((counter(file) for file in self.files), Counter())

    @property
    def changes(self) -> Counter[NameChange]:
        """How often each word changes, over all files."""
        return sum((file.changes for file in self.files), Counter())


def migrate_corpus(
    checkout: Checkout,
    draft: Path | None = None,
    *,
    accept: Collection[str] = (),
    dry_run: bool = False,
    advance: Advance = lambda _n: None,
) -> MigrationResult:
    """Bring annotations and gold into the words of schema.yaml, unless something forbids it.

    ``given`` is a migration that is not yet in its folder: it is put there, where every later pull finds it.

    Raises:
        InputError: a migration or a record is wrong; nothing was written.
        ConflictError: another command is at work, or another migration stands in the place of ``given``.
    """
    folder, corpus = (checkout.root / SCHEMA_FILE).parent, CorpusFiles(checkout.root)
    with (
        nullcontext()
        if dry_run
        else hold_lock(checkout.private / "sync.lock", "sayso schema migrate")
    ):
        migrations = load_migrations(
            folder, schemas.load_schema(checkout.root / SCHEMA_FILE), draft
        )
        report = plan_migration(corpus, migrations, accept, advance)
        if not dry_run and not report.findings:
            if draft is not None:
                store_draft(folder, draft)
            apply_migration(corpus, migrations, report)
            report.applied = True
    return report


def plan_migration(
    corpus: CorpusFiles,
    migrations: Migrations,
    accept: Collection[str] = (),
    advance: Advance = lambda _n: None,
) -> MigrationResult:
    """Look at every record and count; nothing is written.

    Raises:
        InputError: a line is not a record.
    """
    report = MigrationResult(migrations.schema.version)
    for path, kind in corpus.annotation_and_gold_files():
        file = FileMigration(path)
        for number, _line, record in jsonl.read_lines(path, kind):
            for finding in _plan_record(file, record, migrations):
                placed = finding._replace(file=str(path.relative_to(corpus.root)), line=number)
                (report.accepted if finding.check in accept else report.findings).append(placed)
            advance(1)
        report.files.append(file)
    return report


def apply_migration(corpus: CorpusFiles, migrations: Migrations, report: MigrationResult) -> None:
    """Do what ``report`` says, which has no findings: all of it, or with the power gone the rest another time.

    Raises:
        DiskError: the disk refused.
    """
    kinds = dict(corpus.annotation_and_gold_files())
    moving = [file for file in report.files if file.migrated]
    replace_together(
        entry
        for file in moving
        for entry in _history_files(corpus, file, kinds[file.path], migrations)
    )
    replace_together(
        (file.path, _rewrite_file(file.path, kinds[file.path], migrations)) for file in moving
    )


def _plan_record(
    file: FileMigration, record: Annotation | Gold, migrations: Migrations
) -> Iterator[Finding]:
    """Count one record, and yield what the migration leaves open in it or newly breaks."""
    version, route = record.schema_version, migrations.route(record.schema_version)
    if not route:
        if migrations.schema.supports(version):
            file.unaffected += 1
        else:
            file.without_route[version] += 1
        return
    new, done = migrate_record(record, route)
    file.migrated[version] += 1
    file.changes += done.changes
    file.set_aside += Counter(kept.reason for kept in done.set_aside)
    yield from _unsettled_findings(record.doc_id, done, route)
    yield from _new_findings(record, new, route)


def _unsettled_findings(
    doc_id: str, done: RecordMigrationResult, route: tuple[MigrationStep, ...]
) -> Iterator[Finding]:
    remedy = f"settle it in schema/migrations/{route[0].migration.name}.yaml"
    for start, end, what in done.unsettled:
        yield Finding("unsettled", "error", what, remedy, doc_id, start, end)


def _new_findings(
    record: Annotation | Gold, new: Annotation | Gold, route: tuple[MigrationStep, ...]
) -> Iterator[Finding]:
    """What the checks find of a record now and did not find before."""
    older, newer = route[0].older, route[-1].newer
    if (
        isinstance(new, Annotation)
        and new.interface in older.interfaces
        and new.interface not in newer.interfaces
    ):
        what = f"{newer.version} has no pass {new.interface!r}"
        yield Finding(
            "unknown-pass", "error", what, "keep the interface in schema.yaml", new.doc_id
        )
    before = Counter(
        (found.check, found.start, found.end)
        for found in _run_checks_after_migration(record, older)
    )
    for found in _run_checks_after_migration(new, newer):
        key = (found.check, found.start, found.end)
        before[key] -= 1
        if before[key] < 0:
            yield found


def _run_checks_after_migration(record: Annotation | Gold, schema: Schema) -> Iterator[Finding]:
    answer = _check_target(record, schema)
    for look in _CHECKS_AFTER_MIGRATION:
        yield from look(answer)


def _check_target(record: Annotation | Gold, schema: Schema) -> CheckTarget:
    # These checks compare mentions with each other and with the schema; none of them reads the text.
    return (
        target_of_annotation(record, "", schema)
        if isinstance(record, Annotation)
        else target_of_gold(record, "", schema)
    )


def _rewrite_file(
    path: Path, kind: type[Annotation] | type[Gold], migrations: Migrations
) -> ContentWriter:
    def fill(file: BinaryIO) -> None:
        for _number, line, record in jsonl.read_lines(path, kind):
            route = migrations.route(record.schema_version)
            file.write(encode(migrate_record(record, route)[0]) + b"\n" if route else line)

    return fill


def _history_files(
    corpus: CorpusFiles,
    file: FileMigration,
    kind: type[Annotation] | type[Gold],
    migrations: Migrations,
) -> Iterator[tuple[Path, ContentWriter]]:
    for version in file.migrated:
        newer = migrations.route(version)[-1].migration.to_version
        yield prepare_history(
            corpus.history_file(file.path, f"{version}-{newer}"),
            _lines_of_version(file.path, kind, version),
        )


def _lines_of_version(
    path: Path, kind: type[Annotation] | type[Gold], version: str
) -> Iterator[bytes]:
    return (
        line
        for _number, line, record in jsonl.read_lines(path, kind)
        if record.schema_version == version
    )
