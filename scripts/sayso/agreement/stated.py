"""All that was measured as one JSON object: what ``sayso agreement --json`` prints, and what a release carries.

It holds labels, values, pseudonyms and numbers, and no word of a text.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from sayso.agreement.answers import LeftOut
from sayso.agreement.measure import Measurement
from sayso.errors import InputError


class NotMeasured(Struct, frozen=True, kw_only=True):
    """A campaign and pass with answers, and not two of them to compare."""

    campaign: str
    interface: str
    left_out: dict[str, int]


class Stated(Struct, frozen=True, kw_only=True):
    """What was measured and what was not; ``schema`` numbers the shape of this object."""

    schema: int = 1
    measurements: tuple[Measurement, ...]
    not_measured: tuple[NotMeasured, ...]


def stated(found: Iterable[Measurement], left_out: LeftOut) -> Stated:
    """What there is to tell; ``left_out`` is what ``compared`` was given."""
    found = tuple(found)
    measured = {(each.campaign, each.interface) for each in found}
    rest = tuple(
        NotMeasured(campaign=campaign, interface=interface, left_out=reasons)
        for (campaign, interface), reasons in left_out.reasons().items() if (campaign, interface) not in measured
    )  # fmt: skip
    return Stated(measurements=found, not_measured=rest)


def encoded(told: Stated) -> bytes:
    """One line."""
    return msgspec.json.encode(told) + b"\n"


def decoded(content: bytes, where: str) -> Stated:
    """Read it back.

    Raises:
        InputError: it is no such object.
    """
    try:
        return msgspec.json.decode(content, type=Stated)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputError(str(error), where=where, remedy="run `sayso build`, which makes it anew") from error
