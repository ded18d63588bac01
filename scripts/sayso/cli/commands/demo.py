"""``sayso demo``: the whole workflow once, on this checkout's own articles."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sayso.cli.terminal import print_lines, print_message, print_table, progress_bar
from sayso.settings import SCHEMA_FILE, find_checkout

if TYPE_CHECKING:
    from sayso.demo import DemoResult
    from sayso.schema.declarations import Label, Schema


@click.command(short_help="Show the whole workflow once, on the articles here.")
@click.pass_obj
def command(root: Path | None) -> None:
    """Show the whole workflow once, on this checkout's own articles.

    Starts a private Label Studio, makes the project, pushes the articles, enters annotations that
    are in the corpus as one annotator's (a program's draft, or else a person's), pulls them, builds
    the dataset and loads it with `datasets`. Everything is in .sayso/demo/, and nothing here
    changes. Running it again does nothing twice.

    \b
    Examples:
      sayso demo
    """
    from sayso.demo import run_demo
    from sayso.schema.column_names import describe_mentions, pluralise
    from sayso.schema.declarations import load_schema

    with progress_bar("at work") as advance:
        result = run_demo(find_checkout(root), print_message, advance)
    schema = load_schema(result.checkout.root / SCHEMA_FILE)
    frame = next(iter(schema.frames), None)
    if frame:
        rows = _load_rows(result.checkout.root / "corpus", pluralise(frame))
        table = [_format_frame(row, frame, schema) for row in rows]
        columns = _list_columns(frame, schema)
        print_table(describe_mentions(frame), columns, table, blank_lines=True)
    _print_next_steps(result)


def _load_rows(folder: Path, config: str) -> list[dict[str, Any]]:
    """Load the rows of a config as a researcher would, without a network."""
    os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    from datasets import disable_progress_bars, load_dataset

    disable_progress_bars()
    return [row for split in load_dataset(str(folder), config).values() for row in split]


def _list_relations(frame: str, schema: Schema) -> tuple[list[str], list[str]]:
    """Return the relations that are shown before the words of a frame, and behind them."""
    declared = schema.frames[frame]
    before = list(next(iter(declared.groups.values()), ()))
    slots = [slot for slot in declared.slots.values() if isinstance(slot, str)]
    return before, [name for name in slots or schema.relations_from(frame) if name not in before]


def _list_columns(frame: str, schema: Schema) -> tuple[str, ...]:
    before, behind = (
        [schema.relations[name].title or name for name in names]
        for names in _list_relations(frame, schema)
    )
    return (*before, frame.lower(), *behind)


def _format_frame(row: dict[str, Any], frame: str, schema: Schema) -> tuple[str, ...]:
    from sayso.schema.column_names import relation_column_name

    before, behind = (
        [
            "; ".join(
                _format_tail(tail, schema.labels[schema.relations[name].tails[0]])
                for tail in row[relation_column_name(schema, name)]
            )
            for name in names
        ]
        for names in _list_relations(frame, schema)
    )
    signs = "".join(
        f"{allowed.sign} "
        for name, attribute in schema.labels[frame].attributes.items()
        if (allowed := attribute.values.get(row[name])) and allowed.sign
    )
    return (*before, signs + row["text"], *behind)


def _format_tail(tail: dict[str, Any], label: Label) -> str:
    """Format a mention at the other end of a relation, with its bounds where it has them."""
    if not label.bounds:
        return str(tail["text"])
    bounds = _format_bounds(*(tail[name] for name in label.bounds))
    about = " ".join(str(tail[name]) for name in reversed(label.overview) if tail[name])
    return f"{tail['text']} = {bounds} {about}".rstrip()


def _format_bounds(lower: int | None, upper: int | None) -> str:
    """
    >>> [_format_bounds(38, 38), _format_bounds(2, 4), _format_bounds(24, None)]
    ['38', '2 to 4', '24 or more']
    >>> [_format_bounds(None, 9), _format_bounds(None, None)]
    ['9 or fewer', 'any number']
    """
    if lower is None:
        return "any number" if upper is None else f"{upper} or fewer"
    if upper is None:
        return f"{lower} or more"
    return str(lower) if lower == upper else f"{lower} to {upper}"


def _print_next_steps(result: DemoResult) -> None:
    root, program = _shorten_path(result.checkout.root), _shorten_path(Path(sys.argv[0]))
    done = "done; running it again does nothing twice"
    print_message(done if result.change_count else "nothing was left to do")
    print_lines(
        f"""
where to look next
  the annotated articles   {result.url}
  the login                {program} --root {root} studio status --credentials
  the annotations          {root}/corpus/annotations/{result.campaign}/draft.jsonl
  the dataset card         {root}/corpus/README.md
  in Python                load_dataset("{root}/corpus", "mentions")
  stop Label Studio        {program} --root {root} studio down""",
        to_stderr=True,
    )


def _shorten_path(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
