"""Relations, whole claims and tuples, on one sentence that two people read, reckoned by hand."""

from __future__ import annotations

from typing import Any

import msgspec

from sayso.agreement.answers import Compared
from sayso.records import Annotation, Mention
from tests.agreement.made import figure, measured, value
from tests.dataset.made import annotation, document, mention, relation

TEXT = "The governor said that 3 drones fell near Kharkiv. Officials confirmed that two houses burned."


def said(name: str, label: str, words: str, **attributes: Any) -> Mention:
    start = TEXT.index(words)
    return mention(name, label, TEXT, start, start + len(words), attributes=attributes)


def one() -> Annotation:
    """Two claims: the first with a source, a cue, a place and a count, the second with a source and a count."""
    of = document("d", TEXT)
    return annotation(
        of, said("a", "Actor", "governor"), said("c", "Claim", "3 drones fell near Kharkiv", type="strike"),
        said("u", "Cue", "said"), said("n", "Count", "3 drones", lower=3, upper=3, thing="uav", outcome="destroyed"),
        said("p", "Location", "Kharkiv"), said("a2", "Actor", "Officials", entity="Q1"),
        said("c2", "Claim", "two houses burned", type="damage"),
        said("n2", "Count", "two houses", lower=2, upper=2, thing="building", outcome="destroyed"),
        annotator="ann-1",
        relations=(
            relation("source", "c", "a"), relation("cue", "c", "u"), relation("where", "c", "p"),
            relation("quantity", "c", "n"), relation("source", "c2", "a2"), relation("quantity", "c2", "n2"),
        ),
    )  # fmt: skip


def other() -> Annotation:
    """The same, but: "The governor", the place forgotten on the claim, and the second count is 2 or more."""
    of = document("d", TEXT)
    return annotation(
        of, said("x", "Actor", "The governor"), said("c", "Claim", "3 drones fell near Kharkiv", type="strike"),
        said("y", "Cue", "said"), said("n", "Count", "3 drones", lower=3, upper=3, thing="uav", outcome="destroyed"),
        said("p", "Location", "Kharkiv"), said("z", "Actor", "Officials", entity="Q1"),
        said("c2", "Claim", "two houses burned", type="damage"),
        said("n2", "Count", "two houses", lower=2, thing="building", outcome="destroyed"),
        annotator="ann-2",
        relations=(
            relation("source", "c", "x"), relation("cue", "c", "y"), relation("quantity", "c", "n"),
            relation("source", "c2", "z"), relation("quantity", "c2", "n2"),
        ),
    )  # fmt: skip


def both(*answers: Annotation) -> Compared:
    return Compared(document("d", TEXT), "trial", answers[0].interface, answers)


FOUND = measured(both(one(), other()))


def share(common: int, mine: int, theirs: int) -> float:
    return round(2 * common / (mine + theirs), 6)


def test_relations() -> None:
    """One has six relations, the other five. The first source ends at another span, the place is not drawn twice."""
    assert value(FOUND, "relations.all.strict") == share(4, 6, 5)
    assert value(FOUND, "relations.all.lenient") == share(5, 6, 5)
    assert value(FOUND, "relations.all.given_spans") == share(4, 5, 4)  # without the governor's, on either side
    assert value(FOUND, "relations.source.strict") == 0.5
    assert value(FOUND, "relations.source.lenient") == 1
    assert value(FOUND, "relations.source.given_spans") == 1
    assert value(FOUND, "relations.where.strict") == value(FOUND, "relations.where.lenient") == 0
    assert figure(FOUND, "relations.all.strict").n == 11
    assert figure(FOUND, "relations.agent.strict").undefined == "nobody drew one"


def test_a_relation_of_another_type_or_turned_round_is_another() -> None:
    turned = annotation(
        document("d", TEXT), *one().mentions, annotator="ann-2",
        relations=(relation("agent", "c", "a"), relation("adds_to", "n", "n2")),
    )  # fmt: skip
    mine = annotation(
        document("d", TEXT), *one().mentions, annotator="ann-1",
        relations=(relation("source", "c", "a"), relation("adds_to", "n2", "n")),
    )  # fmt: skip
    found = measured(both(mine, turned))
    assert value(found, "relations.all.strict") == value(found, "relations.all.lenient") == 0
    assert value(found, "relations.all.given_spans") == 0


def test_whole_claims() -> None:
    """Both attribute both claims; only the second in the same words. No claim has all relations just so but that."""
    assert value(FOUND, "claims.attribution.exact") == share(1, 2, 2)
    assert value(FOUND, "claims.whole.exact") == share(1, 2, 2)
    assert value(FOUND, "claims.whole.lenient") == share(1, 2, 2)  # of the first the place is missing
    fuller = drawing(other(), relation("where", "c", "p"))
    found = measured(both(one(), fuller))
    assert value(found, "claims.whole.exact") == share(1, 2, 2)
    assert value(found, "claims.whole.lenient") == share(2, 2, 2)


def drawing(answer: Annotation, *more: Any) -> Annotation:

    return msgspec.structs.replace(answer, relations=(*answer.relations, *more))


def test_tuples() -> None:
    """Without its edges the governor is the governor. The first claim lacks its place, the second has other bounds."""
    assert value(FOUND, "tuples.claim.full") == 0
    assert value(FOUND, "tuples.claim.without_where") == share(1, 2, 2)
    assert value(FOUND, "tuples.claim.without_how_many") == share(1, 2, 2)
    assert value(FOUND, "tuples.claim.without_who") == value(FOUND, "tuples.claim.without_what") == 0
    assert figure(FOUND, "tuples.claim.full").n == 4


def test_a_claim_with_two_places_is_two_tuples() -> None:
    twice = said("p2", "Location", "near")
    mine = annotation(document("d", TEXT), *one().mentions, twice, annotator="ann-1",
                      relations=(*one().relations, relation("where", "c", "p2")))  # fmt: skip
    found = measured(both(mine, other()))
    assert figure(found, "tuples.claim.full").n == 3 + 2
    assert value(found, "tuples.claim.without_where") == share(1, 3, 2)


def test_a_claim_without_source_and_cue_is_no_attribution() -> None:
    bare = [
        annotation(document("d", TEXT), said("c", "Claim", "two houses burned"), annotator=f"ann-{n}") for n in (1, 2)
    ]
    found = measured(both(*bare))
    assert figure(found, "claims.attribution.exact").undefined == "no claim has a source or a cue"
    assert value(found, "claims.whole.exact") == value(found, "tuples.claim.full") == 1


def test_a_pass_without_relations_has_no_figures_of_them() -> None:
    names = [annotation(document("d", TEXT), said("a", "Actor", "governor"), annotator=f"ann-{n}", interface="names")
             for n in (1, 2)]  # fmt: skip
    assert {each.group for each in measured(both(*names)).figures} == {"spans", "attributes", "counts", "machine"}
