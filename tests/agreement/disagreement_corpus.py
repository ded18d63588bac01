"""Three annotators of two articles, who disagree in every way that there is."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from sayso.models import (
    Annotation,
    AnnotationOrigin,
    Document,
    Mention,
    Relation,
    sort_mentions,
    sort_relations,
)
from tests.dataset.samples import make_annotation, make_document, make_relation, write_corpus
from tests.reports.sample_corpus import HOSTILE, mention_of

STRUCK = (
    "The 😀 governor of Belgorod said on Friday that two drones 𝒻ell near Shebekino. "
    "Nobody was hurt.\nMoscow’s leadership did not answer, and the “quiet” hours went on until "
    "the morning."
)
CALM = "Nothing happened here."
ORIGINS = {"ann-1": 11, "ann-2": 12}


def make_struck_document() -> Document:
    """The article that is disagreed about."""
    return make_document("struck", STRUCK, title="Struck <b>again</b>")


def make_struck_annotation(
    annotator: str, mentions: list[Mention], relations: tuple[Relation, ...] = (), **fields: object
) -> Annotation:
    """One annotator's; the third came in from elsewhere and has no task."""
    number = ORIGINS.get(annotator)
    origin = (
        AnnotationOrigin(system="label-studio", project=3, task=7, annotation=number)
        if number
        else None
    )
    return make_annotation(
        make_struck_document(),
        *sort_mentions(mentions),
        relations=sort_relations(relations),
        annotator=annotator,
        origin=origin,
        **fields,
    )


def _make_claim() -> list[Mention]:
    return [
        mention_of(STRUCK, "claim", "Claim", "two drones 𝒻ell near Shebekino"),
        mention_of(STRUCK, "cue", "Cue", "said"),
        mention_of(STRUCK, "place", "Location", "Shebekino"),
    ]


def make_annotations() -> list[Annotation]:
    """Make annotations with disagreements of all kinds."""
    first = [
        *_make_claim(),
        mention_of(STRUCK, "who", "Actor", "governor of Belgorod"),
        mention_of(STRUCK, "many", "Count", "two drones"),
        mention_of(STRUCK, "state", "Actor", "Moscow’s leadership", note=HOSTILE, flag="unsure"),
    ]
    second = [
        *_make_claim(),
        mention_of(STRUCK, "who", "Actor", "The 😀 governor of Belgorod"),
        mention_of(STRUCK, "state", "Location", "Moscow’s leadership"),
        mention_of(STRUCK, "none", "Count", "Nobody", attributes={"lower": 0, "upper": 0}),
    ]
    third = [
        *_make_claim()[:2],
        mention_of(STRUCK, "place", "Location", "Shebekino", attributes={"precision": "vicinity"}),
        mention_of(STRUCK, "who", "Actor", "governor of Belgorod"),
        mention_of(STRUCK, "inner", "Location", "Belgorod"),
        mention_of(STRUCK, "none", "Count", "Nobody", attributes={"lower": 0}),
    ]
    tied = make_relation("source", "claim", "who"), make_relation("cue", "claim", "cue")
    return [
        make_struck_annotation(
            "ann-1",
            first,
            (
                *tied,
                make_relation("where", "claim", "place"),
                make_relation("quantity", "claim", "many"),
            ),
        ),
        make_struck_annotation("ann-2", second, tied, note="On the whole: clear."),
        make_struck_annotation("ann-3", third, (*tied[1:], make_relation("agent", "claim", "who"))),
    ]


def write_disagreement_corpus(root: Path) -> Path:
    """The world on disk; return the root."""
    calm = make_document("calm", CALM)
    write_corpus(
        root,
        [make_struck_document(), calm],
        [*make_annotations(), make_annotation(calm), make_annotation(calm, annotator="ann-2")],
    )
    return root


def make_blind_annotation(annotation: Annotation) -> Annotation:
    """Return a person's annotation; that of the second has no places."""
    kept = tuple(
        each
        for each in annotation.mentions
        if annotation.annotator == "one" or each.label != "Location"
    )
    return replace(annotation, annotator_kind="human", mentions=kept, relations=())
