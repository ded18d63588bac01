"""Read the migrations in ``schema/migrations``, validate them against their schemas and put them in
order.

Everything is settled before a record is read: for each combination of values that the older schema
allows, a clause must match and lead to a name of the newer schema.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from sayso.errors import ConflictError, InputError
from sayso.files import convert_os_errors, is_file, list_files, read_file, write_if_changed
from sayso.models import sha256
from sayso.schema.declarations import Schema, load_schema, read_yaml, schema_digest
from sayso.schema.migrations.migration_mapping import Migration, MigrationStep
from sayso.schema.migrations.migration_validation import find_mismatches
from sayso.versions import Version

MIGRATIONS_FOLDER = "migrations"
_REMEDY = "correct it and run `sayso schema migrate --dry-run`"


@dataclass(frozen=True)
class Migrations:
    """All migrations that lead to the schema in force."""

    schema: Schema
    steps: dict[str, MigrationStep] = field(default_factory=dict)

    def route(self, version: str) -> tuple[MigrationStep, ...]:
        """Return the steps from a version to the present; none where no migration starts there."""
        steps: list[MigrationStep] = []
        while step := self.steps.get(version):
            steps.append(step)
            version = step.migration.to_version
        return tuple(steps)

    @property
    def digest(self) -> str:
        """SHA-256 of all that decides how an older annotation is read, in hexadecimal; empty
        without migrations.
        """
        if not self.steps:
            return ""
        steps = [step for _version, step in sorted(self.steps.items())]
        parts = [[step.migration, schema_digest(step.older)] for step in steps]
        return sha256(msgspec.json.encode(parts, order="deterministic").decode())


def load_migrations(folder: Path, schema: Schema, draft: Path | None = None) -> Migrations:
    """Read the migrations beside schema.yaml.

    Args:
        folder: the folder that holds schema.yaml.
        schema: the schema in force.
        draft: another migration, not yet in the folder.

    Raises:
        InputError: a file is wrong, an older schema is missing, or the migrations do not lead to
            ``schema``.
        ConflictError: another migration with the name of ``draft`` is there.
    """
    migrations: dict[str, tuple[Path, Migration]] = {}
    for path in list_files(folder / MIGRATIONS_FOLDER, "*-*.yaml"):
        migration = read_migration(path)
        if migrations.setdefault(migration.from_version, (path, migration))[0] != path:
            what = f"two migrations begin at {migration.from_version}"
            raise InputError(what, where=str(path), remedy="keep one")
        if path.stem != migration.name:
            what = f"it is the migration {migration.name}"
            raise InputError(what, where=str(path), remedy="rename the file")
    if draft is not None:
        migration = read_migration(draft)
        path, other = migrations.setdefault(migration.from_version, (draft, migration))
        if other != migration:
            remedy = "edit that file, or remove it"
            raise ConflictError(f"{path} differs from it", where=str(draft), remedy=remedy)
    steps = {
        version: _load_step(folder, path, migration, schema)
        for version, (path, migration) in migrations.items()
    }
    return Migrations(schema, steps)


def read_migration(path: Path) -> Migration:
    """Read one file.

    Raises:
        InputError: it is not YAML, has a key twice or an unknown one, or leads backwards.
    """
    migration = read_yaml(path, Migration, _REMEDY)
    older, newer = migration.from_version, migration.to_version
    if Version.parse(older) >= Version.parse(newer):
        what = f"from_version {older} is not before to_version {newer}"
        raise InputError(what, where=str(path), remedy=_REMEDY)
    return migration


def store_draft(folder: Path, draft: Path) -> None:
    """Copy a migration into the folder where every command finds it."""
    path = folder / MIGRATIONS_FOLDER / f"{read_migration(draft).name}.yaml"
    with convert_os_errors(draft):
        write_if_changed(path, read_file(draft))


def _load_step(folder: Path, path: Path, migration: Migration, schema: Schema) -> MigrationStep:
    older = _load_older_schema(folder, path, migration.from_version)
    newer = _load_newer_schema(folder, path, migration.to_version, schema)
    for mismatch in find_mismatches(migration, older, newer):
        raise InputError(mismatch, where=str(path), remedy=_REMEDY)
    return MigrationStep(migration, older, newer)


def _load_older_schema(folder: Path, path: Path, version: str) -> Schema:
    file = folder / MIGRATIONS_FOLDER / f"{version}.yaml"
    if not is_file(file):
        target = f"schema/{MIGRATIONS_FOLDER}/{version}.yaml"
        raise InputError(
            f"schema.yaml as it was at {version} is not in {file}",
            where=str(path),
            remedy=f"put it there: git show COMMIT:schema/schema.yaml > {target}",
        )
    older = load_schema(file)
    if older.version != version:
        what = f"it is version {older.version}"
        raise InputError(what, where=str(file), remedy=f"put {version} there")
    return older


def _load_newer_schema(folder: Path, path: Path, version: str, schema: Schema) -> Schema:
    if version != schema.version and is_file(folder / MIGRATIONS_FOLDER / f"{version}.yaml"):
        return _load_older_schema(folder, path, version)
    if schema.supports(version) and Version.parse(version) <= Version.parse(schema.version):
        return schema
    what = f"to_version is {version}, and schema.yaml is {schema.version}"
    raise InputError(what, where=str(path), remedy="give them the same version")
