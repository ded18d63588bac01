"""Annotators whose answers have gold: what each of them got wrong is known."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sayso import jsonl
from sayso.records import Annotation, Document, Gold, GoldMention, GoldRelation, Mention, Relation, ordered_mentions
from sayso.records import ordered_relations as ordered
from sayso.store import Corpus
from tests.dataset.made import SCHEMA, annotation, document, write
from tests.disagreements.worlds import STRUCK, answers, struck
from tests.report.worlds import of

REASON = "the place is <b>not</b> part of it"


def gold_of(
    document: Document, mentions: Iterable[Mention], relations: Iterable[Relation] = (), **fields: object
) -> Gold:
    """Gold with these, all decided by an adjudicator."""
    usual = {"campaign": "trial", "interface": "all", "adjudicator": "lead", "adjudicated": "2025-11-05T08:00:00Z"}
    decided = tuple(
        GoldMention(id=m.id, label=m.label, start=m.start, end=m.end, text=m.text, attributes=m.attributes, note=m.note,
                    decided="adjudicated", votes=("ann-1",))
        for m in ordered_mentions(mentions)
    )  # fmt: skip
    arrows = tuple(
        GoldRelation(type=r.type, head=r.head, tail=r.tail, decided="adjudicated") for r in ordered(relations)
    )
    return Gold(doc_id=document.doc_id, text_sha256=document.text_sha256, schema_version=SCHEMA.version,
                annotators=("ann-1", "ann-2"), mentions=decided, relations=arrows, **{**usual, **fields})  # type: ignore[arg-type]  # fmt: skip


def write_gold(root: Path, golds: Iterable[Gold]) -> None:
    """Put gold where it belongs."""
    by_campaign: dict[str, list[Gold]] = {}
    for gold in golds:
        by_campaign.setdefault(gold.campaign, []).append(gold)
    for campaign, mine in by_campaign.items():
        jsonl.write(Corpus(root).folder / "gold" / f"{campaign}.jsonl", sorted(mine, key=lambda gold: gold.doc_id))


def judged_world(root: Path) -> Path:
    """The three annotators of one article; gold is the first one's, but for the governor. Return the root."""
    first = answers()[0]
    mentions = [m for m in first.mentions if m.id != "who"]
    mentions.append(of(STRUCK, "who", "Actor", "governor", note=REASON))
    write(root, [struck()], answers())
    write_gold(root, [gold_of(struck(), mentions, first.relations)])
    return root


# --- one who learns

WORDS = 20
LEARNER_TEXT = " ".join(f"name{number:02d}" for number in range(WORDS))


def learner(count: int) -> tuple[list[Document], list[Annotation], list[Gold]]:
    """One who finds two of twenty names more each time, and takes four seconds for 100 characters less.

    The third time a visitor came, and the clock went on for a day.
    """
    documents = [document(f"d{number:02d}", f"{LEARNER_TEXT} {number:02d}") for number in range(count)]
    names = [of(LEARNER_TEXT, f"m{n:02d}", "Actor", f"name{n:02d}") for n in range(WORDS)]
    given = [
        annotation(each, *names[: found(number)], created=f"2025-11-02T10:{number:02d}:00Z",
                   lead_time_seconds=86_400.0 if number == 2 else rate(number) * len(each.text) / 100)
        for number, each in enumerate(documents)
    ]  # fmt: skip
    return documents, given, [gold_of(each, names) for each in documents]


def found(number: int) -> int:
    """How many names the learner finds in the document of that number, from 0."""
    return min(2 * number, WORDS)


def rate(number: int) -> float:
    """Seconds for 100 characters."""
    return 60.0 - 4 * number
