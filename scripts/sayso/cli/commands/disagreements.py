"""``sayso disagreements``: what annotators disagree about, by kind."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.pages import print_page
from sayso.cli.terminal import Advance, print_json_list, print_message, print_table, progress_bar

if TYPE_CHECKING:
    from sayso.agreement.disagreement_cases import DisagreementCase
    from sayso.agreement.disagreement_counts import DisagreementCounts

KINDS = ("missed", "boundary", "label", "attribute", "nesting", "relation")
OVERLAP_REMEDY = "`sayso push --overlap 2` asks for them"
DETAIL_ROWS = 15  # rows of what differs most often; --json has all


@click.command(short_help="Tell what annotators disagree about, and show it.")
@click.option(
    "--campaign",
    "campaigns",
    multiple=True,
    metavar="NAME",
    help="Only this campaign; may be repeated.",
)
@click.option("--pass", "pass_name", metavar="NAME", help="Only this pass.")
@click.option(
    "--annotator",
    "annotators",
    multiple=True,
    metavar="NAME",
    help="By pseudonym: several are compared with each other, one with everybody else.",
)
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
    help="Only this label or type of relation; may be repeated.",
)
@click.option("--programs", is_flag=True, help="Compare programs' answers too.")
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
    campaigns: tuple[str, ...],
    pass_name: str | None,
    annotators: tuple[str, ...],
    kinds: tuple[str, ...],
    names: tuple[str, ...],
    programs: bool,
    pairs: bool,
    examples: int,
    as_json: bool,
    out: str | None,
    show: bool,
    url: str | None,
) -> None:
    """Tell what annotators disagree about: each difference of two answers once, by kind and label.

    Compared are answers that people gave blind to the same document in the same pass. Kinds, the first that fits:
    attribute (the same words and label, other answers), boundary (the same label, other edges), nesting (one span
    against several, or one inside the other), label (the same words, two labels), missed, and for arrows relation.
    An arrow whose end the other did not mark is told as the consequence of that.

    \b
    Examples:
      sayso disagreements
      sayso disagreements --pairs --examples 3
      sayso disagreements --open
      sayso disagreements --kind boundary --label Actor --html build/edges.html
      sayso disagreements --annotator ann-1a2b3c4d --json > theirs.json
    """
    from sayso.agreement import disagreement_cases, disagreement_counts
    from sayso.corpus.sources import CorpusFiles
    from sayso.errors import UsageError
    from sayso.labelstudio.urls import find_url
    from sayso.reports import disagreement_explorer
    from sayso.schema.declarations import load_schema
    from sayso.settings import SCHEMA_FILE, find_checkout

    checkout = find_checkout(root)
    schema, address = load_schema(checkout.root / SCHEMA_FILE), find_url(checkout, url)
    counted = disagreement_counts.DisagreementCounts(schema, examples)
    wanted = disagreement_cases.DisagreementFilter(
        frozenset(campaigns), frozenset(annotators), pass_name, frozenset(kinds), frozenset(names)
    )
    found = disagreement_cases.iterate_disagreement_cases(
        CorpusFiles(checkout.root), schema, wanted, counted.excluded
    )
    with progress_bar("comparing", printing=as_json) as advance:
        coming = _count_cases(found, counted, advance)
        if as_json and (out is not None or show):
            raise UsageError(
                "--json and --html are two ways to tell", remedy="run the command once for each"
            )
        if as_json:
            entries = (
                entry
                for case in coming
                for entry in disagreement_explorer.build_entries(case, address)
            )
            print_json_list(
                "disagreements", entries, lambda: disagreement_counts.encode_counts(counted)
            )
        if out is not None or show:
            path = Path(out) if out else checkout.root / "build" / "disagreements.html"
            page = disagreement_explorer.write_explorer(path, schema, coming, counted, address)
            print_page(page, show=show)
        deque(coming, 0)
    if not as_json:
        _print_tables(counted, pairs)
    _print_conclusion(counted)


def _count_cases(
    found: Iterator[DisagreementCase], counts: DisagreementCounts, advance: Advance
) -> Iterator[DisagreementCase]:
    for case in found:
        counts.add(case)
        advance(1)
        yield case


def _print_tables(counts: DisagreementCounts, pairs: bool) -> None:
    from sayso.agreement import disagreement_counts

    everything = counts.total_counts
    if not counts.pairs:
        return
    print_table(
        "Disagreements, every pair counted",
        disagreement_counts.COUNT_COLUMNS,
        list(disagreement_counts.build_rows(counts, everything)),
    )
    for two, of_pair in sorted(counts.pairs.items()) if pairs else ():
        print_table(
            f"{two.title} · {of_pair.documents:,} documents",
            disagreement_counts.COUNT_COLUMNS,
            list(disagreement_counts.build_rows(counts, of_pair)),
        )
    if most := list(disagreement_counts.build_detail_rows(everything, DETAIL_ROWS)):
        print_table("What differs most often", ("kind", "of", "what", "count"), most)
    for (kind, name), shown in sorted(counts.examples.items()):
        if shown:
            print_table(f"{kind} · {name}", ("document", "one", "other"), shown)


def _print_conclusion(counts: DisagreementCounts) -> None:
    for (campaign, pass_name, reason), count in sorted(counts.excluded.counts.items()):
        print_message(f"left out in {campaign} · {pass_name}: {count:,} × {reason}")
    if counts.pairs:
        print_message(
            f"{counts.total:,} disagreements in {len(counts.documents):,} documents, "
            f"{len(counts.pairs):,} pairs of annotators"
        )
    else:
        print_message(
            f"nothing to compare: no document has two people's own answers in one pass; {OVERLAP_REMEDY}"
        )
