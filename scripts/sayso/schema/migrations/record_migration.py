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

from sayso.models import (
    Annotation,
    AttributeValue,
    Gold,
    Mention,
    Relation,
    UnknownItem,
    sort_mentions,
    sort_relations,
)
from sayso.schema.migrations.migration_files import MappingClause, MigrationStep, choose_clause

R = TypeVar("R", bound=Annotation | Gold)


class NameChange(NamedTuple):
    """A declared change of one word. ``new`` is empty where it was dropped."""

    kind: str
    old: str
    new: str


class UnsettledPart(NamedTuple):
    """Where the migration does not say what to do; code points, end-exclusive."""

    start: int | None
    end: int | None
    message: str


@dataclass
class RecordMigrationResult:
    """What came of a record.

    Attributes:
        changes: how often each declared change was made.
        aside: what could not stay, with the reason; an annotation holds it in ``kept``.
        unsettled: what the migration does not settle; it is in ``set_aside`` too.
    """

    changes: Counter[NameChange] = field(default_factory=Counter)
    set_aside: list[UnknownItem] = field(default_factory=list)
    unsettled: list[UnsettledPart] = field(default_factory=list)


def migrate_record(record: R, route: Iterable[MigrationStep]) -> tuple[R, RecordMigrationResult]:
    """The record in the words at the end of the route, and what was done."""
    done = RecordMigrationResult()
    for step in route:
        record = _RecordMigration(step, done).migrate(record)
    return record, done


def _list_fields(record: Annotation | Gold) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Where a record holds mentions, and where relations."""
    if isinstance(record, Gold):
        return ("mentions", "declined"), ("relations", "declined_relations")
    return ("mentions",), ("relations",)


@dataclass(frozen=True)
class _RecordMigration:
    step: MigrationStep
    result: RecordMigrationResult

    def migrate(self, record: R) -> R:
        """The record, one step further."""
        before: int = len(self.result.set_aside)
        marked, drawn = _list_fields(record)
        olds: dict[str, Mention] = {
            mention.id: mention for name in marked for mention in getattr(record, name)
        }
        mentions = {name: self._migrate_mentions(getattr(record, name)) for name in marked}
        news = {mention.id: mention for found in mentions.values() for mention in found}
        relations = {
            name: self._migrate_relations(getattr(record, name), olds, news) for name in drawn
        }
        kept = (
            {"kept": (*record.kept, *self.result.set_aside[before:])}
            if isinstance(record, Annotation)
            else {}
        )
        return msgspec.structs.replace(
            record,
            schema_version=self.step.migration.to_version,
            **{name: sort_mentions(found) for name, found in mentions.items()},
            **{name: sort_relations(found) for name, found in relations.items()},
            **kept,
        )

    def _migrate_mentions(self, mentions: Iterable[Mention]) -> list[Mention]:
        return [new for old in mentions if (new := self._migrate_mention(old))]

    def _migrate_mention(self, mention: Mention) -> Mention | None:
        clauses, known = self.step.migration.clauses_of_label(mention.label), mention.attributes
        clause = self._apply_clause(
            "label", mention.label, clauses, known, mention, msgspec.to_builtins(mention)
        )
        if clause is None or clause.then is None:
            return None
        return msgspec.structs.replace(
            mention,
            label=clause.then,
            attributes=self._migrate_attributes(mention, clause.then),
            flag=self._migrate_flag(mention),
        )

    def _migrate_attributes(self, mention: Mention, label: str) -> dict[str, AttributeValue]:
        known = {**mention.attributes, "label": label}
        found: dict[str, AttributeValue] = {}
        for name, value in mention.attributes.items():
            item = {"id": mention.id, "attribute": f"{mention.label}.{name}", "value": value}
            split = self.step.migration.clauses_of_attribute(mention.label, name)
            into = self._apply_clause(
                "attribute", f"{mention.label}.{name}", split, known, mention, item
            )
            if into is None or into.then is None:
                continue
            answer = self._migrate_value(mention, name, value, known, item)
            if answer is None or found.setdefault(into.then, answer) == answer:
                continue
            self._report_unsettled(
                mention, f"{label}.{into.then} would be both {found[into.then]} and {answer}", item
            )
        return found

    def _migrate_value(
        self,
        mention: Mention,
        name: str,
        value: AttributeValue,
        attributes: Mapping[str, object],
        item: dict[str, Any],
    ) -> AttributeValue | None:
        clauses = self.step.migration.clauses_of_value(mention.label, name, value)
        if clauses is None:
            return value
        clause = self._apply_clause(
            "value", f"{mention.label}.{name}.{value}", clauses, attributes, mention, item
        )
        return clause.then if clause else None

    def _migrate_flag(self, mention: Mention) -> str | None:
        if mention.flag is None:
            return None
        clauses, item = (
            self.step.migration.clauses_of_flag(mention.flag),
            {"id": mention.id, "flag": mention.flag},
        )
        clause = self._apply_clause("flag", mention.flag, clauses, {}, mention, item)
        return clause.then if clause else None

    def _migrate_relations(
        self,
        relations: Sequence[Relation],
        olds: Mapping[str, Mention],
        news: Mapping[str, Mention],
    ) -> list[Any]:
        found: dict[tuple[str, str, str], Relation] = {}
        for relation in relations:
            item = msgspec.to_builtins(relation)
            if any(end in olds and end not in news for end in (relation.head, relation.tail)):
                self._set_aside(f"{relation.type}: an end of it did not stay", item)
                continue
            known = {"head": _label_of(news, relation.head), "tail": _label_of(news, relation.tail)}
            clauses, at = (
                self.step.migration.clauses_of_relation(relation.type),
                news.get(relation.head),
            )
            clause = self._apply_clause("relation", relation.type, clauses, known, at, item)
            if clause is None or clause.then is None:
                continue
            new = msgspec.structs.replace(relation, type=clause.then)
            if found.setdefault((new.type, new.head, new.tail), new) is not new:
                self._set_aside(
                    f"{relation.type}: the same as another, once it is {new.type}", item
                )
        return list(found.values())

    def _apply_clause(
        self,
        kind: str,
        old: str,
        clauses: Sequence[MappingClause],
        attributes: Mapping[str, object],
        mention: Mention | None,
        item: dict[str, Any],
    ) -> MappingClause | None:
        """The clause for a word; what it drops is kept, and counted what it changes."""
        clause = choose_clause(clauses, attributes)
        if clause is None:
            self._report_unsettled(mention, f"no clause fits {kind} {old}", item)
            return None
        if clause.drop:
            self._set_aside(
                f"{kind} {old} was dropped" + (f": {clause.because}" if clause.because else ""),
                item,
            )
        new = clause.then or ""
        if len(clauses) > 1 or new != old.rpartition(".")[2]:
            self.result.changes[NameChange(kind, old, new)] += 1
        return clause

    def _report_unsettled(
        self, mention: Mention | None, message: str, item: dict[str, Any]
    ) -> None:
        self.result.unsettled.append(
            UnsettledPart(
                mention.start if mention else None, mention.end if mention else None, message
            )
        )
        self._set_aside(message, item)

    def _set_aside(self, reason: str, item: dict[str, Any]) -> None:
        self.result.set_aside.append(
            UnknownItem(reason=f"migration {self.step.migration.name}: {reason}", item=item)
        )


def _label_of(mentions: Mapping[str, Mention], identifier: str) -> str | None:
    return mentions[identifier].label if identifier in mentions else None
