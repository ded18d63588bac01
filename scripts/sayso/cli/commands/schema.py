"""``sayso schema``: what is made from schema.yaml, and what becomes of answers when it changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.terminal import print_json, print_message, print_table, progress_bar

if TYPE_CHECKING:
    from collections import Counter

    from sayso.schema.migrations import MigrationResult, NameChange

ACCEPTABLE_CHECKS = (
    "same-label-overlap",
    "crossing-spans",
    "required-attribute",
)  # an annotator can mend them later


@click.group(short_help="Make, check and follow what schema.yaml declares.")
def command() -> None:
    """Make what follows from schema/schema.yaml, and follow when it changes.

    schema.yaml is the only place where a label, an attribute, a value or a relation is named. Change it there, then
    build; the tests hold that nothing was forgotten. schema/guidelines.md has a version of its own, near its top.

    \b
    Examples:
      sayso schema build
      sayso schema build --check
      sayso schema migrate --dry-run
    """


@command.command()
@click.option(
    "--check", is_flag=True, help="Write nothing; exit code 5 where a file is out of date."
)
@click.option("--json", "as_json", is_flag=True, help="Print the files as JSON.")
@click.pass_obj
def build(root: Path | None, check: bool, as_json: bool) -> None:
    """Write the Label Studio interfaces and the JSON Schema of the records.

    \b
    Examples:
      sayso schema build
      sayso schema build --check
      sayso schema build --json
    """
    from sayso.errors import FindingsError
    from sayso.schema import declarations, derived_files
    from sayso.settings import SCHEMA_FILE, find_checkout

    file = find_checkout(root).root / SCHEMA_FILE
    declared = declarations.load_schema(file)
    paths = (derived_files.find_stale_files if check else derived_files.write_derived_files)(
        file.parent, declared
    )
    changed = [(SCHEMA_FILE.parent / path).as_posix() for path in paths]
    if as_json:
        print_json({"version": declared.version, "stale" if check else "written": changed})
    if check and changed:
        raise FindingsError(f"out of date: {', '.join(changed)}", remedy="run `sayso schema build`")
    print_message(
        f"brought up to date: {', '.join(changed)}"
        if changed
        else f"all is as schema.yaml {declared.version} says; nothing changed"
    )


@command.command()
@click.argument("mapping", required=False, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Count and tell; write nothing.")
@click.option(
    "--accept",
    multiple=True,
    metavar="FINDING",
    type=click.Choice(ACCEPTABLE_CHECKS),
    help=f"Go on where it brings about {', '.join(ACCEPTABLE_CHECKS)}. May be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print counts and findings as JSON.")
@click.pass_obj
def migrate(
    root: Path | None, mapping: Path | None, dry_run: bool, accept: tuple[str, ...], as_json: bool
) -> None:
    """Bring annotations and gold into the words of a changed schema.yaml.

    Every schema/migrations/FROM-TO.yaml is applied that leads on from a record's version; MAPPING is put there first.
    schema/migrations/FROM.yaml is schema.yaml as it was. All files are changed or none; the lines that are replaced
    are kept in corpus/history. Answers that are still on the server in the old words are understood by later pulls.

    \b
      from_version: 1.0.0
      to_version: 2.0.0
      labels:
        Cue: Marker                                         # renamed; two that become one are merged
        Actor:                                              # split: the first clause that fits
          - {when: {type: [civilian, expert]}, then: Person}
          - {then: Organisation}
      attributes:
        Cue.stance: distance
        Actor.entity: {drop: true, because: is in another table now}
      values:
        Count.outcome: {launched: fired, deployed_other: {drop: true}}
      relations:
        agent:                                              # by the newer labels of its ends, head and tail
          - {when: {tail: Person}, then: agent_person}
          - {then: agent_organisation}

    What is dropped stays in the record, under `kept`, and for gold in the history alone.

    \b
    Examples:
      sayso schema migrate draft.yaml --dry-run
      sayso schema migrate draft.yaml
      sayso schema migrate --accept same-label-overlap
      sayso schema migrate --dry-run --json
    """
    from sayso.errors import FindingsError
    from sayso.schema import migrations
    from sayso.settings import find_checkout

    checkout = find_checkout(root)
    with progress_bar("looking") as advance:
        report = migrations.migrate_corpus(
            checkout, mapping, accept=accept, dry_run=dry_run, advance=advance
        )
    (_emit_report if as_json else _print_report)(report, checkout.root)
    if report.findings:
        raise FindingsError(
            f"{len(report.findings)} findings forbid it; nothing was changed",
            remedy="settle those above, or take a consequence with --accept",
        )
    print_message(_format_summary(report, dry_run))


def _print_report(report: MigrationResult, root: Path) -> None:
    changes = [
        [kind, old, new or "dropped", str(count)]
        for (kind, old, new), count in sorted(report.changes.items())
    ]
    if changes:
        print_table("Words", ["what", "was", "becomes", "times"], changes)
    files = [
        [
            file.path.relative_to(root).as_posix(),
            _format_versions(file.migrated),
            str(file.set_aside.total()),
            str(file.unaffected),
            _format_versions(file.without_route),
        ]
        for file in report.files
    ]
    if report.sum_counter(lambda file: file.migrated):
        print_table(
            "Records", ["file", "migrated", "parts put aside", "not concerned", "left alone"], files
        )
    for reason, count in sorted(report.sum_counter(lambda file: file.set_aside).items()):
        print_message(f"{count} put aside: {reason}")
    for finding in (*report.findings, *report.accepted):
        click.echo(str(finding))


def _format_versions(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} of {version}" for version, count in sorted(counts.items())) or "0"


def _format_summary(report: MigrationResult, dry_run: bool) -> str:
    moving = report.sum_counter(lambda file: file.migrated)
    stranded = report.sum_counter(lambda file: file.without_route)
    did = "would be migrated" if dry_run else "migrated; now `sayso check` and `sayso build`"
    parts = [f"{moving.total()} records {did}" if moving else "nothing to migrate; nothing changed"]
    parts += [f"{len(report.accepted)} findings taken along"] if report.accepted else []
    parts += [
        f"{count} records of {version} left alone: no schema/migrations/{version}-{report.version}.yaml"
        for version, count in sorted(stranded.items())
    ]
    return "; ".join(parts)


def _emit_report(report: MigrationResult, root: Path) -> None:
    files = [
        {
            "file": file.path.relative_to(root).as_posix(),
            "migrated": file.migrated,
            "aside": file.set_aside,
            "not_concerned": file.unaffected,
            "left_alone": file.without_route,
            "changes": _change_rows(file.changes),
        }
        for file in report.files
    ]
    print_json(
        {
            "version": report.version,
            "applied": report.applied,
            "changes": _change_rows(report.changes),
            "files": files,
            "findings": [finding._asdict() for finding in report.findings],
            "accepted": [finding._asdict() for finding in report.accepted],
        }
    )


def _change_rows(changes: Counter[NameChange]) -> list[dict[str, object]]:
    return [
        {"what": c.kind, "was": c.old, "becomes": c.new or None, "times": n}
        for c, n in sorted(changes.items())
    ]
