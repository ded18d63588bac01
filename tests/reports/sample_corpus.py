"""A small corpus with everything that a report shows, and texts with hostile markup."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sayso import jsonl
from sayso.corpus.items import AnnotationFilter
from sayso.corpus.sources import CorpusFiles
from sayso.models import (
    Annotation,
    Document,
    Gold,
    GoldMention,
    GoldRelation,
    Mention,
    sort_mentions,
    sort_relations,
)
from sayso.reports.corpus_statistics import CorpusStatistics
from tests.dataset.samples import (
    SCHEMA,
    make_annotation,
    make_document,
    make_gold_mention,
    make_mention,
    make_relation,
    write_corpus,
)

_INJECTED = "document.title='taken'"
HOSTILE = (
    f"</script><script>{_INJECTED}</script>"
    f'<img src="https://x.invalid/y" onerror="{_INJECTED}"><!--'
)
MAIN_TEXT = (
    "😀 The ministry said that 38 drones 𝒻ell: 34 near Belgorod and two more in <b>Crimea</b>. "
    "Nobody counted again."
)
SECOND_TEXT = "Residents claimed that about 20 houses burned. At least 12 people left."


def main_document() -> Document:
    """Return a document with a number and its parts, after a character of two UTF-16 units."""
    return make_document(
        "said",
        MAIN_TEXT,
        title="Who & what",
        outlet="The <Herald>",
        published="2025-10-31",
        url="https://example.org/a",
    )


def count_corpus(root: Path, selection: AnnotationFilter | None = None) -> CorpusStatistics:
    """Count the corpus of a checkout."""
    statistics = CorpusStatistics(SCHEMA)
    for item in CorpusFiles(root).items(selection):
        statistics.add(item)
    return statistics


def find_offsets(text: str, words: str) -> tuple[int, int]:
    """Return the offsets of words that occur once."""
    assert text.count(words) == 1, words
    return text.index(words), text.index(words) + len(words)


def mention_of(text: str, name: str, label: str, words: str, **fields: Any) -> Mention:
    """Return a mention of words that occur once."""
    return make_mention(name, label, text, *find_offsets(text, words), **fields)


def count_attributes(
    lower: int | None, upper: int | None, kind: str = "exact"
) -> dict[str, str | int]:
    """Return the attributes of a count."""
    given = {"lower": lower, "upper": upper}
    return {
        "kind": kind,
        "thing": "uav",
        "outcome": "destroyed",
        **{n: v for n, v in given.items() if v is not None},
    }


def claim_attributes(*values: str) -> dict[str, str]:
    """Return the attributes of a claim."""
    return dict(zip(("type", "attribution", "certainty", "polarity"), values, strict=True))


def main_annotation(**fields: Any) -> Annotation:
    """Return one annotator's annotation of the main document."""
    mentions = [
        mention_of(
            MAIN_TEXT,
            "who",
            "Actor",
            "ministry",
            attributes={"type": "state_military", "entity": "Ministry of Defence"},
        ),
        mention_of(MAIN_TEXT, "cue", "Cue", "said"),
        mention_of(
            MAIN_TEXT,
            "claim",
            "Claim",
            "38 drones 𝒻ell",
            attributes=claim_attributes("interception", "indirect", "probable", "positive"),
        ),
        mention_of(MAIN_TEXT, "whole", "Count", "38 drones", attributes=count_attributes(38, 38)),
        mention_of(MAIN_TEXT, "one", "Count", "34", attributes=count_attributes(34, 34)),
        mention_of(
            MAIN_TEXT,
            "two",
            "Count",
            "two more",
            attributes=count_attributes(2, 4, "range"),
            flag="unsure",
            note=HOSTILE,
        ),
        mention_of(MAIN_TEXT, "there", "Location", "Crimea"),
    ]
    relations = [
        make_relation("source", "claim", "who"),
        make_relation("cue", "claim", "cue"),
        make_relation("quantity", "claim", "whole"),
        make_relation("part_of", "one", "whole"),
        make_relation("part_of", "two", "whole"),
    ]
    return make_annotation(
        main_document(), *sort_mentions(mentions), relations=sort_relations(relations), **fields
    )


def other_annotation() -> Annotation:
    """Return the annotation of an annotator who marked less."""
    claim = mention_of(
        MAIN_TEXT,
        "claim",
        "Claim",
        "38 drones 𝒻ell: 34 near Belgorod",
        attributes=claim_attributes("strike", "author", "certain", "negative"),
    )
    return make_annotation(main_document(), claim, annotator="ann-2", note=HOSTILE)


def main_gold() -> Gold:
    """Return gold of the main document."""
    source = main_annotation()
    mentions = [make_gold_mention(m, "majority", votes=("ann-1",)) for m in source.mentions]
    relations = [
        GoldRelation(type=r.type, head=r.head, tail=r.tail, decided="unanimous")
        for r in source.relations
    ]
    return Gold(
        doc_id="said",
        text_sha256=source.text_sha256,
        campaign="trial",
        schema_version=SCHEMA.version,
        adjudicated="2025-11-05",
        annotators=("ann-1", "ann-2"),
        mentions=tuple(mentions),
        relations=tuple(relations),
        decided="adjudicated",
        adjudicator="adj-1",
        adjudicator_kind="program",
        interface="all",
        declined=(
            GoldMention(
                id="no",
                label="Actor",
                start=0,
                end=1,
                text=MAIN_TEXT[:1],
                decided="adjudicated",
                attributes={"type": "expert"},
                votes=("ann-2",),
            ),
        ),
    )


def second_document() -> tuple[Document, Annotation]:
    """Return another document with its annotation."""
    made = make_document(
        "later",
        SECOND_TEXT,
        published="2025-11-02T08:00:00Z",
        split="test",
        license="CC-BY-4.0",
        url="javascript:alert(1)",
    )
    mentions = [
        mention_of(SECOND_TEXT, "who", "Actor", "Residents"),
        mention_of(SECOND_TEXT, "cue", "Cue", "claimed", attributes={"stance": "distancing"}),
        mention_of(SECOND_TEXT, "claim", "Claim", "about 20 houses burned"),
        mention_of(
            SECOND_TEXT,
            "houses",
            "Count",
            "about 20 houses",
            attributes=count_attributes(20, 20, "approx"),
        ),
        mention_of(
            SECOND_TEXT,
            "people",
            "Count",
            "At least 12 people",
            attributes=count_attributes(12, None, "at_least"),
        ),
        mention_of(SECOND_TEXT, "left", "Claim", "At least 12 people left"),
    ]
    relations = [
        make_relation("source", "claim", "who"),
        make_relation("cue", "claim", "cue"),
        make_relation("quantity", "claim", "houses"),
        make_relation("quantity", "left", "people"),
    ]
    return made, make_annotation(
        made, *sort_mentions(mentions), relations=sort_relations(relations)
    )


def hostile_document() -> Document:
    """Return a document whose text and metadata are markup."""
    return make_document(
        "hostile",
        f"Before {HOSTILE} after",
        title=HOSTILE,
        outlet=HOSTILE,
        url='https://example.org/"><script>',
    )


def write_sample_corpus(root: Path, *, adjudicated: bool = False) -> Path:
    """Write two annotators, a program and on demand gold; return the root."""
    program = main_annotation(annotator="draft", annotator_kind="program")
    made, annotation = second_document()
    write_corpus(
        root,
        [main_document(), made, hostile_document()],
        [main_annotation(), other_annotation(), program, annotation],
    )
    if adjudicated:
        jsonl.write(CorpusFiles(root).folder / "gold" / "trial.jsonl", [main_gold()])
    return root
