"""All that was measured as one JSON object: what ``sayso agreement --json`` prints, and what a release carries.

It holds labels, values, pseudonyms and numbers, and no word of a text.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from sayso.agreement.comparisons import ExcludedAnnotations
from sayso.agreement.measurement import Measurement
from sayso.errors import InputError


class UnmeasuredPass(Struct, frozen=True, kw_only=True):
    """A campaign and pass with answers, and not two of them to compare."""

    campaign: str
    interface: str
    excluded: dict[str, int]


class AgreementReport(Struct, frozen=True, kw_only=True):
    """What was measured and what was not; ``schema`` numbers the shape of this object."""

    schema: int = 1
    measurements: tuple[Measurement, ...]
    not_measured: tuple[UnmeasuredPass, ...]


def build_report(
    measurements: Iterable[Measurement], excluded: ExcludedAnnotations
) -> AgreementReport:
    """What there is to tell; ``excluded`` is what ``compared`` was given."""
    measurements = tuple(measurements)
    measured = {(each.campaign, each.interface) for each in measurements}
    rest = tuple(
        UnmeasuredPass(campaign=campaign, interface=interface, excluded=reasons)
        for (campaign, interface), reasons in excluded.count_by_pass().items()
        if (campaign, interface) not in measured
    )
    return AgreementReport(measurements=measurements, not_measured=rest)


def encode_report(report: AgreementReport) -> bytes:
    """One line."""
    return msgspec.json.encode(report) + b"\n"


def decode_report(content: bytes, where: str) -> AgreementReport:
    """Read it back.

    Raises:
        InputError: it is no such object.
    """
    try:
        return msgspec.json.decode(content, type=AgreementReport)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InputError(
            str(error), where=where, remedy="run `sayso build`, which makes it anew"
        ) from error
