"""Put annotations in anybody's names into the schema's; count and keep what has no place there."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec
from msgspec.structs import replace

from sayso.errors import UsageError
from sayso.formats.annotated_documents import (
    AnnotatedDocument,
    FormatAnswer,
    FormatMention,
    FormatRelation,
)
from sayso.formats.format_registry import ImportContext
from sayso.formats.joined_mentions import find_clusters, join_mentions
from sayso.formats.losses import Loss
from sayso.models import (
    AttributeValue,
    Mention,
    Relation,
    UnknownItem,
    format_value,
    is_int64,
    sort_mentions,
    sort_relations,
)
from sayso.schema.declarations import Attribute, Joins, Schema, read_yaml
from sayso.schema.defaults import fill_defaults
from sayso.schema.symmetry import orient_relations
from sayso.spans import trim

TRIMMED = "mentions without the white space at their edges"
UNJOINED_PARTS = "mentions in parts that the schema has no relation to join"
UNJOINED_CHAINS = "chains of coreference that the schema has no relation for"
EXCLUDED_BY_MAP = "mentions, relations and answers excluded by --map"


def parse_label_map(pairs: Iterable[str], path: Path | None) -> dict[str, str]:
    """Return our name for each of theirs, from pairs like ``PER=Actor`` and a YAML file.

    Raises:
        UsageError: a pair is not THEIRS=OURS, or one is mapped twice.
        InputError: the file is no YAML mapping.

    >>> parse_label_map(["PER=Actor", "MISC="], None)
    {'PER': 'Actor', 'MISC': ''}
    """
    remedy = "write it as `theirs: Ours`, a label a line"
    found = read_yaml(path, dict[str, str], remedy) if path else {}
    for pair in pairs:
        theirs, sign, ours = pair.rpartition("=")
        if not sign or not theirs or found.get(theirs, ours) != ours:
            raise UsageError(
                f"--map {pair}: not THEIRS=OURS, or twice",
                remedy="for example --map PER=LABEL; THEIRS= leaves it out",
            )
        found[theirs] = ours
    return found


class MappedAnnotation(NamedTuple):
    """The part of an annotation that is in the schema's labels, and the items that are not."""

    mentions: tuple[Mention, ...]
    relations: tuple[Relation, ...]
    answers: dict[str, AttributeValue]
    kept: tuple[UnknownItem, ...]


def map_to_schema(
    annotated: AnnotatedDocument, schema: Schema, context: ImportContext
) -> MappedAnnotation:
    """Return the annotation in the schema's names.

    Attributes, and the questions of the pass, that are given nothing have their defaults, unless
    the document was skipped.
    """
    mapper = _LabelMapper(annotated, schema, context)
    unjoined = mapper.keep_parts()
    whole = (each for each in annotated.mentions if each.id not in unjoined)
    by_id = {each.id: ours for each in whole if (ours := mapper.map_mention(each))}
    joined = mapper.join_again(by_id, unjoined)
    mapped = [r for each in joined if (r := mapper.map_relation(each, by_id))]
    relations = set(orient_relations(mapped, by_id, schema))
    context.notices["relations that were there twice"] += len(mapped) - len(relations)
    return MappedAnnotation(
        sort_mentions(by_id.values()),
        sort_relations(relations),
        mapper.map_answers(annotated.answers, schema.questions_of_pass(context.pass_name)),
        (*annotated.kept, *mapper.kept),
    )


class _LabelMapper:
    """Maps one annotation, and collects what has no place in the schema."""

    def __init__(
        self, annotated: AnnotatedDocument, schema: Schema, context: ImportContext
    ) -> None:
        self.annotated, self.text = annotated, annotated.text
        self.schema, self.context = schema, context
        self.theirs = {mention.id: mention for mention in annotated.mentions}
        self.label_map = context.labels
        is_skipped = annotated.about.get("status") == "skipped"
        self.fills_defaults = context.fills_defaults and not is_skipped
        self.kept: list[UnknownItem] = []
        self.excluded: set[str] = set()

    def _keep(self, loss: str, reason: str, item: object) -> None:
        """Count what has no place and keep it as it came."""
        self.context.losses[loss] += 1
        self.kept.append(UnknownItem(reason=reason, item=msgspec.to_builtins(item)))

    def _find_joining(self, kind: str, joins: Joins, head: str, tail: str) -> str | None:
        """Return our relation for one of theirs that joins mentions with these labels of ours."""
        name = self.label_map.get(kind, kind)
        known = name in self.schema.relations
        return name if known else self.schema.find_joining(joins, head, tail)

    def _find_clusters(self, joins: Joins) -> Iterator[tuple[str, tuple[FormatMention, ...]]]:
        """Yield the mentions that relations join which only their format has, with their type."""
        by_type: dict[str, list[FormatRelation]] = {}
        for relation in self.annotated.relations:
            is_theirs = relation.type not in self.schema.relations
            if relation.joins == joins and is_theirs and self.label_map.get(relation.type) != "":
                by_type.setdefault(relation.type, []).append(relation)
        for kind, relations in by_type.items():
            for cluster in find_clusters(relations, self.theirs):
                yield kind, cluster

    def keep_parts(self) -> set[str]:
        """Keep the mentions in parts that the schema cannot join; return the ids of the parts."""
        unjoined: set[str] = set()
        for kind, parts in self._find_clusters("fragments"):
            label = self.label_map.get(parts[0].label, parts[0].label)
            if label and not self._find_joining(kind, "fragments", label, label):
                edges = [{"start": m.start, "end": m.end, "text": m.text} for m in parts]
                whole = msgspec.to_builtins(parts[0])
                item = {name: whole[name] for name in whole.keys() - edges[0].keys()}
                reason = "a mention in parts that the schema has no relation to join"
                self._keep(UNJOINED_PARTS, reason, {**item, "parts": edges})
                unjoined |= {part.id for part in parts}
        return unjoined

    def join_again(
        self, by_id: Mapping[str, Mention], unjoined: Container[str]
    ) -> Iterator[FormatRelation]:
        """Yield the relations; chains go on beside mentions that are excluded, or are kept."""
        for relation in self.annotated.relations:
            is_theirs = relation.type not in self.schema.relations
            is_kept = relation.joins == "fragments" and relation.head in unjoined
            is_chain = relation.joins == "coreference" and self.label_map.get(relation.type) != ""
            if not (is_theirs and (is_kept or is_chain)):
                yield relation
        for kind, cluster in self._find_clusters("coreference"):
            here = [mention for mention in cluster if mention.id in by_id]
            found = []
            for relation in join_mentions(here, kind, "coreference"):
                ends = (by_id[relation.head].label, by_id[relation.tail].label)
                if name := self._find_joining(kind, "coreference", *ends):
                    found.append(replace(relation, type=name))
            missing = len(cluster) - len(here) - len(self.excluded & {m.id for m in cluster})
            if missing or len(found) + 1 < len(here):
                item = {"type": kind, "mentions": [mention.id for mention in cluster]}
                self._keep(UNJOINED_CHAINS, "a chain that the schema has no relation for", item)
            yield from found

    def map_mention(self, theirs: FormatMention) -> Mention | None:
        """Return the mention in our labels; None if it is kept as an unknown item, or excluded."""
        label = self.label_map.get(theirs.label, theirs.label)
        start, end = trim(theirs.span, self.text)
        if not label:
            self.context.notices[EXCLUDED_BY_MAP] += 1
            self.excluded.add(theirs.id)
        elif label not in self.schema.labels:
            loss = f"mentions labelled {theirs.label!r}"
            self._keep(loss, "a label that the schema does not know", theirs)
        elif start == end:
            loss = "mentions of nothing but white space"
            self._keep(loss, "a span outside the text, or of nothing", theirs)
        else:
            self.context.notices[TRIMMED] += (start, end) != theirs.span
            self._count_decision(theirs)
            return Mention(
                id=theirs.id,
                label=label,
                start=start,
                end=end,
                text=self.text[start:end],
                attributes=self._map_attributes(label, theirs),
                flag=self._map_flag(theirs),
                note=theirs.note,
                started_from=theirs.started_from,
            )
        return None

    def map_relation(self, theirs: FormatRelation, ids: Mapping[str, Mention]) -> Relation | None:
        """Return the relation in our types; None if it is kept as an unknown item, or excluded."""
        name = self.label_map.get(theirs.type, theirs.type)
        head, tail = ids.get(theirs.head), ids.get(theirs.tail)
        if name and theirs.joins and head and tail:
            name = self._find_joining(name, theirs.joins, head.label, tail.label) or name
        if not name or {theirs.head, theirs.tail} & self.excluded:
            self.context.notices[EXCLUDED_BY_MAP] += 1
        elif name not in self.schema.relations:
            loss = f"relations {theirs.type!r}"
            self._keep(loss, "a relation that the schema does not know", theirs)
        elif head is None or tail is None:
            self._keep(Loss.RELATION_LOOSE.description, "a relation to a missing mention", theirs)
        else:
            self._count_decision(theirs)
            return Relation(type=name, head=theirs.head, tail=theirs.tail)
        return None

    def map_answers(
        self, answers: Iterable[FormatAnswer], asked: Mapping[str, Attribute]
    ) -> dict[str, AttributeValue]:
        """Return the answers to our questions; the others are kept, or excluded."""
        found: dict[str, AttributeValue] = {}
        given = set()
        for theirs in answers:
            name = self.label_map.get(theirs.question, theirs.question)
            question = self.schema.questions.get(name)
            item = {"question": theirs.question, "value": theirs.value}
            if not name:
                self.context.notices[EXCLUDED_BY_MAP] += 1
            elif question is None:
                loss = f"answers to {theirs.question!r}"
                self._keep(loss, "a question that the schema does not know", item)
            elif (ours := _convert_value(question, theirs.value)) is None:
                loss = f"answers to {name!r} that the schema does not know"
                self._keep(loss, "a value that the schema does not know", item)
            elif found.get(name, ours) != ours:
                self._keep(f"second answers to {name!r}", "a second answer", item)
            else:
                self._count_decision(theirs)
                found[name] = ours
            given.add(name)
        return self._fill_defaults(found, asked, given)

    def _fill_defaults(
        self,
        found: dict[str, AttributeValue],
        declared: Mapping[str, Attribute],
        given: Container[str],
    ) -> dict[str, AttributeValue]:
        without = given if self.fills_defaults else declared
        return fill_defaults(found, declared, without)

    def _count_decision(self, theirs: FormatMention | FormatRelation | FormatAnswer) -> None:
        self.context.losses[Loss.DECISIONS.description] += theirs.decided is not None

    def _map_attributes(self, label: str, theirs: FormatMention) -> dict[str, AttributeValue]:
        declared = self.schema.labels[label].attributes
        found: dict[str, AttributeValue] = {}
        for name, value in theirs.attributes.items():
            item = {"id": theirs.id, name: value}
            if name not in declared:
                loss = f"attributes {label}.{name}"
                self._keep(loss, "an attribute that its label does not have", item)
            elif (ours := _convert_value(declared[name], value)) is None:
                loss = f"values of {label}.{name} that the schema does not know"
                self._keep(loss, "a value that the schema does not know", item)
            else:
                found[name] = ours
        return self._fill_defaults(found, declared, theirs.attributes)

    def _map_flag(self, theirs: FormatMention) -> str | None:
        if theirs.flag is None or theirs.flag in self.schema.flags:
            return theirs.flag
        item = {"id": theirs.id, "flag": theirs.flag}
        self._keep(f"flags {theirs.flag!r}", "a flag that the schema does not know", item)
        return None


_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _convert_value(attribute: Attribute, value: AttributeValue) -> AttributeValue | None:
    """Return the value as the attribute has it: many formats know only text."""
    if isinstance(value, tuple) and attribute.kind != "choices":
        if len(value) != 1:
            return None
        (value,) = value
    if attribute.kind == "integer" and isinstance(value, float) and value.is_integer():
        value = int(value)  # of a file that has no whole numbers
    converted: AttributeValue | None = value
    text = format_value(value)
    if attribute.kind == "text":
        converted = text
    elif attribute.kind == "boolean":
        converted = _BOOLEANS.get(text.casefold())
    elif attribute.kind == "choices":
        given = value if isinstance(value, tuple) else re.split(r"\s*,\s*", text.strip())
        known = attribute.sort_values(given)
        converted = known if len(known) == len(set(given)) else None
    elif attribute.kind in ("integer", "number"):
        try:
            converted = int(text) if attribute.kind == "integer" else float(text)
        except ValueError:
            return None
        if isinstance(converted, int) and not is_int64(converted):
            return None
    return converted if converted is not None and attribute.accepts(converted) else None
