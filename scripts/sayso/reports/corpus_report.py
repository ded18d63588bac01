"""The corpus report: statistics, claims and documents on one page.

Rows go through temporary files beside the page: its statistics come first, and are known last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from sayso.adjudication.deciders import describe_decisions
from sayso.callbacks import Advance
from sayso.corpus.items import AnnotationFilter, Item
from sayso.corpus.sources import CorpusFiles
from sayso.files import convert_os_errors, make_folder
from sayso.reports.corpus_packer import CorpusPacker
from sayso.reports.corpus_statistics import CorpusStatistics
from sayso.reports.html_page import HtmlPage, JsonSpool, PageResult, build_data_block, label_colours
from sayso.reports.svg_plots import ANNOTATOR_KINDS, DOCUMENTS, Plot, plot_style, render_svg
from sayso.schema.column_names import pluralise
from sayso.schema.declarations import Schema, load_schema
from sayso.settings import SCHEMA_FILE, Checkout

BLOCK_DOCUMENTS = 50
"""Documents that the page parses together when one of them is opened."""
BLOCK_ROWS = 5_000


def write_report(
    checkout: Checkout,
    out: Path,
    selection: AnnotationFilter | None = None,
    advance: Advance = lambda _n: None,
) -> PageResult:
    """Write the report to ``out`` unless it is up to date, and count what it holds.

    Raises:
        InputError: a record is broken, or nothing matches the filter.
        DiskError: the file cannot be written.
    """
    schema = load_schema(checkout.root / SCHEMA_FILE)
    items = CorpusFiles(checkout.root).items(selection)
    version = str(checkout.tool_table.get("data_version", "not given"))
    with ExitStack() as stack:
        with convert_os_errors(out):
            make_folder(out.parent)
        content = _ReportContent(
            schema,
            [
                stack.enter_context(JsonSpool.open(out.parent))
                for _ in range(2 + len(schema.frames))
            ],
        )
        for item in items:
            content.add(item)
            advance(1)
        return content.write(out, version)


class _ReportContent:
    """The content read so far: statistics in memory, rows on disk."""

    def __init__(self, schema: Schema, spools: Sequence[JsonSpool]) -> None:
        self.schema = schema
        self.summaries, self.documents, *self.frames = spools
        self.statistics, self._packer = CorpusStatistics(schema), CorpusPacker(schema)

    def add(self, item: Item) -> None:
        for frame, spool in zip(self._packer.frames, self.frames, strict=True):
            for row in self._packer.pack_frames(frame, self.summaries.count, item):
                spool.add(row)
        self.statistics.add(item)
        self.summaries.add(self._packer.pack_summary(item))
        self.documents.add(self._packer.pack_document(item))

    def write(self, out: Path, version: str) -> PageResult:
        statistics = self.statistics
        page = HtmlPage("report.html", ("report.css",), ("report.js",), self._theme_style)
        data = {
            **self._packer.build_page_data(),
            "documents": self.summaries.count,
            "block_size": BLOCK_DOCUMENTS,
        }
        blocks = chain(
            [build_data_block(data)],
            self.summaries.read_blocks("summaries", BLOCK_ROWS),
            *(
                spool.read_blocks(frame["view"], BLOCK_ROWS)
                for frame, spool in zip(self._packer.frames, self.frames, strict=True)
            ),
        )
        # Most of the page; the script runs before the browser has read it.
        late_blocks = self.documents.read_blocks("documents", BLOCK_DOCUMENTS)
        result = page.write(
            out, _build_context(statistics, version, self._packer.frames), blocks, late_blocks
        )
        counts = {
            "documents": statistics.documents,
            "annotations": statistics.annotations.total(),
            **{
                frame["config"]: spool.count
                for frame, spool in zip(self._packer.frames, self.frames, strict=True)
            },
            "adjudicated": statistics.adjudicated,
        }
        return replace(result, counts=counts)

    def _theme_style(self, background: str) -> str:
        return label_colours(self.schema, background) + plot_style(background)


def _build_context(
    statistics: CorpusStatistics, version: str, frames: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    plots = statistics.build_plots()
    annotators = statistics.annotators
    return {
        "banner": build_banner(statistics),
        "frames": frames,
        "tiles": _build_tiles(statistics),
        "several_annotators": len(annotators) > 1
        or any(len(names) > 1 for names in annotators.values()),
        "plots": [(plot, render_svg(plot), plot_tables(plot)) for plot in plots],
        "undated": statistics.documents and not any(plot.name == "timeline" for plot in plots),
        "licenses": [(name, f"{count:,}") for name, count in sorted(statistics.licenses.items())],
        "version": version,
        "schema_version": statistics.schema.version,
    }


class ReportBanner(NamedTuple):
    """A statement on how far to trust the page. ``tone`` is ``warn`` or ``info``."""

    tone: str
    headline: str
    explanation: str


def build_banner(statistics: CorpusStatistics) -> ReportBanner:
    """State who made the annotations, and how much is adjudicated."""
    kinds, gold = statistics.annotations.keys(), statistics.adjudicated
    if not kinds:
        return ReportBanner(
            "warn", "Nothing is annotated yet.", "There are documents, but no annotations."
        )
    if kinds == {"program"}:
        headline = "A program annotated this; nobody has adjudicated it."
        return ReportBanner(
            "warn", headline, "No person has checked a mention, a relation or a number here."
        )
    if not gold:
        programs = "Programs made some of the annotations. " if "program" in kinds else ""
        explanation = f"{programs}The annotations of each annotator are shown side by side."
        return ReportBanner("warn", "Nobody has adjudicated this yet.", explanation)
    rest = statistics.documents - gold
    explanation = (
        f"The other {rest:,} show each annotator's annotation."
        if rest
        else "Every document is adjudicated."
    )
    who = f"Who decided: {describe_decisions(statistics.decisions)}."
    headline = f"{gold:,} of {statistics.documents:,} documents are adjudicated."
    return ReportBanner("info", headline, f"{who} {explanation}")


def _build_tiles(statistics: CorpusStatistics) -> list[dict[str, str]]:
    unknown = statistics.unknown_parts
    tiles = [
        ("documents", statistics.documents, f"{statistics.characters:,} characters"),
        ("annotations", statistics.annotations.total(), _describe_annotators(statistics)),
        ("adjudicated", statistics.adjudicated, "documents"),
        (
            "mentions",
            sum(c.total() for c in statistics.labels.values()),
            f"{statistics.relations:,} relations",
        ),
        *(
            (pluralise(label).replace("_", " "), statistics.frames[label], "")
            for label in statistics.schema.frames
        ),
        (
            "flags and notes",
            statistics.flags_and_notes,
            f"{unknown:,} parts unknown to the schema" if unknown else "",
        ),
    ]
    return [
        {"title": title, "number": f"{number:,}", "detail": detail}
        for title, number, detail in tiles
    ]


_NOUNS = {"human": ("person", "people"), "program": ("program", "programs")}


def _describe_annotators(statistics: CorpusStatistics) -> str:
    annotators = statistics.annotators
    named = [
        _format_quantity(len(annotators[kind]), *nouns)
        for kind, nouns in _NOUNS.items()
        if kind in annotators
    ]
    without = statistics.unannotated
    parts = [
        f"by {', '.join(named)}" if named else "",
        f"{statistics.skipped:,} skipped" if statistics.skipped else "",
        _format_quantity(without, "document without", "documents without") if without else "",
    ]
    return ", ".join(filter(None, parts))


def _format_quantity(count: int, singular: str, plural: str) -> str:
    return f"{count:,} {singular if count == 1 else plural}"


def plot_tables(plot: Plot) -> list[dict[str, Any]]:
    """Return the numbers behind a plot as one table, or for a matrix as one per annotator kind."""
    if plot.shape == "matrix":
        return [_matrix_table(plot, kind) for kind in plot.kinds]
    names = [ANNOTATOR_KINDS[kind] if kind != DOCUMENTS else "documents" for kind in plot.kinds]
    rows = [
        [c[0] or "not given", *(f"{counts.get(kind, 0):,}" for kind in plot.kinds)]
        for c, counts in plot.rows
    ]
    return [{"caption": "", "head": ["", *names], "rows": rows}]


def _matrix_table(plot: Plot, kind: str) -> dict[str, Any]:
    columns = dict.fromkeys(category[1] for category, _counts in plot.rows)
    rows: dict[str, list[str]] = {}
    for (row, _column), counts in plot.rows:
        rows.setdefault(row, [row or "not given"]).append(f"{counts.get(kind, 0):,}")
    head = ["", *(name or "not given" for name in columns)]
    return {"caption": ANNOTATOR_KINDS[kind], "head": head, "rows": list(rows.values())}
