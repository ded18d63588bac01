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

from sayso import schema as schemas
from sayso.errors import ConflictError, InputError
from sayso.files import explained, write_if_changed
from sayso.schema import Schema, Version

FOLDER = "migrations"
_REMEDY = "mend it and run `sayso schema migrate --dry-run`"
Condition = str | int | None  # None: the attribute was left empty


class Clause(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a word becomes: ``then`` names it, or ``drop`` takes it away, because of what ``because`` says.

    ``when`` names older attributes of the same mention with the values under which the clause fits. For attributes
    and values, ``label`` is the mention's newer label; relations have ``head`` and ``tail``, the newer labels of
    their ends.
    """

    when: dict[str, Condition | list[Condition]] = {}
    then: str | None = None
    drop: bool = False
    because: str | None = None

    def __post_init__(self) -> None:
        if (self.then is None) != self.drop:
            raise ValueError("either `then: NAME` or `drop: true`")

    def fits(self, known: Mapping[str, object]) -> bool:
        """Whether all that it asks for holds."""
        return all(known.get(name) in conditions(asked) for name, asked in self.when.items())


Target = str | Clause | list[Clause]


def conditions(asked: Condition | list[Condition]) -> list[Condition]:
    """The values that a condition allows."""
    return asked if isinstance(asked, list) else [asked]


def chosen(clauses: Sequence[Clause], known: Mapping[str, object]) -> Clause | None:
    """The first clause that fits.

    >>> split = [Clause(when={"type": ["civilian", "expert"]}, then="Person"), Clause(then="Organisation")]
    >>> chosen(split, {"type": "expert"}).then, chosen(split, {}).then
    ('Person', 'Organisation')
    """
    return next((clause for clause in clauses if clause.fits(known)), None)


class Migration(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One declared migration. Names on the left are of the older schema, names on the right of the newer one."""

    from_version: Version
    to_version: Version
    labels: dict[str, Target] = {}
    attributes: dict[str, Target] = {}
    values: dict[str, dict[str, Target]] = {}
    flags: dict[str, Target] = {}
    relations: dict[str, Target] = {}

    @property
    def name(self) -> str:
        """How it is called, and its file."""
        return f"{self.from_version}-{self.to_version}"

    def label(self, label: str) -> Sequence[Clause]:
        """What becomes of a label."""
        return _clauses(self.labels, label, label)

    def attribute(self, label: str, name: str) -> Sequence[Clause]:
        """What becomes of an attribute of an older label."""
        return _clauses(self.attributes, f"{label}.{name}", name)

    def value(self, label: str, name: str, value: object) -> Sequence[Clause] | None:
        """What becomes of a value; None where nothing is said of it and it stays."""
        declared = self.values.get(f"{label}.{name}", {})
        return _clauses(declared, value, value) if isinstance(value, str) and value in declared else None

    def flag(self, flag: str) -> Sequence[Clause]:
        """What becomes of a flag."""
        return _clauses(self.flags, flag, flag)

    def relation(self, name: str) -> Sequence[Clause]:
        """What becomes of a relation."""
        return _clauses(self.relations, name, name)


def _clauses(declared: Mapping[str, Target], key: str, stays: str) -> Sequence[Clause]:
    target = declared.get(key, stays)
    if isinstance(target, str):
        return (Clause(then=target),)
    return target if isinstance(target, list) else (target,)


@dataclass(frozen=True)
class Step:
    """One migration between two schemas that it was held against."""

    migration: Migration
    older: Schema
    newer: Schema


@dataclass(frozen=True)
class Migrations:
    """All that is declared, for the schema that is in force."""

    schema: Schema
    steps: dict[str, Step] = field(default_factory=dict)

    def route(self, version: str) -> tuple[Step, ...]:
        """The steps from a version to the present; none where nothing leads from it."""
        found: list[Step] = []
        while step := self.steps.get(version):
            found.append(step)
            version = step.migration.to_version
        return tuple(found)

    @property
    def digest(self) -> str:
        """SHA-256 of everything that decides how an older answer is read, in hexadecimal; empty where nothing does."""
        if not self.steps:
            return ""
        parts = [[step.migration, schemas.digest(step.older)] for _version, step in sorted(self.steps.items())]
        return hashlib.sha256(msgspec.json.encode(parts, order="deterministic")).hexdigest()


def load(folder: Path, schema: Schema, given: Path | None = None) -> Migrations:
    """Read the migrations beside schema.yaml, which lies in ``folder``, and one that is not there yet.

    Raises:
        InputError: a file is wrong, an older schema is missing, or the migrations do not lead to ``schema``.
        ConflictError: another migration with the name of ``given`` is there.
    """
    declared: dict[str, tuple[Path, Migration]] = {}
    for path in sorted((folder / FOLDER).glob("*-*.yaml")):
        migration = read(path)
        if declared.setdefault(migration.from_version, (path, migration))[0] != path:
            raise InputError(f"two migrations begin at {migration.from_version}", where=str(path), remedy="keep one")
        if path.stem != migration.name:
            raise InputError(f"it is the migration {migration.name}", where=str(path), remedy="rename the file")
    if given is not None:
        _admit(given, read(given), declared)
    steps = {version: _step(folder, path, each, schema) for version, (path, each) in declared.items()}
    return Migrations(schema, steps)


def read(path: Path) -> Migration:
    """Read one file.

    Raises:
        InputError: it is not YAML, has a key twice or an unknown one, or leads backwards.
    """
    migration = schemas.read(path, Migration, _REMEDY)
    if ordinal(migration.from_version) >= ordinal(migration.to_version):
        what = f"from_version {migration.from_version} is not before to_version {migration.to_version}"
        raise InputError(what, where=str(path), remedy=_REMEDY)
    return migration


def ordinal(version: str) -> tuple[int, ...]:
    """A version as numbers that compare.

    >>> ordinal("1.10.0") > ordinal("1.9.0")
    True
    """
    return tuple(map(int, version.split(".")))


def _admit(given: Path, migration: Migration, declared: dict[str, tuple[Path, Migration]]) -> None:
    path, other = declared.setdefault(migration.from_version, (given, migration))
    if other != migration:
        raise ConflictError(f"{path} says otherwise", where=str(given), remedy="edit that file, or remove it")


def keep(folder: Path, given: Path) -> Path:
    """Put a migration into the folder where every command finds it."""
    place = folder / FOLDER / f"{read(given).name}.yaml"
    with explained(given):
        write_if_changed(place, given.read_bytes())
    return place


def _step(folder: Path, path: Path, migration: Migration, schema: Schema) -> Step:
    from sayso.migrations.fitting import misfits

    older = _older(folder, path, migration.from_version)
    newer = _newer(folder, path, migration.to_version, schema)
    for problem in misfits(migration, older, newer):
        raise InputError(problem, where=str(path), remedy=_REMEDY)
    return Step(migration, older, newer)


def _older(folder: Path, path: Path, version: str) -> Schema:
    place = folder / FOLDER / f"{version}.yaml"
    if not place.is_file():
        raise InputError(
            f"schema.yaml as it was at {version} is not in {place}", where=str(path),
            remedy=f"put it there: git show COMMIT:schema/schema.yaml > schema/{FOLDER}/{version}.yaml",
        )  # fmt: skip
    older = schemas.load(place)
    if older.version != version:
        raise InputError(f"it is version {older.version}", where=str(place), remedy=f"put {version} there")
    return older


def _newer(folder: Path, path: Path, version: str, schema: Schema) -> Schema:
    if version != schema.version and (folder / FOLDER / f"{version}.yaml").is_file():
        return _older(folder, path, version)
    if schema.understands(version) and ordinal(version) <= ordinal(schema.version):
        return schema
    what = f"to_version is {version}, and schema.yaml is {schema.version}"
    raise InputError(what, where=str(path), remedy="give them the same version")
