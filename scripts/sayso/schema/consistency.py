"""Faults of a schema that its types cannot show: names that are missing, taken, or collide.

What a later step would refuse, or get wrong in silence, is refused when the schema is read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from sayso.schema import column_names
from sayso.schema.hotkeys import RESERVED_HOTKEYS, list_hotkeys
from sayso.schema.schema_types import (
    Attribute,
    ConditionValue,
    Declaration,
    Label,
    Pass,
    RelationType,
    Rule,
    Schema,
)

FRAME_FIGURES = frozenset({"whole", "tuple"})
_CHECKS = """
    bounds-order canonical-line card-word changed-by-annotator copy-split crossing-spans kept-item
    line-break mention-order misplaced-annotation name-edge nul-in-text outside-pass part-sum
    record-order relation-end relation-signature repeated-annotation repeated-answer
    repeated-document repeated-mention-id repeated-relation required-answer required-attribute
    same-label-overlap schema-version slice-differs span-outside-text stale-card text-changed
    text-hash unknown-attribute unknown-document unknown-flag unknown-label unknown-pass
    unknown-question unknown-relation unknown-value unknown-voter unreadable-line white-space-edge
"""
CHECK_NAMES = frozenset(_CHECKS.split())
"""The checks that hold for every schema, in the room above; no rule may have one of their names."""


class SchemaFault(NamedTuple):
    """A fault, and the keys that lead to it in schema.yaml."""

    path: tuple[str | int, ...]
    message: str


def find_faults(schema: Schema) -> Iterator[SchemaFault]:
    """Yield every fault of a schema, in the order of its parts."""
    if not schema.interfaces:
        yield SchemaFault(("interfaces",), "a schema needs a pass")
    for name, declared_pass in schema.interfaces.items():
        yield from _check_pass(schema, name, declared_pass)
    for name, question in schema.questions.items():
        yield from _check_attribute(("questions", name), question)
        if not any(name in each.questions for each in schema.interfaces.values()):
            yield SchemaFault(("questions", name), "no pass asks this; add it to `interfaces`")
    for label, declared in schema.labels.items():
        for name, attribute in declared.attributes.items():
            yield from _check_attribute(("labels", label, "attributes", name), attribute)
        yield from _check_roles(schema, label, declared)
    for name, relation in schema.relations.items():
        yield from _check_relation(schema, name, relation)
    for name, rule in schema.rules.items():
        yield from _check_rule(schema, name, rule)
    yield from _check_crosswalk(schema)
    yield from _check_kinds(schema)
    yield from _check_hotkeys(schema)
    yield from _check_names(schema)
    yield from _check_titles(schema)


def _check_pass(schema: Schema, name: str, declared: Pass) -> Iterator[SchemaFault]:
    path = ("interfaces", name)
    for key, what, shown, known in (
        ("labels", "label", declared.labels, schema.labels),
        ("questions", "question", declared.questions, schema.questions),
    ):
        for each in shown:
            if each not in known:
                yield SchemaFault((*path, key), f"no {what} {each!r}")
        if len(set(shown)) < len(shown):
            yield SchemaFault((*path, key), f"a {what} stands twice")
    if not declared.labels and not declared.questions:
        yield SchemaFault(path, "a pass needs a label or a question")
    seen, start = {name}, declared.starts_from
    while start:
        if start not in schema.interfaces:
            yield SchemaFault((*path, "starts_from"), f"no interface {start!r}")
            return
        if start in seen:
            yield SchemaFault((*path, "starts_from"), "a pass cannot start from itself")
            return
        seen.add(start)
        start = schema.interfaces[start].starts_from


def _check_attribute(path: tuple[str, ...], attribute: Attribute) -> Iterator[SchemaFault]:
    a_kind = f"{'an' if attribute.kind[0] in 'oi' else 'a'} {attribute.kind} attribute"
    if attribute.has_values != bool(attribute.values):
        needs = "needs" if attribute.has_values else "takes no"
        yield SchemaFault(path, f"{a_kind} {needs} values")
    if attribute.hotkey and attribute.kind != "integer":
        yield SchemaFault((*path, "hotkey"), f"{a_kind} takes no hotkey")
    if attribute.hotkeys and attribute.kind != "boolean":
        yield SchemaFault((*path, "hotkeys"), f"{a_kind} takes no hotkeys")
    if attribute.unit and attribute.kind not in ("integer", "number"):
        yield SchemaFault((*path, "unit"), f"{a_kind} has no unit")
    if attribute.default is not None and not attribute.accepts(attribute.default):
        yield SchemaFault((*path, "default"), f"{attribute.default!r} is none of its values")


def _check_roles(schema: Schema, label: str, declared: Label) -> Iterator[SchemaFault]:
    path = ("labels", label)
    for role, names in (
        ("referent", [declared.referent] if declared.referent else []),
        ("bounds", declared.bounds or ()),
        ("overview", declared.overview),
        *((f"suggest.{name}", roles.values()) for name, roles in declared.suggest.items()),
    ):
        for name in names:
            if name not in declared.attributes:
                yield SchemaFault((*path, *role.split(".")), f"{label} has no attribute {name!r}")
    for name in declared.bounds or ():
        if name in declared.attributes and declared.attributes[name].kind != "integer":
            yield SchemaFault((*path, "bounds"), f"{name} is no whole number")
    for name in declared.overview:
        if name in declared.attributes and not declared.attributes[name].is_closed:
            yield SchemaFault((*path, "overview"), f"{name} has no list of values")
    for name in declared.outside:
        if name not in schema.labels:
            yield SchemaFault((*path, "outside"), f"no label {name!r}")
    if len(declared.overview) > 2:
        yield SchemaFault((*path, "overview"), "at most two attributes can be crossed")
    frame, starting = schema.frames.get(label), schema.relations_from(label)
    if frame:
        for group, relations in frame.groups.items():
            if group in FRAME_FIGURES:
                at = (*path, "frame", "groups", group)
                yield SchemaFault(at, f"{group!r} is a figure of every frame; choose another name")
            for name in relations:
                if name not in starting:
                    at = (*path, "frame", "groups", group)
                    yield SchemaFault(at, f"no relation {name!r} starts at {label}")
        for slot, content in frame.slots.items():
            known = starting if isinstance(content, str) else declared.attributes
            for name in (content,) if isinstance(content, str) else content:
                if name not in known:
                    what = "relation" if isinstance(content, str) else "attribute"
                    at = (*path, "frame", "tuple", slot)
                    yield SchemaFault(at, f"no {what} {name!r} of {label}")


def _check_relation(schema: Schema, name: str, relation: RelationType) -> Iterator[SchemaFault]:
    path = ("relations", name)
    for end, labels in (("head", relation.heads), ("tail", relation.tails)):
        if not labels or len(set(labels)) < len(labels):
            yield SchemaFault((*path, end), "an end needs a label, and each once")
        for label in labels:
            if label not in schema.labels:
                yield SchemaFault((*path, end), f"no label {label!r}")
            elif relation.arithmetic and not schema.labels[label].bounds:
                message = f"{label} has no `bounds` to calculate with"
                yield SchemaFault((*path, "arithmetic"), message)
    if relation.symmetric and set(relation.heads) != set(relation.tails):
        yield SchemaFault(path, "a symmetric relation has the same labels at both ends")
    if relation.symmetric and relation.arithmetic not in (None, "same"):
        yield SchemaFault((*path, "arithmetic"), "a part and its total are not symmetric")
    yield from _check_joins(schema, name, relation)


def _check_joins(schema: Schema, name: str, relation: RelationType) -> Iterator[SchemaFault]:
    """Check a relation that joins mentions; those of a format must lead to one relation of ours."""
    path = ("relations", name, "joins")
    if not relation.joins:
        return
    if set(relation.heads) != set(relation.tails):
        yield SchemaFault(path, "mentions that are joined have the same labels at both ends")
    if relation.symmetric != (relation.joins == "coreference"):
        is_not = "not " if relation.symmetric else ""
        message = f"a relation that joins {relation.joins} is {is_not}`symmetric`"
        yield SchemaFault(path, message)
    for label in relation.heads:
        first = schema.find_joining(relation.joins, label, label)
        if first not in (None, name):
            yield SchemaFault(path, f"{first} joins {relation.joins} of {label} already")


def _check_rule(schema: Schema, name: str, rule: Rule) -> Iterator[SchemaFault]:
    path, label = ("rules", name), schema.labels.get(rule.label)
    if name in CHECK_NAMES:
        yield SchemaFault(path, "a check of every schema has this name; choose another")
    if label is None:
        yield SchemaFault((*path, "label"), f"no label {rule.label!r}")
        return
    if (rule.needs is None) == (rule.same is None):
        yield SchemaFault(path, "a rule says what it `needs`, or what stays the `same`")
    if (rule.same is None) != (rule.by is None):
        yield SchemaFault(path, "`same` and `by` go together")
    for key, condition in rule.when.items():
        relation = schema.relations_from(rule.label).get(key)
        at = (*path, "when", key)
        if isinstance(condition, tuple):
            yield from _check_conditions(at, [label], {key: condition})
        elif relation is None:
            yield SchemaFault(at, f"no relation {key!r} starts at {rule.label}")
        else:
            tails = [schema.labels[each] for each in relation.tails if each in schema.labels]
            yield from _check_conditions(at, tails, condition)
    yield from _check_conditions((*path, "unless"), [label], rule.unless)
    yield from _check_conditions(
        (*path, "same"), [label], dict.fromkeys(filter(None, [rule.same, rule.by]), ())
    )
    if needs := rule.needs:
        yield from _check_conditions((*path, "needs", "attributes"), [label], needs.attributes)
        yield from _check_conditions(
            (*path, "needs", "equal"), [label], dict.fromkeys(needs.equal or (), ())
        )
        if needs.relation not in (None, "any", *schema.relations_from(rule.label)):
            at = (*path, "needs", "relation")
            yield SchemaFault(at, f"no relation {needs.relation!r} starts at {rule.label}")


def _check_conditions(
    path: tuple[str, ...], labels: list[Label], conditions: dict[str, tuple[ConditionValue, ...]]
) -> Iterator[SchemaFault]:
    """Check that one of the labels has each attribute, and each value."""
    for name, values in conditions.items():
        found = [label.attributes[name] for label in labels if name in label.attributes]
        if labels and not found:
            yield SchemaFault(path, f"no attribute {name!r}")
        for value in values:
            if found and not any(each.accepts_condition(value) for each in found):
                yield SchemaFault(path, f"{name} has no value {value!r}")


def _check_crosswalk(schema: Schema) -> Iterator[SchemaFault]:
    for key, values in schema.crosswalk.items():
        path = ("crosswalk", key)
        label, _, name = key.partition(".")
        declared = schema.labels.get(label)
        attribute = declared.attributes.get(name) if declared else None
        if attribute is None:
            yield SchemaFault(path, f"no attribute {key!r}; write it as Label.attribute")
            continue
        types = defaultdict(set)
        for value, codes in values.items():
            if value not in attribute.values:
                yield SchemaFault((*path, value), f"{key} has no value {value!r}")
            for other, code in codes.items():
                is_list = isinstance(code, list) and all(isinstance(each, str) for each in code)
                kind = "list" if is_list else "integer" if type(code) is int else "other"
                types[other].add(kind)
                if kind == "other" or len(types[other]) > 1:
                    message = "codes are whole numbers, or lists of words, for all values alike"
                    yield SchemaFault((*path, value, other), message)


_TYPE_NAMES = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "yes or no",
    "choices": "several values",
}


def _check_kinds(schema: Schema) -> Iterator[SchemaFault]:
    """Check that attributes of one name have one type: they share a column of a mention."""
    first: dict[str, tuple[str, str]] = {}
    for label, declared in schema.labels.items():
        for name, attribute in declared.attributes.items():
            what = _TYPE_NAMES.get(attribute.kind, "words")
            other, theirs = first.setdefault(name, (label, what))
            if what != theirs:
                message = (
                    f"{name!r} is {theirs} for {other} and {what} for {label}; "
                    "give one of them another name"
                )
                yield SchemaFault(("labels", label, "attributes", name), message)


def _check_hotkeys(schema: Schema) -> Iterator[SchemaFault]:
    first: dict[str, str] = {}
    for use in list_hotkeys(schema):
        if not use.key:
            continue
        if owner := RESERVED_HOTKEYS.get(use.key):
            message = f"hotkey {use.key!r} of {use.name} is one of {owner}"
            yield SchemaFault((*use.path, "hotkey"), message)
        if use.key in first:
            message = f"hotkey {use.key!r} of {first[use.key]} and {use.name}"
            yield SchemaFault((*use.path, "hotkey"), message)
        first.setdefault(use.key, use.name)


NamedPlace = tuple[str, tuple[str, ...], str]
"""A name that follows from a schema, the path of what it comes from, and how messages call that."""


def _check_names(schema: Schema) -> Iterator[SchemaFault]:
    """Check that no two columns, controls, files or configurations get one name."""
    yield from _find_collisions(
        "a file of the interface",
        ((name.lower(), ("interfaces", name), f"pass {name}") for name in schema.interfaces),
    )
    labels = [(label, ("labels", label)) for label in schema.labels]
    yield from _find_collisions(
        "columns and controls", ((label.lower(), path, f"label {label}") for label, path in labels)
    )
    yield from _find_collisions(
        "an attribute of annotations in Python",
        ((column_names.pluralise(label), path, f"label {label}") for label, path in labels),
    )
    yield from _find_collisions(
        "a column of `tokens`",
        ((column_names.tags_column_name(label), path, f"label {label}") for label, path in labels),
        column_names.TOKEN_COLUMNS,
    )
    yield from _find_collisions(
        "a column of `mentions`, or a control of the interface",
        _list_mention_columns(schema),
        column_names.MENTION_COLUMNS | column_names.CONTROLS,
    )
    for frame in schema.frames:
        yield from _check_frame_names(schema, frame)
    yield from _find_collisions(
        "a column of `answers`",
        ((name, ("questions", name), f"question {name}") for name in schema.questions),
        column_names.ANSWER_COLUMNS,
    )


def _check_titles(schema: Schema) -> Iterator[SchemaFault]:
    """Check that no two things side by side are shown under one title or name."""
    groups: list[tuple[tuple[str, ...], Mapping[str, Declaration]]] = [
        (("labels",), schema.labels),
        (("flags",), schema.flags),
        (("relations",), schema.relations),
    ]
    for path, attributes in _list_attributes(schema):
        groups.append((path, attributes))
        groups += [((*path, name, "values"), each.values) for name, each in attributes.items()]
    for path, group in groups:
        first = {name: name for name in group}
        for name, declaration in group.items():
            other = first.setdefault(declaration.title or name, name)
            if other != name:
                message = f"{declaration.title!r} is shown for {other}, too"
                yield SchemaFault((*path, name, "title"), message)


def _list_attributes(schema: Schema) -> Iterator[tuple[tuple[str, ...], Mapping[str, Attribute]]]:
    for label, declared in schema.labels.items():
        yield ("labels", label, "attributes"), declared.attributes
    yield ("questions",), schema.questions


def _list_mention_columns(schema: Schema) -> Iterator[NamedPlace]:
    for label, declared in schema.labels.items():
        for name in declared.attributes:
            column = column_names.attribute_column_name(label, name)
            yield column, ("labels", label, "attributes", name), f"{label}.{name}"
    for name in schema.questions:
        column = column_names.question_control_name(name)
        yield column, ("questions", name), f"question {name}"
    for key, values in schema.crosswalk.items():
        for other in sorted({name for codes in values.values() for name in codes}):
            column = column_names.crosswalk_column_name(key, other)
            yield column, ("crosswalk", key), f"the crosswalk of {key} to {other}"


def _check_frame_names(schema: Schema, frame: str) -> Iterator[SchemaFault]:
    path, config = ("labels", frame), column_names.pluralise(frame)
    if config in column_names.FIXED_CONFIGS:
        message = f"its table {config!r} is one that every dataset has; choose another name"
        yield SchemaFault(path, message)
    relations = schema.relations_from(frame)
    own = [
        (name, (*path, "attributes", name), f"{frame}.{name}")
        for name in schema.labels[frame].attributes
    ]
    columns = [
        (column_names.relation_column_name(schema, name), ("relations", name), f"relation {name}")
        for name in relations
    ]
    reserved = column_names.KEY_COLUMNS | column_names.ROW_COLUMNS
    yield from _find_collisions(
        f"a column of `{config}`",
        [*own, *columns],
        reserved | {column_names.frame_id_column(frame)},
    )
    for tail in dict.fromkeys(tail for each in relations.values() for tail in each.tails):
        names = schema.labels[tail].attributes if tail in schema.labels else ()
        places = [(name, ("labels", tail, "attributes", name), f"{tail}.{name}") for name in names]
        reserved_fields = column_names.SPAN_COLUMNS | schema.relations_from(tail).keys()
        yield from _find_collisions(f"a field of {tail} in `{config}`", places, reserved_fields)


def _find_collisions(
    what: str, places: Iterable[NamedPlace], reserved: frozenset[str] | set[str] = frozenset()
) -> Iterator[SchemaFault]:
    first: dict[str, str] = {}
    for name, path, owner in places:
        if name in reserved:
            message = f"{owner} would be {what} named {name!r}, which is there already"
            yield SchemaFault(path, f"{message}; choose another name")
        elif name in first:
            message = f"{first[name]} and {owner} would both be {what} named {name!r}"
            yield SchemaFault(path, f"{message}; rename one")
        first.setdefault(name, owner)
