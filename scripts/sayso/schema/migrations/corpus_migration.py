"""Migrate the annotations and gold of a corpus: read everything first, then replace all files
together.

The lines that are replaced are appended to the history before that, each once. So a migration that
is killed loses nothing, and is completed by running it again: records with the new names are left
alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from sayso import jsonl
from sayso.callbacks import Advance
from sayso.checks import Finding
from sayso.checks.annotation_checks import (
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
from sayso.schema.declarations import Schema, load_schema
from sayso.schema.migrations.migration_files import Migrations, load_migrations, store_draft
from sayso.schema.migrations.migration_mapping import MigrationStep
from sayso.schema.migrations.record_migration import NameChange, migrate_record
from sayso.settings import SCHEMA_FILE, Checkout

# These compare mentions with each other and with the schema; none of them reads the text.
_CHECKS = (check_overlaps, check_names, check_required_attributes, check_relations)
RecordType = type[Annotation] | type[Gold]


@dataclass
class FileMigration:
    """Counts for one file of annotations or gold.

    Attributes:
        migrated: records to migrate, by version.
        unaffected: records that have the new names already.
        without_route: records of versions from which no migration starts, by version.
        changes: changes of names.
        removed_parts: reasons for which parts of records are removed.
    """

    path: Path
    record_type: RecordType
    migrated: Counter[str] = field(default_factory=Counter)
    unaffected: int = 0
    without_route: Counter[str] = field(default_factory=Counter)
    changes: Counter[NameChange] = field(default_factory=Counter)
    removed_parts: Counter[str] = field(default_factory=Counter)


@dataclass
class MigrationResult:
    """The changes of a migration, done or planned.

    Attributes:
        version: version of the schema in force.
        findings: reasons not to migrate: unsettled parts, and errors that it would cause.
        accepted: errors that it causes and that were accepted.
        applied: it was done.
    """

    version: str
    files: list[FileMigration] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    accepted: list[Finding] = field(default_factory=list)
    applied: bool = False

    def sum_counter(self, counter: Callable[[FileMigration], Counter[str]]) -> Counter[str]:
        """Return the sum of a counter over all files."""
        return sum((counter(file) for file in self.files), Counter())

    @property
    def changes(self) -> Counter[NameChange]:
        """Changes of names over all files."""
        return sum((file.changes for file in self.files), Counter())


def migrate_corpus(
    checkout: Checkout,
    draft: Path | None = None,
    *,
    accept: Collection[str] = (),
    dry_run: bool = False,
    advance: Advance = lambda _n: None,
) -> MigrationResult:
    """Migrate annotations and gold to the names of schema.yaml, unless something forbids it.

    Args:
        checkout: the checkout.
        draft: a migration that is not yet in its folder; it is stored there, where every later pull
            finds it.
        accept: names of checks whose errors the migration may cause.
        dry_run: only count.
        advance: called with the number of records read.

    Raises:
        InputError: a migration or a record is wrong; nothing was written.
        ConflictError: another command is at work, or there is another migration with the name of
            ``draft``.
        DiskError: the disk refused; running it again completes it.
    """
    folder, corpus = (checkout.root / SCHEMA_FILE).parent, CorpusFiles(checkout.root)
    lock = hold_lock(checkout.private / "sync.lock", "sayso schema migrate")
    with nullcontext() if dry_run else lock:
        migrations = load_migrations(folder, load_schema(checkout.root / SCHEMA_FILE), draft)
        result = _plan_migration(corpus, migrations, accept, advance)
        if not dry_run and not result.findings:
            if draft is not None:
                store_draft(folder, draft)
            files = [file for file in result.files if file.migrated]
            replace_together(
                entry for file in files for entry in _history_files(corpus, file, migrations)
            )
            replace_together((file.path, _rewrite_file(file, migrations)) for file in files)
            result.applied = True
    return result


def _plan_migration(
    corpus: CorpusFiles, migrations: Migrations, accept: Collection[str], advance: Advance
) -> MigrationResult:
    result = MigrationResult(migrations.schema.version)
    for path, record_type in corpus.annotation_and_gold_files():
        file, name = FileMigration(path, record_type), str(path.relative_to(corpus.root))
        for number, _line, record in jsonl.read_lines(path, record_type):
            for finding in _plan_record(file, record, migrations):
                found = result.accepted if finding.check in accept else result.findings
                found.append(finding._replace(file=name, line=number))
            advance(1)
        result.files.append(file)
    return result


def _plan_record(
    file: FileMigration, record: Annotation | Gold, migrations: Migrations
) -> Iterator[Finding]:
    """Count one record, and yield what the migration leaves unsettled or newly breaks."""
    version = record.schema_version
    route = migrations.route(version)
    if not route:
        if migrations.schema.supports(version):
            file.unaffected += 1
        else:
            file.without_route[version] += 1
        return
    new, result = migrate_record(record, route)
    file.migrated[version] += 1
    file.changes += result.changes
    file.removed_parts += Counter(item.reason for item in result.removed_parts)
    remedy = f"settle it in schema/migrations/{route[0].migration.name}.yaml"
    for start, end, message in result.unsettled:
        yield Finding("unsettled", "error", message, remedy, record.doc_id, start, end)
    yield from _new_findings(record, new, route)


def _new_findings(
    record: Annotation | Gold, new: Annotation | Gold, route: tuple[MigrationStep, ...]
) -> Iterator[Finding]:
    """Yield what the checks find in the new record and did not find in the old one."""
    older, newer = route[0].older, route[-1].newer
    name = new.interface if isinstance(new, Annotation) else None
    if name in older.interfaces and name not in newer.interfaces:
        what, remedy = f"{newer.version} has no pass {name!r}", "keep the pass in schema.yaml"
        yield Finding("unknown-pass", "error", what, remedy, new.doc_id)
    before = Counter((f.check, f.start, f.end) for f in _run_checks(record, older))
    for finding in _run_checks(new, newer):
        key = (finding.check, finding.start, finding.end)
        before[key] -= 1
        if before[key] < 0:
            yield finding


def _run_checks(record: Annotation | Gold, schema: Schema) -> Iterator[Finding]:
    if isinstance(record, Annotation):
        target = target_of_annotation(record, "", schema)
    else:
        target = target_of_gold(record, "", schema)
    for check in _CHECKS:
        yield from check(target)


def _rewrite_file(file: FileMigration, migrations: Migrations) -> ContentWriter:
    def write(target: BinaryIO) -> None:
        for _number, line, record in jsonl.read_lines(file.path, file.record_type):
            route = migrations.route(record.schema_version)
            target.write(encode(migrate_record(record, route)[0]) + b"\n" if route else line)

    return write


def _history_files(
    corpus: CorpusFiles, file: FileMigration, migrations: Migrations
) -> Iterator[tuple[Path, ContentWriter]]:
    for version in file.migrated:
        newer = migrations.route(version)[-1].migration.to_version
        path = corpus.history_file(file.path, f"{version}-{newer}")
        yield prepare_history(path, _lines_of_version(file, version))


def _lines_of_version(file: FileMigration, version: str) -> Iterator[bytes]:
    for _number, line, record in jsonl.read_lines(file.path, file.record_type):
        if record.schema_version == version:
            yield line
