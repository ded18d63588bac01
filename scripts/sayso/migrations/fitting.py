"""Whether a migration fits both schemas: nothing left open, nothing that leads nowhere, no clause in vain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from sayso.migrations.declared import Clause, Condition, Migration, chosen, conditions
from sayso.schema import Attribute, Schema

_OTHER = object()  # a value of an open attribute that no clause names
Case = dict[str, object]  # what clauses tell by: attributes, and labels


def misfits(migration: Migration, older: Schema, newer: Schema) -> Iterator[str]:
    """What does not fit, one line each; a later line may follow from an earlier one."""
    fit = _Fit(migration, older, newer)
    yield from fit.strangers()
    for label in older.labels:
        yield from fit.label(label)
    for label, declared in older.labels.items():
        for name in declared.attributes:
            yield from fit.attribute(label, name)
    for flag in older.flags:
        yield from fit.flag(flag)
    for name in older.relations:
        yield from fit.relation(name)


@dataclass(frozen=True)
class _Fit:
    migration: Migration
    older: Schema
    newer: Schema

    def strangers(self) -> Iterator[str]:
        """Words on the left that the older schema does not have."""
        m, older = self.migration, self.older
        attributes = {f"{n}.{a}": of.values for n, label in older.labels.items() for a, of in label.attributes.items()}
        known: list[tuple[str, Iterable[str], Iterable[str]]] = [
            ("labels", m.labels, older.labels), ("attributes", m.attributes, attributes),
            ("values", m.values, attributes), ("flags", m.flags, older.flags),
            ("relations", m.relations, older.relations),
            *((f"values.{n}", values, attributes[n]) for n, values in m.values.items() if n in attributes),
        ]  # fmt: skip
        for what, declared, words in known:
            yield from (f"{what}.{word}: {older.version} has no such thing" for word in declared if word not in words)

    def label(self, label: str) -> Iterator[str]:
        """A label: where it leads, and whether its clauses leave nothing open."""
        clauses, where = self.migration.label(label), f"labels.{label}"
        yield from self._named(where, clauses, label in self.migration.labels, self.newer.labels)
        yield from _settled(where, clauses, self._domains(label, clauses), self._cases(label, clauses))

    def attribute(self, label: str, name: str) -> Iterator[str]:
        """An attribute with its values, under every newer label that its mentions may get."""
        clauses, reached = self.migration.attribute(label, name), self.reach(label)
        values: list[object] = list(self.older.labels[label].attributes[name].values)
        if not reached:
            return
        for where, split, own in [
            (f"attributes.{label}.{name}", clauses, values or [_OTHER]),
            *((f"values.{label}.{name}.{v}", split, [v]) for v in values
              if (split := self.migration.value(label, name, v))),
        ]:  # fmt: skip
            allowed: dict[str, Sequence[object]] = {**self._domains(label, split), "label": reached}
            allowed[name] = values or [_OTHER]
            yield from _settled(where, split, allowed, self._filled(label, split, name, own))
        for value in values or [_OTHER]:
            splits = [*clauses, *(self.migration.value(label, name, value) or ())]
            for case in self._filled(label, splits, name, [value]):
                yield from self._arrival(label, name, case)

    def _arrival(self, label: str, name: str, case: Case) -> Iterator[str]:
        """Where the attribute ends up in one case, and its value."""
        declared, to = self.older.labels[label].attributes[name], str(case["label"])
        into = chosen(self.migration.attribute(label, name), case)
        if into is None or into.then is None or to not in self.newer.labels:
            return
        where, place, version = f"{label}.{name}", f"{to}.{into.then}", self.newer.version
        attribute = self.newer.labels[to].attributes.get(into.then)
        if attribute is None:
            yield f"attributes.{where}: {version} has no {place}; say under attributes what becomes of it"
        elif not _compatible(declared, attribute):
            yield f"attributes.{where}: {declared.kind} cannot become {attribute.kind}, as {place} is"
        elif attribute.closed:
            value = str(case[name])
            clause = chosen(self.migration.value(label, name, value) or (Clause(then=value),), case)
            if clause and clause.then is not None and clause.then not in attribute.values:
                yield f"values.{where}.{value}: {version} has no {place} {clause.then!r}; say what becomes of it"

    def flag(self, flag: str) -> Iterator[str]:
        """A flag leads to a flag, under no condition."""
        clauses, where = self.migration.flag(flag), f"flags.{flag}"
        yield from self._named(where, clauses, flag in self.migration.flags, self.newer.flags)
        yield from _settled(where, clauses, {}, [{}])

    def relation(self, name: str) -> Iterator[str]:
        """A relation: for all labels that its ends may get, one that ties them."""
        ends = self.older.relations[name]
        domains = {"head": self.reach(ends.head), "tail": self.reach(ends.tail)}
        cases = list(_product(domains))
        if not cases:
            return  # an end is dropped, and the relation with it
        clauses, where = self.migration.relation(name), f"relations.{name}"
        yield from self._named(where, clauses, name in self.migration.relations, self.newer.relations)
        yield from _settled(where, clauses, domains, cases)
        for case in cases:
            clause = chosen(clauses, case)
            to = self.newer.relations.get(clause.then or "") if clause else None
            if clause and to and (to.head, to.tail) != (case["head"], case["tail"]):
                tied = f"{clause.then} ties {to.head} to {to.tail}"
                yield f"{where}: {tied}, and its ends may become {case['head']} and {case['tail']}"

    def reach(self, label: str) -> list[str]:
        """The newer labels that mentions of an older one may get."""
        return list(dict.fromkeys(clause.then for clause in self.migration.label(label) if clause.then is not None))

    def _named(self, where: str, clauses: Sequence[Clause], said: bool, words: Iterable[str]) -> Iterator[str]:
        for clause in clauses:
            if clause.then is not None and clause.then not in words:
                kind, word = where.split(".")
                missing = f"{where}: {self.newer.version} has no {clause.then!r} under {kind}"
                yield missing if said else f"{missing}; say what becomes of {word}"

    def _domains(self, label: str, clauses: Iterable[Clause]) -> dict[str, list[object]]:
        """The values of the label's attributes over which clauses decide."""
        attributes, named = self.older.labels[label].attributes, dict[str, list[Condition]]()
        for clause in clauses:
            for name, asked in clause.when.items():
                named.setdefault(name, []).extend(conditions(asked))
        return {name: _domain(attributes[name], asked) for name, asked in named.items() if name in attributes}

    def _cases(self, label: str, clauses: Iterable[Clause]) -> Iterator[Case]:
        return _product(self._domains(label, clauses))

    def _filled(self, label: str, clauses: Iterable[Clause], name: str, own: Sequence[object]) -> Iterator[Case]:
        """The cases in which the label stays one and the attribute is filled, each with the newer label."""
        domains = self._domains(label, [*self.migration.label(label), *clauses])
        for case in _product({**domains, name: own}):
            to = chosen(self.migration.label(label), case)
            if to and to.then is not None:
                yield {**case, "label": to.then}


def _domain(attribute: Attribute, named: Sequence[Condition]) -> list[object]:
    """What an attribute may hold. A required one may be empty too, in what was skipped; the records tell."""
    values = list(attribute.values) if attribute.closed else [_OTHER, *(value for value in named if value is not None)]
    empty = [] if attribute.required and None not in named else [None]
    return list(dict.fromkeys([*values, *empty]))


def _product(domains: Mapping[str, Sequence[object]]) -> Iterator[Case]:
    for values in product(*domains.values()):
        yield dict(zip(domains, values, strict=True))


def _settled(where: str, clauses: Sequence[Clause], domains: Mapping[str, Sequence[object]],
             cases: Iterable[Case]) -> Iterator[str]:  # fmt: skip
    """Whether clauses tell by what there is, one fits in each case, and each fits in some case."""
    for clause in clauses:
        for name, asked in clause.when.items():
            if name not in domains:
                yield f"{where}: there is no {name!r} to tell by"
            for value in conditions(asked) if name in domains and _OTHER not in domains[name] else ():
                if value not in domains[name]:
                    yield f"{where}: {name} is never {'empty' if value is None else repr(value)}"
    fitting = set()
    for case in cases:
        fits = chosen(clauses, case)
        if fits is None:
            yield f"{where}: no clause for {_words(case)}"
        fitting.add(id(fits))
    yield from (f"{where}: clause {n} never applies" for n, each in enumerate(clauses, 1) if id(each) not in fitting)


def _words(case: Mapping[str, object]) -> str:
    """A case for people.

    >>> _words({"type": "civilian", "entity": None})
    'type civilian, no entity'
    """
    return ", ".join(
        f"no {name}" if value is None else f"another {name}" if value is _OTHER else f"{name} {value}"
        for name, value in case.items()
    )


def _compatible(older: Attribute, newer: Attribute) -> bool:
    """Whether values of one can stand in the other; a closed list may be opened, never closed by guessing."""
    if older.closed:
        return newer.closed or newer.kind == "text"
    return older.kind == newer.kind
