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

from sayso import schema as schemas
from sayso.files import explained, replace_if_changed
from sayso.readings import Choice, Reading, side_by_side
from sayso.records import Document
from sayso.report import compact, plots
from sayso.report.figures import ARTICLES, KINDS, Figures, Plot
from sayso.report.paper import Spool, both_rooms, facts, layers, unnamed, written
from sayso.schema import Schema
from sayso.settings import MARK, Instance
from sayso.store import Corpus

BLOCK_DOCUMENTS = 50
"""Documents that the page unpacks together when one of them is opened."""
BLOCK_ROWS = 5_000
_HERE = Path(__file__).parent

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Written:
    """What was written. ``size`` in bytes; ``changed`` is False where the file held just that already."""

    path: Path
    changed: bool
    size: int
    documents: int
    readings: int
    claims: int
    adjudicated: int


def report(instance: Instance, out: Path, choice: Choice | None = None, advance: Advance = lambda _n: None) -> Written:
    """Write the page to ``out``, whole or not at all, unless it is there already.

    Raises:
        InputError: a record is broken, or nothing fits the choice.
        DiskError: the disk refused.
    """
    schema = schemas.load(instance.root / MARK)
    everything = side_by_side(Corpus(instance.root), choice or Choice())
    version = str(instance.declared.get("data_version", "not given"))
    with explained(out), ExitStack() as stack:
        out.parent.mkdir(parents=True, exist_ok=True)
        gathered = _Gathered(schema, *(Spool(stack.enter_context(unnamed(out.parent))) for _ in range(3)))
        for document, readings in everything:
            gathered.add(document, readings)
            advance(1)
        changed = replace_if_changed(out, lambda file: gathered.write(file, version))
    figures = gathered.figures
    return Written(out, changed, out.stat().st_size, figures.documents, figures.readings.total(),
                   gathered.claims.count, figures.adjudicated)  # fmt: skip


class _Gathered:
    """What was read so far: figures in memory, everything else on disk."""

    def __init__(self, schema: Schema, listed: Spool, claims: Spool, documents: Spool) -> None:
        self.schema, self.listed, self.claims, self.documents = schema, listed, claims, documents
        self.figures, self._packer = Figures(schema), compact.Packer(schema)

    def add(self, document: Document, readings: list[Reading]) -> None:
        """Take one more document with the readings of it."""
        for claim in self._packer.claims(self.listed.count, readings):
            self.claims.add(claim)
        self.figures.add(document, readings)
        self.listed.add(self._packer.listed(document, readings))
        self.documents.add(self._packer.document(document, readings))

    def write(self, file: BinaryIO, version: str) -> None:
        """Write the page: what opens at once first, then the script, then the documents."""
        rows = chain(self.listed.blocks("listed", BLOCK_ROWS), self.claims.blocks("rows", BLOCK_ROWS))
        early, late = chain([facts(self._facts())], rows), self.documents.blocks("documents", BLOCK_DOCUMENTS)
        script = (_HERE / "report.js").read_text(encoding="utf-8")
        content = _content(self.figures, self.schema, version)
        written(file, _HERE / "report.html", style_sheet(self.schema), script, content, early, late)

    def _facts(self) -> dict[str, Any]:
        counts = {"documents": self.listed.count, "rows": self.claims.count, "block": BLOCK_DOCUMENTS}
        return {**compact.words(self.schema), "readers": list(self._packer.readers), "kinds": KINDS, **counts}


def _content(figures: Figures, schema: Schema, version: str) -> dict[str, Any]:
    drawn = figures.plots()
    return {
        "banner": banner(figures),
        "tiles": _tiles(figures),
        "several_kinds": len(figures.readings) > 1 or any(len(names) > 1 for names in figures.readers.values()),
        "plots": [_drawn(plot) for plot in drawn],
        "undated": figures.documents and not any(plot.name == "timeline" for plot in drawn),
        "licenses": [(name, f"{count:,}") for name, count in sorted(figures.licenses.items())],
        "version": version,
        "schema_version": schema.version,
    }


class Banner(NamedTuple):
    """What must be known before anything on the page is believed."""

    tone: str
    short: str
    told: str


def banner(figures: Figures) -> Banner:
    """Who made the readings, and whether anybody has adjudicated them."""
    kinds, gold = figures.readings.keys(), figures.adjudicated
    if not kinds:
        return Banner("warn", "Nothing is annotated yet.", "There are texts here and no readings of them.")
    if kinds == {"program"}:
        return Banner("warn", "A program annotated this; nobody has adjudicated it.",
                      "No person has checked a mention, a relation or a number here.")  # fmt: skip
    if not gold:
        programs = "Some readings were made by programs. " if "program" in kinds else ""
        return Banner("warn", "Nobody has adjudicated this yet.",
                      f"{programs}Each annotator's own reading stands beside the others.")  # fmt: skip
    rest = figures.documents - gold
    told = f"The other {rest:,} hold what each annotator marked." if rest else "Every document is adjudicated."
    return Banner("calm", f"{gold:,} of {figures.documents:,} documents are adjudicated.", told)


def _tiles(figures: Figures) -> list[dict[str, str]]:
    mentions = sum(counts.total() for counts in figures.labels.values())
    unknown = f"{figures.kept:,} parts unknown to the schema" if figures.kept else ""
    return [
        _tile("documents", figures.documents, f"{figures.characters:,} characters"),
        _tile("readings", figures.readings.total(), _readers(figures)),
        _tile("adjudicated", figures.adjudicated, "documents"),
        _tile("mentions", mentions, f"{figures.relations:,} relations"),
        _tile("claims", sum(counts.total() for counts in figures.claims.values())),
        _tile("flags and notes", figures.remarks, unknown),
    ]


def _readers(figures: Figures) -> str:
    named = [_many(len(names), *_NOUNS[kind]) for kind in _NOUNS if (names := figures.readers.get(kind))]
    by = f"by {', '.join(named)}" if named else ""
    skipped = f"{figures.skipped:,} passed over" if figures.skipped else ""
    unread = _many(figures.unread, "document without", "documents without") if figures.unread else ""
    return ", ".join(filter(None, [by, skipped, unread]))


_NOUNS = {
    "human": ("person", "people"),
    "adjudicator": ("adjudicator", "adjudicators"),
    "program": ("program", "programs"),
}


def _many(count: int, one: str, more: str) -> str:
    return f"{count:,} {one if count == 1 else more}"


def _tile(what: str, number: int, more: str = "") -> dict[str, str]:
    return {"what": what, "number": f"{number:,}", "more": more}


def _drawn(plot: Plot) -> dict[str, Any]:
    return {"title": plot.title, "told": plot.told, "left_out": plot.left_out, "shape": plot.shape,
            "svg": plots.svg(plot), "tables": tables(plot)}  # fmt: skip


def tables(plot: Plot) -> list[dict[str, Any]]:
    """The numbers behind a plot, as one table, or for a matrix one for each kind of reader."""
    if plot.shape == "matrix":
        return [_crossed(plot, kind) for kind in plot.kinds]
    names = [KINDS[kind] if kind != ARTICLES else "documents" for kind in plot.kinds]
    rows = [[c[0] or "not given", *(f"{counts.get(kind, 0):,}" for kind in plot.kinds)] for c, counts in plot.rows]
    return [{"caption": "", "head": ["", *names], "rows": rows}]


def _crossed(plot: Plot, kind: str) -> dict[str, Any]:
    across = list(dict.fromkeys(category[1] for category, _counts in plot.rows))
    rows: dict[str, list[str]] = {}
    for (one, _other), counts in plot.rows:
        rows.setdefault(one, [one or "not given"]).append(f"{counts.get(kind, 0):,}")
    head = ["", *(name or "not given" for name in across)]
    return {"caption": KINDS[kind], "head": head, "rows": list(rows.values())}


# --- style


def style_sheet(schema: Schema) -> str:
    """The report's own style: report.css, the layers in the schema's colours, and the plots."""
    written = (_HERE / "report.css").read_text(encoding="utf-8")
    return f"{written}\n{both_rooms(lambda page: f'{layers(schema, page)}{plots.rules(page)}')}"
