"""The declared migrations: read, held against both schemas, and put in order.

A word is renamed by a name, taken away by ``{drop: true}``, split by a list of clauses of which the first that fits
holds. A word that is not named stays as it is. Everything is settled before a record is read: for each combination
of values that the older schema allows, a clause must fit and lead to what the newer schema has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from msgspec import Struct

from sayso.errors import ConflictError, InputError
from sayso.files import convert_os_errors, write_if_changed
from sayso.schema import declarations as schemas
from sayso.schema.declarations import Schema, SchemaVersion
from sayso.versions import Version

MIGRATIONS_FOLDER = "migrations"
_REMEDY = "mend it and run `sayso schema migrate --dry-run`"
AttributeCondition = str | int | None  # None: the attribute was left empty


class MappingClause(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a word becomes: ``then`` names it, or ``drop`` takes it away, because of what ``because`` says.

    ``when`` names older attributes of the same mention with the values under which the clause fits. For attributes
    and values, ``clauses_of_label`` is the mention's newer label; relations have ``head`` and ``tail``, the newer labels of
    their ends.
    """

    when: dict[str, AttributeCondition | list[AttributeCondition]] = {}
    then: str | None = None
    drop: bool = False
    because: str | None = None

    def __post_init__(self) -> None:
        if (self.then is None) != self.drop:
            raise ValueError("either `then: NAME` or `drop: true`")

    def matches(self, attributes: Mapping[str, object]) -> bool:
        """Whether all that it asks for holds."""
        return all(
            attributes.get(name) in list_conditions(asked) for name, asked in self.when.items()
        )


MappingTarget = str | MappingClause | list[MappingClause]


def list_conditions(
    condition: AttributeCondition | list[AttributeCondition],
) -> list[AttributeCondition]:
    """The values that a condition allows."""
    return condition if isinstance(condition, list) else [condition]


def choose_clause(
    clauses: Sequence[MappingClause], attributes: Mapping[str, object]
) -> MappingClause | None:
    """The first clause that fits.

    >>> split = [MappingClause(decided_at={"record_type": ["civilian", "expert"]}, then="Person"), MappingClause(then="Organisation")]
    >>> choose_clause(split, {"record_type": "expert"}).then, choose_clause(split, {}).then
    ('Person', 'Organisation')
    """
    return next((clause for clause in clauses if clause.matches(attributes)), None)


class Migration(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One declared migration. Names on the left are of the older schema, names on the right of the newer one."""

    from_version: SchemaVersion
    to_version: SchemaVersion
    labels: dict[str, MappingTarget] = {}
    attributes: dict[str, MappingTarget] = {}
    values: dict[str, dict[str, MappingTarget]] = {}
    flags: dict[str, MappingTarget] = {}
    relations: dict[str, MappingTarget] = {}

    @property
    def name(self) -> str:
        """How it is called, and its file."""
        return f"{self.from_version}-{self.to_version}"

    def clauses_of_label(self, label: str) -> Sequence[MappingClause]:
        """What becomes of a label."""
        return _list_clauses(self.labels, label, label)

    def clauses_of_attribute(self, label: str, name: str) -> Sequence[MappingClause]:
        """What becomes of an attribute of an older label."""
        return _list_clauses(self.attributes, f"{label}.{name}", name)

    def clauses_of_value(
        self, label: str, name: str, value: object
    ) -> Sequence[MappingClause] | None:
        """What becomes of a value; None where nothing is said of it and it stays."""
        declared = self.values.get(f"{label}.{name}", {})
        return (
            _list_clauses(declared, value, value)
            if isinstance(value, str) and value in declared
            else None
        )

    def clauses_of_flag(self, flag: str) -> Sequence[MappingClause]:
        """What becomes of a flag."""
        return _list_clauses(self.flags, flag, flag)

    def clauses_of_relation(self, name: str) -> Sequence[MappingClause]:
        """What becomes of a relation."""
        return _list_clauses(self.relations, name, name)


def _list_clauses(
    declared: Mapping[str, MappingTarget], key: str, default: str
) -> Sequence[MappingClause]:
    target = declared.get(key, default)
    if isinstance(target, str):
        return (MappingClause(then=target),)
    return target if isinstance(target, list) else (target,)


@dataclass(frozen=True)
class MigrationStep:
    """One migration between two schemas that it was held against."""

    migration: Migration
    older: Schema
    newer: Schema


@dataclass(frozen=True)
class Migrations:
    """All that is declared, for the schema that is in force."""

    schema: Schema
    steps: dict[str, MigrationStep] = field(default_factory=dict)

    def route(self, version: str) -> tuple[MigrationStep, ...]:
        """The steps from a version to the present; none where nothing leads from it."""
        found: list[MigrationStep] = []
        while step := self.steps.get(version):
            found.append(step)
            version = step.migration.to_version
        return tuple(found)

    @property
    def digest(self) -> str:
        """SHA-256 of everything that decides how an older answer is read, in hexadecimal; empty where nothing does."""
        if not self.steps:
            return ""
        parts = [
            [step.migration, schemas.schema_digest(step.older)]
            for _version, step in sorted(self.steps.items())
        ]
        return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()


def load_migrations(folder: Path, schema: Schema, draft: Path | None = None) -> Migrations:
    """Read the migrations beside schema.yaml, which lies in ``folder``, and one that is not there yet.

    Raises:
        InputError: a file is wrong, an older schema is missing, or the migrations do not lead to ``schema``.
        ConflictError: another migration with the name of ``given`` is there.
    """
    declared: dict[str, tuple[Path, Migration]] = {}
    for path in sorted((folder / MIGRATIONS_FOLDER).glob("*-*.yaml")):
        migration = read_migration(path)
        if declared.setdefault(migration.from_version, (path, migration))[0] != path:
            raise InputError(
                f"two migrations begin at {migration.from_version}",
                where=str(path),
                remedy="keep one",
            )
        if path.stem != migration.name:
            raise InputError(
                f"it is the migration {migration.name}", where=str(path), remedy="rename the file"
            )
    if draft is not None:
        _add_draft(draft, read_migration(draft), declared)
    steps = {
        version: _load_step(folder, path, each, schema)
        for version, (path, each) in declared.items()
    }
    return Migrations(schema, steps)


def read_migration(path: Path) -> Migration:
    """Read one file.

    Raises:
        InputError: it is not YAML, has a key twice or an unknown one, or leads backwards.
    """
    migration = schemas.read_yaml(path, Migration, _REMEDY)
    if Version.parse(migration.from_version) >= Version.parse(migration.to_version):
        what = (
            f"from_version {migration.from_version} is not before to_version {migration.to_version}"
        )
        raise InputError(what, where=str(path), remedy=_REMEDY)
    return migration


def _add_draft(
    draft: Path, migration: Migration, declared: dict[str, tuple[Path, Migration]]
) -> None:
    path, other = declared.setdefault(migration.from_version, (draft, migration))
    if other != migration:
        raise ConflictError(
            f"{path} says otherwise", where=str(draft), remedy="edit that file, or remove it"
        )


def store_draft(folder: Path, draft: Path) -> Path:
    """Put a migration into the folder where every command finds it."""
    place = folder / MIGRATIONS_FOLDER / f"{read_migration(draft).name}.yaml"
    with convert_os_errors(draft):
        write_if_changed(place, draft.read_bytes())
    return place


def _load_step(folder: Path, path: Path, migration: Migration, schema: Schema) -> MigrationStep:
    from sayso.schema.migrations.migration_validation import find_mismatches

    older = _load_older_schema(folder, path, migration.from_version)
    newer = _load_newer_schema(folder, path, migration.to_version, schema)
    for problem in find_mismatches(migration, older, newer):
        raise InputError(problem, where=str(path), remedy=_REMEDY)
    return MigrationStep(migration, older, newer)


def _load_older_schema(folder: Path, path: Path, version: str) -> Schema:
    place = folder / MIGRATIONS_FOLDER / f"{version}.yaml"
    if not place.is_file():
        raise InputError(
            f"schema.yaml as it was at {version} is not in {place}",
            where=str(path),
            remedy=f"put it there: git show COMMIT:schema/schema.yaml > schema/{MIGRATIONS_FOLDER}/{version}.yaml",
        )
    older = schemas.load_schema(place)
    if older.version != version:
        raise InputError(
            f"it is version {older.version}", where=str(place), remedy=f"put {version} there"
        )
    return older


def _load_newer_schema(folder: Path, path: Path, version: str, schema: Schema) -> Schema:
    if version != schema.version and (folder / MIGRATIONS_FOLDER / f"{version}.yaml").is_file():
        return _load_older_schema(folder, path, version)
    if schema.supports(version) and Version.parse(version) <= Version.parse(schema.version):
        return schema
    what = f"to_version is {version}, and schema.yaml is {schema.version}"
    raise InputError(what, where=str(path), remedy="give them the same version")
