"""The documents of a campaign and pass, each with the candidates for its gold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sayso import jsonl
from sayso.adjudication.candidates import DocumentCandidates, collect_candidates
from sayso.adjudication.optional_attributes import fill_optional_attributes
from sayso.agreement.comparisons import ExcludedAnnotations, select_independent
from sayso.corpus.items import AnnotationFilter
from sayso.corpus.sources import AnnotationHead, CorpusFiles
from sayso.errors import UsageError
from sayso.models import Annotation, AnnotatorKind, Document, Gold, Pseudonym
from sayso.schema.declarations import Schema


@dataclass(frozen=True)
class AdjudicationRequest:
    """The annotations to adjudicate.

    Attributes:
        min_annotators: documents with fewer annotators are left alone.
        annotator_kinds: people, and programs if asked for.
    """

    campaign: str
    pass_name: str
    min_annotators: int = 2
    annotator_kinds: frozenset[AnnotatorKind] = frozenset({"human"})


@dataclass(frozen=True)
class AdjudicationCase:
    """An annotated document;

    ``candidates`` is None with too few annotators, or with outdated schema versions.

    Attributes:
        gold: what this campaign's gold of the pass holds by now.
    """

    document: Document
    annotators: tuple[Pseudonym, ...]
    candidates: DocumentCandidates | None
    outdated_schemas: str = ""
    gold: Gold | None = None


def select_passes(
    corpus: CorpusFiles, schema: Schema, campaign: str, pass_name: str | None
) -> list[str]:
    """Return the named pass, or all annotated passes, the narrowest first.

    Raises:
        UsageError: the campaign has no annotations.
        InputError: the pass does not exist.
    """
    files = corpus.annotation_files(campaign)
    if not files:
        where = str(corpus.folder / "annotations")
        remedy = "run `sayso pull` first"
        raise UsageError(f"no annotations of campaign {campaign}", where=where, remedy=remedy)
    if pass_name:
        schema.find_pass(pass_name)
        return [pass_name]
    annotated = {head.interface for path in files for head in jsonl.read(path, AnnotationHead)}
    return sorted(annotated & schema.interfaces.keys(), key=lambda name: pass_breadth(schema, name))


def count_program_annotations(corpus: CorpusFiles, campaign: str, pass_name: str | None) -> int:
    """Count what programs submitted in a campaign, in one pass or in all."""
    return sum(
        (each.annotator_kind, each.annotator_role) == ("program", "annotator")
        and each.status == "submitted"
        and pass_name in (None, each.interface)
        for each in corpus.annotations(campaign)
    )


def pass_breadth(schema: Schema, pass_name: str) -> tuple[int, bool, int]:
    """Return a sort key: how many labels and questions a pass shows, relations, its place."""
    declared = schema.interfaces.get(pass_name)
    if declared is None:
        return (0, False, -1)
    shown = len(declared.labels) + len(declared.questions)
    return (shown, declared.relations, list(schema.interfaces).index(pass_name))


def iterate_adjudication_cases(
    corpus: CorpusFiles, schema: Schema, request: AdjudicationRequest
) -> Iterator[AdjudicationCase]:
    """Yield every annotated document of the pass, in order of doc_id, lazily.

    Raises:
        InputError, SpanError: a record is broken.
    """
    selection = AnnotationFilter(
        campaigns=frozenset({request.campaign}),
        pass_names=frozenset({request.pass_name}),
        kinds=frozenset(request.annotator_kinds),
    )
    for item in corpus.items(replace(selection, kinds=frozenset())):
        # An adjudicator may see what somebody else changed, and is told so.
        chosen = select_independent(
            item.all_annotations, selection, ExcludedAnnotations(), with_changed=True
        )
        if chosen:
            case = _build_case(item.document, chosen, schema, request)
            yield replace(case, gold=item.gold[0] if item.gold else None)


def _build_case(
    document: Document,
    annotations: tuple[Annotation, ...],
    schema: Schema,
    request: AdjudicationRequest,
) -> AdjudicationCase:
    names = tuple(annotation.annotator for annotation in annotations)
    versions = {annotation.schema_version for annotation in annotations}
    outdated = sorted(version for version in versions if not schema.supports(version))
    if outdated or len(annotations) < request.min_annotators:
        return AdjudicationCase(document, names, None, ", ".join(outdated))
    filled = fill_optional_attributes(annotations, schema)
    return AdjudicationCase(document, names, collect_candidates(filled, schema))
