"""Compare the names that two schemas declare: labels, attributes, questions, values, relations,
flags, interfaces, crosswalks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from sayso.diff.diff_entries import Changes, SchemaEntry
from sayso.schema.declarations import Attribute, Schema
from sayso.schema.migrations import Migrations
from sayso.schema.migrations.migration_mapping import MappingClause, MigrationStep

SchemaName = tuple[str, str]


def diff_schemas(
    older: Schema, newer: Schema, migrations: Migrations | None = None
) -> Iterator[SchemaEntry]:
    """Yield every name that was added, removed, renamed, split or declared differently, in the
    older schema's order.

    A name is renamed or split where a migration says so; the names that it becomes do not count as
    added.
    """
    before, after = collect_names(older), collect_names(newer)
    has_route = migrations and older.version != newer.version
    steps = migrations.route(older.version) if migrations and has_route else ()
    renamed: set[SchemaName] = set()
    for (kind, name), declaration in before.items():
        if (kind, name) in after:
            if changes := _diff_declarations(declaration, after[kind, name]):
                yield SchemaEntry(kind=kind, name=name, change="changed", changes=changes)
            continue
        names = [new for new in _follow_renames(kind, name, steps) if (kind, new) in after]
        renamed |= {(kind, new) for new in names}
        change = "split" if len(names) > 1 else "renamed" if names else "removed"
        yield SchemaEntry(kind=kind, name=name, change=change, renamed_to=tuple(names))
    for kind, name in after:
        if (kind, name) not in before and (kind, name) not in renamed:
            yield SchemaEntry(kind=kind, name=name, change="added")


def collect_names(schema: Schema) -> dict[SchemaName, dict[str, Any]]:
    """Return the declaration of every (kind, name)."""
    names: dict[SchemaName, dict[str, Any]] = {
        ("version", "schema.yaml"): {"version": schema.version}
    }
    for label, declaration in schema.labels.items():
        names["label", label] = _declaration_fields(declaration, "attributes")
        for name, attribute in declaration.attributes.items():
            names["attribute", f"{label}.{name}"] = _attribute_fields(attribute)
            for value, allowed in attribute.values.items():
                names["value", f"{label}.{name}.{value}"] = _declaration_fields(allowed)
    for name, question in schema.questions.items():
        names["question", name] = _attribute_fields(question)
        for value, allowed in question.values.items():
            names["value", f"{name}.{value}"] = _declaration_fields(allowed)
    groups = (
        ("relation", schema.relations),
        ("flag", schema.flags),
        ("interface", schema.interfaces),
    )
    for kind, group in groups:
        names |= {(kind, name): _declaration_fields(each) for name, each in group.items()}
    return names | {
        ("crosswalk", name): {"values": each} for name, each in schema.crosswalk.items()
    }


def _attribute_fields(attribute: Attribute) -> dict[str, Any]:
    fields = _declaration_fields(attribute, "values")
    if attribute.kind == "ordinal":
        fields["order"] = list(attribute.values)
    return fields


def _declaration_fields(declaration: Any, *excluded: str) -> dict[str, Any]:
    fields = msgspec.to_builtins(declaration)
    return {name: value for name, value in fields.items() if name not in excluded}


def _diff_declarations(older: dict[str, Any], newer: dict[str, Any]) -> Changes:
    changes = {
        name: (older.get(name), newer.get(name))
        for name in {**older, **newer}
        if older.get(name) != newer.get(name)
    }
    old, new = (values or () for values in changes.get("order", ((), ())))
    if [value for value in old if value in new] == [value for value in new if value in old]:
        changes.pop("order", None)  # an added or removed value has an entry of its own
    return changes


def _follow_renames(kind: str, name: str, steps: Iterable[MigrationStep]) -> list[str]:
    names = [name]
    for step in steps:
        names = list(dict.fromkeys(new for old in names for new in _rename(kind, old, step)))
    return names


def _rename(kind: str, name: str, step: MigrationStep) -> Iterator[str]:
    migration = step.migration
    if kind == "label":
        yield from _clause_targets(migration.clauses_of_label(name))
    elif kind == "flag":
        yield from _clause_targets(migration.clauses_of_flag(name))
    elif kind == "relation":
        yield from _clause_targets(migration.clauses_of_relation(name))
    elif kind == "question":
        yield from _clause_targets(migration.clauses_of_question(name))
    elif kind == "value" and name.count(".") == 1:
        question, answer = name.split(".")
        clauses = migration.clauses_of_answer(question, answer)
        for new_question in _clause_targets(migration.clauses_of_question(question)):
            for new_answer in _clause_targets(clauses) if clauses else [answer]:
                yield f"{new_question}.{new_answer}"
    elif kind in ("attribute", "value"):
        label, attribute, *value = name.split(".")
        for new_label in _clause_targets(migration.clauses_of_label(label)):
            for new_name in _clause_targets(migration.clauses_of_attribute(label, attribute)):
                if not value:
                    yield f"{new_label}.{new_name}"
                    continue
                clauses = migration.clauses_of_value(label, attribute, value[0])
                for new_value in _clause_targets(clauses) if clauses else value:
                    yield f"{new_label}.{new_name}.{new_value}"


def _clause_targets(clauses: Iterable[MappingClause]) -> list[str]:
    return [clause.then for clause in clauses if clause.then is not None]
