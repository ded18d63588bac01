"""The explorer: rivals' spans one under the other on their sentence, filtered and leafed through, in one HTML file."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sayso.agreement.disagreement_cases import DisagreementCase
from sayso.agreement.disagreement_counts import COUNT_COLUMNS, DisagreementCounts, build_rows
from sayso.agreement.disagreement_types import DISAGREEMENT_KINDS
from sayso.files import convert_os_errors, replace_if_changed
from sayso.reports.html_page import (
    JsonSpool,
    build_data_block,
    label_colours,
    open_temporary_file,
    style_both_themes,
    write_page,
)
from sayso.reports.passages import PassagePacker
from sayso.schema.declarations import Schema

BLOCK_PASSAGES = 500  # passages that the page unpacks together
_HERE = Path(__file__).parent


@dataclass(frozen=True)
class ExplorerResult:
    """What was written. ``size`` in bytes; ``changed`` is False where the file held just that already."""

    path: Path
    changed: bool
    size: int
    passages: int


def write_explorer(
    out: Path,
    schema: Schema,
    cases: Iterable[DisagreementCase],
    tally: DisagreementCounts,
    address: str = "",
) -> ExplorerResult:
    """Write the page to ``out``, whole or not at all, unless it is there already.

    ``found`` is read to its end, and ``tally`` is looked at then. ``address`` of the Label Studio for links, or empty.

    Raises:
        InputError: a record is broken.
        DiskError: the disk refused.
    """
    packer = PassagePacker(schema)
    with convert_os_errors(out), ExitStack() as stack:
        out.parent.mkdir(parents=True, exist_ok=True)
        spool = JsonSpool(stack.enter_context(open_temporary_file(out.parent)))
        for case in cases:
            for passage in packer.pack_passages(case):
                spool.add(passage)
        known = {**packer.build_page_data(), "address": address, "block": BLOCK_PASSAGES}
        style, script = (
            build_passage_style(schema, _HERE / "explorer.css"),
            build_passage_script(_HERE / "explorer.js"),
        )
        changed = replace_if_changed(
            out,
            lambda file: write_page(
                file,
                _HERE / "explorer.html",
                style,
                script,
                _build_explorer_context(tally, schema),
                [build_data_block(known), *spool.read_blocks("passages", BLOCK_PASSAGES)],
            ),
        )
    return ExplorerResult(out, changed, out.stat().st_size, spool.count)


def build_passage_style(schema: Schema, own_file: Path) -> str:
    """The style of a page that shows passages: staff.css, the page's own, and the layers in the schema's colours."""
    return f"{_read('staff.css')}\n{own_file.read_text('utf-8')}\n{style_both_themes(lambda page: label_colours(schema, page))}"


def build_passage_script(own_file: Path) -> str:
    """The script of such a page: staff.js and the page's own."""
    return f"{_read('staff.js')}\n{own_file.read_text('utf-8')}"


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _build_explorer_context(tally: DisagreementCounts, schema: Schema) -> dict[str, Any]:
    return {
        "total": f"{tally.total:,}",
        "documents": f"{len(tally.documents):,}",
        "pairs": f"{len(tally.pairs):,}",
        "columns": COUNT_COLUMNS[1:],
        "kinds": DISAGREEMENT_KINDS,
        "sheets": list(_build_count_tables(tally)),
        "schema_version": schema.version,
        "left_out": [
            (f"{campaign} · {interface}", f"{count:,}", reason)
            for (campaign, interface, reason), count in sorted(tally.excluded.counts.items())
        ],
    }


def _build_count_tables(tally: DisagreementCounts) -> Iterable[tuple[str, list[Any]]]:
    yield "Every pair counted", list(build_rows(tally, tally.total_counts))
    if len(tally.pairs) > 1:
        for two, counts in sorted(tally.pairs.items()):
            yield f"{two.title} · {counts.documents:,} documents", list(build_rows(tally, counts))
