"""Small schemas that have nothing of the repository's own, and faults in them."""

from __future__ import annotations

from pathlib import Path

import msgspec

from sayso.schema.declarations import Schema, load_schema

RULINGS = """\
version: 1.0.0
interfaces:
  all: {definition: All., labels: [Party, Amount]}
labels:
  Party:
    definition: Who stands before the court.
    attributes:
      side: {kind: choice, definition: Side., values: {yes: {definition: Y.}, no: {definition: N.}}}
      name: {kind: text, definition: Its name.}
  Amount:
    definition: A sum.
    attributes:
      euros: {kind: integer, definition: How much.}
relations:
  pays: {head: Party, tail: Amount, definition: Who pays it.}
"""
"""No label Claim, no flags, no hotkeys, no colours; unquoted yes and no."""

FRAMES = RULINGS.replace("  Party:\n", "  Party:\n    frame: true\n", 1)

SPANS_ONLY = """\
version: 1.0.0
interfaces:
  all: {definition: All., labels: [Party, Statute], relations: false}
labels:
  Party: {definition: Who stands before the court.}
  Statute: {definition: A law by its name.}
flags: {}
relations: {}
"""
"""No attributes at all."""

SCHEMAS = {"rulings": RULINGS, "frames": FRAMES, "spans only": SPANS_ONLY}


def write_schema(folder: Path, text: str) -> Path:
    """Write a schema.yaml and return its path."""
    path = folder / "schema" / "schema.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def read_schema(folder: Path, text: str) -> Schema:
    """Write a schema.yaml and load it."""
    return load_schema(write_schema(folder, text))


def find_hotkeys(schema: Schema) -> list[str | None]:
    """Return the hotkeys of a schema in its order."""
    from sayso.schema.hotkeys import list_hotkeys

    return [use.key for use in list_hotkeys(schema)]


def digest(schema: Schema) -> bytes:
    """Return everything that a schema declares."""
    return msgspec.json.encode(schema)
