"""Three annotators of two articles, who disagree in every way that there is."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from sayso.records import Annotation, Document, Mention, Origin, Relation, ordered_mentions, ordered_relations
from tests.dataset.made import annotation, document, relation, write
from tests.report.worlds import HOSTILE, of

STRUCK = (
    "The 😀 governor of Belgorod said on Friday that two drones 𝒻ell near Shebekino. "
    "Nobody was hurt.\nMoscow’s leadership did not answer, and the “quiet” hours went on until the morning."
)
CALM = "Nothing happened here."
ORIGINS = {"ann-1": 11, "ann-2": 12}


def struck() -> Document:
    """The article that is disagreed about."""
    return document("struck", STRUCK, title="Struck <b>again</b>")


def answer(annotator: str, mentions: list[Mention], arrows: tuple[Relation, ...] = (), **fields: object) -> Annotation:
    """One annotator's; the third came in from elsewhere and has no task."""
    number = ORIGINS.get(annotator)
    origin = Origin(system="label-studio", project=3, task=7, annotation=number) if number else None
    return annotation(struck(), *ordered_mentions(mentions), relations=ordered_relations(arrows), annotator=annotator,
                      origin=origin, **fields)  # fmt: skip


def _claim() -> list[Mention]:
    return [of(STRUCK, "claim", "Claim", "two drones 𝒻ell near Shebekino"), of(STRUCK, "cue", "Cue", "said"),
            of(STRUCK, "place", "Location", "Shebekino")]  # fmt: skip


def answers() -> list[Annotation]:
    """Of kinds: boundary (governor), missed (Count), label and nesting (leadership), attribute, relation."""
    first = [*_claim(), of(STRUCK, "who", "Actor", "governor of Belgorod"), of(STRUCK, "many", "Count", "two drones"),
             of(STRUCK, "state", "Actor", "Moscow’s leadership", note=HOSTILE, flag="unsure")]  # fmt: skip
    second = [*_claim(), of(STRUCK, "who", "Actor", "The 😀 governor of Belgorod"),
              of(STRUCK, "state", "Location", "Moscow’s leadership"),
              of(STRUCK, "none", "Count", "Nobody", attributes={"lower": 0, "upper": 0})]  # fmt: skip
    third = [*_claim()[:2], of(STRUCK, "place", "Location", "Shebekino", attributes={"precision": "vicinity"}),
             of(STRUCK, "who", "Actor", "governor of Belgorod"), of(STRUCK, "inner", "Location", "Belgorod"),
             of(STRUCK, "none", "Count", "Nobody", attributes={"lower": 0})]  # fmt: skip
    tied = relation("source", "claim", "who"), relation("cue", "claim", "cue")
    return [
        answer("ann-1", first, (*tied, relation("where", "claim", "place"), relation("quantity", "claim", "many"))),
        answer("ann-2", second, tied, note="On the whole: clear."),
        answer("ann-3", third, (*tied[1:], relation("agent", "claim", "who"))),
    ]


def three(root: Path) -> Path:
    """The world on disk; return the root."""
    calm = document("calm", CALM)
    write(root, [struck(), calm], [*answers(), annotation(calm), annotation(calm, annotator="ann-2")])
    return root


def blind(answer: Annotation) -> Annotation:
    """A person's answer; the second of them leaves the places out."""
    kept = tuple(each for each in answer.mentions if answer.annotator == "one" or each.label != "Location")
    return replace(answer, annotator_kind="human", mentions=kept, relations=())
