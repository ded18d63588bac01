"""Where the predictions that are measured come from: a file, or suggesters that are asked on the spot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from sayso import jsonl
from sayso.errors import InputError
from sayso.files import convert_os_errors
from sayso.models import Document
from sayso.schema.declarations import Schema
from sayso.suggest.evaluation import Predict
from sayso.suggest.prediction_records import Prediction
from sayso.suggest.prediction_run import predict_document
from sayso.suggest.suggesters import Suggester


def predict_by_suggesters(suggesters: Sequence[Suggester], schema: Schema) -> Predict:
    """Ask them about each document as it comes."""
    return lambda document: predict_document(document, schema, suggesters)


def predict_from_file(path: Path) -> Predict:
    """Look each document up among the lines of ``sayso suggest``.

    Raises:
        InputError: a line is no prediction, or a document stands there twice.
    """
    places: dict[str, tuple[int, int]] = {}
    start = 0
    for number, line, prediction in jsonl.read_lines(path, Prediction):
        if prediction.doc_id in places:
            raise InputError(
                f"a second prediction for {prediction.doc_id}",
                where=f"{path}:{number}",
                remedy="keep one",
            )
        places[prediction.doc_id] = (start, len(line))
        start += len(line)
    return _PredictionFile(path, places)


class _PredictionFile:
    """Lines of a file, each read when it is asked for."""

    def __init__(self, path: Path, places: dict[str, tuple[int, int]]) -> None:
        self._path, self._places = path, places

    def __call__(self, document: Document) -> Prediction | None:
        if document.doc_id not in self._places:
            return None
        start, length = self._places[document.doc_id]
        with convert_os_errors(self._path), self._path.open("rb") as file:
            file.seek(start)
            found = msgspec.json.decode(file.read(length), type=Prediction)
        if found.text_sha256 != document.text_sha256:
            raise InputError(
                f"made for another text of {document.doc_id}",
                where=str(self._path),
                remedy="run `sayso suggest` again",
            )
        return found
