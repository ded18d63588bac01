"""``sayso demo``: the whole workflow once, on this checkout's own articles."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sayso.cli.terminal import print_lines, print_message, print_table, progress_bar
from sayso.settings import find_checkout

if TYPE_CHECKING:
    from sayso.demo import DemoResult

COLUMNS = ("who says", "cue", "what", "where", "how many")


@click.command(short_help="Show the whole workflow once, on the articles here.")
@click.pass_obj
def command(root: Path | None) -> None:
    """Show the whole workflow once, on this checkout's own articles.

    Starts a private Label Studio, makes the project, pushes the articles, enters the draft
    annotations as one annotator's, pulls them, builds the dataset and loads it with `datasets`.
    Everything is in .sayso/demo/. Running it again does nothing twice.

    \b
    Examples:
      sayso demo
    """
    from sayso.demo import run_demo

    with progress_bar("at work") as advance:
        result = run_demo(find_checkout(root), print_message, advance)
    claims = _load_rows(result.checkout.root / "corpus", "claims")
    title = "Who says what happened where, and how many"
    print_table(title, COLUMNS, list(map(_format_claim, claims)), blank_lines=True)
    _print_next_steps(result)


def _load_rows(folder: Path, config: str) -> list[dict[str, Any]]:
    """Load the rows of a config as a researcher would, without a network."""
    os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    from datasets import disable_progress_bars, load_dataset

    disable_progress_bars()
    return [row for split in load_dataset(str(folder), config).values() for row in split]


def _format_claim(claim: dict[str, Any]) -> tuple[str, ...]:
    """
    >>> two = {"text": "two", "lower": 2, "upper": None, "thing": "uav", "outcome": "destroyed"}
    >>> _format_claim({"sources": [], "cues": [], "text": "two fell", "polarity": "negative",
    ...                "places": [{"text": "Kyiv"}], "counts": [two]})
    ('(the author)', '', 'NOT: two fell', 'Kyiv', 'two = 2 or more uav destroyed')
    """
    denied = "NOT: " if claim["polarity"] == "negative" else ""
    sources, cues, places = (
        "; ".join(each["text"] for each in claim[name]) for name in ("sources", "cues", "places")
    )
    counts = (
        f"{each['text']} = {_format_bounds(each['lower'], each['upper'])}"
        f" {each['thing']} {each['outcome']}"
        for each in claim["counts"]
    )
    author = "(nobody named)" if claim["cues"] else "(the author)"
    return sources or author, cues, denied + claim["text"], places, "; ".join(counts)


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
  the annotations          {root}/corpus/annotations/founding/draft.jsonl
  the dataset card         {root}/corpus/README.md
  in Python                load_dataset("{root}/corpus", "claims")
  stop Label Studio        {program} --root {root} studio down""",
        to_stderr=True,
    )


def _shorten_path(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
