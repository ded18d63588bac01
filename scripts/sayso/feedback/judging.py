"""Each annotator's own answers beside gold: of the same campaign, and of a pass that gold decides on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from sayso.agreement.answers import LeftOut, Who, independent
from sayso.agreement.matching import overlapping, same
from sayso.disagreements.gathering import Case, Pair
from sayso.disagreements.typology import Outcome, Scheme, compare
from sayso.errors import InputError
from sayso.readings import GOLD, Choice, Reading, side_by_side
from sayso.records import Annotation, Document, Gold
from sayso.schema import Schema
from sayso.store import Corpus

YOU = "you"
UNDECIDED = "no gold of this pass yet"
UNSAID = "gold does not say which pass it decided on"


@dataclass(frozen=True)
class Score:
    """How an answer does against gold, counted over mentions.

    Attributes:
        own: how many the annotator marked.
        gold: how many gold has.
        exact: how many of both are the same by label and span.
        overlap: how many pairs of one label share a code point.
    """

    own: int
    gold: int
    exact: int
    overlap: int

    def __add__(self, other: Score) -> Score:
        return Score(
            self.own + other.own, self.gold + other.gold, self.exact + other.exact, self.overlap + other.overlap
        )

    def f1(self, matched: int) -> float | None:
        """Twice what is matched over what either has; None where neither has anything.

        >>> Score(own=4, gold=6, exact=3, overlap=4).f1(3)
        0.6
        """
        both = self.own + self.gold
        return 2 * matched / both if both else None


NOTHING = Score(0, 0, 0, 0)


@dataclass(frozen=True)
class Judged:
    """One own answer beside gold.

    Attributes:
        answer: the annotator's, as it was given.
        gold: as it was adjudicated.
        case: both, under the names ``you`` and ``gold``, gold cut down to what the annotator's pass shows.
    """

    answer: Annotation
    gold: Gold
    case: Case
    score: Score

    @property
    def outcome(self) -> Outcome:
        """What they agree and disagree on; the annotator's is the one, gold the other."""
        return self.case.pairs[0].outcome


def judged(corpus: Corpus, schema: Schema, choice: Choice, left_out: LeftOut) -> Iterator[Judged]:
    """Answers beside gold, document by document, lazily once the choice is known to fit.

    Raises:
        InputError: nothing is adjudicated, nothing fits the choice, or a record is broken.
    """
    if not corpus.gold_files():
        what = "nothing is adjudicated, so there is no gold to compare with"
        remedy = "run `sayso adjudicate push`, or `sayso adjudicate pull --auto majority` where nobody adjudicates"
        raise InputError(what, where=str(corpus.folder / "gold"), remedy=remedy)
    return _beside(side_by_side(corpus, choice), schema, left_out)


def _beside(read: Iterable[tuple[Document, list[Reading]]], schema: Schema, left_out: LeftOut) -> Iterator[Judged]:
    scheme = Scheme.of(schema)
    for document, readings in read:
        golds = [reading.record for reading in readings if isinstance(reading.record, Gold)]
        for answer in _answers(readings, left_out):
            gold = _fitting(answer, golds, schema, left_out)
            if gold:
                yield _judged(document, answer, gold, schema, scheme)


def _answers(readings: Iterable[Reading], left_out: LeftOut) -> Iterator[Annotation]:
    """Own ones only, of each annotator and pass the latest."""
    passes: dict[tuple[str, str], list[Annotation]] = {}
    for answer in (reading.record for reading in readings if isinstance(reading.record, Annotation)):
        passes.setdefault((answer.campaign, answer.interface), []).append(answer)
    for _place, answers in sorted(passes.items()):
        yield from independent(answers, Who(), left_out)


def _fitting(answer: Annotation, golds: Iterable[Gold], schema: Schema, left_out: LeftOut) -> Gold | None:
    """Gold of the very pass, else the latest of a pass that shows all that the annotator's does."""
    mine = [gold for gold in golds if gold.campaign == answer.campaign]
    known = [gold for gold in mine if gold.interface and covers(schema, gold.interface, answer.interface)]
    if not known:
        left_out.add(answer, UNSAID if any(not gold.interface for gold in mine) else UNDECIDED)
        return None
    return max(known, key=lambda gold: (gold.interface == answer.interface, gold.adjudicated))


def covers(schema: Schema, wider: str, narrower: str) -> bool:
    """Whether one pass shows everything that another does; a pass that the schema has no more covers itself alone."""
    if wider == narrower:
        return True
    if wider not in schema.interfaces or narrower not in schema.interfaces:
        return False
    labels = set(schema.shown(narrower)) <= set(schema.shown(wider))
    return labels and set(schema.drawn(narrower)) <= set(schema.drawn(wider))


def _judged(document: Document, answer: Annotation, gold: Gold, schema: Schema, scheme: Scheme) -> Judged:
    own, right = replace(answer, annotator=YOU), _as_answer(gold, answer, schema)
    outcome = compare(own, right, document.text, scheme)
    case = Case(document, answer.campaign, answer.interface, (own, right), (Pair(own, right, outcome),))
    score = Score(len(own.mentions), len(right.mentions), len(same(own.mentions, right.mentions)),
                  len(overlapping(own.mentions, right.mentions)))  # fmt: skip
    return Judged(answer, gold, case, score)


def _as_answer(gold: Gold, answer: Annotation, schema: Schema) -> Annotation:
    """Gold as somebody's answer to the annotator's pass."""
    mentions, relations = gold.mentions, gold.relations
    if gold.interface != answer.interface:
        shown, drawn = schema.shown(answer.interface), schema.drawn(answer.interface)
        mentions = tuple(mention for mention in mentions if mention.label in shown)
        relations = tuple(relation for relation in relations if relation.type in drawn)
    return Annotation(
        doc_id=gold.doc_id, text_sha256=gold.text_sha256, campaign=gold.campaign, interface=answer.interface,
        annotator=GOLD, annotator_kind="adjudicator", schema_version=gold.schema_version, status="submitted",
        created=gold.adjudicated, updated=gold.adjudicated, mentions=mentions, relations=relations, note=gold.note,
    )  # fmt: skip
