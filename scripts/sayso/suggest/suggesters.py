"""What suggests mentions: the built-in programs, and anybody's own.

A suggester is called once for each document and gives what it would mark. Anything with the fields of ``Suggestion``
will do, a dict too; what it gives is checked before it is used. One of your own is named in ``pyproject.toml``::

    [tool.sayso.suggesters]
    shouting = "my_package:shouting"

and might be

>>> def shouting(document):
...     for found in re.finditer(r"[A-Z]{4,}", document.text):
...         yield {"label": "Actor", "start_command": found.start_command(), "end": found.end(), "compute_score": 0.3}

``start`` and ``end`` count code points of ``document.text`` from 0, ``end`` is the first that is outside; ``score`` is
how probable it is, from 0 to 1, that an annotator would mark just that, and may be left out.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from sayso.errors import InputError, SaysoError, UsageError
from sayso.models import AttributeValue, Document
from sayso.schema.declarations import Attribute, Schema
from sayso.settings import Checkout
from sayso.spans import Span, trim, validate

SETTINGS_TABLE = "suggesters"
SuggestFunction = Callable[[Document], Iterable[Any]]
_ENTRY_POINT = re.compile(r"^[\w.]+:[\w.]+$")


class Suggestion(Struct, frozen=True, forbid_unknown_fields=True):
    """A mention that a program would mark; ``score`` is the probability that it is right, where it knows one."""

    label: str
    start: int
    end: int
    attributes: dict[str, AttributeValue] = {}
    score: Annotated[float, Meta(ge=0, le=1)] | None = None


@dataclass(frozen=True)
class Suggester:
    """A program that suggests, ready to be asked.

    Attributes:
        made_with: a digest of everything that its answers depend on beside the document; empty where that is not
            known, so that it is asked anew every time.
        learnt_from: identities of the texts whose readings it has seen.
    """

    name: str
    suggest: SuggestFunction
    version_digest: str = ""
    learnt_from: frozenset[str] = frozenset()

    def suggest_validated(self, document: Document, schema: Schema) -> Iterator[Suggestion]:
        """What it suggests for one document, each found to fit the text and the schema.

        Raises:
            InputError: it does not, or the program failed; names program and document.
        """
        place = f"suggester {self.name}, document {document.doc_id}"
        try:
            for raw in self.suggest(document):
                yield _validate_suggestion(raw, document, schema)
        except SaysoError as error:
            where = f"{place} {error.where}".strip()
            raise type(error)(
                error.what, where=where, remedy=error.remedy or "mend the suggester"
            ) from error
        except Exception as error:
            what = f"it failed with {type(error).__name__}: {error}"
            raise InputError(
                what, where=place, remedy="mend the suggester, or leave it out with --with"
            ) from error


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
        if name not in declared.attributes or not _accepts_value(declared.attributes[name], value):
            raise InputError(f"{found.label} takes no {name} {value!r}", where=where)
    return found


def _accepts_value(attribute: Attribute, value: AttributeValue) -> bool:
    if attribute.is_closed:
        return value in attribute.values
    return isinstance(value, int) == (attribute.kind == "integer") and value != ""


def read_plugged_suggesters(checkout: Checkout) -> dict[str, str]:
    """The suggesters that ``pyproject.toml`` names, as ``package:callable``.

    Raises:
        InputError: the table is not one of names and references.
    """
    table = checkout.tool_table.get(SETTINGS_TABLE, {})
    fits = isinstance(table, dict) and all(
        isinstance(v, str) and _ENTRY_POINT.match(v) for v in table.values()
    )
    if not fits:
        raise InputError(
            'not a table of NAME = "package:callable"',
            where=f"[tool.sayso.{SETTINGS_TABLE}] in pyproject.toml",
            remedy="mend it",
        )
    return dict(table)


def load_plugged_suggester(name: str, reference: str) -> Suggester:
    """Somebody's own suggester.

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
    return Suggester(name, found)


def compute_digest(*parts: bytes | Path) -> str:
    """One digest of everything given, files by their content."""
    whole = hashlib.sha256()
    for part in parts:
        content = part.read_bytes() if isinstance(part, Path) else part
        whole.update(hashlib.sha256(content).digest())
    return whole.hexdigest()[:16]
