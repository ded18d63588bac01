"""``sayso schema``: what is made from schema.yaml, and what becomes of answers when it changes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.terminal import emit, progress, say, table

if TYPE_CHECKING:
    from collections import Counter

    from sayso.migrations import Change, Report

CONSEQUENCES = ("same-label-overlap", "crossing-spans", "required-attribute")  # an annotator can mend them later


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
@click.option("--check", is_flag=True, help="Write nothing; exit code 5 where a file is out of date.")
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
    from sayso import derived, schema
    from sayso.errors import FindingsError
    from sayso.settings import MARK, find_instance

    file = find_instance(root).root / MARK
    declared = schema.load(file)
    paths = (derived.stale if check else derived.build)(file.parent, declared)
    changed = [(MARK.parent / path).as_posix() for path in paths]
    if as_json:
        emit({"version": declared.version, "stale" if check else "written": changed})
    if check and changed:
        raise FindingsError(f"out of date: {', '.join(changed)}", remedy="run `sayso schema build`")
    say(
        f"brought up to date: {', '.join(changed)}"
        if changed
        else f"all is as schema.yaml {declared.version} says; nothing changed"
    )


@command.command()
@click.argument("mapping", required=False, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Count and tell; write nothing.")
@click.option("--accept", multiple=True, metavar="FINDING", type=click.Choice(CONSEQUENCES),
              help=f"Go on where it brings about {', '.join(CONSEQUENCES)}. May be repeated.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print counts and findings as JSON.")
@click.pass_obj
def migrate(root: Path | None, mapping: Path | None, dry_run: bool, accept: tuple[str, ...], as_json: bool) -> None:
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
    from sayso import migrations
    from sayso.errors import FindingsError
    from sayso.settings import find_instance

    instance = find_instance(root)
    with progress("looking") as advance:
        report = migrations.migrate(instance, mapping, accept=accept, dry_run=dry_run, advance=advance)
    (_emit if as_json else _print)(report, instance.root)
    if report.findings:
        raise FindingsError(f"{len(report.findings)} findings forbid it; nothing was changed",
                            remedy="settle those above, or take a consequence with --accept")  # fmt: skip
    say(_summary(report, dry_run))


def _print(report: Report, root: Path) -> None:
    changes = [[kind, old, new or "dropped", str(count)] for (kind, old, new), count in sorted(report.changes.items())]
    if changes:
        table("Words", ["what", "was", "becomes", "times"], changes)
    files = [[file.path.relative_to(root).as_posix(), _versions(file.moving), str(file.aside.total()),
              str(file.current), _versions(file.stranded)] for file in report.files]  # fmt: skip
    if report.total(lambda file: file.moving):
        table("Records", ["file", "migrated", "parts put aside", "not concerned", "left alone"], files)
    for reason, count in sorted(report.total(lambda file: file.aside).items()):
        say(f"{count} put aside: {reason}")
    for finding in (*report.findings, *report.accepted):
        click.echo(str(finding))


def _versions(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} of {version}" for version, count in sorted(counts.items())) or "0"


def _summary(report: Report, dry_run: bool) -> str:
    moving = report.total(lambda file: file.moving)
    stranded = report.total(lambda file: file.stranded)
    did = "would be migrated" if dry_run else "migrated; now `sayso check` and `sayso build`"
    parts = [f"{moving.total()} records {did}" if moving else "nothing to migrate; nothing changed"]
    parts += [f"{len(report.accepted)} findings taken along"] if report.accepted else []
    parts += [
        f"{count} records of {version} left alone: no schema/migrations/{version}-{report.version}.yaml"
        for version, count in sorted(stranded.items())
    ]
    return "; ".join(parts)


def _emit(report: Report, root: Path) -> None:
    files = [
        {"file": file.path.relative_to(root).as_posix(), "migrated": file.moving, "aside": file.aside,
         "not_concerned": file.current, "left_alone": file.stranded, "changes": _rows(file.changes)}
        for file in report.files
    ]  # fmt: skip
    emit({"version": report.version, "applied": report.applied, "changes": _rows(report.changes), "files": files,
          "findings": [finding._asdict() for finding in report.findings],
          "accepted": [finding._asdict() for finding in report.accepted]})  # fmt: skip


def _rows(changes: Counter[Change]) -> list[dict[str, object]]:
    return [{"what": c.kind, "was": c.old, "becomes": c.new or None, "times": n} for c, n in sorted(changes.items())]
