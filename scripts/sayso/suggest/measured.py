"""Where the predictions that are measured come from: a file, or suggesters that are asked on the spot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from sayso import jsonl
from sayso.errors import InputError
from sayso.files import explained
from sayso.records import Document
from sayso.schema import Schema
from sayso.suggest.evaluating import Predict
from sayso.suggest.predictions import Prediction
from sayso.suggest.suggesters import Suggester
from sayso.suggest.suggesting import predicted


def of_suggesters(asked: Sequence[Suggester], schema: Schema) -> Predict:
    """Ask them about each document as it comes."""
    return lambda document: predicted(document, schema, asked)


def of_file(path: Path) -> Predict:
    """Look each document up among the lines of ``sayso suggest``.

    Raises:
        InputError: a line is no prediction, or a document stands there twice.
    """
    places: dict[str, tuple[int, int]] = {}
    start = 0
    for number, line, prediction in jsonl.lines(path, Prediction):
        if prediction.doc_id in places:
            raise InputError(
                f"a second prediction for {prediction.doc_id}", where=f"{path}:{number}", remedy="keep one"
            )
        places[prediction.doc_id] = (start, len(line))
        start += len(line)
    return _Lines(path, places)


class _Lines:
    """Lines of a file, each read when it is asked for."""

    def __init__(self, path: Path, places: dict[str, tuple[int, int]]) -> None:
        self._path, self._places = path, places

    def __call__(self, document: Document) -> Prediction | None:
        if document.doc_id not in self._places:
            return None
        start, length = self._places[document.doc_id]
        with explained(self._path), self._path.open("rb") as file:
            file.seek(start)
            found = msgspec.json.decode(file.read(length), type=Prediction)
        if found.text_sha256 != document.text_sha256:
            raise InputError(f"made for another text of {document.doc_id}", where=str(self._path),
                             remedy="run `sayso suggest` again")  # fmt: skip
        return found
