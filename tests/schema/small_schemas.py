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

CONTRACTS = """\
version: 1.0.0
interfaces:
  all:
    definition: All.
    labels: [Person, Company, Payment]
    questions: [topic, areas, urgent, ruled_on, costs, hearings, gist]
questions:
  topic:
    kind: choice
    required: true
    title: What is it about?
    definition: The matter of the ruling.
    values: {rent: {title: Rent and lease, definition: R.}, labour: {definition: L.}}
  areas:
    kind: choices
    definition: Areas of law.
    values: {civil: {definition: C.}, criminal: {definition: K.}, tax: {definition: T.}}
  urgent: {kind: boolean, default: false, definition: An urgent matter.}
  ruled_on: {kind: date, definition: The day of the ruling.}
  costs: {kind: number, unit: EUR, definition: The costs.}
  hearings: {kind: integer, definition: How many hearings there were.}
  gist: {kind: text, definition: In one sentence.}
labels:
  Person:
    frame: true
    title: Natural person
    definition: A human being.
    attributes:
      roles:
        kind: choices
        title: Roles in the case
        definition: All that they are.
        values:
          plaintiff: {definition: P.}
          defendant: {definition: D.}
          witness: {definition: W.}
      minor: {kind: boolean, default: false, definition: Under age.}
      born: {kind: date, definition: Day of birth.}
  Company:
    definition: A legal person.
    attributes:
      form:
        kind: choice
        default: gmbh
        definition: Its legal form.
        values: {gmbh: {definition: G.}, ag: {definition: A.}}
  Payment:
    definition: A sum that is paid.
    attributes:
      amount: {kind: number, unit: EUR, required: true, definition: How much.}
      instalments: {kind: integer, default: 1, definition: In how many parts.}
      due: {kind: date, definition: When.}
relations:
  pays: {head: [Person, Company], tail: Payment, title: pays, definition: Who pays it.}
  kin:
    head: [Person, Company]
    tail: [Person, Company]
    symmetric: true
    title: is tied to
    definition: By blood or law.
"""
"""Every kind of attribute, questions about the document, several ends, a symmetric relation."""

JOINED = (
    CONTRACTS
    + """\
  part_of_name:
    head: [Person, Company]
    tail: [Person, Company]
    joins: fragments
    definition: Parts of one name.
  same_as:
    head: [Person, Company]
    tail: [Person, Company]
    symmetric: true
    joins: coreference
    definition: One and the same.
"""
)
"""The same with mentions in parts and with chains of mentions of one entity."""

QUESTIONS_ONLY = """\
version: 1.0.0
interfaces:
  all: {definition: All., questions: [topic, urgent]}
questions:
  topic:
    kind: choice
    required: true
    definition: The matter of the ruling.
    values: {rent: {definition: R.}, labour: {definition: L.}}
  urgent: {kind: boolean, definition: An urgent matter.}
"""
"""Documents are classified, and nothing is marked."""

SCHEMAS = {"rulings": RULINGS, "frames": FRAMES, "spans only": SPANS_ONLY}
EVERY_KIND = {"contracts": CONTRACTS, "questions only": QUESTIONS_ONLY}


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
