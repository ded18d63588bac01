"""``sayso schema``: build the files that follow from schema.yaml, and migrate records when it
changes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sayso.cli.terminal import print_json, print_line, print_message, print_table, progress_bar

if TYPE_CHECKING:
    from collections import Counter

    from sayso.schema.migrations import MigrationResult, NameChange

# Errors that an annotator can correct later.
ACCEPTABLE_CHECKS = ("same-label-overlap", "crossing-spans", "required-attribute")


@click.group(short_help="Build the files that follow from schema.yaml, and migrate records.")
def command() -> None:
    """Build the files that follow from schema/schema.yaml, and migrate records when it changes.

    schema.yaml is the only place where labels, attributes, values and relations are named. Change
    it there, then build. schema/guidelines.md has a version of its own, near its top.

    \b
    Examples:
      sayso schema build
      sayso schema build --check
      sayso schema migrate --dry-run
    """


@command.command()
@click.option(
    "--check", is_flag=True, help="Write nothing; end with exit code 5 if a file is out of date."
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
    from sayso.schema import derived_files
    from sayso.schema.declarations import load_schema
    from sayso.schema.hotkeys import list_hotkeys
    from sayso.settings import SCHEMA_FILE, find_checkout

    file = find_checkout(root).root / SCHEMA_FILE
    schema = load_schema(file)
    update = derived_files.find_stale_files if check else derived_files.write_derived_files
    changed = [(SCHEMA_FILE.parent / path).as_posix() for path in update(file.parent, schema)]
    without = [use.name for use in list_hotkeys(schema) if not use.key]
    if as_json:
        names = {"stale" if check else "written": changed, "without_hotkey": without}
        print_json({"version": schema.version, **names})
    if without:
        shown = ", ".join(without[:3]) + (", …" if len(without) > 3 else "")
        print_message(f"no key was left for {len(without):,}: {shown}")
    if check and changed:
        raise FindingsError(f"out of date: {', '.join(changed)}", remedy="run `sayso schema build`")
    if changed:
        print_message(f"updated: {', '.join(changed)}")
    else:
        print_message(f"all files match schema.yaml {schema.version}; nothing changed")


@command.command()
@click.argument("mapping", required=False, type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help="Print the changes; write nothing.")
@click.option(
    "--accept",
    multiple=True,
    metavar="CHECK",
    type=click.Choice(ACCEPTABLE_CHECKS),
    help=f"Migrate even if it causes {', '.join(ACCEPTABLE_CHECKS)}. May be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print counts and findings as JSON.")
@click.pass_obj
def migrate(
    root: Path | None, mapping: Path | None, dry_run: bool, accept: tuple[str, ...], as_json: bool
) -> None:
    """Migrate annotations and gold to the names of a changed schema.yaml.

    Every schema/migrations/FROM-TO.yaml that leads on from a record's version is applied; MAPPING
    is copied there first. schema/migrations/FROM.yaml is the older schema.yaml. All files are
    changed or none; replaced lines are kept in corpus/history. Later pulls also migrate annotations
    that are still on the server with the older names.

    \b
      from_version: 1.0.0
      to_version: 2.0.0
      labels:
        Cue: Marker                                 # renamed; two that become one are merged
        Actor:                                      # split: the first clause that matches
          - {when: {type: [civilian, expert]}, then: Person}
          - {then: Organisation}
      attributes:
        Cue.stance: distance
        Actor.entity: {drop: true, because: is in another table now}
      values:
        Count.outcome: {launched: fired, deployed_other: {drop: true}}
        topic: {rent: tenancy}                      # of a question about the document
      questions:
        topic: matter
      relations:
        agent:                                      # by the newer labels of its head and tail
          - {when: {tail: Person}, then: agent_person}
          - {then: agent_organisation}

    What is dropped is kept in the annotation, under `kept`, and for gold only in the history.

    \b
    Examples:
      sayso schema migrate draft.yaml --dry-run
      sayso schema migrate draft.yaml
      sayso schema migrate --accept same-label-overlap
      sayso schema migrate --dry-run --json
    """
    from sayso.errors import FindingsError
    from sayso.schema.migrations import migrate_corpus
    from sayso.settings import find_checkout

    checkout = find_checkout(root)
    with progress_bar("reading") as advance:
        result = migrate_corpus(checkout, mapping, accept=accept, dry_run=dry_run, advance=advance)
    (_print_json if as_json else _print_tables)(result, checkout.root)
    if result.findings:
        what = f"{len(result.findings)} findings forbid it; nothing was changed"
        remedy = "settle those above, or accept errors with --accept"
        raise FindingsError(what, remedy=remedy)
    print_message(_format_summary(result, dry_run))


def _print_tables(result: MigrationResult, root: Path) -> None:
    changes = [
        [kind, old, new or "dropped", str(count)]
        for (kind, old, new), count in sorted(result.changes.items())
    ]
    if changes:
        print_table("Names", ["what", "was", "becomes", "times"], changes)
    files = [
        [
            file.path.relative_to(root).as_posix(),
            _format_versions(file.migrated),
            str(file.removed_parts.total()),
            str(file.unaffected),
            _format_versions(file.without_route),
        ]
        for file in result.files
    ]
    if result.sum_counter(lambda file: file.migrated):
        columns = ["file", "migrated", "parts removed", "unaffected", "left alone"]
        print_table("Records", columns, files)
    for reason, count in sorted(result.sum_counter(lambda file: file.removed_parts).items()):
        print_message(f"{count} removed: {reason}")
    for finding in (*result.findings, *result.accepted):
        print_line(str(finding))


def _format_versions(counts: Counter[str]) -> str:
    return ", ".join(f"{count} of {version}" for version, count in sorted(counts.items())) or "0"


def _format_summary(result: MigrationResult, dry_run: bool) -> str:
    count = result.sum_counter(lambda file: file.migrated).total()
    did = "would be migrated" if dry_run else "migrated; now `sayso check` and `sayso build`"
    parts = [f"{count} records {did}" if count else "nothing to migrate; nothing changed"]
    if result.accepted:
        parts.append(f"{len(result.accepted)} errors accepted")
    for version, count in sorted(result.sum_counter(lambda file: file.without_route).items()):
        missing = f"no schema/migrations/{version}-{result.version}.yaml"
        parts.append(f"{count} records of {version} left alone: {missing}")
    return "; ".join(parts)


def _print_json(result: MigrationResult, root: Path) -> None:
    files = [
        {
            "file": file.path.relative_to(root).as_posix(),
            "migrated": file.migrated,
            "removed_parts": file.removed_parts,
            "unaffected": file.unaffected,
            "left_alone": file.without_route,
            "changes": _change_rows(file.changes),
        }
        for file in result.files
    ]
    print_json(
        {
            "version": result.version,
            "applied": result.applied,
            "changes": _change_rows(result.changes),
            "files": files,
            "findings": [finding._asdict() for finding in result.findings],
            "accepted": [finding._asdict() for finding in result.accepted],
        }
    )


def _change_rows(changes: Counter[NameChange]) -> list[dict[str, object]]:
    return [
        {"what": kind, "was": old, "becomes": new or None, "times": count}
        for (kind, old, new), count in sorted(changes.items())
    ]
