"""Migrate one record to a newer schema. Offsets, texts, notes and votes stay as they are.

What a migration drops, and what no clause matches, goes into ``kept`` of an annotation. Gold has no
such field: its older line in the history has it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec.structs import replace

from sayso.models import (
    Annotation,
    AttributeValue,
    Gold,
    GoldAnswer,
    GoldMention,
    Mention,
    Relation,
    UnknownItem,
    format_value,
    sort_mentions,
    sort_relations,
)
from sayso.schema.answer_order import answer_key
from sayso.schema.declarations import Attribute
from sayso.schema.migrations.migration_mapping import (
    MappingClause,
    MigrationStep,
    choose_clause,
    list_values,
)
from sayso.schema.symmetry import orient_relations

RecordT = TypeVar("RecordT", bound=Annotation | Gold)


class NameChange(NamedTuple):
    """A declared change of one name. ``new`` is empty where it was dropped."""

    kind: str
    old: str
    new: str


class UnsettledPart(NamedTuple):
    """A part of a record that the migration does not decide on; code points, end-exclusive."""

    start: int | None
    end: int | None
    message: str


@dataclass
class RecordMigrationResult:
    """The changes made to one record.

    Attributes:
        changes: number of times that each declared change was made.
        removed_parts: what was removed, with the reason; it is in ``kept`` of an annotation.
        unsettled: what the migration does not decide on; it is in ``removed_parts`` too.
    """

    changes: Counter[NameChange] = field(default_factory=Counter)
    removed_parts: list[UnknownItem] = field(default_factory=list)
    unsettled: list[UnsettledPart] = field(default_factory=list)


def migrate_record(
    record: RecordT, route: Iterable[MigrationStep]
) -> tuple[RecordT, RecordMigrationResult]:
    """Return the record with the names at the end of the route, and what happened to it."""
    result = RecordMigrationResult()
    for step in route:
        record = _RecordMigration(step, result).migrate(record)
    return record, result


@dataclass(frozen=True)
class _RecordMigration:
    step: MigrationStep
    result: RecordMigrationResult

    def migrate(self, record: RecordT) -> RecordT:
        first: int = len(self.result.removed_parts)
        mention_fields, relation_fields = ["mentions"], ["relations"]
        if isinstance(record, Gold):
            mention_fields.append("declined")
            relation_fields.append("declined_relations")
        old = {m.id: m for name in mention_fields for m in getattr(record, name)}
        mentions = {name: self._migrate_mentions(getattr(record, name)) for name in mention_fields}
        new = {m.id: m for found in mentions.values() for m in found}
        fields: dict[str, Any] = {name: sort_mentions(found) for name, found in mentions.items()}
        for name in relation_fields:
            fields[name] = sort_relations(self._migrate_relations(getattr(record, name), old, new))
        fields |= self._migrate_all_answers(record)
        if isinstance(record, Annotation):
            fields["kept"] = (*record.kept, *self.result.removed_parts[first:])
        version = self.step.migration.to_version
        return msgspec.structs.replace(record, schema_version=version, **fields)

    def _migrate_mentions(self, mentions: Iterable[Mention]) -> list[Mention]:
        return [new for old in mentions if (new := self._migrate_mention(old))]

    def _migrate_mention(self, mention: Mention) -> Mention | None:
        clauses, label = self.step.migration.clauses_of_label(mention.label), mention.label
        item = msgspec.to_builtins(mention)
        new_label = self._apply("label", label, clauses, mention.attributes, mention, item)
        if new_label is None:
            return None
        flag = mention.flag
        if flag is not None:
            clauses = self.step.migration.clauses_of_flag(flag)
            flag = self._apply("flag", flag, clauses, {}, mention, {"id": mention.id, "flag": flag})
        fields: dict[str, Any] = {}
        if isinstance(mention, GoldMention):
            fields["amended"] = self._migrate_names(mention, mention.amended, new_label)
        return msgspec.structs.replace(
            mention,
            label=new_label,
            attributes=self._migrate_attributes(mention, new_label),
            flag=flag,
            **fields,
        )

    def _migrate_names(self, mention: Mention, names: Iterable[str], label: str) -> tuple[str, ...]:
        """Return the new names of attributes that may have no value; dropped ones are left out."""
        known = {**mention.attributes, "label": label}
        clauses = self.step.migration.clauses_of_attribute
        found = (choose_clause(clauses(mention.label, name), known) for name in names)
        return tuple(sorted({clause.then for clause in found if clause and clause.then}))

    def _migrate_attributes(self, mention: Mention, label: str) -> dict[str, AttributeValue]:
        known = {**mention.attributes, "label": label}
        attributes: dict[str, AttributeValue] = {}
        for name, value in mention.attributes.items():
            old = f"{mention.label}.{name}"
            item = {"id": mention.id, "attribute": old, "value": value}
            clauses = self.step.migration.clauses_of_attribute(mention.label, name)
            new_name = self._apply("attribute", old, clauses, known, mention, item)
            if new_name is None:
                continue
            clauses_of = partial(self.step.migration.clauses_of_value, mention.label, name)
            declared = self.step.newer.labels[label].attributes.get(new_name)
            new_value = self._migrate_value(old, value, clauses_of, declared, known, mention, item)
            if new_value is None or attributes.setdefault(new_name, new_value) == new_value:
                continue
            both = f"{attributes[new_name]} and {new_value}"
            self._report_unsettled(mention, f"{label}.{new_name} would be both {both}", item)
        return attributes

    def _migrate_value(
        self,
        owner: str,
        value: AttributeValue,
        clauses_of: Callable[[object], Sequence[MappingClause] | None],
        declared: Attribute | None,
        known: Mapping[str, object],
        mention: Mention | None,
        item: dict[str, Any],
    ) -> AttributeValue | None:
        """Return the new value, of several values each new one; None where nothing is left."""
        found: list[Any] = []
        for each in list_values(value):
            split = clauses_of(each)
            new: Any = each
            if split is not None:
                new = self._apply("value", f"{owner}.{each}", split, known, mention, item)
            found += [] if new is None else [new]
        if declared and declared.kind == "choices":
            return declared.sort_values(found) or None
        return found[0] if found else None

    def _migrate_all_answers(self, record: Annotation | Gold) -> dict[str, Any]:
        """Return the fields with the new answers to the questions about the document."""
        if isinstance(record, Annotation):
            answers: dict[str, AttributeValue] = {}
            for question, value in record.answers.items():
                new = self._migrate_answer(question, value, record.answers)
                if new and answers.setdefault(*new) != new[1]:
                    both = f"{format_value(answers[new[0]])} and {format_value(new[1])}"
                    item = {"question": question, "value": msgspec.to_builtins(value)}
                    self._report_unsettled(None, f"{new[0]} would be both {both}", item)
            return {"answers": answers}
        known = {answer.question: answer.value for answer in record.answers}
        fields: dict[str, Any] = {}
        for name in ("answers", "declined_answers"):
            found: list[GoldAnswer] = []
            for answer in getattr(record, name):
                others = known | {answer.question: answer.value}
                if new := self._migrate_answer(answer.question, answer.value, others):
                    question, value = new
                    found.append(replace(answer, question=question, value=value))
            newer = self.step.newer
            fields[name] = tuple(sorted(found, key=lambda each: answer_key(each, newer)))
        return fields

    def _migrate_answer(
        self, question: str, value: AttributeValue, known: Mapping[str, object]
    ) -> tuple[str, AttributeValue] | None:
        """Return the new question and answer; None where it was dropped."""
        item = {"question": question, "value": msgspec.to_builtins(value)}
        clauses = self.step.migration.clauses_of_question(question)
        new_question = self._apply("question", question, clauses, known, None, item)
        if new_question is None:
            return None
        clauses_of = partial(self.step.migration.clauses_of_answer, question)
        declared = self.step.newer.questions.get(new_question)
        new = self._migrate_value(question, value, clauses_of, declared, known, None, item)
        return None if new is None else (new_question, new)

    def _migrate_relations(
        self, relations: Sequence[Relation], old: Mapping[str, Mention], new: Mapping[str, Mention]
    ) -> list[Any]:
        found: dict[tuple[str, str, str], Relation] = {}
        for relation in relations:
            item, name = msgspec.to_builtins(relation), relation.type
            ends = (relation.head, relation.tail)
            if any(end in old and end not in new for end in ends):
                self._remove_part(f"{name}: one of its ends was removed", item)
                continue
            head, tail = new.get(relation.head), new.get(relation.tail)
            known = {"head": head and head.label, "tail": tail and tail.label}
            clauses = self.step.migration.clauses_of_relation(name)
            new_type = self._apply("relation", name, clauses, known, head, item)
            if new_type is None:
                continue
            changed = msgspec.structs.replace(relation, type=new_type)
            (changed,) = orient_relations([changed], new, self.step.newer)
            key = (new_type, changed.head, changed.tail)
            if found.setdefault(key, changed) is not changed:
                self._remove_part(f"{name}: the same as another, once it is {new_type}", item)
        return list(found.values())

    def _apply(
        self,
        kind: str,
        old: str,
        clauses: Sequence[MappingClause],
        attributes: Mapping[str, object],
        mention: Mention | None,
        item: dict[str, Any],
    ) -> str | None:
        """Return the new name of a name; count the change, or remove the item where the name is
        dropped.
        """
        clause = choose_clause(clauses, attributes)
        if clause is None:
            self._report_unsettled(mention, f"no clause matches {kind} {old}", item)
            return None
        if clause.drop:
            reason = f": {clause.because}" if clause.because else ""
            self._remove_part(f"{kind} {old} was dropped{reason}", item)
        new = clause.then or ""
        if len(clauses) > 1 or new != old.rpartition(".")[2]:
            self.result.changes[NameChange(kind, old, new)] += 1
        return clause.then

    def _report_unsettled(
        self, mention: Mention | None, message: str, item: dict[str, Any]
    ) -> None:
        start, end = (mention.start, mention.end) if mention else (None, None)
        self.result.unsettled.append(UnsettledPart(start, end, message))
        self._remove_part(message, item)

    def _remove_part(self, reason: str, item: dict[str, Any]) -> None:
        reason = f"migration {self.step.migration.name}: {reason}"
        self.result.removed_parts.append(UnknownItem(reason=reason, item=item))
