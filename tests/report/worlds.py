"""A small corpus that holds everything that a report shows, and texts that would like to be more than texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sayso import jsonl
from sayso.records import Annotation, Document, Gold, GoldMention, GoldRelation, Mention, ordered_mentions
from sayso.records import ordered_relations as ordered
from sayso.store import Corpus
from tests.dataset.made import SCHEMA, annotation, document, mention, relation, write

_TAKEN = "document.title='taken'"
HOSTILE = f'</script><script>{_TAKEN}</script><img src="https://x.invalid/y" onerror="{_TAKEN}"><!--'
SAID = "😀 The ministry said that 38 drones 𝒻ell: 34 near Belgorod and two more in <b>Crimea</b>. Nobody counted again."
LATER = "Residents claimed that about 20 houses burned. At least 12 people left."


def said() -> Document:
    """Numbers and their parts, behind a character of two UTF-16 units."""
    return document(
        "said", SAID, title="Who & what", outlet="The <Herald>", published="2025-10-31", url="https://example.org/a"
    )


def at(text: str, words: str) -> tuple[int, int]:
    """Where words stand that stand once."""
    assert text.count(words) == 1, words
    return text.index(words), text.index(words) + len(words)


def of(text: str, name: str, label: str, words: str, **fields: Any) -> Mention:
    """A mention of words that stand once."""
    return mention(name, label, text, *at(text, words), **fields)


def number(lower: int | None, upper: int | None, kind: str = "exact") -> dict[str, str | int]:
    """Attributes of a count."""
    given = {"lower": lower, "upper": upper}
    return {"kind": kind, "thing": "uav", "outcome": "destroyed", **{n: v for n, v in given.items() if v is not None}}


def claimed(*values: str) -> dict[str, str]:
    """Attributes of a claim."""
    return dict(zip(("type", "attribution", "certainty", "polarity"), values, strict=True))


def reading(**fields: Any) -> Annotation:
    """What one annotator marked in ``said``."""
    mentions = [
        of(SAID, "who", "Actor", "ministry", attributes={"type": "state_military", "entity": "Ministry of Defence"}),
        of(SAID, "cue", "Cue", "said"),
        of(SAID, "claim", "Claim", "38 drones 𝒻ell",
           attributes=claimed("interception", "indirect", "probable", "positive")),
        of(SAID, "whole", "Count", "38 drones", attributes=number(38, 38)),
        of(SAID, "one", "Count", "34", attributes=number(34, 34)),
        of(SAID, "two", "Count", "two more", attributes=number(2, 4, "range"), flag="unsure", note=HOSTILE),
        of(SAID, "there", "Location", "Crimea"),
    ]  # fmt: skip
    arrows = [
        relation("source", "claim", "who"), relation("cue", "claim", "cue"), relation("quantity", "claim", "whole"),
        relation("part_of", "one", "whole"), relation("part_of", "two", "whole"),
    ]  # fmt: skip
    return annotation(said(), *ordered_mentions(mentions), relations=ordered(arrows), **fields)


def other_reading() -> Annotation:
    """Another annotator saw less."""
    claim = of(SAID, "claim", "Claim", "38 drones 𝒻ell: 34 near Belgorod",
               attributes=claimed("strike", "author", "certain", "negative"))  # fmt: skip
    return annotation(said(), claim, annotator="ann-2", note=HOSTILE)


def gold() -> Gold:
    """What was decided."""
    source = reading()
    mentions = [
        GoldMention(id=m.id, label=m.label, start=m.start, end=m.end, text=m.text, attributes=m.attributes,
                    decided="majority", votes=("ann-1",))
        for m in source.mentions
    ]  # fmt: skip
    arrows = [GoldRelation(type=r.type, head=r.head, tail=r.tail, decided="unanimous") for r in source.relations]
    return Gold(doc_id="said", text_sha256=source.text_sha256, campaign="trial", schema_version=SCHEMA.version,
                adjudicated="2025-11-05", annotators=("ann-1", "ann-2"), mentions=tuple(mentions),
                relations=tuple(arrows), adjudicator="adj-1", interface="all",
                declined=(GoldMention(id="no", label="Actor", start=0, end=1, text=SAID[:1], decided="adjudicated",
                                      attributes={"type": "expert"}, votes=("ann-2",)),))  # fmt: skip


def later() -> tuple[Document, Annotation]:
    """A document that another has nothing to do with."""
    made = document(
        "later", LATER, published="2025-11-02T08:00:00Z", split="test", license="CC-BY-4.0", url="javascript:alert(1)"
    )
    mentions = [
        of(LATER, "who", "Actor", "Residents"),
        of(LATER, "cue", "Cue", "claimed", attributes={"stance": "distancing"}),
        of(LATER, "claim", "Claim", "about 20 houses burned"),
        of(LATER, "houses", "Count", "about 20 houses", attributes=number(20, 20, "approx")),
        of(LATER, "people", "Count", "At least 12 people", attributes=number(12, None, "at_least")),
        of(LATER, "left", "Claim", "At least 12 people left"),
    ]  # fmt: skip
    arrows = [relation("source", "claim", "who"), relation("cue", "claim", "cue"),
              relation("quantity", "claim", "houses"), relation("quantity", "left", "people")]  # fmt: skip
    return made, annotation(made, *ordered_mentions(mentions), relations=ordered(arrows))


def hostile() -> Document:
    """An article that is a program."""
    return document(
        "hostile", f"Before {HOSTILE} after", title=HOSTILE, outlet=HOSTILE, url='https://example.org/"><script>'
    )


def people(root: Path, *, adjudicated: bool = False) -> Path:
    """Two annotators and a program side by side, and what was adjudicated if wanted; return the root."""
    program = reading(annotator="draft", annotator_kind="program")
    made, answer = later()
    write(root, [said(), made, hostile()], [reading(), other_reading(), program, answer])
    if adjudicated:
        jsonl.write(Corpus(root).folder / "gold" / "trial.jsonl", [gold()])
    return root
