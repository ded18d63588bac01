"""``sayso disagreements``: list what annotators disagree about, by kind."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.callbacks import Advance
from sayso.cli.completion import complete_label
from sayso.cli.options import filter_options
from sayso.cli.pages import print_page
from sayso.cli.terminal import print_json_list, print_message, print_table, progress_bar

if TYPE_CHECKING:
    from sayso.agreement.disagreement_cases import DisagreementCase
    from sayso.agreement.disagreement_counts import DisagreementCounts
    from sayso.corpus.items import AnnotationFilter

KINDS = ("missed", "boundary", "label", "attribute", "nesting", "relation", "answer")
DETAIL_ROWS = 15  # of what differs most often; --json has all


@click.command(short_help="List what annotators disagree about, or show it in the browser.")
@filter_options(programs=False)
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    type=click.Choice(KINDS),
    help="Only this kind; may be repeated.",
)
@click.option(
    "--label",
    "names",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_label,
    help="Only this label, type of relation or question; may be repeated.",
)
@click.option("--pairs", is_flag=True, help="A table for each pair of annotators.")
@click.option(
    "--examples",
    type=click.IntRange(0),
    default=0,
    metavar="N",
    help="Show so many of each kind and label.",
)
@click.option("--json", "as_json", is_flag=True, help="Print every disagreement as JSON.")
@click.option(
    "--html",
    "out",
    is_flag=False,
    flag_value="",
    metavar="[FILE]",
    help="Write the explorer. [default: build/disagreements.html in the checkout]",
)
@click.option(
    "--open",
    "show",
    is_flag=True,
    help="Write the explorer and open it in the browser of this machine.",
)
@click.option(
    "--url",
    metavar="URL",
    help="The Label Studio that links lead to. [default: SAYSO_URL, [tool.sayso], "
    "the embedded one]",
)
@click.pass_obj
def command(
    root: Path | None,
    selection: AnnotationFilter,
    kinds: tuple[str, ...],
    names: tuple[str, ...],
    pairs: bool,
    examples: int,
    as_json: bool,
    out: str | None,
    show: bool,
    url: str | None,
) -> None:
    """List what annotators disagree about: each difference of two annotations once.

    Compared are annotations of one document in one pass that were submitted without another's
    annotation to start from. --annotator: several are compared with each other, one with everybody
    else. The first kind that fits is taken: attribute (the same span and label, other values),
    boundary (the same label, other edges), nesting (one span against several, or one inside the
    other), label (the same span, two labels), missed, and relation. A relation whose end the other
    annotator did not mark is listed as a consequence of that.

    \b
    Examples:
      sayso disagreements
      sayso disagreements --pairs --examples 3
      sayso disagreements --open
      sayso disagreements --kind boundary --label Actor --html build/edges.html
      sayso disagreements --annotator ann-1a2b3c4d --json > theirs.json
    """
    from sayso.agreement.disagreement_cases import DisagreementFilter, iterate_disagreement_cases
    from sayso.agreement.disagreement_counts import DisagreementCounts
    from sayso.corpus.sources import CorpusFiles
    from sayso.errors import UsageError
    from sayso.labelstudio.urls import find_url
    from sayso.outputs import HTML_START, require_output
    from sayso.reports import disagreement_explorer
    from sayso.schema.declarations import load_schema
    from sayso.settings import SCHEMA_FILE, find_checkout

    checkout = find_checkout(root)
    if out:
        require_output(checkout, Path(out), HTML_START)
    schema, address = load_schema(checkout.root / SCHEMA_FILE), find_url(checkout, url)
    counts = DisagreementCounts(schema, examples)
    chosen = DisagreementFilter(selection, frozenset(kinds), frozenset(names))
    found = iterate_disagreement_cases(CorpusFiles(checkout.root), schema, chosen, counts.excluded)
    with progress_bar("comparing", printing=as_json) as advance:
        cases = _count_cases(found, counts, advance)
        if as_json and (out is not None or show):
            raise UsageError(
                "--json and --html cannot be combined", remedy="run the command once for each"
            )
        if as_json:
            entries = (
                entry
                for case in cases
                for entry in disagreement_explorer.build_entries(case, address)
            )
            print_json_list("disagreements", entries, counts.to_json)
        if out is not None or show:
            path = Path(out) if out else checkout.root / "build" / "disagreements.html"
            page = disagreement_explorer.write_explorer(path, schema, cases, counts, address)
            print_page(page, show=show)
        deque(cases, 0)
    if not as_json:
        _print_tables(counts, pairs)
    _print_conclusion(counts)


def _count_cases(
    cases: Iterator[DisagreementCase], counts: DisagreementCounts, advance: Advance
) -> Iterator[DisagreementCase]:
    for case in cases:
        counts.add(case)
        advance(1)
        yield case


def _print_tables(counts: DisagreementCounts, pairs: bool) -> None:
    from sayso.agreement.disagreement_counts import COUNT_COLUMNS

    if not counts.pairs:
        return
    total = counts.total_counts
    print_table("Disagreements, every pair counted", COUNT_COLUMNS, counts.build_rows(total))
    for two, of_pair in sorted(counts.pairs.items()) if pairs else ():
        title = f"{two.title} · {of_pair.documents:,} documents"
        print_table(title, COUNT_COLUMNS, counts.build_rows(of_pair))
    if most := total.build_detail_rows(DETAIL_ROWS):
        print_table("What differs most often", ("kind", "of", "what", "count"), most)
    for (kind, name), examples in sorted(counts.examples.items()):
        if examples:
            print_table(f"{kind} · {name}", ("document", "one", "other"), examples)


def _print_conclusion(counts: DisagreementCounts) -> None:
    for (campaign, pass_name, reason), count in sorted(counts.excluded.counts.items()):
        print_message(f"excluded in {campaign} · {pass_name}: {count:,} × {reason}")
    if counts.pairs:
        print_message(
            f"{counts.total:,} disagreements in {len(counts.documents):,} documents, "
            f"{len(counts.pairs):,} pairs of annotators"
        )
    else:
        print_message(
            "nothing to compare: no document has two independent annotations in one pass; "
            "`sayso push --overlap 2` asks for them"
        )
