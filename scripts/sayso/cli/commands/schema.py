"""``sayso schema``: what is made from schema.yaml."""

from __future__ import annotations

from pathlib import Path

import click

from sayso.cli.terminal import emit, say


@click.group()
def command() -> None:
    """Make what follows from schema/schema.yaml.

    schema.yaml is the only place where a label, an attribute, a value or a relation is named. Change it there, then
    build; the tests hold that nothing was forgotten.

    \b
    Examples:
      sayso schema build
      sayso schema build --check
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
