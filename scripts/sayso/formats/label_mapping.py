"""Readings in anybody's words, put into the schema's; what has no word there is counted and kept apart."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from pathlib import Path

import msgspec
from msgspec.structs import asdict

from sayso.errors import UsageError
from sayso.formats.annotated_documents import (
    DECISIONS,
    LOOSE_RELATIONS,
    AnnotatedDocument,
    FormatMention,
    FormatRelation,
)
from sayso.formats.format_registry import ImportContext
from sayso.models import (
    AttributeValue,
    Mention,
    Relation,
    UnknownItem,
    sort_mentions,
    sort_relations,
)
from sayso.schema import declarations as schemas
from sayso.schema.declarations import Attribute, Schema
from sayso.spans import trim

TRIMMED = "mentions without the white space at their edges"
EXCLUDED_BY_MAP = "mentions and relations left out, as --map says"


def parse_label_map(pairs: Iterable[str], path: Path | None) -> dict[str, str]:
    """Which of our labels and relations each of theirs is, from words like ``PER=Actor`` and a YAML file of the same.

    Raises:
        UsageError: a pair is not THEIRS=OURS, or one is mapped twice.
        InputError: the file is no YAML mapping.

    >>> parse_label_map(["PER=Actor", "MISC="], None)
    {'PER': 'Actor', 'MISC': ''}
    """
    found = (
        schemas.read_yaml(path, dict[str, str], "write it as `theirs: Ours`, a label a line")
        if path
        else {}
    )
    for pair in pairs:
        theirs, sign, ours = pair.rpartition("=")
        if not sign or not theirs or found.get(theirs, ours) != ours:
            raise UsageError(
                f"--map {pair}: not THEIRS=OURS, or twice",
                remedy="for example --map PER=Actor; THEIRS= leaves it out",
            )
        found[theirs] = ours
    return found


class MappedAnnotation(msgspec.Struct, frozen=True):
    """What of a reading stands in the schema's words, and what does not."""

    mentions: tuple[Mention, ...]
    relations: tuple[Relation, ...]
    kept: tuple[UnknownItem, ...]


def map_to_schema(
    annotated: AnnotatedDocument,
    schema: Schema,
    label_map: Mapping[str, str],
    context: ImportContext,
) -> MappedAnnotation:
    """The reading in the schema's words; ``label_map`` says which of ours theirs are, where they are not the same."""
    writing = _LabelMapper(annotated.text, schema, label_map, context)
    mentions = [ours for mention in annotated.mentions if (ours := writing.map_mention(mention))]
    ids = {mention.id for mention in mentions}
    relations = [
        drawn for relation in annotated.relations if (drawn := writing.map_relation(relation, ids))
    ]
    context.notices["relations that stood twice"] += len(relations) - len(set(relations))
    kept = (*annotated.kept, *writing.kept)
    return MappedAnnotation(sort_mentions(mentions), sort_relations(set(relations)), kept)


class _LabelMapper:
    """One reading on its way into the schema's words."""

    def __init__(
        self, text: str, schema: Schema, label_map: Mapping[str, str], context: ImportContext
    ) -> None:
        self.text, self.schema, self.label_map, self.context = text, schema, label_map, context
        self.kept: list[UnknownItem] = []
        self.excluded: set[str] = set()

    def keep(self, lost: str, reason: str, item: object) -> None:
        """Count what has no place and keep it as it came."""
        self.context.losses[lost] += 1
        self.kept.append(UnknownItem(reason=reason, item=msgspec.to_builtins(item)))

    def map_mention(self, theirs: FormatMention) -> Mention | None:
        """The mention in our words; None where it is kept apart or left out."""
        label = self.label_map.get(theirs.label, theirs.label)
        span = trim(theirs.span, self.text)
        if not label:
            self.context.notices[EXCLUDED_BY_MAP] += 1
            self.excluded.add(theirs.id)
            return None
        if label not in self.schema.labels:
            self.keep(
                f"mentions labelled {theirs.label!r}",
                "a label that the schema does not know",
                theirs,
            )
            return None
        if span.start == span.end:
            self.keep(
                "mentions of nothing but white space",
                "a span outside the text, or of nothing",
                theirs,
            )
            return None
        self.context.notices[TRIMMED] += span != theirs.span
        self.context.losses[DECISIONS] += theirs.decided is not None
        start, end = span
        return Mention(
            **{
                **{
                    name: value
                    for name, value in asdict(theirs).items()
                    if name not in ("decided", "votes")
                },
                "label": label,
                "start": start,
                "end": end,
                "text": self.text[start:end],
                "attributes": self._map_attributes(label, theirs),
                "flag": self._map_flag(theirs),
            }
        )

    def map_relation(self, theirs: FormatRelation, ids: Container[str]) -> Relation | None:
        """The relation in our words; None where it is kept apart, or left out with a mention of it."""
        name = self.label_map.get(theirs.type, theirs.type)
        if not name or {theirs.head, theirs.tail} & self.excluded:
            self.context.notices[EXCLUDED_BY_MAP] += 1
        elif name not in self.schema.relations:
            self.keep(
                f"relations {theirs.type!r}", "a relation that the schema does not know", theirs
            )
        elif theirs.head not in ids or theirs.tail not in ids:
            self.keep(LOOSE_RELATIONS, "a relation to a missing mention", theirs)
        else:
            self.context.losses[DECISIONS] += theirs.decided is not None
            return Relation(type=name, head=theirs.head, tail=theirs.tail)
        return None

    def _map_attributes(self, label: str, theirs: FormatMention) -> dict[str, AttributeValue]:
        declared = self.schema.labels[label].attributes
        found: dict[str, AttributeValue] = {}
        for name, value in theirs.attributes.items():
            item = {"id": theirs.id, name: value}
            if name not in declared:
                self.keep(
                    f"attributes {label}.{name}", "an attribute that its label does not have", item
                )
                continue
            ours = _convert_value(declared[name], value)
            if ours is None:
                self.keep(
                    f"values of {label}.{name} that the schema does not know",
                    "a value that the schema does not know",
                    item,
                )
            else:
                found[name] = ours
        return {name: found[name] for name in declared if name in found}

    def _map_flag(self, theirs: FormatMention) -> str | None:
        if theirs.flag is None or theirs.flag in self.schema.flags:
            return theirs.flag
        self.keep(
            f"flags {theirs.flag!r}",
            "a flag that the schema does not know",
            {"id": theirs.id, "flag": theirs.flag},
        )
        return None


def _convert_value(attribute: Attribute, value: AttributeValue) -> AttributeValue | None:
    """The value as the attribute has it: many formats know words only."""
    if attribute.is_closed:
        return value if value in attribute.values else None
    if attribute.kind == "text":
        return str(value)
    try:
        return int(value)
    except ValueError:
        return None
