"""What became of the words of the schema: labels, attributes, values, relations, flags, interfaces. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from sayso.diff.diff_entries import Changes, SchemaEntry
from sayso.schema.declarations import Attribute, Schema
from sayso.schema.migrations import Migrations
from sayso.schema.migrations.migration_files import MappingClause, MigrationStep

SchemaName = tuple[str, str]
_VERSION: SchemaName = ("version", "schema.yaml")


def diff_schemas(
    older: Schema, newer: Schema, migrations: Migrations | None = None
) -> Iterator[SchemaEntry]:
    """Every word that was added, removed, renamed, split or declared anew, in the older schema's order.

    A word is renamed or split where a migration says so; the words that it becomes are not told as added.
    """
    before, after = collect_names(older), collect_names(newer)
    steps = migrations.route(older.version) if migrations and older.version != newer.version else ()
    become: set[SchemaName] = set()
    for word, declared in before.items():
        if word in after:
            if changes := _diff_declarations(declared, after[word]):
                yield SchemaEntry(kind=word[0], name=word[1], change="changed", changes=changes)
            continue
        names = [name for name in _follow_renames(word, steps) if (word[0], name) in after]
        become |= {(word[0], name) for name in names}
        change = "split" if len(names) > 1 else "renamed" if names else "removed"
        yield SchemaEntry(kind=word[0], name=word[1], change=change, renamed_to=tuple(names))
    for kind, name in after:
        if (kind, name) not in before and (kind, name) not in become:
            yield SchemaEntry(kind=kind, name=name, change="added")


def collect_names(schema: Schema) -> dict[SchemaName, dict[str, Any]]:
    """(kind, name) of every word → what is declared of it."""
    found: dict[SchemaName, dict[str, Any]] = {_VERSION: {"version": schema.version}}
    for label, declared in schema.labels.items():
        found["label", label] = _declaration_fields(declared, "attributes")
        for name, attribute in declared.attributes.items():
            found["attribute", f"{label}.{name}"] = _declaration_fields(
                attribute, "values"
            ) | _value_order(attribute)
            for value, said in attribute.values.items():
                found["value", f"{label}.{name}.{value}"] = _declaration_fields(said)
    for kind, group in (
        ("relation", schema.relations),
        ("flag", schema.flags),
        ("interface", schema.interfaces),
    ):
        found |= {(kind, name): _declaration_fields(said) for name, said in group.items()}
    return found | {
        ("crosswalk", name): {"values": said} for name, said in schema.crosswalk.items()
    }


def _declaration_fields(declaration: Any, *excluded: str) -> dict[str, Any]:
    return {
        name: value
        for name, value in msgspec.to_builtins(declaration).items()
        if name not in excluded
    }


def _value_order(attribute: Attribute) -> dict[str, Any]:
    return {"order": list(attribute.values)} if attribute.kind == "ordinal" else {}


def _diff_declarations(older: dict[str, Any], newer: dict[str, Any]) -> Changes:
    changes = {
        name: (older.get(name), newer.get(name))
        for name in {**older, **newer}
        if older.get(name) != newer.get(name)
    }
    old, new = changes.get("order", ((), ()))
    if [value for value in old or () if value in (new or ())] == [
        value for value in new or () if value in (old or ())
    ]:
        changes.pop("order", None)  # a value more or less is told as that value
    return changes


def _follow_renames(name: SchemaName, steps: Iterable[MigrationStep]) -> list[str]:
    """The names that migrations lead to, one step after the other."""
    kind, names = name[0], [name[1]]
    for step in steps:
        names = list(
            dict.fromkeys(new for name in names for new in _rename_in_step(kind, name, step))
        )
    return names


def _rename_in_step(kind: str, name: str, step: MigrationStep) -> Iterator[str]:
    migration = step.migration
    if kind in ("label", "flag", "relation"):
        yield from _clause_targets(
            {
                "label": migration.clauses_of_label,
                "flag": migration.clauses_of_flag,
                "relation": migration.clauses_of_relation,
            }[kind](name)
        )
    elif kind in ("attribute", "value"):
        label, attribute, *value = name.split(".")
        said = (
            (
                migration.clauses_of_value(label, attribute, value[0])
                or (MappingClause(then=value[0]),)
            )
            if value
            else ()
        )
        for to in _clause_targets(migration.clauses_of_label(label)):
            for called in _clause_targets(migration.clauses_of_attribute(label, attribute)):
                yield from (
                    (f"{to}.{called}.{new}" for new in _clause_targets(said))
                    if value
                    else [f"{to}.{called}"]
                )


def _clause_targets(clauses: Iterable[MappingClause]) -> list[str]:
    return [clause.then for clause in clauses if clause.then is not None]
