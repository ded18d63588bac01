"""Small corpora of any annotations and gold over one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sayso import jsonl
from sayso.corpus.sources import CorpusFiles
from sayso.models import (
    Annotation,
    AnnotatorKind,
    Document,
    Gold,
    GoldMention,
    Mention,
    Relation,
    sha256,
)

TEXT = "Two drones fell."
CLAIM: dict[str, Any] = {
    "id": "c",
    "label": "Claim",
    "start": 0,
    "end": 15,
    "text": "Two drones fell",
}
COUNT: dict[str, Any] = {"id": "n", "label": "Count", "start": 0, "end": 10, "text": "Two drones"}
QUANTITY = Relation(type="quantity", head="c", tail="n")


def make_document(doc_id: str) -> Document:
    return Document(
        doc_id=doc_id,
        language="en",
        license="unknown",
        source_name=f"{doc_id}.txt",
        split="train",
        ingested="2026-01-01",
        text_sha256=sha256(TEXT),
        text=TEXT,
    )


def make_annotation(
    doc_id: str,
    annotator: str,
    campaign: str = "pilot",
    kind: AnnotatorKind = "human",
    **fields: Any,
) -> Annotation:
    given: dict[str, Any] = {
        "interface": "all",
        "text_sha256": sha256(TEXT),
        "mentions": (Mention(**CLAIM), Mention(**COUNT)),
        "relations": (QUANTITY,),
        **fields,
    }
    return Annotation(
        doc_id=doc_id,
        campaign=campaign,
        annotator=annotator,
        annotator_kind=kind,
        schema_version="1.0.0",
        status="submitted",
        created="2026-01-02T00:00:00Z",
        updated="2026-01-02T00:00:00Z",
        **given,
    )


def make_gold(doc_id: str, campaign: str = "pilot", **fields: Any) -> Gold:
    given: dict[str, Any] = {
        "interface": "all",
        "mentions": (GoldMention(**CLAIM, decided="majority", votes=("ann-1",)),),
        **fields,
    }
    return Gold(
        doc_id=doc_id,
        text_sha256=sha256(TEXT),
        campaign=campaign,
        schema_version="1.0.0",
        adjudicated="2026-01-03",
        annotators=("ann-1", "ann-2"),
        **given,
    )


def write_corpus(
    root: Path, annotations: list[Annotation], gold: list[Gold], documents: str = "abc"
) -> CorpusFiles:
    corpus = CorpusFiles(root)
    corpus.add_documents(map(make_document, documents))
    for name in {(each.campaign, each.annotator) for each in annotations}:
        mine = [each for each in annotations if (each.campaign, each.annotator) == name]
        corpus.write_annotations(*name, sorted(mine, key=lambda each: each.doc_id))
    for campaign in {each.campaign for each in gold}:
        mine_gold = sorted(
            (g for g in gold if g.campaign == campaign), key=lambda each: each.doc_id
        )
        jsonl.write(corpus.folder / "gold" / f"{campaign}.jsonl", mine_gold)
    return corpus
