"""The command ``sayso feedback``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sayso.cli.options import filter_options
from sayso.cli.terminal import print_json, print_message, progress_bar

if TYPE_CHECKING:
    from sayso.corpus.items import AnnotationFilter
    from sayso.reports.feedback_pages import FeedbackPage, FeedbackResult
    from sayso.reports.html_page import PageResult


@click.command(short_help="Compare each annotator with gold, on a page of their own.")
@filter_options(programs=False)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="The folder to write to. [default: .sayso/feedback in the checkout]",
)
@click.option(
    "--open", "show", is_flag=True, help="Open the index, or the only page, in the browser."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
@click.option(
    "--url",
    metavar="URL",
    help="The Label Studio to link to. [default: SAYSO_URL, [tool.sayso], the embedded one]",
)
@click.pass_obj
def command(
    root: Path | None,
    selection: AnnotationFilter,
    out: Path | None,
    show: bool,
    as_json: bool,
    url: str | None,
) -> None:
    """Write a page for each annotator that compares their annotations with gold, by guideline rule.

    A page also shows the agreement with gold by label, and how time and F1 change over the
    annotations. It needs gold, which `sayso adjudicate` makes. Pages are private: only you can
    read the files, no release contains them, and they rank nobody. The index is for the lead.

    \b
    Examples:
      sayso feedback --open
      sayso feedback --campaign pilot --annotator ann-1a2b3c4d
      sayso feedback --json
    """
    from sayso.labelstudio.urls import find_url
    from sayso.outputs import require_output
    from sayso.reports.feedback_pages import write_feedback
    from sayso.settings import find_checkout

    checkout = find_checkout(root)
    if out:
        require_output(checkout, out)
    with progress_bar("comparing with gold") as advance:
        result = write_feedback(checkout, selection, out, find_url(checkout, url), advance)
    if as_json:
        from msgspec import to_builtins

        from sayso.agreement.jackknife import IntervalMethod

        pages = [_encode_page(page) for page in result.pages]
        print_json({"interval": to_builtins(IntervalMethod()), "pages": pages})
    _print_summary(result)
    files = [*result.indexes, *(page.page for page in result.pages)]
    if show and files:
        click.launch(str(files[0].path))


def _print_summary(result: FeedbackResult) -> None:
    for (campaign, pass_name, reason), count in sorted(result.excluded.counts.items()):
        print_message(f"excluded in {campaign} · {pass_name}: {count:,} × {reason}")
    for page in result.pages:
        annotations, differences = len(page.feedback.annotations), page.feedback.rule_counts.total()
        print_message(
            f"{_describe_file(page.page)}: {annotations:,} annotations, {differences:,} differences"
        )
    for index in result.indexes:
        print_message(_describe_file(index))


def _describe_file(page: PageResult) -> str:
    return f"{'wrote' if page.changed else 'nothing changed:'} {page.path}"


def _encode_page(page: FeedbackPage) -> dict[str, Any]:
    from sayso.reports.learning_curve import build_curve

    feedback, curve = page.feedback, build_curve(page.feedback.annotations)
    rules = feedback.ranked_rules()
    return {
        "campaign": page.campaign,
        "annotator": page.annotator,
        "file": str(page.page.path),
        "changed": page.page.changed,
        "annotations": len(feedback.annotations),
        "differences": feedback.rule_counts.total(),
        "rules": [
            {"heading": rule.heading, "rule": rule.text, "count": count} for rule, count in rules
        ],
        "coverage": feedback.coverage.as_dict(),
        "f1": feedback.f1(),
        "cap_seconds_per_100_characters": curve.cap,
        "curve": [
            {
                "doc_id": point.doc_id,
                "seconds_per_100_characters": point.seconds,
                "capped": point.capped,
                "own": point.score.own,
                "gold": point.score.gold,
                "exact_f1": point.score.f1("exact"),
                "overlap_f1": point.score.f1("overlap"),
            }
            for point in curve.points
        ],
    }
