"""One record from an older schema to a newer one. Pure: offsets, words, notes and who said it stay as they are.

What a migration drops, and what it has no clause for, goes into the record's ``kept``. Gold has no such place: there
the record's older form in the history is where it stands.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import msgspec

from sayso.migrations.declared import Clause, Step, chosen
from sayso.records import Annotation, Gold, Kept, Mention, Relation, Value, ordered_mentions, ordered_relations

R = TypeVar("R", bound=Annotation | Gold)


class Change(NamedTuple):
    """A declared change of one word. ``new`` is empty where it was dropped."""

    kind: str
    old: str
    new: str


class Unsettled(NamedTuple):
    """Where the migration does not say what to do; code points, end-exclusive."""

    start: int | None
    end: int | None
    what: str


@dataclass
class Moved:
    """What came of a record.

    Attributes:
        changes: how often each declared change was made.
        aside: what could not stay, with the reason; an annotation holds it in ``kept``.
        unsettled: what the migration does not settle; it is in ``aside`` too.
    """

    changes: Counter[Change] = field(default_factory=Counter)
    aside: list[Kept] = field(default_factory=list)
    unsettled: list[Unsettled] = field(default_factory=list)


def moved(record: R, route: Iterable[Step]) -> tuple[R, Moved]:
    """The record in the words at the end of the route, and what was done."""
    done = Moved()
    for step in route:
        record = _Move(step, done).record(record)
    return record, done


def _fields(record: Annotation | Gold) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Where a record holds mentions, and where relations."""
    if isinstance(record, Gold):
        return ("mentions", "declined"), ("relations", "declined_relations")
    return ("mentions",), ("relations",)


@dataclass(frozen=True)
class _Move:
    step: Step
    done: Moved

    def record(self, record: R) -> R:
        """The record, one step further."""
        before: int = len(self.done.aside)
        marked, drawn = _fields(record)
        olds: dict[str, Mention] = {mention.id: mention for name in marked for mention in getattr(record, name)}
        mentions = {name: self._mentions(getattr(record, name)) for name in marked}
        news = {mention.id: mention for found in mentions.values() for mention in found}
        relations = {name: self._relations(getattr(record, name), olds, news) for name in drawn}
        kept = {"kept": (*record.kept, *self.done.aside[before:])} if isinstance(record, Annotation) else {}
        return msgspec.structs.replace(
            record,
            schema_version=self.step.migration.to_version,
            **{name: ordered_mentions(found) for name, found in mentions.items()},
            **{name: ordered_relations(found) for name, found in relations.items()},
            **kept,
        )

    def _mentions(self, mentions: Iterable[Mention]) -> list[Mention]:
        return [new for old in mentions if (new := self._mention(old))]

    def _mention(self, mention: Mention) -> Mention | None:
        clauses, known = self.step.migration.label(mention.label), mention.attributes
        clause = self._choose("label", mention.label, clauses, known, mention, msgspec.to_builtins(mention))
        if clause is None or clause.then is None:
            return None
        return msgspec.structs.replace(
            mention, label=clause.then, attributes=self._attributes(mention, clause.then), flag=self._flag(mention)
        )

    def _attributes(self, mention: Mention, label: str) -> dict[str, Value]:
        known = {**mention.attributes, "label": label}
        found: dict[str, Value] = {}
        for name, value in mention.attributes.items():
            item = {"id": mention.id, "attribute": f"{mention.label}.{name}", "value": value}
            split = self.step.migration.attribute(mention.label, name)
            into = self._choose("attribute", f"{mention.label}.{name}", split, known, mention, item)
            if into is None or into.then is None:
                continue
            answer = self._value(mention, name, value, known, item)
            if answer is None or found.setdefault(into.then, answer) == answer:
                continue
            self._unsettled(mention, f"{label}.{into.then} would be both {found[into.then]} and {answer}", item)
        return found

    def _value(self, mention: Mention, name: str, value: Value, known: Mapping[str, object],
               item: dict[str, Any]) -> Value | None:  # fmt: skip
        clauses = self.step.migration.value(mention.label, name, value)
        if clauses is None:
            return value
        clause = self._choose("value", f"{mention.label}.{name}.{value}", clauses, known, mention, item)
        return clause.then if clause else None

    def _flag(self, mention: Mention) -> str | None:
        if mention.flag is None:
            return None
        clauses, item = self.step.migration.flag(mention.flag), {"id": mention.id, "flag": mention.flag}
        clause = self._choose("flag", mention.flag, clauses, {}, mention, item)
        return clause.then if clause else None

    def _relations(self, relations: Sequence[Relation], olds: Mapping[str, Mention],
                   news: Mapping[str, Mention]) -> list[Any]:  # fmt: skip
        found: dict[tuple[str, str, str], Relation] = {}
        for relation in relations:
            item = msgspec.to_builtins(relation)
            if any(end in olds and end not in news for end in (relation.head, relation.tail)):
                self._keep(f"{relation.type}: an end of it did not stay", item)
                continue
            known = {"head": _label(news, relation.head), "tail": _label(news, relation.tail)}
            clauses, at = self.step.migration.relation(relation.type), news.get(relation.head)
            clause = self._choose("relation", relation.type, clauses, known, at, item)
            if clause is None or clause.then is None:
                continue
            new = msgspec.structs.replace(relation, type=clause.then)
            if found.setdefault((new.type, new.head, new.tail), new) is not new:
                self._keep(f"{relation.type}: the same as another, once it is {new.type}", item)
        return list(found.values())

    def _choose(self, kind: str, old: str, clauses: Sequence[Clause], known: Mapping[str, object],
                at: Mention | None, item: dict[str, Any]) -> Clause | None:  # fmt: skip
        """The clause for a word; what it drops is kept, and counted what it changes."""
        clause = chosen(clauses, known)
        if clause is None:
            self._unsettled(at, f"no clause fits {kind} {old}", item)
            return None
        if clause.drop:
            self._keep(f"{kind} {old} was dropped" + (f": {clause.because}" if clause.because else ""), item)
        new = clause.then or ""
        if len(clauses) > 1 or new != old.rpartition(".")[2]:
            self.done.changes[Change(kind, old, new)] += 1
        return clause

    def _unsettled(self, at: Mention | None, what: str, item: dict[str, Any]) -> None:
        self.done.unsettled.append(Unsettled(at.start if at else None, at.end if at else None, what))
        self._keep(what, item)

    def _keep(self, reason: str, item: dict[str, Any]) -> None:
        self.done.aside.append(Kept(reason=f"migration {self.step.migration.name}: {reason}", item=item))


def _label(mentions: Mapping[str, Mention], identifier: str) -> str | None:
    return mentions[identifier].label if identifier in mentions else None
