"""``sayso check``: look for what breaks a rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli import terminal

if TYPE_CHECKING:
    from sayso.checks import Finding
    from sayso.settings import Checkout


@click.command(short_help="Look for what breaks a rule of the scheme.")
@click.option(
    "--only",
    "names",
    multiple=True,
    metavar="NAME",
    help="Only findings of this check; may be repeated.",
)
@click.option(
    "--severity",
    type=click.Choice(["error", "warning"]),
    default="warning",
    show_default=True,
    help="The least severe findings to tell.",
)
@click.option("--list", "listing", is_flag=True, help="Print the table of all checks.")
@click.option("--json", "as_json", is_flag=True, help="Print findings, or the table, as JSON.")
@click.pass_obj
def command(
    root: Path | None, /, names: tuple[str, ...], severity: str, listing: bool, as_json: bool
) -> None:
    """Look for what breaks a rule, in articles, annotations and gold, and for what is stale in the card.

    Prints one finding a line: where it stands, the document, the offsets in code points, the check, what to do.
    Ends with exit code 5 where an error was found; warnings alone are exit code 0.

    \b
    Examples:
      sayso check
      sayso check --severity error
      sayso check --only crossing-spans --only line-break
      sayso check --json
      sayso check --list
    """
    from sayso.errors import FindingsError
    from sayso.settings import find_checkout

    _validate_names(names)
    if listing:
        _print_check_table(as_json)
        return
    told = _filter_findings(_collect_findings(find_checkout(root)), names, severity)
    counts = _print_json(told) if as_json else _print_lines(told)
    if counts["error"]:
        raise FindingsError(
            f"{counts['error']} errors, {counts['warning']} warnings",
            remedy="mend the errors above",
        )
    terminal.print_message(f"no errors, {counts['warning']} warnings")


def _validate_names(names: tuple[str, ...]) -> None:
    from sayso.checks import CHECKS
    from sayso.errors import UsageError

    for name in names:
        if name not in CHECKS:
            raise UsageError(f"no check {name!r}", remedy="see `sayso check --list`")


def _collect_findings(checkout: Checkout) -> Iterator[Finding]:
    from sayso.checks import check_sources
    from sayso.corpus.sources import CorpusFiles
    from sayso.dataset.card.card_check import card_findings
    from sayso.schema import declarations
    from sayso.settings import SCHEMA_FILE

    declared = declarations.load_schema(checkout.root / SCHEMA_FILE)
    with terminal.progress_bar("checking", printing=True) as advance:
        yield from check_sources(CorpusFiles(checkout.root), declared, advance)
        yield from card_findings(checkout)


def _filter_findings(
    findings: Iterator[Finding], names: tuple[str, ...], severity: str
) -> Iterator[Finding]:
    for finding in findings:
        if (not names or finding.check in names) and severity in (finding.severity, "warning"):
            yield finding


def _print_lines(findings: Iterator[Finding]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for finding in findings:
        click.echo(str(finding))
        counts[finding.severity] += 1
    return counts


def _print_json(findings: Iterator[Finding]) -> Counter[str]:
    found = [finding._asdict() for finding in findings]
    counts = Counter(finding["severity"] for finding in found)
    terminal.print_json(
        {"errors": counts["error"], "warnings": counts["warning"], "findings": found}
    )
    return counts


def _print_check_table(as_json: bool) -> None:
    from sayso.checks import CHECKS

    if as_json:
        terminal.print_json({"checks": [check._asdict() for check in CHECKS.values()]})
    else:
        terminal.print_table(
            "Checks", ("name", "severity", "what holds"), [check[:3] for check in CHECKS.values()]
        )
