"""The declarations that ``schema/schema.yaml`` may hold, as types.

Besides names and definitions a schema declares roles: which label is a frame, which attributes are
bounds, what is trimmed from a name, which rules a mention must keep. Code asks for roles and knows
no name of any schema. Every role is optional.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from sayso.errors import InputError
from sayso.versions import VERSION_PATTERN

AttributeKind = Literal["choice", "ordinal", "integer", "text"]
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
AnswerValue = str | int
Answers = dict[str, tuple[AnswerValue, ...]]
"""Attributes with the values that each may have."""
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
    """An attribute of a label. ``choice`` and ``ordinal``, which is ordered, have values.

    ``hotkey`` is for whole numbers: it adds one.
    """

    kind: AttributeKind
    required: bool = False
    hotkey: Hotkey | None = None
    values: dict[DeclaredName, AllowedValue] = {}

    @property
    def is_closed(self) -> bool:
        """The values are a closed list."""
        return self.kind in ("choice", "ordinal")


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
    """A typed arrow from a mention labelled ``head`` to one labelled ``tail``.

    Attributes:
        column: of the table of the frame at its head; default the name with an s.
        arithmetic: of two mentions with bounds: the head is ``part`` of the tail, comes on top of
            it (``addition``), or is the ``same`` number.
    """

    head: str
    tail: str
    column: DeclaredName | None = None
    arithmetic: Arithmetic | None = None


class Pass(Declaration, frozen=True, kw_only=True):
    """One pass over a document: the labels of its interface, and whether it has relations."""

    labels: tuple[str, ...]
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
    attributes: Answers = {}
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
    when: dict[str, tuple[AnswerValue, ...] | Answers] = {}
    needs: Need | None = None
    exactly: bool = False
    same: str | None = None
    by: str | None = None
    unless: Answers = {}
    level: RuleLevel = "error"
    remedy: str


class Schema(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything that schema.yaml declares, in its order."""

    version: SchemaVersion
    interfaces: dict[DeclaredName, Pass]
    labels: dict[DeclaredName, Label]
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
        """Return the relations of a pass: if it shows any, those with both labels in the pass."""
        declared = self.find_pass(pass_name)
        if not declared.relations:
            return {}
        return {
            name: relation
            for name, relation in self.relations.items()
            if relation.head in declared.labels and relation.tail in declared.labels
        }

    def relations_from(self, label: str) -> dict[str, RelationType]:
        """Return the relations that start at a label."""
        return {name: each for name, each in self.relations.items() if each.head == label}

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
