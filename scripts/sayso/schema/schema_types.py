"""The declarations that ``schema/schema.yaml`` may hold, as types.

Besides names and definitions a schema declares roles: which label is a frame, which attributes are
bounds, what is trimmed from a name, which rules a mention must keep. Code asks for roles and knows
no name of any schema. Every role is optional.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from sayso.errors import InputError
from sayso.models import AttributeValue
from sayso.versions import VERSION_PATTERN

AttributeKind = Literal[
    "choice", "ordinal", "choices", "boolean", "integer", "number", "date", "text"
]
NAME_PATTERN = r"^[A-Za-z][A-Za-z0-9_]*$(?!\n)"
HOTKEY_PATTERN = r"^((shift|alt)\+)?[a-z0-9]$(?!\n)"
COLOUR_PATTERN = r"^#[0-9a-fA-F]{6}$(?!\n)"
RULE_PATTERN = r"^[a-z][a-z0-9-]*$(?!\n)"
WHOLE_VERSION_PATTERN = rf"^{VERSION_PATTERN}$(?!\n)"
DeclaredName = Annotated[str, Meta(pattern=NAME_PATTERN)]
RuleName = Annotated[str, Meta(pattern=RULE_PATTERN)]
Hotkey = Annotated[str, Meta(pattern=HOTKEY_PATTERN)]
SchemaVersion = Annotated[str, Meta(pattern=WHOLE_VERSION_PATTERN)]
RuleLevel = Literal["error", "warning"]
Overlap = Literal["forbid", "nest", "allow"]
Arithmetic = Literal["part", "addition", "same"]
Joins = Literal["fragments", "coreference"]
ConditionValue = int | float | str
AttributeConditions = dict[str, tuple[ConditionValue, ...]]
"""Attributes with the values that each may have; of several values one is enough.

Booleans are the words ``yes`` and ``no``.
"""
YesOrNo = Literal["yes", "no"]
BOOLEAN_WORDS: dict[bool, YesOrNo] = {True: "yes", False: "no"}
SlotContent = str | tuple[str, ...]


class Declaration(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of everything in schema.yaml; unknown keys are errors. ``title`` is for people."""

    definition: str
    title: str = ""


class AllowedValue(Declaration, frozen=True, kw_only=True):
    """A value of a closed attribute. ``sign`` stands before a number in reports, such as "≈"."""

    hotkey: Hotkey | None = None
    sign: str | None = None


class Attribute(Declaration, frozen=True, kw_only=True):
    """An attribute of a label, or a question about the whole document.

    Attributes:
        kind: ``choice`` and ``ordinal``, which is ordered, take one of ``values``, ``choices``
            several; a ``date`` is ISO 8601, of a whole day.
        hotkey: of a whole number: it adds one.
        hotkeys: of a boolean, for ``yes`` and ``no``.
        default: the value where none was given; shown to annotators as such.
        unit: of numbers, for people.
    """

    kind: AttributeKind
    required: bool = False
    hotkey: Hotkey | None = None
    hotkeys: dict[YesOrNo, Hotkey] = {}
    values: dict[DeclaredName, AllowedValue] = {}
    default: AttributeValue | None = None
    unit: str = ""

    @property
    def is_closed(self) -> bool:
        """The value is one of a closed list."""
        return self.kind in ("choice", "ordinal")

    @property
    def is_categorical(self) -> bool:
        """The value is one of few: of a closed list, or yes or no."""
        return self.is_closed or self.kind == "boolean"

    @property
    def has_values(self) -> bool:
        """One or several values come from a closed list."""
        return self.is_closed or self.kind == "choices"

    def accepts(self, value: object) -> bool:
        """Test whether a value is one that the attribute allows.

        Several values are distinct and in the order of the schema.
        """
        if self.is_closed:
            return isinstance(value, str) and value in self.values
        if self.kind == "choices":
            return isinstance(value, tuple) and value == self.sort_values(value) != ()
        if self.kind == "date":
            return isinstance(value, str) and _is_date(value)
        if self.kind == "number":
            return type(value) is int or (type(value) is float and math.isfinite(value))
        return type(value) is {"boolean": bool, "integer": int, "text": str}[self.kind]

    def accepts_condition(self, value: ConditionValue) -> bool:
        """Test whether the attribute can have a value, or have it among several."""
        if self.kind == "boolean":
            return value in BOOLEAN_WORDS.values()
        return self.accepts((value,) if self.kind == "choices" else value)

    def sort_values(self, values: Iterable[object]) -> tuple[str, ...]:
        """Return those of several values that the schema has, each once, in its order."""
        given = {value for value in values if isinstance(value, str)}
        return tuple(value for value in self.values if value in given)


def _is_date(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


class Frame(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Comparisons of a label whose relations make a flat table.

    Attributes:
        groups: relations that are compared together with their frame, by the name of the figure.
        slots: of the tuple that a frame states: a relation, or some attributes of the frame.
    """

    groups: dict[DeclaredName, tuple[str, ...]] = {}
    slots: dict[DeclaredName, SlotContent] = field(name="tuple", default_factory=dict)


class Label(Declaration, frozen=True, kw_only=True):
    """A label of mentions.

    Attributes:
        edges: spans are trimmed as the schema's ``edges`` say.
        referent: the attribute that says who or what is meant; without a value the words do.
        learnable: spans are names that suggesters and models may learn.
        overlap: with mentions of the same label: ``nest`` allows one inside the other, ``allow``
            anything.
        outside: suggestions of this label inside mentions of these labels are dropped.
        suggest: suggesters that fill this label, each with its roles and our attributes.
        bounds: two whole numbers that are the least and the most; an absent one is open.
        overview: one or two closed attributes that reports and the card count.
        frame: the relations that start here make a flat table.
    """

    colour: Annotated[str, Meta(pattern=COLOUR_PATTERN)] = ""
    hotkey: Hotkey = ""
    attributes: dict[DeclaredName, Attribute] = {}
    edges: bool = False
    referent: str | None = None
    learnable: bool = False
    overlap: Overlap = "forbid"
    outside: tuple[str, ...] = ()
    suggest: dict[str, dict[str, str]] = {}
    bounds: tuple[str, str] | None = None
    overview: tuple[str, ...] = ()
    frame: bool | Frame = False


class RelationType(Declaration, frozen=True, kw_only=True):
    """A typed arrow from a mention labelled ``head`` to one labelled ``tail``, or one of several.

    Attributes:
        symmetric: the ends, which have the same labels, mean the same; the head of a record is the
            end that comes first in the text.
        column: of the table of the frame at its head; default the name with an s.
        arithmetic: of two mentions with bounds: the head is ``part`` of the tail, comes on top of
            it (``addition``), or is the ``same`` number.
        joins: ``fragments`` ties the parts of one discontinuous mention, each to the next in the
            text; the parts have one label. ``coreference`` ties mentions of one entity.
    """

    head: str | tuple[str, ...]
    tail: str | tuple[str, ...]
    symmetric: bool = False
    column: DeclaredName | None = None
    arithmetic: Arithmetic | None = None
    joins: Joins | None = None

    @property
    def heads(self) -> tuple[str, ...]:
        """The labels that a head may have."""
        return (self.head,) if isinstance(self.head, str) else self.head

    @property
    def tails(self) -> tuple[str, ...]:
        """The labels that a tail may have."""
        return (self.tail,) if isinstance(self.tail, str) else self.tail

    def connects(self, head: str, tail: str) -> bool:
        """Test whether the relation may lead from one label to another."""
        is_one = head == tail or self.joins != "fragments"
        return is_one and head in self.heads and tail in self.tails

    @property
    def follows_text(self) -> bool:
        """The head of a record is the end that comes first in the text, however it was drawn."""
        return self.symmetric or self.joins == "fragments"


def describe_ends(relation: RelationType) -> str:
    """Name the labels that a relation connects.

    >>> party = ("Person", "Company")
    >>> describe_ends(RelationType(definition="", head=party, tail="Statute"))
    'Person or Company to Statute'
    """
    tails = "the same" if relation.joins == "fragments" else " or ".join(relation.tails)
    return f"{' or '.join(relation.heads)} to {tails}"


class Pass(Declaration, frozen=True, kw_only=True):
    """One pass over a document: what its interface shows, and whether it has relations."""

    labels: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    relations: bool = True
    starts_from: str | None = None


class Flag(Declaration, frozen=True, kw_only=True):
    """A remark that an annotator can make on any mention."""

    hotkey: Hotkey | None = None


class Edges(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Words and endings of one language that are no part of a name.

    ``before`` are words in front, ``after`` are endings.
    """

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


class Need(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something that a rule asks of a mention.

    Attributes:
        relation: one of this type starts at it; ``any``: it is an end of one of any type.
        attributes: each has one of these values, or none.
        equal: two attributes have one value, and it is given.
    """

    relation: str | None = None
    attributes: AttributeConditions = {}
    equal: tuple[str, str] | None = None


class Rule(Declaration, frozen=True, kw_only=True):
    """A check of the mentions of a label, beside those that hold for every schema.

    Attributes:
        when: the mentions that it is about: for an attribute its values, for a relation that
            starts there the attributes of a mention at its other end.
        needs: what they need; with ``exactly`` the others must not have it.
        same: an attribute whose value must be the same wherever that of ``by`` is, but where an
            attribute of ``unless`` has one of these values.
        remedy: what to do.
    """

    label: str
    when: dict[str, tuple[ConditionValue, ...] | AttributeConditions] = {}
    needs: Need | None = None
    exactly: bool = False
    same: str | None = None
    by: str | None = None
    unless: AttributeConditions = {}
    level: RuleLevel = "error"
    remedy: str


class Schema(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that schema.yaml declares, in its order."""

    version: SchemaVersion
    interfaces: dict[DeclaredName, Pass]
    labels: dict[DeclaredName, Label] = {}
    questions: dict[DeclaredName, Attribute] = {}
    flags: dict[DeclaredName, Flag] = {}
    relations: dict[DeclaredName, RelationType] = {}
    edges: dict[str, Edges] = {}
    rules: dict[RuleName, Rule] = {}
    crosswalk: dict[str, dict[DeclaredName, dict[DeclaredName, Any]]] = {}

    def supports(self, version: str) -> bool:
        """Return whether records of a version are valid; only major versions remove names."""
        return version.partition(".")[0] == self.version.partition(".")[0]

    def labels_of_pass(self, pass_name: str) -> dict[str, Label]:
        """Return the labels of a pass, in its order.

        Raises:
            InputError: the pass does not exist.
        """
        return {name: self.labels[name] for name in self.find_pass(pass_name).labels}

    def questions_of_pass(self, pass_name: str) -> dict[str, Attribute]:
        """Return the questions about the document that a pass asks, in its order.

        Raises:
            InputError: the pass does not exist.
        """
        return {name: self.questions[name] for name in self.find_pass(pass_name).questions}

    def find_pass(self, name: str) -> Pass:
        """Return a pass by name.

        Raises:
            InputError: it does not exist.
        """
        if name not in self.interfaces:
            raise InputError(
                f"no pass {name!r}", remedy=f"choose one of {', '.join(self.interfaces)}"
            )
        return self.interfaces[name]

    def relations_of_pass(self, pass_name: str) -> dict[str, RelationType]:
        """Return the relations of a pass: if it shows any, those with labels of both ends in it."""
        declared = self.find_pass(pass_name)
        if not declared.relations:
            return {}
        return {
            name: relation
            for name, relation in self.relations.items()
            if {*relation.heads} & {*declared.labels} and {*relation.tails} & {*declared.labels}
        }

    def find_joining(self, joins: Joins, head: str, tail: str) -> str | None:
        """Return the relation that joins fragments or coreferent mentions of these labels."""
        found = (
            name
            for name, relation in self.relations.items()
            if relation.joins == joins and relation.connects(head, tail)
        )
        return next(found, None)

    def relations_from(self, label: str) -> dict[str, RelationType]:
        """Return the relations that start at a label."""
        return {name: each for name, each in self.relations.items() if label in each.heads}

    @property
    def frames(self) -> dict[str, Frame]:
        """The labels whose relations make a flat table, with what is compared of each."""
        return {
            name: label.frame if isinstance(label.frame, Frame) else Frame()
            for name, label in self.labels.items()
            if label.frame
        }

    def iterate_arithmetic(self, *kinds: Arithmetic) -> Iterator[str]:
        """Yield the relations between numbers, those of some kinds, or of all."""
        for name, relation in self.relations.items():
            if relation.arithmetic and (not kinds or relation.arithmetic in kinds):
                yield name
