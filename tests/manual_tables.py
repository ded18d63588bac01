"""The generated tables of scripts/README.md; ``python -m tests.manual_tables`` renews them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click

from sayso import errors
from sayso.checks.check_registry import checks_table
from sayso.cli import sayso
from sayso.formats.format_registry import formats_table
from sayso.suggest.suggester_registry import suggesters_table

MANUAL = Path(__file__).parents[1] / "scripts" / "README.md"
_TABLE = re.compile(r"(<!-- table: ([a-z ]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def list_commands(group: click.Group, path: str = "sayso") -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its full name, groups before what is in them."""
    for name in group.list_commands(click.Context(group)):
        found = group.get_command(click.Context(group), name)
        assert found
        yield f"{path} {name}", found
        if isinstance(found, click.Group):
            yield from list_commands(found, f"{path} {name}")


def _commands_table() -> str:
    rows = [
        f"| `{path}` | {command.get_short_help_str(100)} |"
        for path, command in list_commands(sayso)
        if not isinstance(command, click.Group)
    ]
    return "\n".join(["| command | does |", "|---|---|", *rows]) + "\n"


def _exit_codes_table() -> str:
    lines = (errors.__doc__ or "").splitlines()
    return "\n".join(line for line in lines if line.startswith("|")) + "\n"


TABLES = {
    "commands": _commands_table,
    "exit codes": _exit_codes_table,
    "checks": checks_table,
    "suggesters": suggesters_table,
    "formats": formats_table,
}


def fill_tables(text: str) -> str:
    """Return the manual with every generated table made anew.

    Raises:
        KeyError: the manual asks for a table that does not exist.
    """
    return _TABLE.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}{found[3]}", text)


if __name__ == "__main__":
    MANUAL.write_text(fill_tables(MANUAL.read_text(encoding="utf-8")), encoding="utf-8")
