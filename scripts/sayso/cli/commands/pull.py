"""Fetch the annotations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.annotation_notices import print_excluded, shorten_list
from sayso.cli.options import CampaignTarget, campaign_options
from sayso.cli.terminal import confirm, is_interactive, print_json, print_line, print_message
from sayso.errors import ServerError

if TYPE_CHECKING:
    from sayso.labelstudio.fetched_annotations import AnnotationNotice, ServerComparison
    from sayso.labelstudio.pull import PullResult


_PRUNED = "moved to corpus/history/pruned, `sayso history --restore` brings it back"

_IMPORT_AGAIN = (
    "delete them in Label Studio and import the export again, with ids and the annotators' e-mail"
    " in completed_by; then `sayso pull`"
)


@click.command()
@campaign_options("The pass to pull. [default: every one pushed]")
@click.option(
    "--prune",
    is_flag=True,
    help="Move annotations that the server no longer has from our files to corpus/history/pruned.",
)
@click.option("--yes", is_flag=True, help="Prune without asking.")
@click.option("--full", is_flag=True, help="Fetch everything and compare it with what was known.")
def command(target: CampaignTarget, as_json: bool, prune: bool, yes: bool, full: bool) -> None:
    """Fetch every annotator's own annotations.

    They are written to corpus/annotations/CAMPAIGN/PSEUDONYM.jsonl, skipped documents too, drafts
    never. What the schema does not know is kept in the records and reported. Annotations that
    cannot be stored are in quarantine: .sayso/quarantine/CAMPAIGN-PASS.jsonl. Tasks that the server
    fails to give are named and left out, and the command ends with exit code 8.

    \b
    Examples:
      sayso pull
      sayso pull --pass claims
      sayso pull --full
      sayso pull --prune
      sayso pull --json
    """
    from sayso.labelstudio.pull import pull

    where = (target.campaign, target.pass_name)
    with target.connect("pulling") as (client, advance):
        results = pull(target.checkout, client, *where, full=full, advance=advance)
    # What leaves is listed first, and the question is asked where no progress bar is drawn over it,
    # and no lock is held. What goes from the server meanwhile is not moved.
    listed = {notice for result in results for notice in result.vanished}
    if prune and listed and _confirm_pruning(results, yes):
        with target.connect("pruning") as (client, advance):
            results = pull(target.checkout, client, *where, prune=listed, advance=advance)
    if as_json:
        print_json(
            {"pulled": [_result_as_json(result, target.checkout.root) for result in results]}
        )
    else:
        for result in results:
            _print_result(result, target.checkout.root)
    if left_out := [(result.url, task) for result in results for task in result.left_out]:
        annotations = sum(task.annotations for _url, task in left_out)
        raise ServerError(
            f"{len(left_out)} tasks with {annotations} annotations are left out",
            where=left_out[0][0],
            remedy="correct or delete these annotations in Label Studio, then pull again",
        )


def _confirm_pruning(results: list[PullResult], yes: bool) -> bool:
    """List what leaves; in a terminal, ask unless the user has said yes."""
    notices = [notice for result in results for notice in result.vanished]
    for notice in notices:
        _say_notice(notice, "to be pruned")
    if yes or not is_interactive():
        return True
    return confirm(f"Move these {len(notices)} annotations to the history?")


def _print_result(result: PullResult, root: Path) -> None:
    from sayso.labelstudio.recalled_projects import describe_lost_lines

    pass_name = result.project_key.pass_name
    for notice in result.notices:
        _say_notice(notice, f"kept in the record, look at {result.url}/data?task={notice.task}")
    for notice in result.quarantined:
        _say_notice(notice, f"in quarantine, look at {result.url}/data?task={notice.task}")
    for task in result.left_out:
        what = f"the server cannot give it: {task.reason}; {task.annotations} annotations left out"
        print_message(f"task {task.task}: {what}, look at {result.url}/data?task={task.task}")
    for notice in result.vanished:
        kept = "kept, `sayso pull --prune` moves it to corpus/history/pruned"
        _say_notice(notice, kept)
    for notice in result.pruned:
        _say_notice(notice, _PRUNED)
    for annotator, counts in sorted(result.annotations.items()):
        by_status = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
        print_line(f"{pass_name:8} {annotator}: {by_status}")
    if result.carried_over:
        print_message(f"{result.carried_over} annotations of an earlier text fit the present one")
    if result.lost_lines:
        print_message(describe_lost_lines(result.url, result.project_key))
    if result.renumbered:
        what = "annotations were imported again in Label Studio and have new numbers"
        print_message(f"{result.renumbered} {what}; they took the place of their lines")
    if result.copies:
        what = "annotations are left out: imported in Label Studio under another account"
        print_message(f"{pass_name}: {len(result.copies)} {what} ({_list_notices(result.copies)})")
        print_message(f"    → {_IMPORT_AGAIN}")
    if result.alike:
        what = "annotations have content and seconds of lines that we have"
        print_message(f"{pass_name}: {len(result.alike)} {what} ({_list_notices(result.alike)})")
        print_message(f"    → if they were imported, {_IMPORT_AGAIN}")
    if result.kept:
        what = "parts of annotations that the schema does not know"
        print_message(f"kept in the records: {result.kept} {what}")
    if result.to_fix:
        where = f"the tab “To fix (sayso)” of {result.url}/data"
        print_message(f"{len(result.to_fix)} documents with mentions to draw again are in {where}")
    if result.quarantine_file:
        where = str(result.quarantine_file.relative_to(root))
        print_message(f"{len(result.quarantined)} annotations in quarantine: {where}")
    print_excluded(pass_name, result.changed, result.unseen)
    if result.comparison.compared:
        print_message(f"{pass_name}: {_format_comparison(result.comparison)}")
    print_message(f"{pass_name}: {_format_summary(result)}")


def _list_notices(notices: list[AnnotationNotice]) -> str:
    return shorten_list(
        [f"{each.doc_id} task {each.task} {each.annotator} {each.reason}" for each in notices]
    )


def _format_summary(result: PullResult) -> str:
    if result.written:
        return f"{len(result.written)} files written, {result.tasks_fetched} tasks fetched"
    return "nothing has changed" if result.annotations else "no annotations yet"


def _format_comparison(comparison: ServerComparison) -> str:
    if not (comparison.differing or comparison.new or comparison.gone):
        return f"all {comparison.compared} annotations on the server are as they were known"
    return (
        f"of {comparison.compared} annotations on the server {comparison.differing} differ from"
        f" what was known, {comparison.new} are new, {comparison.gone} are gone"
    )


def _say_notice(notice: AnnotationNotice, outcome: str) -> None:
    parts = (notice.doc_id or f"task {notice.task}", notice.annotator, notice.span)
    print_message(f"{' '.join(filter(None, parts))}: {notice.reason}; {outcome}")


def _result_as_json(result: PullResult, root: Path) -> dict[str, object]:
    fields = {**vars(result), "pass": result.project_key.pass_name}
    del fields["project_key"]
    fields["written"] = [str(path.relative_to(root)) for path in result.written]
    file = result.quarantine_file
    fields["quarantine_file"] = str(file.relative_to(root)) if file else None
    return fields
