"""How far people agree, as the card tells it: the figures of ``agreement.json`` and no others."""

from __future__ import annotations

from collections.abc import Iterator

from sayso.agreement import written
from sayso.agreement.bootstrap import Figure
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
    "them. F1 is what both marked, twice, over what either marked: exact by label and span; normalised without "
    "articles and punctuation at the edges; overlap where they share a code point. Alpha is Krippendorff's, over code "
    "points and over where units begin and end. In brackets stands the 95 % interval; `n` is what a figure is over. "
    "`agreement.json` has every figure, as `sayso agreement --json` prints them."
)


def _measured(found: Measurement) -> Iterator[str]:
    yield f"**{written.title(found)}**"
    versions = ", ".join(f"{count:,} under {version}" for version, count in found.versions.items())
    yield f"Answers by version: {versions}."
    for sheet in written.sheets(found, _figure):
        yield _sheet(sheet)
    yield "\n".join(f"- {note}" for note in written.notes(found))


def _sheet(sheet: Sheet) -> str:
    shown = table([name or "of" for name in sheet.columns], ([_name(first), *rest] for first, *rest in sheet.rows))
    return folded(sheet.title, shown) if len(sheet.rows) > _LONG else paragraphs(f"{sheet.title}:", shown)


def _figure(found: Figure | None) -> str:
    """A figure with its interval.

    >>> _figure(Figure(group="a", subject="b", measure="c", n=3, unit="d", documents=2, value=0.2, low=-0.1, high=0.5))
    '0.20 (-0.10 to 0.50)'
    """
    if found is None or found.value is None:
        return "" if found is None else written.UNDEFINED
    known = found.low is not None and found.high is not None
    return f"{found.value:.2f}{f' ({found.low:.2f} to {found.high:.2f})' if known else ''}"


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
