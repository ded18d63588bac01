"""Declarations of a migration: what becomes of each name of the older schema.

A name is renamed by another name, removed by ``{drop: true}``, or split by a list of clauses, of
which the first that matches applies. A name that is not mentioned stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec import Struct

from sayso.schema.declarations import Schema, SchemaVersion

AttributeCondition = bool | int | float | str | None  # None: the attribute was left empty


class MappingClause(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The new name of a name, ``then``, or its removal, ``drop``, with the reason in ``because``.

    ``when`` maps older attributes of the same mention, or questions about the document, to the
    values under which the clause applies; of several values one is enough. For attributes and their
    values, ``label`` is the mention's newer label; for relations, ``head`` and ``tail`` are the
    newer labels of their ends.
    """

    when: dict[str, AttributeCondition | list[AttributeCondition]] = {}
    then: str | None = None
    drop: bool = False
    because: str | None = None

    def __post_init__(self) -> None:
        if (self.then is None) != self.drop:
            raise ValueError("either `then: NAME` or `drop: true`")

    def matches(self, attributes: Mapping[str, object]) -> bool:
        """Return whether all conditions hold."""
        return all(
            any(value in list_conditions(condition) for value in list_values(attributes.get(name)))
            for name, condition in self.when.items()
        )


def list_values(value: object) -> tuple[object, ...]:
    """Return several values as they are, and one alone."""
    return value if isinstance(value, tuple) else (value,)


MappingTarget = str | MappingClause | list[MappingClause]


def list_conditions(
    condition: AttributeCondition | list[AttributeCondition],
) -> list[AttributeCondition]:
    """Return the values that a condition allows."""
    return condition if isinstance(condition, list) else [condition]


def choose_clause(
    clauses: Sequence[MappingClause], attributes: Mapping[str, object]
) -> MappingClause | None:
    """Return the first clause that matches.

    >>> person = MappingClause(when={"type": ["civilian", "expert"]}, then="Person")
    >>> split = [person, MappingClause(then="Organisation")]
    >>> choose_clause(split, {"type": "expert"}).then, choose_clause(split, {}).then
    ('Person', 'Organisation')
    """
    return next((clause for clause in clauses if clause.matches(attributes)), None)


class Migration(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One migration. Its keys are names of the older schema, its values names of the newer one.

    ``values`` has the values of attributes, by ``Label.attribute``, and of questions by their name.
    """

    from_version: SchemaVersion
    to_version: SchemaVersion
    labels: dict[str, MappingTarget] = {}
    attributes: dict[str, MappingTarget] = {}
    questions: dict[str, MappingTarget] = {}
    values: dict[str, dict[str, MappingTarget]] = {}
    flags: dict[str, MappingTarget] = {}
    relations: dict[str, MappingTarget] = {}

    @property
    def name(self) -> str:
        """The stem of its file."""
        return f"{self.from_version}-{self.to_version}"

    def clauses_of_label(self, label: str) -> Sequence[MappingClause]:
        """Return the clauses of a label."""
        return _list_clauses(self.labels, label, label)

    def clauses_of_attribute(self, label: str, name: str) -> Sequence[MappingClause]:
        """Return the clauses of an attribute of an older label."""
        return _list_clauses(self.attributes, f"{label}.{name}", name)

    def clauses_of_value(
        self, label: str, name: str, value: object
    ) -> Sequence[MappingClause] | None:
        """Return the clauses of a value; None where it is not mentioned and stays."""
        return self._clauses_of(f"{label}.{name}", value)

    def clauses_of_question(self, name: str) -> Sequence[MappingClause]:
        """Return the clauses of a question about the document."""
        return _list_clauses(self.questions, name, name)

    def clauses_of_answer(self, question: str, value: object) -> Sequence[MappingClause] | None:
        """Return the clauses of an answer; None where it is not mentioned and stays."""
        return self._clauses_of(question, value)

    def _clauses_of(self, owner: str, value: object) -> Sequence[MappingClause] | None:
        values = self.values.get(owner, {})
        if not isinstance(value, str) or value not in values:
            return None
        return _list_clauses(values, value, value)

    def clauses_of_flag(self, flag: str) -> Sequence[MappingClause]:
        """Return the clauses of a flag."""
        return _list_clauses(self.flags, flag, flag)

    def clauses_of_relation(self, name: str) -> Sequence[MappingClause]:
        """Return the clauses of a relation type."""
        return _list_clauses(self.relations, name, name)


def _list_clauses(
    targets: Mapping[str, MappingTarget], key: str, default: str
) -> Sequence[MappingClause]:
    target = targets.get(key, default)
    if isinstance(target, str):
        return (MappingClause(then=target),)
    return target if isinstance(target, list) else (target,)


@dataclass(frozen=True)
class MigrationStep:
    """One migration with the two schemas that it was validated against."""

    migration: Migration
    older: Schema
    newer: Schema
