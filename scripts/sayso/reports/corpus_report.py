"""The page itself: a template, one style sheet and one script of this package, and the corpus as JSON between them.

Documents go through unlinked files beside the page, so the whole corpus is never in memory: what is said of all of
them stands at the top of the page, and is known only when the last has been read.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from sayso.corpus.old_items import AnnotationFilter, LocatedRecord, iterate_items
from sayso.corpus.sources import CorpusFiles
from sayso.files import convert_os_errors, replace_if_changed
from sayso.models import Document
from sayso.reports import corpus_packer, svg_plots
from sayso.reports.corpus_statistics import ANNOTATOR_KINDS, DOCUMENTS, CorpusStatistics, Plot
from sayso.reports.html_page import (
    JsonSpool,
    build_data_block,
    label_colours,
    open_temporary_file,
    style_both_themes,
    write_page,
)
from sayso.schema import declarations as schemas
from sayso.schema.declarations import Schema
from sayso.settings import SCHEMA_FILE, Checkout

BLOCK_DOCUMENTS = 50
"""Documents that the page unpacks together when one of them is opened."""
BLOCK_ROWS = 5_000
_HERE = Path(__file__).parent

Advance = Callable[[int], None]


@dataclass(frozen=True)
class CorpusReportResult:
    """What was written. ``size`` in bytes; ``changed`` is False where the file held just that already."""

    path: Path
    changed: bool
    size: int
    documents: int
    annotations: int
    claims: int
    adjudicated: int


def write_report(
    checkout: Checkout,
    out: Path,
    choice: AnnotationFilter | None = None,
    advance: Advance = lambda _n: None,
) -> CorpusReportResult:
    """Write the page to ``out``, whole or not at all, unless it is there already.

    Raises:
        InputError: a record is broken, or nothing fits the choice.
        DiskError: the disk refused.
    """
    schema = schemas.load_schema(checkout.root / SCHEMA_FILE)
    everything = iterate_items(CorpusFiles(checkout.root), choice or AnnotationFilter())
    version = str(checkout.tool_table.get("data_version", "not given"))
    with convert_os_errors(out), ExitStack() as stack:
        out.parent.mkdir(parents=True, exist_ok=True)
        gathered = _ReportContent(
            schema,
            *(JsonSpool(stack.enter_context(open_temporary_file(out.parent))) for _ in range(3)),
        )
        for document, readings in everything:
            gathered.add(document, readings)
            advance(1)
        changed = replace_if_changed(out, lambda file: gathered.write(file, version))
    figures = gathered.statistics
    return CorpusReportResult(
        out,
        changed,
        out.stat().st_size,
        figures.documents,
        figures.annotations.total(),
        gathered.claims.count,
        figures.adjudicated,
    )


class _ReportContent:
    """What was read so far: figures in memory, everything else on disk."""

    def __init__(
        self, schema: Schema, listed: JsonSpool, claims: JsonSpool, documents: JsonSpool
    ) -> None:
        self.schema, self.summaries, self.claims, self.documents = schema, listed, claims, documents
        self.statistics, self._packer = CorpusStatistics(schema), corpus_packer.CorpusPacker(schema)

    def add(self, document: Document, annotations: list[LocatedRecord]) -> None:
        """Take one more document with the readings of it."""
        for claim in self._packer.pack_claims(self.summaries.count, annotations):
            self.claims.add(claim)
        self.statistics.add(document, annotations)
        self.summaries.add(self._packer.pack_summary(document, annotations))
        self.documents.add(self._packer.pack_document(document, annotations))

    def write(self, file: BinaryIO, version: str) -> None:
        """Write the page: what opens at once first, then the script, then the documents."""
        rows = chain(
            self.summaries.read_blocks("listed", BLOCK_ROWS),
            self.claims.read_blocks("rows", BLOCK_ROWS),
        )
        early, late = (
            chain([build_data_block(self._page_data())], rows),
            self.documents.read_blocks("documents", BLOCK_DOCUMENTS),
        )
        script = (_HERE / "report.js").read_text(encoding="utf-8")
        content = _build_context(self.statistics, self.schema, version)
        write_page(
            file, _HERE / "report.html", build_style(self.schema), script, content, early, late
        )

    def _page_data(self) -> dict[str, Any]:
        counts = {
            "documents": self.summaries.count,
            "rows": self.claims.count,
            "block": BLOCK_DOCUMENTS,
        }
        return {
            **corpus_packer.build_schema_lists(self.schema),
            "readers": list(self._packer.annotators),
            "kinds": ANNOTATOR_KINDS,
            **counts,
        }


def _build_context(statistics: CorpusStatistics, schema: Schema, version: str) -> dict[str, Any]:
    drawn = statistics.build_plots()
    return {
        "banner": build_banner(statistics),
        "tiles": _build_tiles(statistics),
        "several_kinds": len(statistics.annotations) > 1
        or any(len(names) > 1 for names in statistics.annotators.values()),
        "plots": [_render_plot(plot) for plot in drawn],
        "undated": statistics.documents and not any(plot.name == "timeline" for plot in drawn),
        "licenses": [(name, f"{count:,}") for name, count in sorted(statistics.licenses.items())],
        "version": version,
        "schema_version": schema.version,
    }


class ReportBanner(NamedTuple):
    """What must be known before anything on the page is believed."""

    tone: str
    headline: str
    explanation: str


def build_banner(statistics: CorpusStatistics) -> ReportBanner:
    """Who made the readings, and whether anybody has adjudicated them."""
    kinds, gold = statistics.annotations.keys(), statistics.adjudicated
    if not kinds:
        return ReportBanner(
            "warn", "Nothing is annotated yet.", "There are texts here and no readings of them."
        )
    if kinds == {"program"}:
        return ReportBanner(
            "warn",
            "A program annotated this; nobody has adjudicated it.",
            "No person has checked a mention, a relation or a number here.",
        )
    if not gold:
        programs = "Some readings were made by programs. " if "program" in kinds else ""
        return ReportBanner(
            "warn",
            "Nobody has adjudicated this yet.",
            f"{programs}Each annotator's own reading stands beside the others.",
        )
    rest = statistics.documents - gold
    told = (
        f"The other {rest:,} hold what each annotator marked."
        if rest
        else "Every document is adjudicated."
    )
    return ReportBanner(
        "calm", f"{gold:,} of {statistics.documents:,} documents are adjudicated.", told
    )


def _build_tiles(statistics: CorpusStatistics) -> list[dict[str, str]]:
    mentions = sum(counts.total() for counts in statistics.labels.values())
    unknown = (
        f"{statistics.unknown_parts:,} parts unknown to the schema"
        if statistics.unknown_parts
        else ""
    )
    return [
        _build_tile("documents", statistics.documents, f"{statistics.characters:,} characters"),
        _build_tile("readings", statistics.annotations.total(), _describe_annotators(statistics)),
        _build_tile("adjudicated", statistics.adjudicated, "documents"),
        _build_tile("mentions", mentions, f"{statistics.relations:,} relations"),
        _build_tile("claims", sum(counts.total() for counts in statistics.claims.values())),
        _build_tile("flags and notes", statistics.flags_and_notes, unknown),
    ]


def _describe_annotators(statistics: CorpusStatistics) -> str:
    named = [
        _format_quantity(len(names), *_NOUNS[kind])
        for kind in _NOUNS
        if (names := statistics.annotators.get(kind))
    ]
    by = f"by {', '.join(named)}" if named else ""
    skipped = f"{statistics.skipped:,} passed over" if statistics.skipped else ""
    unread = (
        _format_quantity(statistics.unannotated, "document without", "documents without")
        if statistics.unannotated
        else ""
    )
    return ", ".join(filter(None, [by, skipped, unread]))


_NOUNS = {
    "human": ("person", "people"),
    "adjudicator": ("adjudicator", "adjudicators"),
    "program": ("program", "programs"),
}


def _format_quantity(count: int, singular: str, plural: str) -> str:
    return f"{count:,} {singular if count == 1 else plural}"


def _build_tile(title: str, number: int, detail: str = "") -> dict[str, str]:
    return {"what": title, "number": f"{number:,}", "more": detail}


def _render_plot(plot: Plot) -> dict[str, Any]:
    return {
        "title": plot.title,
        "told": plot.description,
        "left_out": plot.excluded,
        "shape": plot.shape,
        "svg": svg_plots.render_svg(plot),
        "tables": plot_tables(plot),
    }


def plot_tables(plot: Plot) -> list[dict[str, Any]]:
    """The numbers behind a plot, as one table, or for a matrix one for each kind of reader."""
    if plot.shape == "matrix":
        return [_matrix_table(plot, kind) for kind in plot.kinds]
    names = [ANNOTATOR_KINDS[kind] if kind != DOCUMENTS else "documents" for kind in plot.kinds]
    rows = [
        [c[0] or "not given", *(f"{counts.get(kind, 0):,}" for kind in plot.kinds)]
        for c, counts in plot.rows
    ]
    return [{"caption": "", "head": ["", *names], "rows": rows}]


def _matrix_table(plot: Plot, kind: str) -> dict[str, Any]:
    across = list(dict.fromkeys(category[1] for category, _counts in plot.rows))
    rows: dict[str, list[str]] = {}
    for (one, _other), counts in plot.rows:
        rows.setdefault(one, [one or "not given"]).append(f"{counts.get(kind, 0):,}")
    head = ["", *(name or "not given" for name in across)]
    return {"caption": ANNOTATOR_KINDS[kind], "head": head, "rows": list(rows.values())}


# --- style


def build_style(schema: Schema) -> str:
    """The report's own style: report.css, the layers in the schema's colours, and the plots."""
    written = (_HERE / "report.css").read_text(encoding="utf-8")
    return f"{written}\n{style_both_themes(lambda page: f'{label_colours(schema, page)}{svg_plots.plot_style(page)}')}"
