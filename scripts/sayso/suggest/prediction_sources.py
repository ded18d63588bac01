"""The predictions to measure: from a file, or of suggesters that are asked on the spot."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from sayso import jsonl
from sayso.errors import InputError
from sayso.files import convert_os_errors, open_file
from sayso.models import Document
from sayso.schema.declarations import Schema
from sayso.suggest.evaluation import Predict
from sayso.suggest.prediction_records import Prediction
from sayso.suggest.prediction_run import predict_document
from sayso.suggest.suggesters import Suggester


def predict_by_suggesters(suggesters: Sequence[Suggester], schema: Schema) -> Predict:
    """Return a function that asks them about a document."""
    return lambda document: predict_document(document, schema, suggesters)


def predict_from_file(path: Path) -> Predict:
    """Return a function that looks a document up among the lines of ``sayso suggest``.

    Raises:
        InputError: a line is no prediction, or a document is there twice.
    """
    offsets: dict[
        str, tuple[int, int]
    ] = {}  # of lines, with their lengths: each is read when it is asked for
    start = 0
    for number, line, prediction in jsonl.read_lines(path, Prediction):
        doc_id = prediction.doc_id
        if doc_id in offsets:
            what = f"a second prediction for {doc_id}"
            raise InputError(what, where=f"{path}:{number}", remedy="keep one")
        offsets[doc_id] = (start, len(line))
        start += len(line)

    def predict(document: Document) -> Prediction | None:
        if document.doc_id not in offsets:
            return None
        start, length = offsets[document.doc_id]
        with convert_os_errors(path), open_file(path) as file:
            file.seek(start)
            found = msgspec.json.decode(file.read(length), type=Prediction)
        if found.text_sha256 != document.text_sha256:
            what = f"made for another text of {document.doc_id}"
            raise InputError(what, where=str(path), remedy="run `sayso suggest` again")
        return found

    return predict
