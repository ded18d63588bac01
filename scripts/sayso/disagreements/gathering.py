"""All pairs of answers that are compared, document by document, and what they disagree on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from sayso.agreement.answers import Compared, LeftOut, Who, compared
from sayso.disagreements.kinds import KINDS, Disagreement
from sayso.disagreements.typology import Outcome, Scheme, compare
from sayso.errors import UsageError
from sayso.records import Annotation, AnnotatorKind, Document
from sayso.schema import Schema
from sayso.store import Corpus


@dataclass(frozen=True)
class Wanted:
    """Which disagreements are told; empty is all of them.

    Attributes:
        annotators: two or more are compared with each other, one with everybody else.
        names: labels and types of relations.
        programs: compare their answers too.
    """

    campaigns: frozenset[str] = frozenset()
    annotators: frozenset[str] = frozenset()
    interface: str | None = None
    kinds: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    programs: bool = False

    @property
    def who(self) -> Who:
        """Whose answers are read."""
        kinds: frozenset[AnnotatorKind] = frozenset({"human", "program"} if self.programs else {"human"})
        several = self.annotators if len(self.annotators) > 1 else frozenset()
        return Who(self.campaigns, several, self.interface, kinds)

    def pairs(self, one: Annotation, other: Annotation) -> bool:
        """Whether these two are compared."""
        return len(self.annotators) != 1 or bool(self.annotators & {one.annotator, other.annotator})

    def wants(self, found: Disagreement) -> bool:
        """Whether it is one of those asked for."""
        return (not self.kinds or found.kind in self.kinds) and self._named(*found.names)

    def _named(self, *names: str) -> bool:
        return not self.names or not self.names.isdisjoint(names)

    def of(self, outcome: Outcome) -> Outcome:
        """What of an outcome was asked for; of what is agreed, the labels and types that were."""
        return Outcome(
            tuple(pair for pair in outcome.mentions if self._named(pair[0].label)),
            tuple(pair for pair in outcome.relations if self._named(pair[0].type)),
            tuple(found for found in outcome.disagreements if self.wants(found)),
        )

    def check(self, corpus: Corpus, schema: Schema) -> None:
        """Look whether the words are known.

        Raises:
            UsageError: one is not; the message lists those that are.
        """
        people = frozenset(path.stem for path in corpus.annotation_files())
        _known("annotator", self.annotators, people)
        _known("label or relation", self.names, frozenset({*schema.labels, *schema.relations}))
        _known("kind", self.kinds, frozenset(KINDS))
        if self.interface is not None:
            _known("interface", frozenset({self.interface}), frozenset(schema.interfaces))


def _known(what: str, asked: frozenset[str], there: frozenset[str]) -> None:
    if unknown := sorted(asked - there):
        raise UsageError(f"no {what} {', '.join(unknown)}", remedy=f"choose from {', '.join(sorted(there)) or 'none'}")


@dataclass(frozen=True)
class Pair:
    """Two answers to one document, in order of pseudonym, and what they disagree on."""

    one: Annotation
    other: Annotation
    outcome: Outcome


@dataclass(frozen=True)
class Case:
    """One document in one pass, with every answer and every pair of them that was compared."""

    document: Document
    campaign: str
    interface: str
    answers: tuple[Annotation, ...]
    pairs: tuple[Pair, ...]


def cases(corpus: Corpus, schema: Schema, wanted: Wanted, left_out: LeftOut) -> Iterator[Case]:
    """Documents in order with what is disagreed on in each, lazily; also those where nothing is.

    Raises:
        UsageError: something was asked for that is not there.
        InputError, SpanError: a record is broken.
    """
    wanted.check(corpus, schema)
    scheme = Scheme.of(schema)
    for each in compared(corpus, wanted.who, left_out):
        pairs = tuple(_pairs(each, wanted, scheme))
        if pairs:
            yield Case(each.document, each.campaign, each.interface, each.answers, pairs)


def _pairs(each: Compared, wanted: Wanted, scheme: Scheme) -> Iterator[Pair]:
    for one, other in combinations(each.answers, 2):
        if wanted.pairs(one, other):
            outcome = compare(one, other, each.document.text, scheme)
            yield Pair(one, other, wanted.of(outcome))
