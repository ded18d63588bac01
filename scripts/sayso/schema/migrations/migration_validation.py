"""Validate a migration against both schemas: nothing is left open, every name exists, every clause
can apply.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product

from sayso.schema.declarations import Attribute, Schema
from sayso.schema.migrations.migration_mapping import (
    AttributeCondition,
    MappingClause,
    Migration,
    choose_clause,
    list_conditions,
)
from sayso.schema.schema_types import describe_ends

_OTHER_VALUE = object()  # a value of an open attribute that no clause names
AttributeCase = dict[str, object]  # values of attributes and labels that clauses depend on
Domains = dict[str, Sequence[object]]


def find_mismatches(migration: Migration, older: Schema, newer: Schema) -> Iterator[str]:
    """Yield the mismatches, one line each; a later one may follow from an earlier one."""
    validator = _MigrationValidator(migration, older, newer)
    yield from validator.check_old_names()
    for label in older.labels:
        yield from validator.check_label(label)
    for label, declaration in older.labels.items():
        for name in declaration.attributes:
            yield from validator.check_attribute(label, name)
    for flag in older.flags:
        clauses, where = migration.clauses_of_flag(flag), f"flags.{flag}"
        yield from validator.check_new_names(where, clauses, migration.flags, newer.flags)
        yield from _check_clauses(where, clauses, {}, [{}])
    for name in older.questions:
        yield from validator.check_question(name)
    for name in older.relations:
        yield from validator.check_relation(name)


@dataclass(frozen=True)
class _MigrationValidator:
    migration: Migration
    older: Schema
    newer: Schema

    def check_old_names(self) -> Iterator[str]:
        m, older = self.migration, self.older
        attributes = {
            f"{label}.{name}": attribute.values
            for label, declaration in older.labels.items()
            for name, attribute in declaration.attributes.items()
        }
        attributes_and_questions = attributes | {
            name: question.values for name, question in older.questions.items()
        }
        known: list[tuple[str, Iterable[str], Iterable[str]]] = [
            ("labels", m.labels, older.labels),
            ("attributes", m.attributes, attributes),
            ("questions", m.questions, older.questions),
            ("values", m.values, attributes_and_questions),
            ("flags", m.flags, older.flags),
            ("relations", m.relations, older.relations),
        ]
        for name, mapped in m.values.items():
            declared_values: Iterable[str] = attributes_and_questions.get(name, {})
            known.append((f"values.{name}", mapped, declared_values))
        for what, given, declared in known:
            for name in given:
                if name not in declared:
                    yield f"{what}.{name}: {older.version} has no such thing"

    def check_label(self, label: str) -> Iterator[str]:
        clauses, where = self.migration.clauses_of_label(label), f"labels.{label}"
        yield from self.check_new_names(where, clauses, self.migration.labels, self.newer.labels)
        domains = self._attribute_domains(label, clauses)
        yield from _check_clauses(where, clauses, domains, _combine(domains))

    def check_attribute(self, label: str, name: str) -> Iterator[str]:
        """Check an attribute with its values, under every newer label that its mentions may get."""
        clauses = self.migration.clauses_of_attribute(label, name)
        values: list[object] = list(self.older.labels[label].attributes[name].values)
        own = values or [_OTHER_VALUE]
        new_labels = self._new_labels(label)
        if not new_labels:
            return
        splits = [(f"attributes.{label}.{name}", clauses, own)]
        for value in values:
            if value_clauses := self.migration.clauses_of_value(label, name, value):
                splits.append((f"values.{label}.{name}.{value}", value_clauses, [value]))
        for where, split, filled in splits:
            domains = {**self._attribute_domains(label, split), "label": new_labels, name: own}
            yield from _check_clauses(
                where, split, domains, self._filled_cases(label, split, name, filled)
            )
        for value in own:
            of_value = self.migration.clauses_of_value(label, name, value) or ()
            for case in self._filled_cases(label, [*clauses, *of_value], name, [value]):
                yield from self._check_attribute_target(label, name, case)

    def _check_attribute_target(self, label: str, name: str, case: AttributeCase) -> Iterator[str]:
        """Check the new attribute and value in one case."""
        older, to = self.older.labels[label].attributes[name], str(case["label"])
        into = choose_clause(self.migration.clauses_of_attribute(label, name), case)
        if into is None or into.then is None or to not in self.newer.labels:
            return
        where, target, version = f"{label}.{name}", f"{to}.{into.then}", self.newer.version
        newer = self.newer.labels[to].attributes.get(into.then)
        if newer is None:
            missing = f"{version} has no {target}"
            yield f"attributes.{where}: {missing}; say under attributes what becomes of it"
        elif not _is_compatible(older, newer):
            yield f"attributes.{where}: {older.kind} cannot become {newer.kind}, as {target} is"
        else:
            clauses = self.migration.clauses_of_value(label, name, case[name])
            yield from self._check_new_value(where, target, newer, clauses, case[name], case)

    def _check_new_value(
        self,
        where: str,
        target: str,
        newer: Attribute,
        clauses: Sequence[MappingClause] | None,
        value: object,
        case: AttributeCase,
    ) -> Iterator[str]:
        """Check that a value becomes one of the newer attribute or question in one case."""
        clause = choose_clause(clauses or (MappingClause(then=str(value)),), case)
        if newer.has_values and clause and clause.then not in (None, *newer.values):
            missing = f"{self.newer.version} has no {target} {clause.then!r}"
            yield f"values.{where}.{value}: {missing}; say what becomes of it"

    def check_question(self, name: str) -> Iterator[str]:
        """Check a question about the document with its values."""
        questions, m = self.older.questions, self.migration
        clauses, where = m.clauses_of_question(name), f"questions.{name}"
        yield from self.check_new_names(where, clauses, m.questions, self.newer.questions)
        values: list[object] = list(questions[name].values)
        own = values or [_OTHER_VALUE]
        splits: list[tuple[str, Sequence[MappingClause], Sequence[object]]] = [
            (where, clauses, own)
        ]
        for value in values:
            if value_clauses := m.clauses_of_answer(name, value):
                splits.append((f"values.{name}.{value}", value_clauses, [value]))
        for path, split, filled in splits:
            domains = {**_attribute_domains(questions, split), name: filled}
            yield from _check_clauses(path, split, domains, _combine(domains))
        for value in own:
            of_value = m.clauses_of_answer(name, value)
            domains = {**_attribute_domains(questions, [*clauses, *(of_value or ())])}
            for case in _combine({**domains, name: [value]}):
                into = choose_clause(clauses, case)
                newer = self.newer.questions.get(into.then or "") if into else None
                if newer is None or into is None:
                    continue
                if not _is_compatible(questions[name], newer):
                    older_kind, new = questions[name].kind, f"{newer.kind}, as {into.then} is"
                    yield f"{where}: {older_kind} cannot become {new}"
                    continue
                target = str(into.then)
                yield from self._check_new_value(name, target, newer, of_value, value, case)

    def check_relation(self, name: str) -> Iterator[str]:
        """Check that a relation becomes one that connects all labels that its ends may get."""
        ends = self.older.relations[name]
        domains: Domains = {
            "head": self._new_labels(*ends.heads),
            "tail": self._new_labels(*ends.tails),
        }
        cases = list(_combine(domains))
        if not cases:
            return  # an end is dropped, and the relation with it
        clauses, where = self.migration.clauses_of_relation(name), f"relations.{name}"
        relations = self.newer.relations
        yield from self.check_new_names(where, clauses, self.migration.relations, relations)
        yield from _check_clauses(where, clauses, domains, cases)
        for case in cases:
            clause = choose_clause(clauses, case)
            to = relations.get(clause.then or "") if clause else None
            if clause and to and not to.connects(str(case["head"]), str(case["tail"])):
                connects = f"{clause.then} connects {describe_ends(to)}"
                become = f"{case['head']} and {case['tail']}"
                yield f"{where}: {connects}, and its ends may become {become}"

    def check_new_names(
        self,
        where: str,
        clauses: Sequence[MappingClause],
        mapped: Iterable[str],
        declared: Iterable[str],
    ) -> Iterator[str]:
        kind, name = where.split(".")
        for clause in clauses:
            if clause.then is not None and clause.then not in declared:
                missing = f"{where}: {self.newer.version} has no {clause.then!r} under {kind}"
                yield missing if name in mapped else f"{missing}; say what becomes of {name}"

    def _new_labels(self, *labels: str) -> list[str]:
        clauses = (self.migration.clauses_of_label(label) for label in labels)
        targets = (clause.then for clause in chain.from_iterable(clauses))
        return list(dict.fromkeys(target for target in targets if target is not None))

    def _attribute_domains(self, label: str, clauses: Iterable[MappingClause]) -> Domains:
        return _attribute_domains(self.older.labels[label].attributes, clauses)

    def _filled_cases(
        self, label: str, clauses: Iterable[MappingClause], name: str, values: Sequence[object]
    ) -> Iterator[AttributeCase]:
        """Yield the cases in which the label is kept and the attribute has a value, each with the
        newer label.
        """
        of_label = self.migration.clauses_of_label(label)
        domains = self._attribute_domains(label, [*of_label, *clauses])
        for case in _combine({**domains, name: values}):
            to = choose_clause(of_label, case)
            if to and to.then is not None:
                yield {**case, "label": to.then}


def _attribute_domains(
    attributes: Mapping[str, Attribute], clauses: Iterable[MappingClause]
) -> Domains:
    """Return the possible values of the attributes or questions that the clauses depend on."""
    named: dict[str, list[AttributeCondition]] = {}
    for clause in clauses:
        for name, condition in clause.when.items():
            named.setdefault(name, []).extend(list_conditions(condition))
    return {
        name: _attribute_domain(attributes[name], values)
        for name, values in named.items()
        if name in attributes
    }


def _attribute_domain(attribute: Attribute, named: Sequence[AttributeCondition]) -> list[object]:
    values: list[object] = list(attribute.values)
    if attribute.kind == "boolean":
        values = [False, True]
    elif not attribute.has_values:
        values = [_OTHER_VALUE, *(value for value in named if value is not None)]
    # A required attribute is empty only in skipped documents; the records will show.
    empty = [] if attribute.required and None not in named else [None]
    return list(dict.fromkeys([*values, *empty]))


def _combine(domains: Mapping[str, Sequence[object]]) -> Iterator[AttributeCase]:
    for values in product(*domains.values()):
        yield dict(zip(domains, values, strict=True))


def _check_clauses(
    where: str, clauses: Sequence[MappingClause], domains: Domains, cases: Iterable[AttributeCase]
) -> Iterator[str]:
    """Check that conditions can hold, that a clause matches in each case, and that each clause
    matches in one.
    """
    for clause in clauses:
        for name, condition in clause.when.items():
            if name not in domains:
                yield f"{where}: there is no {name!r} to decide by"
            elif _OTHER_VALUE not in domains[name]:
                for value in list_conditions(condition):
                    if value not in domains[name]:
                        shown = "empty" if value is None else repr(value)
                        yield f"{where}: {name} is never {shown}"
    matching = set()
    for case in cases:
        clause_of_case = choose_clause(clauses, case)
        if clause_of_case is None:
            yield f"{where}: no clause for {_format_case(case)}"
        matching.add(id(clause_of_case))
    for number, clause in enumerate(clauses, 1):
        if id(clause) not in matching:
            yield f"{where}: clause {number} never applies"


def _format_case(case: Mapping[str, object]) -> str:
    """Format a case for readers.

    >>> _format_case({"type": "civilian", "entity": None})
    'type civilian, no entity'
    """
    return ", ".join(_format_value(name, value) for name, value in case.items())


def _format_value(name: str, value: object) -> str:
    if value is None:
        return f"no {name}"
    return f"another {name}" if value is _OTHER_VALUE else f"{name} {value}"


def _is_compatible(older: Attribute, newer: Attribute) -> bool:
    """Return whether values of one are valid in the other; a closed list may be opened, never
    closed by guessing.
    """
    if older.is_closed:
        return newer.has_values or newer.kind == "text"
    widened = {("integer", "number"), ("date", "text")}
    return older.kind == newer.kind or (older.kind, newer.kind) in widened
