"""Bring the answers back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.options import server_options
from sayso.cli.terminal import print_json, print_message, progress_bar, show_waiting
from sayso.settings import find_checkout

if TYPE_CHECKING:
    from sayso.labelstudio.fetched_annotations import AnnotationNotice, ServerComparison
    from sayso.labelstudio.pull import PullResult


@click.command()
@server_options
@click.option(
    "--pass",
    "pass_name",
    metavar="NAME",
    help="The pass to pull. [default: every one that was pushed]",
)
@click.option(
    "--prune", is_flag=True, help="Remove answers from our files that the server no longer has."
)
@click.option(
    "--full", is_flag=True, help="Fetch everything and tell how it differs from what was known."
)
@click.pass_obj
def command(
    root: Path | None,
    campaign: str | None,
    url: str | None,
    token_file: Path | None,
    as_json: bool,
    pass_name: str | None,
    prune: bool,
    full: bool,
) -> None:
    """Bring every annotator's own answers back.

    They land in corpus/annotations/CAMPAIGN/PSEUDONYM.jsonl, skipped documents too, drafts never. What the schema
    does not know is kept in the records and told.

    \b
    Examples:
      sayso pull
      sayso pull --pass claims
      sayso pull --full
      sayso pull --json
    """
    from sayso.labelstudio.connection import connect
    from sayso.labelstudio.pull import pull

    checkout = find_checkout(root)
    named = checkout.require_setting("campaign", campaign)
    with (
        progress_bar("pulling") as advance,
        connect(checkout, url, token_file, show_waiting) as client,
    ):
        outcomes = pull(checkout, client, named, pass_name, prune=prune, full=full, advance=advance)
    if as_json:
        print_json({"pulled": [_result_as_json(outcome, checkout.root) for outcome in outcomes]})
        return
    for outcome in outcomes:
        _print_result(outcome, checkout.root)


def _print_result(result: PullResult, root: Path) -> None:
    for notice in result.notices:
        print_message(
            f"{_format_notice(notice)}; kept in the record, look at {result.url}/data?task={notice.task}"
        )
    for notice in result.quarantined:
        print_message(
            f"{_format_notice(notice)}; set aside, look at {result.url}/data?task={notice.task}"
        )
    for notice in result.vanished:
        print_message(
            f"{_format_notice(notice)}; {'removed' if result.pruned else 'kept, `sayso pull --prune` removes it'}"
        )
    for annotator, counts in sorted(result.annotations.items()):
        click.echo(
            f"{result.project_key.pass_name:8} {annotator}: {', '.join(f'{n} {s}' for s, n in sorted(counts.items()))}"
        )
    if result.carried_over:
        print_message(
            f"{result.carried_over} answers were given to an earlier text and stand on the present one, word for word"
        )
    if result.kept:
        print_message(
            f"kept in the records, since the schema does not know what to do with it: {result.kept} parts of answers"
        )
    if result.to_fix:
        print_message(
            f"{len(result.to_fix)} documents to draw again are in the tab “To fix (sayso)” of {result.url}/data"
        )
    if result.quarantine_file:
        print_message(
            f"{len(result.quarantined)} answers set aside in {result.quarantine_file.relative_to(root)}"
        )
    if result.comparison.compared:
        print_message(f"{result.project_key.pass_name}: {_format_comparison(result.comparison)}")
    print_message(f"{result.project_key.pass_name}: {_format_summary(result)}")


def _format_summary(result: PullResult) -> str:
    if result.written:
        return f"{len(result.written)} files written, {result.tasks_fetched} tasks fetched"
    return "nothing has changed" if result.annotations else "no answers yet"


def _format_comparison(comparison: ServerComparison) -> str:
    if not (comparison.differing or comparison.new or comparison.gone):
        return f"all {comparison.compared} answers on the server are as they were known"
    return (
        f"of {comparison.compared} answers on the server {comparison.differing} differ from what was known, "
        f"{comparison.new} are new, {comparison.gone} are gone"
    )


def _format_notice(notice: AnnotationNotice) -> str:
    who = " ".join(
        filter(None, (notice.doc_id or f"task {notice.task}", notice.annotator, notice.span))
    )
    return f"{who}: {notice.reason}"


def _result_as_json(result: PullResult, root: Path) -> dict[str, object]:
    return {
        "interface": result.project_key.pass_name,
        "url": result.url,
        "looked_at": result.tasks_fetched,
        "answers": result.annotations,
        "written": [str(path.relative_to(root)) for path in result.written],
        "carried": result.carried_over,
        "compared": result.comparison,
        "kept": result.kept,
        "notices": result.notices,
        "set_aside": result.quarantined,
        "vanished": result.vanished,
        "pruned": result.pruned,
        "to_fix": result.to_fix,
    }
