"""The documents of a campaign and pass, each with what its annotators made of it, read side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sayso import jsonl
from sayso.adjudication.candidates import DocumentCandidates, collect_candidates
from sayso.adjudication.optional_attributes import fill_optional_attributes
from sayso.agreement.comparisons import ComparisonFilter, ExcludedAnnotations, select_independent
from sayso.corpus.items import AnnotationFilter
from sayso.corpus.sources import AnnotationHead, CorpusFiles
from sayso.errors import UsageError
from sayso.models import Annotation, AnnotatorKind, Document, Gold, Pseudonym
from sayso.schema.declarations import Schema


@dataclass(frozen=True)
class AdjudicationRequest:
    """Whose answers are adjudicated.

    Attributes:
        fewest: documents with answers of fewer annotators are left alone.
        kinds: people, unless programs are asked for too.
    """

    campaign: str
    pass_name: str
    min_annotators: int = 2
    annotator_kinds: frozenset[AnnotatorKind] = frozenset({"human"})


@dataclass(frozen=True)
class AdjudicationCase:
    """A document with answers; ``candidates`` is None where there are too few, or in words of another schema."""

    document: Document
    annotators: tuple[Pseudonym, ...]
    candidates: DocumentCandidates | None
    outdated_schemas: str = ""
    gold: Gold | None = None


def select_passes(
    corpus: CorpusFiles, schema: Schema, campaign: str, pass_name: str | None
) -> list[str]:
    """The passes that are meant: the one that is named, or all that have answers, those that show less first.

    Raises:
        UsageError: the campaign has no answers here.
        InputError: there is no such pass.
    """
    files = corpus.annotation_files(campaign)
    if not files:
        where = str(corpus.folder / "annotations")
        raise UsageError(
            f"no answers of campaign {campaign}", where=where, remedy="run `sayso pull` first"
        )
    if pass_name:
        schema.find_pass(pass_name)
        return [pass_name]
    answered = {head.interface for path in files for head in jsonl.read(path, AnnotationHead)}
    return sorted(answered & schema.interfaces.keys(), key=lambda name: pass_breadth(schema, name))


def pass_breadth(schema: Schema, pass_name: str) -> tuple[int, bool, int]:
    """How much a pass shows, to be compared: labels, then relations, then its place in the schema."""
    declared = schema.interfaces.get(pass_name)
    if declared is None:
        return (0, False, -1)
    return (len(declared.labels), declared.relations, list(schema.interfaces).index(pass_name))


def iterate_adjudication_cases(
    corpus: CorpusFiles, schema: Schema, request: AdjudicationRequest
) -> Iterator[AdjudicationCase]:
    """Every document with an answer in the pass, in order of doc_id, lazily.

    Raises:
        InputError, SpanError: a record is broken.
    """
    who = ComparisonFilter(
        frozenset({request.campaign}),
        pass_name=request.pass_name,
        annotator_kinds=request.annotator_kinds,
    )
    campaign = AnnotationFilter(campaigns=frozenset({request.campaign}))
    for item in corpus.items(campaign):
        in_pass = (each for each in item.all_annotations if each.interface == request.pass_name)
        chosen = select_independent(in_pass, who, ExcludedAnnotations())
        if chosen:
            gold = next((g for g in item.gold if g.interface == request.pass_name), None)
            yield replace(_build_case(item.document, chosen, schema, request), gold=gold)


def _build_case(
    document: Document,
    annotations: tuple[Annotation, ...],
    schema: Schema,
    request: AdjudicationRequest,
) -> AdjudicationCase:
    names = tuple(answer.annotator for answer in annotations)
    older = sorted(
        {each.schema_version for each in annotations if not schema.supports(each.schema_version)}
    )
    if older or len(annotations) < request.min_annotators:
        return AdjudicationCase(document, names, None, ", ".join(older))
    return AdjudicationCase(
        document, names, collect_candidates(fill_optional_attributes(annotations, schema))
    )
