"""What became of the words of the schema: labels, attributes, values, relations, flags, interfaces. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from sayso.difference.entries import Changes, SchemaEntry
from sayso.migrations import Migrations
from sayso.migrations.declared import Clause, Step
from sayso.schema import Attribute, Schema

Word = tuple[str, str]
_VERSION: Word = ("version", "schema.yaml")


def schema_entries(older: Schema, newer: Schema, migrations: Migrations | None = None) -> Iterator[SchemaEntry]:
    """Every word that was added, removed, renamed, split or declared anew, in the older schema's order.

    A word is renamed or split where a migration says so; the words that it becomes are not told as added.
    """
    before, after = words(older), words(newer)
    steps = migrations.route(older.version) if migrations and older.version != newer.version else ()
    become: set[Word] = set()
    for word, declared in before.items():
        if word in after:
            if changes := _changes(declared, after[word]):
                yield SchemaEntry(kind=word[0], name=word[1], change="changed", changes=changes)
            continue
        names = [name for name in _becomes(word, steps) if (word[0], name) in after]
        become |= {(word[0], name) for name in names}
        change = "split" if len(names) > 1 else "renamed" if names else "removed"
        yield SchemaEntry(kind=word[0], name=word[1], change=change, becomes=tuple(names))
    for kind, name in after:
        if (kind, name) not in before and (kind, name) not in become:
            yield SchemaEntry(kind=kind, name=name, change="added")


def words(schema: Schema) -> dict[Word, dict[str, Any]]:
    """(kind, name) of every word → what is declared of it."""
    found: dict[Word, dict[str, Any]] = {_VERSION: {"version": schema.version}}
    for label, declared in schema.labels.items():
        found["label", label] = _declared(declared, "attributes")
        for name, attribute in declared.attributes.items():
            found["attribute", f"{label}.{name}"] = _declared(attribute, "values") | _order(attribute)
            for value, said in attribute.values.items():
                found["value", f"{label}.{name}.{value}"] = _declared(said)
    for kind, group in (("relation", schema.relations), ("flag", schema.flags), ("interface", schema.interfaces)):
        found |= {(kind, name): _declared(said) for name, said in group.items()}
    return found | {("crosswalk", name): {"values": said} for name, said in schema.crosswalk.items()}


def _declared(word: Any, *without: str) -> dict[str, Any]:
    return {name: value for name, value in msgspec.to_builtins(word).items() if name not in without}


def _order(attribute: Attribute) -> dict[str, Any]:
    return {"order": list(attribute.values)} if attribute.kind == "ordinal" else {}


def _changes(was: dict[str, Any], now: dict[str, Any]) -> Changes:
    changes = {name: (was.get(name), now.get(name)) for name in {**was, **now} if was.get(name) != now.get(name)}
    old, new = changes.get("order", ((), ()))
    if [value for value in old or () if value in (new or ())] == [value for value in new or () if value in (old or ())]:
        changes.pop("order", None)  # a value more or less is told as that value
    return changes


def _becomes(word: Word, steps: Iterable[Step]) -> list[str]:
    """The names that migrations lead to, one step after the other."""
    kind, names = word[0], [word[1]]
    for step in steps:
        names = list(dict.fromkeys(new for name in names for new in _step(kind, name, step)))
    return names


def _step(kind: str, name: str, step: Step) -> Iterator[str]:
    migration = step.migration
    if kind in ("label", "flag", "relation"):
        yield from _names(
            {"label": migration.label, "flag": migration.flag, "relation": migration.relation}[kind](name)
        )
    elif kind in ("attribute", "value"):
        label, attribute, *value = name.split(".")
        said = (migration.value(label, attribute, value[0]) or (Clause(then=value[0]),)) if value else ()
        for to in _names(migration.label(label)):
            for called in _names(migration.attribute(label, attribute)):
                yield from ((f"{to}.{called}.{new}" for new in _names(said)) if value else [f"{to}.{called}"])


def _names(clauses: Iterable[Clause]) -> list[str]:
    return [clause.then for clause in clauses if clause.then is not None]
