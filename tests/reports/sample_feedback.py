"""Annotators with gold, whose differences from gold are known."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sayso import jsonl
from sayso.corpus.sources import CorpusFiles
from sayso.models import (
    Annotation,
    Document,
    Gold,
    GoldRelation,
    Mention,
    Relation,
    sort_mentions,
    sort_relations,
)
from tests.agreement.disagreement_corpus import STRUCK, make_annotations, make_struck_document
from tests.dataset.samples import (
    SCHEMA,
    make_annotation,
    make_document,
    make_gold_mention,
    write_corpus,
)
from tests.reports.sample_corpus import mention_of

GOLD_NOTE = "the place is <b>not</b> part of it"


def build_gold(
    document: Document,
    mentions: Iterable[Mention],
    relations: Iterable[Relation] = (),
    **fields: Any,
) -> Gold:
    """Build gold that an adjudicator decided."""
    fields = {
        "campaign": "trial",
        "interface": "all",
        "adjudicator": "lead",
        "adjudicated": "2025-11-05T08:00:00Z",
        **fields,
    }
    decided = tuple(
        make_gold_mention(m, "adjudicated", note=m.note, votes=("ann-1",))
        for m in sort_mentions(mentions)
    )
    gold_relations = tuple(
        GoldRelation(type=r.type, head=r.head, tail=r.tail, decided="adjudicated")
        for r in sort_relations(relations)
    )
    return Gold(
        doc_id=document.doc_id,
        text_sha256=document.text_sha256,
        schema_version=SCHEMA.version,
        annotators=("ann-1", "ann-2"),
        mentions=decided,
        relations=gold_relations,
        **fields,
    )


def write_gold(root: Path, golds: Iterable[Gold]) -> None:
    """Write gold into its files by campaign."""
    by_campaign: dict[str, list[Gold]] = {}
    for gold in golds:
        by_campaign.setdefault(gold.campaign, []).append(gold)
    for campaign, mine in by_campaign.items():
        jsonl.write(
            CorpusFiles(root).folder / "gold" / f"{campaign}.jsonl",
            sorted(mine, key=lambda gold: gold.doc_id),
        )


def write_compared_corpus(root: Path) -> Path:
    """Write three annotators, and gold like the first except for the governor; return the root."""
    first = make_annotations()[0]
    mentions = [m for m in first.mentions if m.id != "who"]
    mentions.append(mention_of(STRUCK, "who", "Actor", "governor", note=GOLD_NOTE))
    write_corpus(root, [make_struck_document()], make_annotations())
    write_gold(root, [build_gold(make_struck_document(), mentions, first.relations)])
    return root


# --- a simulated learner

WORDS = 20
LEARNER_TEXT = " ".join(f"name{number:02d}" for number in range(WORDS))


def build_learner(count: int) -> tuple[list[Document], list[Annotation], list[Gold]]:
    """Build a learner who finds two more of twenty names each time, and is four seconds faster.

    In the third document the clock runs on for a day.
    """
    documents = [
        make_document(f"d{number:02d}", f"{LEARNER_TEXT} {number:02d}") for number in range(count)
    ]
    names = [mention_of(LEARNER_TEXT, f"m{n:02d}", "Actor", f"name{n:02d}") for n in range(WORDS)]
    given = [
        make_annotation(
            each,
            *names[: names_found(number)],
            created=f"2025-11-02T10:{number:02d}:00Z",
            lead_time_seconds=86_400.0
            if number == 2
            else seconds_rate(number) * len(each.text) / 100,
        )
        for number, each in enumerate(documents)
    ]
    return documents, given, [build_gold(each, names) for each in documents]


def names_found(number: int) -> int:
    """Return the number of names that the learner finds in a document, numbered from 0."""
    return min(2 * number, WORDS)


def seconds_rate(number: int) -> float:
    """Return the seconds per 100 characters."""
    return 60.0 - 4 * number
