"""Whether a migration fits both schemas: nothing left open, nothing that leads nowhere, no clause in vain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from sayso.schema.declarations import Attribute, Schema
from sayso.schema.migrations.migration_files import (
    AttributeCondition,
    MappingClause,
    Migration,
    choose_clause,
    list_conditions,
)

_OTHER_VALUE = object()  # a value of an open attribute that no clause names
AttributeCase = dict[str, object]  # what clauses tell by: attributes, and labels


def find_mismatches(migration: Migration, older: Schema, newer: Schema) -> Iterator[str]:
    """What does not fit, one line each; a later line may follow from an earlier one."""
    fit = _MigrationValidator(migration, older, newer)
    yield from fit.check_old_names()
    for label in older.labels:
        yield from fit.check_label(label)
    for label, declared in older.labels.items():
        for name in declared.attributes:
            yield from fit.check_attribute(label, name)
    for flag in older.flags:
        yield from fit.check_flag(flag)
    for name in older.relations:
        yield from fit.check_relation(name)


@dataclass(frozen=True)
class _MigrationValidator:
    migration: Migration
    older: Schema
    newer: Schema

    def check_old_names(self) -> Iterator[str]:
        """Words on the left that the older schema does not have."""
        m, older = self.migration, self.older
        attributes = {
            f"{n}.{a}": of.values
            for n, label in older.labels.items()
            for a, of in label.attributes.items()
        }
        known: list[tuple[str, Iterable[str], Iterable[str]]] = [
            ("labels", m.labels, older.labels),
            ("attributes", m.attributes, attributes),
            ("values", m.values, attributes),
            ("flags", m.flags, older.flags),
            ("relations", m.relations, older.relations),
            *(
                (f"values.{n}", values, attributes[n])
                for n, values in m.values.items()
                if n in attributes
            ),
        ]
        for what, declared, words in known:
            yield from (
                f"{what}.{word}: {older.version} has no such thing"
                for word in declared
                if word not in words
            )

    def check_label(self, label: str) -> Iterator[str]:
        """A label: where it leads, and whether its clauses leave nothing open."""
        clauses, where = self.migration.clauses_of_label(label), f"labels.{label}"
        yield from self._check_new_names(
            where, clauses, label in self.migration.labels, self.newer.labels
        )
        yield from _check_clauses(
            where,
            clauses,
            self._attribute_domains(label, clauses),
            self._attribute_cases(label, clauses),
        )

    def check_attribute(self, label: str, name: str) -> Iterator[str]:
        """An attribute with its values, under every newer label that its mentions may get."""
        clauses, reached = self.migration.clauses_of_attribute(label, name), self.new_labels(label)
        values: list[object] = list(self.older.labels[label].attributes[name].values)
        if not reached:
            return
        for where, split, own in [
            (f"attributes.{label}.{name}", clauses, values or [_OTHER_VALUE]),
            *(
                (f"values.{label}.{name}.{v}", split, [v])
                for v in values
                if (split := self.migration.clauses_of_value(label, name, v))
            ),
        ]:
            allowed: dict[str, Sequence[object]] = {
                **self._attribute_domains(label, split),
                "label": reached,
            }
            allowed[name] = values or [_OTHER_VALUE]
            yield from _check_clauses(
                where, split, allowed, self._filled_cases(label, split, name, own)
            )
        for value in values or [_OTHER_VALUE]:
            splits = [*clauses, *(self.migration.clauses_of_value(label, name, value) or ())]
            for case in self._filled_cases(label, splits, name, [value]):
                yield from self._check_attribute_target(label, name, case)

    def _check_attribute_target(self, label: str, name: str, case: AttributeCase) -> Iterator[str]:
        """Where the attribute ends up in one case, and its value."""
        declared, to = self.older.labels[label].attributes[name], str(case["label"])
        into = choose_clause(self.migration.clauses_of_attribute(label, name), case)
        if into is None or into.then is None or to not in self.newer.labels:
            return
        where, place, version = f"{label}.{name}", f"{to}.{into.then}", self.newer.version
        attribute = self.newer.labels[to].attributes.get(into.then)
        if attribute is None:
            yield f"attributes.{where}: {version} has no {place}; say under attributes what becomes of it"
        elif not _is_compatible(declared, attribute):
            yield f"attributes.{where}: {declared.kind} cannot become {attribute.kind}, as {place} is"
        elif attribute.is_closed:
            value = str(case[name])
            clause = choose_clause(
                self.migration.clauses_of_value(label, name, value) or (MappingClause(then=value),),
                case,
            )
            if clause and clause.then is not None and clause.then not in attribute.values:
                yield f"values.{where}.{value}: {version} has no {place} {clause.then!r}; say what becomes of it"

    def check_flag(self, flag: str) -> Iterator[str]:
        """A flag leads to a flag, under no condition."""
        clauses, where = self.migration.clauses_of_flag(flag), f"flags.{flag}"
        yield from self._check_new_names(
            where, clauses, flag in self.migration.flags, self.newer.flags
        )
        yield from _check_clauses(where, clauses, {}, [{}])

    def check_relation(self, name: str) -> Iterator[str]:
        """A relation: for all labels that its ends may get, one that ties them."""
        ends = self.older.relations[name]
        domains = {"head": self.new_labels(ends.head), "tail": self.new_labels(ends.tail)}
        cases = list(_combine(domains))
        if not cases:
            return  # an end is dropped, and the relation with it
        clauses, where = self.migration.clauses_of_relation(name), f"relations.{name}"
        yield from self._check_new_names(
            where, clauses, name in self.migration.relations, self.newer.relations
        )
        yield from _check_clauses(where, clauses, domains, cases)
        for case in cases:
            clause = choose_clause(clauses, case)
            to = self.newer.relations.get(clause.then or "") if clause else None
            if clause and to and (to.head, to.tail) != (case["head"], case["tail"]):
                tied = f"{clause.then} ties {to.head} to {to.tail}"
                yield f"{where}: {tied}, and its ends may become {case['head']} and {case['tail']}"

    def new_labels(self, label: str) -> list[str]:
        """The newer labels that mentions of an older one may get."""
        return list(
            dict.fromkeys(
                clause.then
                for clause in self.migration.clauses_of_label(label)
                if clause.then is not None
            )
        )

    def _check_new_names(
        self, where: str, clauses: Sequence[MappingClause], said: bool, words: Iterable[str]
    ) -> Iterator[str]:
        for clause in clauses:
            if clause.then is not None and clause.then not in words:
                kind, word = where.split(".")
                missing = f"{where}: {self.newer.version} has no {clause.then!r} under {kind}"
                yield missing if said else f"{missing}; say what becomes of {word}"

    def _attribute_domains(
        self, label: str, clauses: Iterable[MappingClause]
    ) -> dict[str, list[object]]:
        """The values of the label's attributes over which clauses decide."""
        attributes, named = (
            self.older.labels[label].attributes,
            dict[str, list[AttributeCondition]](),
        )
        for clause in clauses:
            for name, asked in clause.when.items():
                named.setdefault(name, []).extend(list_conditions(asked))
        return {
            name: _attribute_domain(attributes[name], asked)
            for name, asked in named.items()
            if name in attributes
        }

    def _attribute_cases(
        self, label: str, clauses: Iterable[MappingClause]
    ) -> Iterator[AttributeCase]:
        return _combine(self._attribute_domains(label, clauses))

    def _filled_cases(
        self, label: str, clauses: Iterable[MappingClause], name: str, own: Sequence[object]
    ) -> Iterator[AttributeCase]:
        """The cases in which the label stays one and the attribute is filled, each with the newer label."""
        domains = self._attribute_domains(
            label, [*self.migration.clauses_of_label(label), *clauses]
        )
        for case in _combine({**domains, name: own}):
            to = choose_clause(self.migration.clauses_of_label(label), case)
            if to and to.then is not None:
                yield {**case, "label": to.then}


def _attribute_domain(attribute: Attribute, named: Sequence[AttributeCondition]) -> list[object]:
    """What an attribute may hold. A required one may be empty too, in what was skipped; the records tell."""
    values = (
        list(attribute.values)
        if attribute.is_closed
        else [_OTHER_VALUE, *(value for value in named if value is not None)]
    )
    empty = [] if attribute.required and None not in named else [None]
    return list(dict.fromkeys([*values, *empty]))


def _combine(domains: Mapping[str, Sequence[object]]) -> Iterator[AttributeCase]:
    for values in product(*domains.values()):
        yield dict(zip(domains, values, strict=True))


def _check_clauses(
    where: str,
    clauses: Sequence[MappingClause],
    domains: Mapping[str, Sequence[object]],
    cases: Iterable[AttributeCase],
) -> Iterator[str]:
    """Whether clauses tell by what there is, one fits in each case, and each fits in some case."""
    for clause in clauses:
        for name, asked in clause.when.items():
            if name not in domains:
                yield f"{where}: there is no {name!r} to tell by"
            for value in (
                list_conditions(asked)
                if name in domains and _OTHER_VALUE not in domains[name]
                else ()
            ):
                if value not in domains[name]:
                    yield f"{where}: {name} is never {'empty' if value is None else repr(value)}"
    fitting = set()
    for case in cases:
        fits = choose_clause(clauses, case)
        if fits is None:
            yield f"{where}: no clause for {_format_case(case)}"
        fitting.add(id(fits))
    yield from (
        f"{where}: clause {n} never applies"
        for n, each in enumerate(clauses, 1)
        if id(each) not in fitting
    )


def _format_case(case: Mapping[str, object]) -> str:
    """A case for people.

    >>> _format_case({"record_type": "civilian", "entity": None})
    'type civilian, no entity'
    """
    return ", ".join(
        f"no {name}"
        if value is None
        else f"another {name}"
        if value is _OTHER_VALUE
        else f"{name} {value}"
        for name, value in case.items()
    )


def _is_compatible(older: Attribute, newer: Attribute) -> bool:
    """Whether values of one can stand in the other; a closed list may be opened, never closed by guessing."""
    if older.is_closed:
        return newer.is_closed or newer.kind == "text"
    return older.kind == newer.kind
