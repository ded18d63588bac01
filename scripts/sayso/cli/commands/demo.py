"""Show the whole way once, on this checkout's own articles."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sayso.cli.terminal import progress, say, table
from sayso.settings import find_instance

if TYPE_CHECKING:
    from sayso.demo import Demo


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
    from sayso.demo import demo

    instance = find_instance(root)
    with progress("at work") as waiting:
        shown = demo(instance, say, waiting)
    claims = _load(shown.instance.root / "corpus", "claims")
    table("Who says what happened where, and how many", COLUMNS, [_row(claim) for claim in claims], spaced=True)
    _where_next(shown)


COLUMNS = ("who says", "cue", "what", "where", "how many")


def _load(folder: Path, config: str) -> list[dict[str, Any]]:
    """Every row of a config, as a researcher would load it; nothing is asked of any network."""
    os.environ |= {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"}
    from datasets import disable_progress_bars, load_dataset

    disable_progress_bars()
    return [row for split in load_dataset(str(folder), config).values() for row in split]


def _row(claim: dict[str, Any]) -> tuple[str, ...]:
    """
    >>> _row({"sources": [], "cues": [], "text": "two fell", "polarity": "negative", "places": [{"text": "Kyiv"}],
    ...       "counts": [{"text": "two", "lower": 2, "upper": None, "thing": "uav", "outcome": "destroyed"}]})
    ('(the author)', '', 'NOT: two fell', 'Kyiv', 'two = 2 or more uav destroyed')
    """
    denied = "NOT: " if claim["polarity"] == "negative" else ""
    sources = "; ".join(source["text"] for source in claim["sources"])
    return (
        sources or ("(nobody named)" if claim["cues"] else "(the author)"),
        "; ".join(cue["text"] for cue in claim["cues"]),
        denied + claim["text"],
        "; ".join(place["text"] for place in claim["places"]),
        "; ".join(_count(count) for count in claim["counts"]),
    )


def _count(count: dict[str, Any]) -> str:
    return f"{count['text']} = {_bounds(count['lower'], count['upper'])} {count['thing']} {count['outcome']}"


def _bounds(lower: int | None, upper: int | None) -> str:
    """
    >>> _bounds(38, 38), _bounds(2, 4), _bounds(24, None), _bounds(None, 9), _bounds(None, None)
    ('38', '2 to 4', '24 or more', '9 or fewer', 'any number')
    """
    if lower is None or upper is None:
        return f"{lower} or more" if lower is not None else f"{upper} or fewer" if upper is not None else "any number"
    return str(lower) if lower == upper else f"{lower} to {upper}"


def _where_next(shown: Demo) -> None:
    root, program = _near(shown.instance.root), _near(Path(sys.argv[0]))
    say("done; run it again and nothing is done twice" if shown.changed else "nothing was left to do")
    say(f"""
where to look next
  the annotated articles   {shown.url}
  the login                {program} --root {root} studio status --credentials
  the answers              {root}/corpus/annotations/founding/draft.jsonl
  the dataset card         {root}/corpus/README.md
  in Python                load_dataset("{root}/corpus", "claims")
  stop Label Studio        {program} --root {root} studio down""")


def _near(path: Path) -> Path:
    """The path as somebody would type it here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
