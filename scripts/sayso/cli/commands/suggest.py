"""``sayso suggest``: predictions to start from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.terminal import emit, progress, say, table

if TYPE_CHECKING:
    from sayso.suggest.suggesters import Suggester
    from sayso.suggest.suggesting import Outcome


@click.command(short_help="Write predictions that annotators start from.")
@click.option("--with", "named", multiple=True, metavar="NAME",
              help="Ask only this suggester; may be repeated, and the first named is believed first.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Where to write. [default: build/predictions.jsonl in the checkout]")  # fmt: skip
@click.option("--doc", "documents", multiple=True, metavar="ID", help="Only this document; may be repeated.")
@click.option("--only-new", is_flag=True, help="Only documents that nobody has answered.")
@click.option("--campaign", metavar="NAME", help="Learn names from this campaign only.")
@click.option("--annotator", metavar="NAME", help="Learn names from this annotator's answers instead of gold.")
@click.option("--dry-run", is_flag=True, help="Count what would be suggested and write nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as one JSON object.")
@click.pass_obj
def command(
    root: Path | None, named: tuple[str, ...], out: Path | None, documents: tuple[str, ...], only_new: bool,
    campaign: str | None, annotator: str | None, dry_run: bool, as_json: bool,
) -> None:  # fmt: skip
    """Write predictions that annotators start from; `sayso push --predictions` sends them.

    \b
    Suggesters, in the order in which they are believed unless --with names them:
      your own      [tool.sayso.suggesters] in pyproject.toml: NAME = "package:callable"
      names         actors and places that were marked in the gold of the training split
      numbers       quantities with their bounds, English
      places        countries and cities of GeoNames, English
      cues          words that attribute, with their stance, English
      model         what `sayso train` made; only where it is named, also as model:FOLDER

    Each line says that a program made it, which one made each mention, how sure it is, and how uncertain the document
    is. Where two suggestions of one label overlap, or two cross, the first suggester's stays, then the surer, then the
    longer; the others are counted. Lines that would be the same are kept.

    \b
    Examples:
      sayso suggest
      sayso suggest --with numbers --with places --only-new
      sayso suggest --with model --out build/model.jsonl
      sayso suggest --dry-run --json
    """
    from sayso.schema import load
    from sayso.settings import MARK, find_instance
    from sayso.store import Corpus
    from sayso.suggest.chosen import suggesters
    from sayso.suggest.learning import Lessons
    from sayso.suggest.names import NAME as NAMES
    from sayso.suggest.suggesting import Wanted, suggest

    instance = find_instance(root)
    corpus = Corpus(instance.root)
    asked = suggesters(instance, named, Lessons(corpus, campaign, annotator))
    written = out or instance.root / "build" / "predictions.jsonl"
    with progress("suggesting") as advance:
        outcome = suggest(corpus, load(instance.root / MARK), asked, Wanted(frozenset(documents), only_new), written,
                          dry_run=dry_run, advance=advance)  # fmt: skip
    if not named and not any(one.name == NAMES for one in asked):
        say("names: nothing is adjudicated yet to learn from; --annotator learns from somebody's answers")
    _print(outcome, asked, written, dry_run, as_json)


def _print(outcome: Outcome, asked: list[Suggester], written: Path, dry_run: bool, as_json: bool) -> None:
    from sayso.suggest.suggesting import counted

    rows = counted(outcome, asked)
    if as_json:
        emit({"dry_run": dry_run, "file": str(written), "changed": outcome.changed,
              "documents": outcome.made + outcome.kept, "made": outcome.made, "kept": outcome.kept,
              "not_english": outcome.foreign, "seen": outcome.seen,
              "suggesters": {one.name: one.made_with or None for one in asked},
              "mentions": [{"suggester": by, "label": label, "mentions": n} for by, label, n, _gone in rows],
              "gave_way": [{"suggester": by, "label": label, "reason": reason, "mentions": n}
                           for (by, label, reason), n in sorted(outcome.gave_way.items())]})  # fmt: skip
    elif rows:
        table("Suggested", ("suggester", "label", "mentions", "gave way"),
              [(by, label, f"{n:,}", f"{gone:,}") for by, label, n, gone in rows])  # fmt: skip
    if outcome.foreign:
        say(f"{outcome.foreign:,} documents are not in English, which numbers, places and cues do not read")
    if outcome.seen:
        say(f"{outcome.seen:,} documents are among those that a suggester learnt from; their lines say so")
    done = "nothing written" if dry_run else "wrote" if outcome.changed else "nothing changed:"
    say(f"{done} {written}: {outcome.made:,} documents made, {outcome.kept:,} kept")
