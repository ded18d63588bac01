"""``sayso disagreements``: what annotators disagree about, by kind."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.terminal import Advance, emit_all, progress, say, table

if TYPE_CHECKING:
    from sayso.disagreements.gathering import Case
    from sayso.disagreements.page import Written
    from sayso.disagreements.tally import Tally

KINDS = ("missed", "boundary", "label", "attribute", "nesting", "relation")
REMEDY = "`sayso push --overlap 2` asks for them"
LARGE = 100_000_000  # bytes; browsers take longer than people wait
DETAILS = 15  # rows of what differs most often; --json has all


@click.command(short_help="Tell what annotators disagree about, and show it.")
@click.option("--campaign", "campaigns", multiple=True, metavar="NAME", help="Only this campaign; may be repeated.")
@click.option("--interface", metavar="NAME", help="Only this pass.")
@click.option("--annotator", "annotators", multiple=True, metavar="NAME",
              help="By pseudonym: several are compared with each other, one with everybody else.")  # fmt: skip
@click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="Only this kind; may be repeated.")
@click.option("--label", "names", multiple=True, metavar="NAME",
              help="Only this label or type of relation; may be repeated.")  # fmt: skip
@click.option("--programs", is_flag=True, help="Compare programs' answers too.")
@click.option("--pairs", is_flag=True, help="A table for each pair of annotators.")
@click.option("--examples", type=click.IntRange(0), default=0, metavar="N",
              help="Show so many of each kind and label.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print every disagreement as JSON.")
@click.option("--html", "out", is_flag=False, flag_value="", metavar="[FILE]",
              help="Write the explorer. [default: build/disagreements.html in the checkout]")  # fmt: skip
@click.option("--open", "show", is_flag=True, help="Write the explorer and open it in the browser of this machine.")
@click.option("--url", metavar="URL", help="The Label Studio that links lead to. [default: SAYSO_URL, [tool.sayso], "
              "the embedded one]")  # fmt: skip
@click.pass_obj
def command(
    root: Path | None, campaigns: tuple[str, ...], interface: str | None, annotators: tuple[str, ...],
    kinds: tuple[str, ...], names: tuple[str, ...], programs: bool, pairs: bool, examples: int, as_json: bool,
    out: str | None, show: bool, url: str | None,
) -> None:  # fmt: skip
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
    from sayso.disagreements import gathering, page, tally, telling
    from sayso.errors import UsageError
    from sayso.schema import load
    from sayso.settings import MARK, find_instance
    from sayso.store import Corpus
    from sayso.studio.address import named

    instance = find_instance(root)
    schema, address = load(instance.root / MARK), named(instance, url)
    counted = tally.Tally(schema, examples)
    wanted = gathering.Wanted(
        frozenset(campaigns), frozenset(annotators), interface, frozenset(kinds), frozenset(names)
    )
    found = gathering.cases(Corpus(instance.root), schema, wanted, counted.left_out)
    with progress("comparing", printing=as_json) as advance:
        coming = _counted(found, counted, advance)
        if as_json and (out is not None or show):
            raise UsageError("--json and --html are two ways to tell", remedy="run the command once for each")
        if as_json:
            entries = (entry for case in coming for entry in telling.entries(case, address))
            emit_all("disagreements", entries, lambda: tally.data(counted))
        if out is not None or show:
            path = Path(out) if out else instance.root / "build" / "disagreements.html"
            _tell(page.explorer(path, schema, coming, counted, address), show)
        deque(coming, 0)
    if not as_json:
        _tables(counted, pairs)
    _conclude(counted)


def _tell(written: Written, show: bool) -> None:
    say(f"{'wrote' if written.changed else 'nothing changed:'} {written.path} ({written.size / 1e6:,.1f} MB): "
        f"{written.passages:,} sentences")  # fmt: skip
    if written.size > LARGE:
        say("that is much for a browser; choose a part with --campaign, --annotator, --kind or --label")
    if show:
        click.launch(str(written.path))


def _counted(found: Iterator[Case], counted: Tally, advance: Advance) -> Iterator[Case]:
    for case in found:
        counted.add(case)
        advance(1)
        yield case


def _tables(counted: Tally, pairs: bool) -> None:
    from sayso.disagreements import tally

    everything = counted.all
    if not counted.pairs:
        return
    table("Disagreements, every pair counted", tally.COLUMNS, list(tally.rows(counted, everything)))
    for two, counts in sorted(counted.pairs.items()) if pairs else ():
        table(f"{two.told} · {counts.documents:,} documents", tally.COLUMNS, list(tally.rows(counted, counts)))
    if most := list(tally.details(everything, DETAILS)):
        table("What differs most often", ("kind", "of", "what", "count"), most)
    for (kind, name), shown in sorted(counted.examples.items()):
        if shown:
            table(f"{kind} · {name}", ("document", "one", "other"), shown)


def _conclude(counted: Tally) -> None:
    for (campaign, interface, reason), count in sorted(counted.left_out.counts.items()):
        say(f"left out in {campaign} · {interface}: {count:,} × {reason}")
    if counted.pairs:
        say(f"{counted.total:,} disagreements in {len(counted.documents):,} documents, "
            f"{len(counted.pairs):,} pairs of annotators")  # fmt: skip
    else:
        say(f"nothing to compare: no document has two people's own answers in one pass; {REMEDY}")
