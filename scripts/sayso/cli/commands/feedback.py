"""``sayso feedback``: for each annotator, own answers beside gold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sayso.cli.terminal import print_json, print_message, progress_bar

if TYPE_CHECKING:
    from sayso.reports.feedback_pages import FeedbackPage, FeedbackResult


@click.command(short_help="Show each annotator's own answers beside gold.")
@click.option(
    "--campaign",
    "campaigns",
    multiple=True,
    metavar="NAME",
    help="Only this campaign; may be repeated.",
)
@click.option(
    "--annotator",
    "annotators",
    multiple=True,
    metavar="NAME",
    help="Only this annotator's page, by pseudonym; may be repeated.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Where to write the pages. [default: .sayso/feedback in the checkout]",
)
@click.option(
    "--open",
    "show",
    is_flag=True,
    help="Open the index, or the one page, in the browser of this machine.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="Print what was found and written as one JSON object."
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
    annotators: tuple[str, ...],
    out: Path | None,
    show: bool,
    as_json: bool,
    url: str | None,
) -> None:
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
    from sayso.corpus.old_items import AnnotationFilter
    from sayso.labelstudio.urls import find_url
    from sayso.reports.feedback_pages import write_feedback
    from sayso.settings import find_checkout

    checkout = find_checkout(root)
    choice = AnnotationFilter(
        frozenset(campaigns), frozenset(annotators), gold_only=bool(annotators)
    )
    with progress_bar("comparing with gold") as advance:
        outcome = write_feedback(checkout, choice, out, find_url(checkout, url), advance)
    if as_json:
        print_json({"pages": [_encode_page(page) for page in outcome.pages]})
    _print_summary(outcome)
    files = [*(path for path, _changed in outcome.indexes), *(page.path for page in outcome.pages)]
    if show and files:
        click.launch(str(files[0]))


def _print_summary(result: FeedbackResult) -> None:
    for (campaign, pass_name, reason), count in sorted(result.excluded.counts.items()):
        print_message(f"left out in {campaign} · {pass_name}: {count:,} × {reason}")
    for page in result.pages:
        print_message(
            f"{'wrote' if page.changed else 'nothing changed:'} {page.path}: {len(page.feedback.annotations):,} answers, "
            f"{page.feedback.rule_counts.total():,} differences"
        )
    for path, changed in result.indexes:
        print_message(f"{'wrote' if changed else 'nothing changed:'} {path}")


def _encode_page(page: FeedbackPage) -> dict[str, Any]:
    from sayso.reports.gold_f1 import estimate_f1
    from sayso.reports.learning_curve import build_curve

    told, run = page.feedback, build_curve(page.feedback.annotations)
    rules = [
        {"heading": rule.heading, "rule": rule.text, "count": count}
        for rule, count in told.ranked_rules()
    ]
    points = [
        {
            "doc_id": each.doc_id,
            "seconds_per_100_characters": each.seconds,
            "capped": each.capped,
            "own": each.score.own,
            "gold": each.score.gold,
            "exact_f1": each.score.f1(each.score.exact),
            "overlap_f1": each.score.f1(each.score.overlap),
        }
        for each in run.points
    ]
    return {
        "campaign": page.campaign,
        "annotator": page.annotator,
        "file": str(page.path),
        "changed": page.changed,
        "answers": len(told.annotations),
        "differences": told.rule_counts.total(),
        "rules": rules,
        "right": told.coverage.as_dict(),
        "likeness": estimate_f1(told.annotations),
        "cap_seconds_per_100_characters": run.cap,
        "curve": points,
    }
