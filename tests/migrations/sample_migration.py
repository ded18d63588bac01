"""A small schema in two versions, a migration between them, and annotations of the older one."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import msgspec

from sayso import jsonl
from sayso.corpus.sources import CorpusFiles
from sayso.models import (
    Annotation,
    Document,
    Gold,
    GoldMention,
    GoldRelation,
    Mention,
    Relation,
    sha256,
    sort_mentions,
    sort_relations,
)
from sayso.schema import declarations
from sayso.schema.migrations import Migrations, load_migrations
from sayso.settings import SCHEMA_FILE, Checkout, find_checkout

TEXT = (
    "Police said two drones hit Odesa. The mayor said no one was hurt, residents told 😀 reporters."
)

OLDER = """
version: 1.0.0
interfaces:
  all: {title: All, definition: All., labels: [Actor, Body, Cue, Claim, Aside], relations: true}
labels:
  Actor:
    definition: Who.
    colour: "#2563eb"
    hotkey: a
    attributes:
      type:
        kind: choice
        required: true
        definition: What sort.
        values: {civilian: {definition: C.}, expert: {definition: E.},
          army: {definition: A.}, ghost: {definition: G.}}
      entity: {kind: text, definition: Its name.}
  Body:
    definition: A body.
    colour: "#2563ec"
    hotkey: b
    attributes:
      type:
        {kind: choice, definition: What sort.,
          values: {army: {definition: A.}, police: {definition: P.}}}
  Cue:
    definition: Words.
    colour: "#2563ed"
    hotkey: d
    attributes:
      stance: {kind: ordinal, definition: How far.,
        values: {near: {definition: N.}, far: {definition: F.}}}
      size: {kind: integer, definition: How many.}
  Claim: {definition: What., colour: "#2563ee", hotkey: f}
  Aside: {definition: Else., colour: "#2563ef", hotkey: g}
flags:
  unsure: {definition: Not sure.}
  odd: {definition: Odd.}
relations:
  source: {head: Claim, tail: Actor, definition: Who says.}
  body: {head: Claim, tail: Body, definition: Which body says.}
  cue: {head: Claim, tail: Cue, definition: In which words.}
  near: {head: Claim, tail: Aside, definition: What is near.}
"""

NEWER = """
version: 2.0.0
interfaces:
  all: {title: All, definition: All.,
    labels: [Person, Organisation, Marker, Claim], relations: true}
labels:
  Person:
    definition: Who.
    colour: "#2563eb"
    hotkey: a
    attributes:
      role: {kind: choice, definition: What sort.,
        values: {civilian: {definition: C.}, analyst: {definition: E.}}}
  Organisation:
    definition: A body.
    colour: "#2563ec"
    hotkey: b
    attributes:
      role: {kind: choice, definition: What sort.,
        values: {army: {definition: A.}, police: {definition: P.}}}
      entity: {kind: text, definition: Its name.}
  Marker:
    definition: Words.
    colour: "#2563ed"
    hotkey: d
    attributes:
      stance: {kind: choice, definition: How far.,
        values: {near: {definition: N.}, far: {definition: F.}}}
      size: {kind: integer, definition: How many.}
  Claim: {definition: What., colour: "#2563ee", hotkey: f}
flags:
  unsure: {definition: Not sure.}
relations:
  said_by: {head: Claim, tail: Person, definition: Who says.}
  said_by_body: {head: Claim, tail: Organisation, definition: Which body says.}
  cue: {head: Claim, tail: Marker, definition: In which words.}
"""

MAPPING = """
from_version: 1.0.0
to_version: 2.0.0
labels:
  Actor:
    - {when: {type: [civilian, expert]}, then: Person}
    - {when: {type: ghost}, drop: true, because: there are none}
    - {then: Organisation}
  Body: Organisation
  Cue: Marker
  Aside: {drop: true}
attributes:
  Actor.type: role
  Body.type: role
  Actor.entity:
    - {when: {label: Organisation}, then: entity}
    - {drop: true, because: people have none}
values:
  Actor.type: {expert: analyst}
flags:
  odd: {drop: true}
relations:
  source:
    - {when: {tail: Person}, then: said_by}
    - {then: said_by_body}
  body: said_by_body
"""

IDENTITY = "from_version: 1.0.0\nto_version: 1.1.0\n"


def make_checkout(
    root: Path, mapping: str = MAPPING, newer: str = NEWER, older: str = OLDER
) -> Checkout:
    """Make a checkout whose schema has just changed; without a mapping where it is empty."""
    (root / "schema" / "migrations").mkdir(parents=True)
    (root / "corpus").mkdir()
    (root / SCHEMA_FILE).write_text(newer)
    (root / "schema" / "migrations" / "1.0.0.yaml").write_text(older)
    if mapping:
        version = declarations.load_schema(root / SCHEMA_FILE).version
        (root / "schema" / "migrations" / f"1.0.0-{version}.yaml").write_text(mapping)
    return find_checkout(root)


def load_checkout_migrations(checkout: Checkout) -> Migrations:
    return load_migrations(
        checkout.root / "schema", declarations.load_schema(checkout.root / SCHEMA_FILE)
    )


def make_mention(name: str, label: str, words: str, **known: Any) -> Mention:
    start = TEXT.index(words)
    given = {**known, "attributes": known.get("attributes", {})}
    return Mention(id=name, label=label, start=start, end=start + len(words), text=words, **given)


MENTIONS = (
    make_mention(
        "a1", "Actor", "Police", attributes={"type": "army", "entity": "the police"}, note="a note"
    ),
    make_mention(
        "a2", "Actor", "mayor", attributes={"type": "expert", "entity": "the mayor"}, flag="unsure"
    ),
    make_mention("a3", "Actor", "reporters", attributes={"type": "ghost"}),
    make_mention("b1", "Body", "residents", attributes={"type": "police"}, flag="odd"),
    make_mention("q1", "Cue", "said", attributes={"stance": "near", "size": 3}),
    make_mention("c1", "Claim", "two drones hit Odesa"),
    make_mention("x1", "Aside", "drones"),
)
RELATIONS = (
    Relation(type="source", head="c1", tail="a1"),
    Relation(type="source", head="c1", tail="a2"),
    Relation(type="source", head="c1", tail="a3"),
    Relation(type="body", head="c1", tail="b1"),
    Relation(type="cue", head="c1", tail="q1"),
    Relation(type="near", head="c1", tail="x1"),
)


def make_document(number: int) -> Document:
    return Document(
        doc_id=f"d{number}",
        text=TEXT,
        text_sha256=sha256(TEXT),
        language="en",
        license="unknown",
        source_name="d.txt",
        split="train",
        ingested="2026-01-01",
    )


def make_annotation(number: int = 1, **known: Any) -> Annotation:
    given = {
        "campaign": "pilot",
        "interface": "all",
        "annotator": "ann-1",
        "annotator_kind": "human",
        "status": "submitted",
        "schema_version": "1.0.0",
        "created": "2026-01-01",
        "updated": "2026-01-02",
        "mentions": MENTIONS,
        "relations": RELATIONS,
        **known,
    }
    given["mentions"], given["relations"] = (
        sort_mentions(given["mentions"]),
        sort_relations(given["relations"]),
    )
    return Annotation(doc_id=f"d{number}", text_sha256=sha256(TEXT), **given)


def make_gold(number: int = 1) -> Gold:
    how = {"decided": "majority", "votes": ["ann-1", "ann-2"]}
    mentions = [msgspec.convert({**msgspec.to_builtins(m), **how}, GoldMention) for m in MENTIONS]
    relations = [
        msgspec.convert({**msgspec.to_builtins(r), **how}, GoldRelation) for r in RELATIONS
    ]
    return Gold(
        doc_id=f"d{number}",
        text_sha256=sha256(TEXT),
        campaign="pilot",
        schema_version="1.0.0",
        adjudicated="2026",
        annotators=("ann-1", "ann-2"),
        mentions=sort_mentions(mentions),
        relations=sort_relations(relations),
    )


def fill_corpus(checkout: Checkout, files: int = 2, records: int = 3) -> CorpusFiles:
    """Write articles, annotations of some annotators and gold, all of the older version."""
    corpus = CorpusFiles(checkout.root)
    jsonl.write(corpus.batch_file(0), [make_document(n) for n in range(records)])
    for number in range(files):
        name = f"ann-{number + 1}"
        corpus.write_annotations(
            "pilot", name, [make_annotation(n, annotator=name) for n in range(records)]
        )
    jsonl.write(corpus.folder / "gold" / "pilot.jsonl", [make_gold(n) for n in range(records)])
    return corpus


def copy_checkout(checkout: Checkout, root: Path) -> Checkout:
    shutil.copytree(checkout.root, root)
    return find_checkout(root)
