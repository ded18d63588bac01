"""Programs that suggest mentions: the built-in ones, and anybody's own.

A suggester is called once for each document and gives what it would mark. Anything with the fields
of ``Suggestion`` will do, a dict too; what it gives is validated before it is used. One of your own
is named in ``pyproject.toml``::

    [tool.sayso.suggesters]
    shouting = "my_package:shouting"

and might be

>>> def shouting(document):
...     for found in re.finditer(r"[A-Z]{4,}", document.text):
...         yield {"label": "Actor", "start": found.start(), "end": found.end(), "score": 0.3}

``start`` and ``end`` count code points of ``document.text`` from 0, ``end`` is the first that is
outside; ``score`` is how probable it is, from 0 to 1, that an annotator would mark just that, and
may be left out. One that has learnt from annotations says so, that it is not measured on them:

>>> shouting.learnt_from = {"2cee767e"}  # text_sha256 of the documents
>>> shouting.learns = {"Actor"}  # the labels; all, where it does not say
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta, Struct

from sayso.errors import InputError, SaysoError, UsageError
from sayso.files import file_digest, list_files
from sayso.models import AttributeValue, Document
from sayso.schema.declarations import Schema
from sayso.settings import Checkout
from sayso.spans import Span, trim, validate

if TYPE_CHECKING:
    from sayso.suggest.training_data import TrainingData

SETTINGS_TABLE = "suggesters"
SuggestFunction = Callable[[Document], Iterable[Any]]
_ENTRY_POINT = re.compile(r"[\w.]+:[\w.]+")


class Suggestion(Struct, frozen=True, forbid_unknown_fields=True):
    """A mention that a program would mark; ``score`` is the probability that it is right.

    Built-in suggesters give the values of their roles, before ``fill_roles`` gives them the names
    of the schema.
    """

    label: str
    start: int
    end: int
    attributes: dict[str, AttributeValue] = {}
    score: Annotated[float, Meta(ge=0, le=1)] | None = None


@dataclass(frozen=True)
class Suggester:
    """A program that suggests, ready to be asked.

    Attributes:
        version_digest: of everything that its suggestions depend on beside the document; "" where
            that is not known, so that it is asked anew every time.
        learnt_from: SHA-256 of the texts whose annotations it has seen.
        learns: the labels that it learns; None where that is not known.
    """

    name: str
    suggest: SuggestFunction
    version_digest: str = ""
    learnt_from: frozenset[str] = frozenset()
    learns: frozenset[str] | None = frozenset()

    def suggest_validated(self, document: Document, schema: Schema) -> Iterator[Suggestion]:
        """Yield its suggestions for one document, each validated against the text and the schema.

        Raises:
            InputError: one does not fit, or the program failed; names program and document.
        """
        location = f"suggester {self.name}, document {document.doc_id}"
        try:
            for raw in self.suggest(document):
                yield _validate_suggestion(raw, document, schema)
        except SaysoError as error:
            where = f"{location} {error.where}".strip()
            remedy = error.remedy or "correct the suggester"
            raise type(error)(error.what, where=where, remedy=remedy) from error
        except Exception as error:
            what = f"it failed with {type(error).__name__}: {error}"
            remedy = "correct the suggester, or leave it out with --with"
            raise InputError(what, where=location, remedy=remedy) from error


@dataclass(frozen=True)
class SuggesterRequest:
    """All that a built-in suggester may use; ``argument`` came after its name and a colon."""

    name: str
    checkout: Checkout
    training_data: TrainingData
    schema: Schema
    argument: str = ""

    def suggester(
        self,
        suggest: SuggestFunction,
        *parts: bytes | Path,
        libraries: Sequence[str] = (),
        learnt_from: Iterable[str] = (),
        learns: Iterable[str] = (),
    ) -> Suggester:
        """Return a suggester whose version covers this package, these libraries and these parts.

        Raises:
            UsageError: a library is not installed.
        """
        try:
            versions = [f"{library} {version(library)}".encode() for library in libraries]
        except ModuleNotFoundError as error:
            raise UsageError(
                f"{error.name} is not installed",
                where=f"suggester {self.name}",
                remedy="pip install 'sayso[suggest]', or name the others with --with",
            ) from error
        sources = list_files(Path(__file__).parent, "*.py")
        digest = compute_digest(*sources, *versions, *parts)
        return Suggester(self.name, suggest, digest, frozenset(learnt_from), frozenset(learns))


def find_labels(schema: Schema, name: str) -> dict[str, dict[str, str]]:
    """Return the labels that a suggester fills, each with its roles and our attributes.

    Bounds have the roles ``lower`` and ``upper``.
    """
    return {
        label: {
            **dict(zip(("lower", "upper"), declared.bounds or (), strict=False)),
            **declared.suggest[name],
        }
        for label, declared in schema.labels.items()
        if name in declared.suggest
    }


def fill_roles(suggest: SuggestFunction, schema: Schema, name: str) -> SuggestFunction:
    """Return a suggester of our labels and attributes from one of roles.

    A role that no attribute has, and a value that our attribute does not take, is left out.
    """
    filled = find_labels(schema, name)

    def suggest_filled(document: Document) -> Iterator[Suggestion]:
        for found in suggest(document):
            for label, roles in filled.items():
                declared = schema.labels[label].attributes
                values = {
                    roles[role]: value
                    for role, value in found.attributes.items()
                    if role in roles and declared[roles[role]].accepts(value)
                }
                yield msgspec.structs.replace(found, label=label, attributes=values)

    return suggest_filled


def _validate_suggestion(raw: Any, document: Document, schema: Schema) -> Suggestion:
    try:
        found = msgspec.convert(raw, Suggestion, from_attributes=True)
    except msgspec.ValidationError as error:
        raise InputError(f"not a suggestion: {error}") from error
    span = Span(found.start, found.end)
    validate(span, document.text)
    where = f"[{span.start}, {span.end})"
    words = document.text[span.start : span.end]
    if trim(span, document.text) != span or len(words.splitlines()) > 1:
        raise InputError("white space at an edge, or a line break inside", where=where)
    declared = schema.labels.get(found.label)
    if declared is None:
        raise InputError(f"no label {found.label!r} in the schema", where=where)
    for name, value in found.attributes.items():
        if name not in declared.attributes or not declared.attributes[name].accepts(value):
            raise InputError(f"{found.label} takes no {name} {value!r}", where=where)
    return found


def read_plugged_suggesters(checkout: Checkout) -> dict[str, str]:
    """Return the suggesters that ``pyproject.toml`` names, as ``package:callable``.

    Raises:
        InputError: the table is not one of names and references.
    """
    table = checkout.tool_table.get(SETTINGS_TABLE, {})
    fits = isinstance(table, dict) and all(
        isinstance(v, str) and _ENTRY_POINT.fullmatch(v) for v in table.values()
    )
    if not fits:
        raise InputError(
            'not a table of NAME = "package:callable"',
            where=f"[tool.sayso.{SETTINGS_TABLE}] in pyproject.toml",
            remedy="correct the table",
        )
    return dict(table)


def load_plugged_suggester(name: str, reference: str) -> Suggester:
    """Load somebody's own suggester.

    Raises:
        UsageError: it cannot be imported, or called.
    """
    where = f"suggester {name} = {reference!r}"
    try:
        found = EntryPoint(name, reference, f"sayso.{SETTINGS_TABLE}").load()
    except Exception as error:
        what = f"it cannot be imported: {type(error).__name__}: {error}"
        remedy = "install the package beside sayso, or put its folder into PYTHONPATH"
        raise UsageError(what, where=where, remedy=remedy) from error
    if not callable(found):
        raise UsageError(
            "it cannot be called", where=where, remedy="name a function that takes a document"
        )
    try:
        learnt_from = msgspec.convert(getattr(found, "learnt_from", ()), frozenset[str])
        learns = msgspec.convert(getattr(found, "learns", None), frozenset[str] | None)
    except msgspec.ValidationError as error:
        remedy = "`learnt_from` is a set of text_sha256, `learns` one of labels"
        raise UsageError(str(error), where=where, remedy=remedy) from error
    return Suggester(name, found, learnt_from=learnt_from, learns=learns)


def compute_digest(*parts: bytes | Path) -> str:
    """Return one digest of all parts, files by their content."""
    whole = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            whole.update(bytes.fromhex(file_digest(part)))
        else:
            whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()[:16]
