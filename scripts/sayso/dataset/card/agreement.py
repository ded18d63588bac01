"""Agreement between annotators as somebody measured it: ``corpus/agreement.json``, told by the card as it stands.

Nobody has to have it. Without it the card says that agreement is not yet measured, and why.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from sayso.errors import InputError
from sayso.files import explained

FILE = "agreement.json"


class Figure(Struct, frozen=True, forbid_unknown_fields=True):
    """One figure with the interval that it lies in, by ``Measurement.method``."""

    name: str
    value: float
    low: float
    high: float


class Measurement(Struct, frozen=True, forbid_unknown_fields=True):
    """What was measured at one time: of which pass, over how many documents, read by how many people each.

    Attributes:
        measured: the day, ISO 8601.
        method: how, in words: the statistics, and how the intervals were found.
    """

    measured: str
    interface: str
    schema_version: str
    documents: Annotated[int, Meta(ge=1)]
    annotators: Annotated[int, Meta(ge=2)]
    method: str
    figures: tuple[Figure, ...]


class _Agreement(Struct, forbid_unknown_fields=True):
    measurements: tuple[Measurement, ...]


def measurements(folder: Path) -> tuple[Measurement, ...]:
    """What was measured, as the file in ``folder`` says; nothing where there is none.

    Raises:
        InputError: the file is not as it should be, or a value lies outside its interval.
    """
    path = folder / FILE
    if not path.is_file():
        return ()
    try:
        with explained(path):
            found = msgspec.json.decode(path.read_bytes(), type=_Agreement).measurements
    except msgspec.MsgspecError as error:
        raise InputError(str(error), where=str(path), remedy="mend it, or remove it") from error
    for figure in (figure for each in found for figure in each.figures):
        if not figure.low <= figure.value <= figure.high:
            raise InputError(f"{figure.name} is not in its interval", where=str(path), remedy="mend it")
    return found
