"""``sayso check``: check the corpus against the rules of the schema."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli import terminal
from sayso.cli.completion import complete_check
from sayso.cli.options import filter_options

if TYPE_CHECKING:
    from sayso.checks import Check, Finding
    from sayso.corpus.items import AnnotationFilter
    from sayso.settings import Checkout


@click.command(short_help="Check the corpus against the rules of the schema.")
@click.option(
    "--only",
    "names",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_check,
    help="Print only findings of this check. May be repeated.",
)
@click.option(
    "--severity",
    type=click.Choice(["error", "warning"]),
    default="warning",
    show_default=True,
    help="The least severe findings to print.",
)
@filter_options(programs=True)
@click.option("--list", "listing", is_flag=True, help="Print the table of all checks.")
@click.option("--json", "as_json", is_flag=True, help="Print findings, or the table, as JSON.")
@click.pass_obj
def command(
    root: Path | None,
    /,
    names: tuple[str, ...],
    severity: str,
    selection: AnnotationFilter,
    listing: bool,
    as_json: bool,
) -> None:
    """Check articles, annotations, gold and the dataset card against named rules.

    Each finding is one line: file and line, document, offsets in code points, check, and what to
    do. Errors end with exit code 5, warnings alone with exit code 0. Options select annotations
    and gold; articles and the card are always checked.

    \b
    Examples:
      sayso check
      sayso check --severity error
      sayso check --only crossing-spans --only line-break
      sayso check --annotator ann-1 --no-programs
      sayso check --json
      sayso check --list
    """
    from sayso.errors import FindingsError
    from sayso.settings import find_checkout

    _validate_names(names, root)
    if listing:
        _print_check_table(as_json, root)
        return
    findings = (
        finding
        for finding in _collect_findings(find_checkout(root), selection)
        if (not names or finding.check in names) and severity in (finding.severity, "warning")
    )
    counts = _print_json(findings) if as_json else _print_lines(findings)
    if counts["error"]:
        what = f"{counts['error']} errors, {counts['warning']} warnings"
        raise FindingsError(what, remedy="correct the errors above")
    terminal.print_message(f"no errors, {counts['warning']} warnings")


def _list_checks(root: Path | None) -> dict[str, Check]:
    """Return the checks by name, with the rules of the schema where there is one."""
    from sayso.checks import CHECKS
    from sayso.checks.rule_checks import list_checks
    from sayso.errors import UsageError
    from sayso.schema.declarations import load_schema
    from sayso.settings import SCHEMA_FILE, find_checkout

    try:
        return list_checks(load_schema(find_checkout(root).root / SCHEMA_FILE))
    except UsageError:  # the list helps also where there is no project yet
        return CHECKS


def _validate_names(names: tuple[str, ...], root: Path | None) -> None:
    from sayso.errors import UsageError

    known = _list_checks(root) if names else {}
    for name in names:
        if name not in known:
            raise UsageError(f"no check {name!r}", remedy="see `sayso check --list`")


def _collect_findings(checkout: Checkout, selection: AnnotationFilter) -> Iterator[Finding]:
    from sayso.checks import check_copies, check_sources
    from sayso.corpus.sources import CorpusFiles
    from sayso.dataset.card.card_check import card_findings
    from sayso.schema.declarations import load_schema
    from sayso.settings import SCHEMA_FILE

    schema = load_schema(checkout.root / SCHEMA_FILE)
    with terminal.progress_bar("checking", printing=True) as advance:
        yield from check_sources(CorpusFiles(checkout.root), schema, advance, selection)
        yield from check_copies(checkout)
        yield from card_findings(checkout)


def _print_lines(findings: Iterator[Finding]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for finding in findings:
        terminal.print_line(str(finding))
        counts[finding.severity] += 1
    return counts


def _print_json(findings: Iterator[Finding]) -> Counter[str]:
    found = [finding._asdict() for finding in findings]
    counts = Counter(finding["severity"] for finding in found)
    totals = {"errors": counts["error"], "warnings": counts["warning"]}
    terminal.print_json({**totals, "findings": found})
    return counts


def _print_check_table(as_json: bool, root: Path | None) -> None:
    checks = _list_checks(root).values()
    if as_json:
        terminal.print_json({"checks": [check._asdict() for check in checks]})
        return
    rows = [check[:3] for check in checks]
    terminal.print_table("Checks", ("name", "severity", "rule"), rows)
