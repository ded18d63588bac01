"""``sayso feedback``: for each annotator, own answers beside gold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sayso.cli.terminal import emit, progress, say

if TYPE_CHECKING:
    from sayso.feedback.page import Outcome, Written


@click.command(short_help="Show each annotator's own answers beside gold.")
@click.option("--campaign", "campaigns", multiple=True, metavar="NAME", help="Only this campaign; may be repeated.")
@click.option("--annotator", "annotators", multiple=True, metavar="NAME",
              help="Only this annotator's page, by pseudonym; may be repeated.")  # fmt: skip
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), metavar="FOLDER",
              help="Where to write the pages. [default: .sayso/feedback in the checkout]")  # fmt: skip
@click.option("--open", "show", is_flag=True, help="Open the index, or the one page, in the browser of this machine.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found and written as one JSON object.")
@click.option("--url", metavar="URL", help="The Label Studio that links lead to. [default: SAYSO_URL, [tool.sayso], "
              "the embedded one]")  # fmt: skip
@click.pass_obj
def command(root: Path | None, campaigns: tuple[str, ...], annotators: tuple[str, ...], out: Path | None, show: bool,
            as_json: bool, url: str | None) -> None:  # fmt: skip
    """Write a page for each annotator: own answers beside gold, by the rule of the guidelines that was missed.

    With what went right, and how time and likeness to gold go over the sequence of answers. It needs gold, which
    `sayso adjudicate` makes. A page is for that person and the lead alone: files are readable by you only, lie outside
    of what is published, and rank nobody. The index is the lead's.

    \b
    Examples:
      sayso feedback --open
      sayso feedback --campaign pilot --annotator ann-1a2b3c4d
      sayso feedback --json
    """
    from sayso.feedback.page import feedback
    from sayso.readings import Choice
    from sayso.settings import find_instance
    from sayso.studio.address import named

    instance = find_instance(root)
    choice = Choice(frozenset(campaigns), frozenset(annotators), gold=bool(annotators))
    with progress("comparing with gold") as advance:
        outcome = feedback(instance, choice, out, named(instance, url), advance)
    if as_json:
        emit({"pages": [_data(page) for page in outcome.pages]})
    _conclude(outcome)
    files = [*(path for path, _changed in outcome.indexes), *(page.path for page in outcome.pages)]
    if show and files:
        click.launch(str(files[0]))


def _conclude(outcome: Outcome) -> None:
    for (campaign, interface, reason), count in sorted(outcome.left_out.counts.items()):
        say(f"left out in {campaign} · {interface}: {count:,} × {reason}")
    for page in outcome.pages:
        say(f"{'wrote' if page.changed else 'nothing changed:'} {page.path}: {len(page.told.given):,} answers, "
            f"{page.told.missed.total():,} differences")  # fmt: skip
    for path, changed in outcome.indexes:
        say(f"{'wrote' if changed else 'nothing changed:'} {path}")


def _data(page: Written) -> dict[str, Any]:
    from sayso.feedback.learning import curve
    from sayso.feedback.likeness import likeness

    told, run = page.told, curve(page.told.given)
    rules = [{"heading": rule.heading, "rule": rule.words, "count": count} for rule, count in told.ranked()]
    points = [
        {"doc_id": each.doc_id, "seconds_per_100_characters": each.seconds, "capped": each.capped,
         "own": each.score.own, "gold": each.score.gold, "exact_f1": each.score.f1(each.score.exact),
         "overlap_f1": each.score.f1(each.score.overlap)} for each in run.points
    ]  # fmt: skip
    return {
        "campaign": page.campaign, "annotator": page.annotator, "file": str(page.path), "changed": page.changed,
        "answers": len(told.given), "differences": told.missed.total(), "rules": rules, "right": told.right.data(),
        "likeness": likeness(told.given), "cap_seconds_per_100_characters": run.cap, "curve": points,
    }  # fmt: skip
