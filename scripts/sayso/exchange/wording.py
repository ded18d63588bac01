"""Readings in anybody's words, put into the schema's; what has no word there is counted and kept apart."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from pathlib import Path

import msgspec
from msgspec.structs import asdict

from sayso import schema as schemas
from sayso.errors import UsageError
from sayso.exchange.formats import Arriving
from sayso.exchange.readings import DECISIONS, LOOSE, Drawn, Marked, Reading
from sayso.records import Kept, Mention, Relation, Value, ordered_mentions, ordered_relations
from sayso.schema import Attribute, Schema
from sayso.spans import trimmed

TRIMMED = "mentions without the white space at their edges"
LEFT_OUT = "mentions and relations left out, as --map says"


def mapping(pairs: Iterable[str], path: Path | None) -> dict[str, str]:
    """Which of our labels and relations each of theirs is, from words like ``PER=Actor`` and a YAML file of the same.

    Raises:
        UsageError: a pair is not THEIRS=OURS, or one is mapped twice.
        InputError: the file is no YAML mapping.

    >>> mapping(["PER=Actor", "MISC="], None)
    {'PER': 'Actor', 'MISC': ''}
    """
    found = schemas.read(path, dict[str, str], "write it as `theirs: Ours`, a label a line") if path else {}
    for pair in pairs:
        theirs, sign, ours = pair.rpartition("=")
        if not sign or not theirs or found.get(theirs, ours) != ours:
            raise UsageError(
                f"--map {pair}: not THEIRS=OURS, or twice", remedy="for example --map PER=Actor; THEIRS= leaves it out"
            )
        found[theirs] = ours
    return found


class Worded(msgspec.Struct, frozen=True):
    """What of a reading stands in the schema's words, and what does not."""

    mentions: tuple[Mention, ...]
    relations: tuple[Relation, ...]
    kept: tuple[Kept, ...]


def worded(reading: Reading, schema: Schema, words: Mapping[str, str], how: Arriving) -> Worded:
    """The reading in the schema's words; ``words`` says which of ours theirs are, where they are not the same."""
    writing = _Writing(reading.text, schema, words, how)
    mentions = [ours for mention in reading.mentions if (ours := writing.mention(mention))]
    ids = {mention.id for mention in mentions}
    relations = [drawn for relation in reading.relations if (drawn := writing.relation(relation, ids))]
    how.noticed["relations that stood twice"] += len(relations) - len(set(relations))
    kept = (*reading.kept, *writing.kept)
    return Worded(ordered_mentions(mentions), ordered_relations(set(relations)), kept)


class _Writing:
    """One reading on its way into the schema's words."""

    def __init__(self, text: str, schema: Schema, words: Mapping[str, str], how: Arriving) -> None:
        self.text, self.schema, self.words, self.how = text, schema, words, how
        self.kept: list[Kept] = []
        self.left_out: set[str] = set()

    def keep(self, lost: str, reason: str, item: object) -> None:
        """Count what has no place and keep it as it came."""
        self.how.lost[lost] += 1
        self.kept.append(Kept(reason=reason, item=msgspec.to_builtins(item)))

    def mention(self, theirs: Marked) -> Mention | None:
        """The mention in our words; None where it is kept apart or left out."""
        label = self.words.get(theirs.label, theirs.label)
        span = trimmed(theirs.span, self.text)
        if not label:
            self.how.noticed[LEFT_OUT] += 1
            self.left_out.add(theirs.id)
            return None
        if label not in self.schema.labels:
            self.keep(f"mentions labelled {theirs.label!r}", "a label that the schema does not know", theirs)
            return None
        if span.start == span.end:
            self.keep("mentions of nothing but white space", "a span outside the text, or of nothing", theirs)
            return None
        self.how.noticed[TRIMMED] += span != theirs.span
        self.how.lost[DECISIONS] += theirs.decided is not None
        start, end = span
        return Mention(**{
            **{name: value for name, value in asdict(theirs).items() if name not in ("decided", "votes")},
            "label": label, "start": start, "end": end, "text": self.text[start:end],
            "attributes": self._attributes(label, theirs), "flag": self._flag(theirs),
        })  # fmt: skip

    def relation(self, theirs: Drawn, ids: Container[str]) -> Relation | None:
        """The relation in our words; None where it is kept apart, or left out with a mention of it."""
        name = self.words.get(theirs.type, theirs.type)
        if not name or {theirs.head, theirs.tail} & self.left_out:
            self.how.noticed[LEFT_OUT] += 1
        elif name not in self.schema.relations:
            self.keep(f"relations {theirs.type!r}", "a relation that the schema does not know", theirs)
        elif theirs.head not in ids or theirs.tail not in ids:
            self.keep(LOOSE, "a relation to a missing mention", theirs)
        else:
            self.how.lost[DECISIONS] += theirs.decided is not None
            return Relation(type=name, head=theirs.head, tail=theirs.tail)
        return None

    def _attributes(self, label: str, theirs: Marked) -> dict[str, Value]:
        declared = self.schema.labels[label].attributes
        found: dict[str, Value] = {}
        for name, value in theirs.attributes.items():
            item = {"id": theirs.id, name: value}
            if name not in declared:
                self.keep(f"attributes {label}.{name}", "an attribute that its label does not have", item)
                continue
            ours = _value(declared[name], value)
            if ours is None:
                self.keep(
                    f"values of {label}.{name} that the schema does not know",
                    "a value that the schema does not know",
                    item,
                )
            else:
                found[name] = ours
        return {name: found[name] for name in declared if name in found}

    def _flag(self, theirs: Marked) -> str | None:
        if theirs.flag is None or theirs.flag in self.schema.flags:
            return theirs.flag
        self.keep(
            f"flags {theirs.flag!r}", "a flag that the schema does not know", {"id": theirs.id, "flag": theirs.flag}
        )
        return None


def _value(attribute: Attribute, value: Value) -> Value | None:
    """The value as the attribute has it: many formats know words only."""
    if attribute.closed:
        return value if value in attribute.values else None
    if attribute.kind == "text":
        return str(value)
    try:
        return int(value)
    except ValueError:
        return None
