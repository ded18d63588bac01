"""The documents of a campaign and pass, each with what its annotators made of it, read side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sayso import jsonl
from sayso.adjudication.candidates import Candidates, candidates
from sayso.adjudication.words import filled
from sayso.agreement.answers import LeftOut, Who, independent
from sayso.errors import UsageError
from sayso.readings import Choice, side_by_side
from sayso.records import Annotation, AnnotatorKind, Document, Pseudonym
from sayso.schema import Schema
from sayso.store import Corpus, Head


@dataclass(frozen=True)
class Wanted:
    """Whose answers are adjudicated.

    Attributes:
        fewest: documents with answers of fewer annotators are left alone.
        kinds: people, unless programs are asked for too.
    """

    campaign: str
    interface: str
    fewest: int = 2
    kinds: frozenset[AnnotatorKind] = frozenset({"human"})


@dataclass(frozen=True)
class Case:
    """A document with answers; ``candidates`` is None where there are too few, or in words of another schema."""

    document: Document
    annotators: tuple[Pseudonym, ...]
    candidates: Candidates | None
    outdated: str = ""


def passes(corpus: Corpus, schema: Schema, campaign: str, interface: str | None) -> list[str]:
    """The passes that are meant: the one that is named, or all that have answers, those that show less first.

    Raises:
        UsageError: the campaign has no answers here.
        InputError: there is no such pass.
    """
    files = corpus.annotation_files(campaign)
    if not files:
        where = str(corpus.folder / "annotations")
        raise UsageError(f"no answers of campaign {campaign}", where=where, remedy="run `sayso pull` first")
    if interface:
        schema.interface(interface)
        return [interface]
    answered = {head.interface for path in files for head in jsonl.read(path, Head)}
    return sorted(answered & schema.interfaces.keys(), key=lambda name: breadth(schema, name))


def breadth(schema: Schema, interface: str) -> tuple[int, bool, int]:
    """How much a pass shows, to be compared: labels, then relations, then its place in the schema."""
    declared = schema.interfaces.get(interface)
    if declared is None:
        return (0, False, -1)
    return (len(declared.labels), declared.relations, list(schema.interfaces).index(interface))


def cases(corpus: Corpus, schema: Schema, wanted: Wanted) -> Iterator[Case]:
    """Every document with an answer in the pass, in order of doc_id, lazily.

    Raises:
        InputError, SpanError: a record is broken.
    """
    who = Who(frozenset({wanted.campaign}), interface=wanted.interface, kinds=wanted.kinds)
    for document, readings in side_by_side(corpus, Choice(frozenset({wanted.campaign}))):
        answers = [each.record for each in readings if isinstance(each.record, Annotation)]
        chosen = independent((each for each in answers if each.interface == wanted.interface), who, LeftOut())
        if chosen:
            yield _case(document, chosen, schema, wanted)


def _case(document: Document, answers: tuple[Annotation, ...], schema: Schema, wanted: Wanted) -> Case:
    names = tuple(answer.annotator for answer in answers)
    older = sorted({each.schema_version for each in answers if not schema.understands(each.schema_version)})
    if older or len(answers) < wanted.fewest:
        return Case(document, names, None, ", ".join(older))
    return Case(document, names, candidates(filled(answers, schema)))
