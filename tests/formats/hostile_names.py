"""Names that are Python expressions, in files of every format, and a watch over compiled code."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sayso.formats.annotated_documents import AnnotatedDocument, FormatMention, FormatRelation

MARKER = "HOSTILE-NAME"
EXPRESSION = f'x=open("{MARKER}", "w").foo[\' \'],z'
"""Valid in each place where attrs puts a name: parameter, key, attribute and format string."""

_compiled: list[str] = []
_watching = [False]


def _record(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching[0] and event in ("compile", "exec"):
        _compiled.append(repr(arguments))


sys.addaudithook(_record)  # for good: Python has no way to remove one


@contextmanager
def forbid_compiling(marker: str = MARKER) -> Iterator[None]:
    """Fail if source with the marker was compiled in the block."""
    _compiled.clear()
    _watching[0] = True
    try:
        yield
    finally:
        _watching[0] = False
        found = [source for source in _compiled if marker in source]
        assert found == [] and not Path(marker).exists()


def make_hostile_document() -> AnnotatedDocument:
    """Return a document in which every name is the expression."""
    text = "Two drones fell."
    mentions = tuple(
        FormatMention(
            id=f"{EXPRESSION}{number}",
            label=label,
            start=number,
            end=3,
            text=text[number:3],
            attributes={EXPRESSION: EXPRESSION, "kind": EXPRESSION},
            flag=EXPRESSION,
            note=EXPRESSION,
        )
        for number, label in enumerate((EXPRESSION, "Count"))
    )
    relation = FormatRelation(type=EXPRESSION, head=mentions[0].id, tail=mentions[1].id)
    about = {"title": EXPRESSION, "annotator": "ann-1"}
    return AnnotatedDocument(
        doc_id="a", text=text, about=about, mentions=mentions, relations=(relation,)
    )
