"""``sayso adjudicate``: from the annotations of several annotators to gold."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import click

from sayso.cli.annotation_notices import shorten_list
from sayso.cli.lost_lines import push_or_restore, restore_mark_option
from sayso.cli.options import CampaignTarget, campaign_options
from sayso.cli.terminal import print_json, print_line, print_message

if TYPE_CHECKING:
    from sayso.adjudication.gold_writer import GoldWriteResult
    from sayso.labelstudio.adjudication.task_push import AdjudicationPushResult
    from sayso.models import AnnotatorKind


def _selection_options(function: Any) -> Any:
    options = (
        click.option(
            "--annotators",
            "min_annotators",
            type=click.IntRange(2),
            default=2,
            show_default=True,
            metavar="N",
            help="Leave documents alone that fewer annotators have finished.",
        ),
        click.option("--programs", is_flag=True, help="Use annotations that programs made."),
        click.option("--dry-run", is_flag=True, help="Print the plan and change nothing."),
    )
    for option in reversed(options):
        function = option(function)
    return campaign_options("Only this pass. [default: every one that has annotations]")(function)


def _select_annotator_kinds(programs: bool) -> frozenset[AnnotatorKind]:
    return frozenset({"human", "program"}) if programs else frozenset({"human"})


def _print_nothing_found(target: CampaignTarget, programs: bool) -> None:
    """Tell why there is nothing to adjudicate, and what to do."""
    from sayso.adjudication.adjudication_cases import count_program_annotations
    from sayso.corpus.sources import CorpusFiles

    corpus = CorpusFiles(target.checkout.root)
    if not programs and (
        count := count_program_annotations(corpus, target.campaign, target.pass_name)
    ):
        print_message(
            f"no annotations by people to adjudicate; programs made {count}, which --programs"
            " includes"
        )
    else:
        print_message("no annotations to adjudicate; `sayso pull` brings them")


@click.group()
def command() -> None:
    """Settle disagreement between annotators: gold.

    Push sends every document on which annotators differ to an adjudicator, in a project of its own.
    Pull writes the decisions to corpus/gold/CAMPAIGN.jsonl. Both work from the annotations that
    `sayso pull` brought, without skipped ones and those that started from another's. Gold keeps
    every variant of an annotator, accepted or declined, with its votes.

    Give both the same --annotators and --programs.

    \b
    Examples:
      sayso adjudicate push
      sayso adjudicate pull
      sayso adjudicate pull --auto majority
    """


@command.command()
@_selection_options
@restore_mark_option
@click.option(
    "--update-interface", is_flag=True, help="Replace an interface that differs from the schema's."
)
def push(
    target: CampaignTarget,
    as_json: bool,
    min_annotators: int,
    programs: bool,
    dry_run: bool,
    **options: Any,
) -> None:
    """Send every document on which annotators differ to an adjudicator.

    Mentions on which all agree come with their verdict. The others, and those on which somebody
    left a flag or note, come first, with the votes and remarks of the annotators. After new
    annotations only what is new has to be decided, beside all that was decided before.

    \b
    Examples:
      sayso adjudicate push
      sayso adjudicate push --dry-run
      sayso adjudicate push --campaign pilot --pass claims
      sayso adjudicate push --annotators 3 --json
    """
    from sayso.labelstudio.adjudication.task_push import AdjudicationPushRequest, push_adjudication

    def run(request: AdjudicationPushRequest) -> list[AdjudicationPushResult]:
        with target.connect("pushing") as (client, advance):
            return push_adjudication(target.checkout, client, request, advance)

    selection = (target.campaign, target.pass_name, min_annotators)
    kinds = _select_annotator_kinds(programs)
    request = AdjudicationPushRequest(*selection, kinds, dry_run=dry_run, **options)
    results = push_or_restore(run, request, dry_run=dry_run)
    if as_json:
        print_json({"dry_run": dry_run, "pushed": list(map(_push_result_as_json, results))})
        return
    for result in results:
        _print_push_result(result, dry_run)
    if not any(result.documents for result in results):
        _print_nothing_found(target, programs)


def _push_result_as_json(result: AdjudicationPushResult) -> dict[str, object]:
    return {
        "pass": result.pass_name,
        "project": result.project or None,
        "url": result.url,
        "documents": result.documents,
        "open": result.open_count,
        "too_few": result.too_few,
        "changes": result.changes,
        "notes": result.notes,
        "later_remarks": result.later_remarks,
    }


def _print_later_remarks(pass_name: str, documents: list[str]) -> None:
    if documents:
        what = "adjudicated documents have a flag or note of an annotator that came later"
        remedy = "open their tasks in Label Studio, look, and press Update"
        print_message(f"{pass_name}: {len(documents)} {what} ({shorten_list(documents)}): {remedy}")


def _print_push_result(result: AdjudicationPushResult, dry_run: bool) -> None:
    from sayso.labelstudio.adjudication.task_push import STATE_DESCRIPTIONS

    for note in result.notes:
        print_message(note)
    for state, description in STATE_DESCRIPTIONS.items():
        if count := result.documents[state]:
            print_line(f"{result.pass_name:8} {count:6} {state}: {description}")
    _print_later_remarks(result.pass_name, result.later_remarks)
    if result.changes:
        done = "planned, none made" if dry_run else "made"
        print_message(
            f"{result.pass_name}: {result.changes} changes {done}, "
            f"{result.open_count} mentions, relations and answers to decide: {result.url}"
        )
    else:
        print_message(f"{result.pass_name}: nothing to do")


@command.command()
@_selection_options
@click.option(
    "--auto",
    type=click.Choice(["majority"]),
    help="Use no server: accept what more than half of the annotators have, and mark it so. "
    "Leaves alone what an adjudicator decided.",
)
def pull(
    target: CampaignTarget,
    as_json: bool,
    min_annotators: int,
    programs: bool,
    auto: str | None,
    dry_run: bool,
) -> None:
    """Write the decisions to corpus/gold/CAMPAIGN.jsonl.

    A document becomes gold once everything in it is decided: by an adjudicator, or because all
    annotators agree and none left a flag or note. A decision that breaks a check is reported and
    not written. Gold of a pass that shows more replaces gold of one that shows less.

    \b
    Examples:
      sayso adjudicate pull
      sayso adjudicate pull --dry-run
      sayso adjudicate pull --auto majority
      sayso adjudicate pull --campaign pilot --pass names --json
    """
    from sayso.errors import FindingsError
    from sayso.labelstudio.adjudication.gold_pull import pull_gold

    with nullcontext((None, None)) if auto else target.connect("pulling") as (client, _advance):
        results = pull_gold(
            target.checkout,
            client,
            target.campaign,
            target.pass_name,
            min_annotators=min_annotators,
            annotator_kinds=_select_annotator_kinds(programs),
            dry_run=dry_run,
        )
    if as_json:
        print_json({"dry_run": dry_run, "pulled": list(map(_pull_result_as_json, results))})
    else:
        for result in results:
            _print_pull_result(result, dry_run)
        if not any(result.documents for result in results):
            _print_nothing_found(target, programs)
    if broken := sum(each.documents["broken"] + each.documents["unreadable"] for each in results):
        what = f"{broken} documents are decided and cannot be gold as they are"
        remedy = "open them in Label Studio, correct and update them, then pull again"
        raise FindingsError(what, remedy=remedy)


def _pull_result_as_json(result: GoldWriteResult) -> dict[str, object]:
    return {
        "pass": result.pass_name,
        "documents": result.documents,
        "decisions": [
            {"decided": method, "by": kinds, "documents": count}
            for (method, kinds), count in sorted(result.decisions.items())
        ],
        "undecided": result.undecided,
        "written": result.changed,
        "skipped": result.skipped,
        "findings": [finding._asdict() for finding in result.findings],
        "notes": result.notes,
        "later_remarks": result.later_remarks,
    }


def _print_pull_result(result: GoldWriteResult, dry_run: bool) -> None:
    from sayso.adjudication.deciders import describe_decisions
    from sayso.adjudication.gold_writer import STATUS_TEXTS

    for note in result.notes:
        print_message(note)
    for finding in result.findings:
        print_message(str(finding))
    for skipped in result.skipped:
        if skipped.status not in ("waiting", "kept"):
            detail = f" ({skipped.detail})" if skipped.detail else ""
            print_message(f"{skipped.doc_id}: {STATUS_TEXTS[skipped.status]}{detail}")
    for status, description in STATUS_TEXTS.items():
        if count := result.documents[status]:
            print_line(f"{result.pass_name:8} {count:6} {status}: {description}")
    _print_later_remarks(result.pass_name, result.later_remarks)
    if result.decisions:
        print_message(f"{result.pass_name}: gold: {describe_decisions(result.decisions)}")
    if result.undecided:
        print_message(
            f"{result.pass_name}: {result.undecided} mentions, relations and answers had no"
            " majority and were declined"
        )
    done = f"{result.changed} documents {'would be written' if dry_run else 'written'}"
    print_message(f"{result.pass_name}: {done if result.changed else 'nothing has changed'}")
