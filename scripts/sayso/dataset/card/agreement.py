"""How far people agree, as the card tells it: the figures of ``agreement.json`` and no others."""

from __future__ import annotations

from collections.abc import Iterator

from sayso.agreement import written
from sayso.agreement.measure import Measurement
from sayso.agreement.stated import NotMeasured, Stated
from sayso.agreement.written import Sheet
from sayso.dataset.card.markdown import code, folded, paragraphs, table

_WHY = (
    "There is no blind double annotation: no document was answered by two people in the same pass of a campaign, "
    "neither with the other's answer before them. What one program or one person marked says nothing of how another "
    "would mark it."
)
_LONG = 12  # rows; a longer table is folded


def agreement(stated: Stated | None) -> str:
    """Every figure with its interval, or why there is none."""
    if stated is None:
        return f"**Not yet measured.** {_WHY}"
    told = [part for each in stated.measurements for part in _measured(each)]
    return paragraphs(_HOW, *told, *map(_not_measured, stated.not_measured))


_HOW = (
    "Measured among people's answers to the same document in the same pass, given without another's answer before "
    "them. In brackets stands the 95 % interval; `n` is what a figure is over. `agreement.json` has every figure, as "
    "`sayso agreement --json` prints them."
)


def _measured(found: Measurement) -> Iterator[str]:
    yield f"**{written.title(found)}**"
    versions = ", ".join(f"{count:,} under {version}" for version, count in found.versions.items())
    yield f"Answers by version: {versions}."
    for sheet in written.sheets(found):
        yield _sheet(sheet)
    yield "\n".join(f"- {note}" for note in written.notes(found))


def _sheet(sheet: Sheet) -> str:
    shown = table([name or "of" for name in sheet.columns], ([_name(first), *rest] for first, *rest in sheet.rows))
    return folded(sheet.title, shown) if len(sheet.rows) > _LONG else paragraphs(f"{sheet.title}:", shown)


def _name(words: str) -> str:
    """A name in a table, where white space before it would not show.

    >>> _name("  civilian"), _name("Actor.type")
    ('– civilian', 'Actor.type')
    """
    return f"– {words.strip()}" if words.startswith(" ") else words


def _not_measured(place: NotMeasured) -> str:
    reasons = "; ".join(written.left_out(place.left_out))
    told = f" {reasons[0].upper()}{reasons[1:]}." if reasons else ""
    return f"Campaign {code(place.campaign)}, pass {code(place.interface)}: not yet measured.{told}"
