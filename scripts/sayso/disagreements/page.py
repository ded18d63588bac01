"""The explorer: rivals' spans one under the other on their sentence, filtered and leafed through, in one HTML file."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sayso.disagreements.gathering import Case
from sayso.disagreements.kinds import KINDS
from sayso.disagreements.passages import Packer
from sayso.disagreements.tally import COLUMNS, Tally, rows
from sayso.files import explained, replace_if_changed
from sayso.report.paper import Spool, both_rooms, facts, layers, unnamed, written
from sayso.schema import Schema

BLOCK = 500  # passages that the page unpacks together
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class Written:
    """What was written. ``size`` in bytes; ``changed`` is False where the file held just that already."""

    path: Path
    changed: bool
    size: int
    passages: int


def explorer(out: Path, schema: Schema, found: Iterable[Case], tally: Tally, address: str = "") -> Written:
    """Write the page to ``out``, whole or not at all, unless it is there already.

    ``found`` is read to its end, and ``tally`` is looked at then. ``address`` of the Label Studio for links, or empty.

    Raises:
        InputError: a record is broken.
        DiskError: the disk refused.
    """
    packer = Packer(schema)
    with explained(out), ExitStack() as stack:
        out.parent.mkdir(parents=True, exist_ok=True)
        spool = Spool(stack.enter_context(unnamed(out.parent)))
        for case in found:
            for passage in packer.passages(case):
                spool.add(passage)
        known = {**packer.facts(), "address": address, "block": BLOCK}
        style, script = sheet(schema, _HERE / "explorer.css"), scripts(_HERE / "explorer.js")
        changed = replace_if_changed(out, lambda file: written(
            file, _HERE / "explorer.html", style, script, _content(tally, schema),
            [facts(known), *spool.blocks("passages", BLOCK)]))  # fmt: skip
    return Written(out, changed, out.stat().st_size, spool.count)


def sheet(schema: Schema, own: Path) -> str:
    """The style of a page that shows passages: staff.css, the page's own, and the layers in the schema's colours."""
    return f"{_read('staff.css')}\n{own.read_text('utf-8')}\n{both_rooms(lambda page: layers(schema, page))}"


def scripts(own: Path) -> str:
    """The script of such a page: staff.js and the page's own."""
    return f"{_read('staff.js')}\n{own.read_text('utf-8')}"


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _content(tally: Tally, schema: Schema) -> dict[str, Any]:
    return {
        "total": f"{tally.total:,}", "documents": f"{len(tally.documents):,}", "pairs": f"{len(tally.pairs):,}",
        "columns": COLUMNS[1:], "kinds": KINDS, "sheets": list(_sheets(tally)), "schema_version": schema.version,
        "left_out": [(f"{campaign} · {interface}", f"{count:,}", reason)
                     for (campaign, interface, reason), count in sorted(tally.left_out.counts.items())],
    }  # fmt: skip


def _sheets(tally: Tally) -> Iterable[tuple[str, list[Any]]]:
    yield "Every pair counted", list(rows(tally, tally.all))
    if len(tally.pairs) > 1:
        for two, counts in sorted(tally.pairs.items()):
            yield f"{two.told} · {counts.documents:,} documents", list(rows(tally, counts))
