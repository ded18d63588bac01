"""Show the whole way once, on this checkout's own articles."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sayso.cli.terminal import print_message, print_table, progress_bar
from sayso.settings import find_checkout

if TYPE_CHECKING:
    from sayso.demo import DemoResult


@click.command(short_help="Show the whole way once, on the articles here.")
@click.pass_obj
def command(root: Path | None) -> None:
    """Show the whole way once, on this checkout's own articles.

    Starts a private Label Studio, makes the project, pushes the articles, enters the draft reading as one annotator's
    answer, pulls it, builds the dataset and loads it with `datasets`. All of it lies in .sayso/demo/. Running it
    again does nothing twice.

    \b
    Examples:
      sayso demo
    """
    from sayso.demo import run_demo

    checkout = find_checkout(root)
    with progress_bar("at work") as waiting:
        shown = run_demo(checkout, print_message, waiting)
    claims = _load_rows(shown.checkout.root / "corpus", "claims")
    print_table(
        "Who says what happened where, and how many",
        COLUMNS,
        [_format_claim(claim) for claim in claims],
        blank_lines=True,
    )
    _print_next_steps(shown)


COLUMNS = ("who says", "cue", "what", "where", "how many")


def _load_rows(folder: Path, config: str) -> list[dict[str, Any]]:
    """Every row of a config, as a researcher would load it; nothing is asked of any network."""
    os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    from datasets import disable_progress_bars, load_dataset

    disable_progress_bars()
    return [row for split in load_dataset(str(folder), config).values() for row in split]


def _format_claim(claim: dict[str, Any]) -> tuple[str, ...]:
    """
    >>> _format_claim({"sources": [], "cues": [], "text": "two fell", "polarity": "negative", "places": [{"text": "Kyiv"}],
    ...       "counts": [{"text": "two", "lower": 2, "upper": None, "find_thing": "uav", "outcome": "destroyed"}]})
    ('(the author)', '', 'NOT: two fell', 'Kyiv', 'two = 2 or more uav destroyed')
    """
    denied = "NOT: " if claim["polarity"] == "negative" else ""
    sources = "; ".join(source["text"] for source in claim["sources"])
    return (
        sources or ("(nobody named)" if claim["cues"] else "(the author)"),
        "; ".join(cue["text"] for cue in claim["cues"]),
        denied + claim["text"],
        "; ".join(place["text"] for place in claim["places"]),
        "; ".join(_format_count(count) for count in claim["counts"]),
    )


def _format_count(count: dict[str, Any]) -> str:
    return f"{count['text']} = {_format_bounds(count['lower'], count['upper'])} {count['thing']} {count['outcome']}"


def _format_bounds(lower: int | None, upper: int | None) -> str:
    """
    >>> _format_bounds(38, 38), _format_bounds(2, 4), _format_bounds(24, None), _format_bounds(None, 9), _format_bounds(None, None)
    ('38', '2 to 4', '24 or more', '9 or fewer', 'any number')
    """
    if lower is None or upper is None:
        return (
            f"{lower} or more"
            if lower is not None
            else f"{upper} or fewer"
            if upper is not None
            else "any number"
        )
    return str(lower) if lower == upper else f"{lower} to {upper}"


def _print_next_steps(shown: DemoResult) -> None:
    root, program = _shorten_path(shown.checkout.root), _shorten_path(Path(sys.argv[0]))
    print_message(
        "done; run it again and nothing is done twice"
        if shown.change_count
        else "nothing was left to do"
    )
    print_message(f"""
where to look next
  the annotated articles   {shown.url}
  the login                {program} --root {root} studio status --credentials
  the answers              {root}/corpus/annotations/founding/draft.jsonl
  the dataset card         {root}/corpus/README.md
  in Python                load_dataset("{root}/corpus", "claims")
  stop Label Studio        {program} --root {root} studio down""")


def _shorten_path(path: Path) -> Path:
    """The path as somebody would type it here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
