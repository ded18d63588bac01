"""The library: open a corpus, walk its documents, and call what the commands call.

`sayso` re-exports its names. What only one function needs is imported inside it, so that opening a
checkout loads neither numpy nor Arrow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypedDict, TypeVar, Unpack, cast

from sayso.corpus.items import AnnotationFilter, Item, RecordKind
from sayso.corpus.sources import CorpusFiles
from sayso.corpus.views import AnnotationView, CorpusVocabulary, ItemView
from sayso.errors import InputError, UsageError, require_known
from sayso.files import is_file, is_folder
from sayso.models import Gold
from sayso.schema.declarations import Schema, load_schema
from sayso.settings import SCHEMA_FILE, Checkout, find_checkout

if TYPE_CHECKING:
    import pandas as pd

    from sayso.agreement.agreement_report import Measurement
    from sayso.agreement.disagreement_types import Disagreement
    from sayso.checks import Finding
    from sayso.diff.change_rows import ChangeRow

ResultT = TypeVar("ResultT")
Names = str | Iterable[str] | None
_KINDS = ("human", "program", "gold")


class Conditions(TypedDict, total=False):
    """Conditions on annotations and gold: each a name, several names, or None for all.

    ``annotator`` takes pseudonyms and does not concern gold, which has no annotator. ``kind`` takes
    ``human``, ``program`` and ``gold``; ``label`` asks for a mention of that
    label, ``document`` for doc_ids.
    """

    campaign: Names
    pass_name: Names
    annotator: Names
    kind: Names
    label: Names
    document: Names


class Results(list[ResultT], Generic[ResultT]):
    """A list of results that is a table, too."""

    def __init__(
        self, values: Iterable[ResultT], rows: Callable[[ResultT], Iterable[Mapping[str, Any]]]
    ) -> None:
        super().__init__(values)
        self._rows = rows

    def to_frame(self) -> pd.DataFrame:
        """Return a pandas DataFrame, one row for each figure, finding or change."""
        import pandas as pd

        return pd.DataFrame([row for each in self for row in self._rows(each)])


class ItemSource(Protocol):
    """A source that joins documents with their annotations: a checkout's files, or built data."""

    def items(self, chosen: AnnotationFilter, /) -> Iterator[Item]:
        """Yield documents in order of doc_id with the records that a filter accepts."""


class Corpus:
    """An opened corpus; `sayso.open` returns it.

    Attributes:
        checkout: the checkout that was opened; None for built data.
    """

    def __init__(
        self,
        source: ItemSource,
        vocabulary: Callable[[], CorpusVocabulary],
        checkout: Checkout | None = None,
    ) -> None:
        self.checkout = checkout
        self.source = source
        self._find_vocabulary = vocabulary

    @cached_property
    def vocabulary(self) -> CorpusVocabulary:
        """The names of labels, attributes and relations."""
        return self._find_vocabulary()

    @property
    def schema(self) -> Schema:
        """The labels, attributes and relations that schema.yaml declares.

        Raises:
            UsageError: built data was opened without its schema.
        """
        if self.vocabulary.schema is None:
            raise UsageError(
                "built data does not hold its schema",
                remedy='give it: sayso.open(data, schema="schema.yaml")',
            )
        return self.vocabulary.schema

    def items(self, **conditions: Unpack[Conditions]) -> Iterator[ItemView]:
        """Yield documents in order of doc_id with their annotations, predictions and gold, lazily.

        Documents without anything that meets the conditions are passed over; without conditions
        there are all.

        Args:
            conditions: see `Conditions`: campaign, pass_name, annotator, kind, label, document.

        Raises:
            UsageError: no label, pass or kind of that name exists.
            InputError: no campaign, annotator or document of that name exists, or a record is
                broken.
        """
        chosen = self.make_filter(**conditions)
        everything = chosen == AnnotationFilter(documents=chosen.documents)
        for item in self.source.items(chosen):
            if everything or item.all_annotations or (item.gold and not chosen.annotators):
                yield ItemView(item, self.vocabulary)

    def make_filter(self, **conditions: Unpack[Conditions]) -> AnnotationFilter:
        """Return the conditions as the filter that all rooms take.

        Raises:
            UsageError: no label, pass or kind of that name exists.
        """
        names = {name: _as_set(value) for name, value in conditions.items()}
        nothing: frozenset[str] = frozenset()
        require_known("label", names.get("label", nothing), self.vocabulary.attributes)
        require_known("kind", names.get("kind", nothing), _KINDS)
        if self.vocabulary.schema:
            passes = self.vocabulary.schema.interfaces
            require_known("pass_name", names.get("pass_name", nothing), passes)
        if unknown := sorted(names.keys() - Conditions.__annotations__.keys()):
            raise TypeError(
                f"no condition {unknown[0]!r}; there are {', '.join(Conditions.__annotations__)}"
            )
        return AnnotationFilter(
            campaigns=names.get("campaign", nothing),
            pass_names=names.get("pass_name", nothing),
            annotators=names.get("annotator", nothing),
            kinds=cast("frozenset[RecordKind]", names.get("kind", nothing)),
            labels=names.get("label", nothing),
            documents=names.get("document", nothing),
        )


def _as_set(names: Any) -> frozenset[str]:
    return frozenset([names] if isinstance(names, str) else names or ())


def open_corpus(source: Any = ".", *, schema: str | Path | None = None) -> Corpus:
    """Open a checkout, a release folder, or a loaded ``datasets.DatasetDict``.

    Args:
        source: a checkout is a folder with ``schema/schema.yaml``; a release folder holds
            ``data/articles/*.parquet``, as ``corpus/`` of a checkout does after ``sayso build``; of
            a ``DatasetDict``, the configuration ``gold`` or ``annotations``.
        schema: a schema.yaml, for built data that should be measured or checked. A release folder's
            own, or the one beside it, is found by itself.

    Raises:
        UsageError, InputError: nothing of the kind is there.
    """
    if not isinstance(source, str | Path):
        from sayso.corpus.released import open_dataset

        return _open_built(open_dataset(source), Path(schema) if schema else None)
    folder = Path(source)
    if is_file(folder / SCHEMA_FILE):
        checkout = find_checkout(folder)
        declared = load_schema(Path(schema) if schema else folder / SCHEMA_FILE)
        return Corpus(
            CorpusFiles(checkout.root), lambda: CorpusVocabulary.from_schema(declared), checkout
        )
    if not is_folder(folder / "data"):
        raise InputError(
            "neither a checkout nor a release folder",
            where=str(source),
            remedy=f"name a folder that holds {SCHEMA_FILE} or data/",
        )
    from sayso.corpus.released import open_release

    beside = folder.resolve().parent / SCHEMA_FILE
    return _open_built(
        open_release(folder), Path(schema) if schema else beside if is_file(beside) else None
    )


def _open_built(built: Any, schema: Path | None) -> Corpus:
    declared = load_schema(schema) if schema else None
    return Corpus(
        built,
        lambda: CorpusVocabulary.from_schema(declared) if declared else built.find_vocabulary(),
    )


class ComparisonResults(Results["Disagreement"]):
    """The disagreements of two annotations, and what they agree on.

    Attributes:
        agreed_mentions: pairs with the same label, span and attributes.
        agreed_relations: pairs of the same type between mentions that match.
    """

    agreed_mentions: tuple[Any, ...] = ()
    agreed_relations: tuple[Any, ...] = ()


def compare(annotation: AnnotationView, other: AnnotationView) -> ComparisonResults:
    """Compare two annotations of one document.

    Every mention and every relation of both is agreed or in one disagreement.

    Raises:
        UsageError: they are of different texts.
    """
    from sayso.agreement.disagreement_typology import TypologyRules, compare_annotations

    one, two = annotation.record, other.record
    if one is None or two is None or one.text_sha256 != two.text_sha256:
        raise UsageError(
            "these are not two annotations of one text",
            remedy="compare annotations of the same item",
        )
    schema = annotation.vocabulary.schema
    rules = TypologyRules.from_schema(schema) if schema else TypologyRules()
    document = annotation.document
    found = compare_annotations(one, two, document.text, rules, document.language)
    results = ComparisonResults(found.disagreements, _disagreement_rows)
    results.agreed_mentions, results.agreed_relations = (
        found.agreed_mentions,
        found.agreed_relations,
    )
    return results


def _disagreement_rows(found: Disagreement) -> Iterator[dict[str, Any]]:
    sides = [
        [*side.mentions, *(each.head for each in side.relations)]
        for side in (found.one, found.other)
    ]
    texts = ["; ".join(mention.text for mention in mentions) for mentions in sides]
    yield {
        "kind": found.kind,
        "label": found.name,
        "details": ", ".join(found.details),
        "start": min(mention.start for mentions in sides for mention in mentions),
        "annotation": texts[0],
        "other": texts[1],
    }


def agreement(
    corpus: Corpus, *, programs: bool = False, **conditions: Unpack[Conditions]
) -> Results[Measurement]:
    """Measure how far annotators agree, by campaign and pass, each figure with a 95 % interval.

    Args:
        programs: compare the annotations of programs, too.
        conditions: see `Conditions`; which kinds are compared, `programs` says.

    Raises:
        UsageError: built data was opened without its schema.
    """
    from sayso.agreement.comparisons import with_excluded
    from sayso.agreement.measurement import measure_agreement

    kinds = frozenset[RecordKind]({"human", "program"} if programs else {"human"})
    selection = replace(corpus.make_filter(**conditions), kinds=kinds)
    items = corpus.source.items(with_excluded(selection))
    report = measure_agreement(items, corpus.schema, selection)
    return Results(report.measurements, _figure_rows)


def _figure_rows(measured: Measurement) -> Iterator[dict[str, Any]]:
    for figure in measured.figures:
        fields = {name: getattr(figure, name) for name in figure.__struct_fields__}
        yield {"campaign": measured.campaign, "pass": measured.interface, **fields}


def check(corpus: Corpus) -> Results[Finding]:
    """Check a corpus and return the findings, each with its place and remedy.

    A checkout is checked by every rule on its sources; built data by the rules on mentions and
    relations.
    """
    from sayso.checks import check_annotation, check_copies, check_gold, check_sources

    if corpus.checkout:
        sources = check_sources(CorpusFiles(corpus.checkout.root), corpus.schema)
        found: Iterable[Finding] = chain(sources, check_copies(corpus.checkout))
    else:
        found = (
            finding
            for item in corpus.source.items(AnnotationFilter())
            for record in item.records
            for finding in (
                check_gold(record, item.document.text, corpus.schema, item.document.language)
                if isinstance(record, Gold)
                else check_annotation(
                    record, item.document.text, corpus.schema, item.document.language
                )
            )
        )
    return Results(found, lambda finding: [finding._asdict()])


class DiffResults(Results["ChangeRow"]):
    """The changes between two versions of the corpus.

    Attributes:
        bump: the least bump of the version that they require, ``major``, ``minor`` or ``patch``;
            None without changes.
    """

    bump: str | None = None


def diff(older: str | Path, newer: str | Path = ".", *, root: str | Path = ".") -> DiffResults:
    """Compare two versions of a corpus, and find the version bump that the changes require.

    Args:
        older: a revision of the repository around `root`, such as a tag, or a folder.
        newer: the same; ``.`` is the working tree.
        root: the checkout.

    Raises:
        UsageError, InputError: a version does not exist.
    """
    from sayso.diff.corpus_diff import diff_versions
    from sayso.diff.corpus_versions import open_version

    here = find_checkout(Path(root)).root
    found = diff_versions(open_version(str(older), here), open_version(str(newer), here))
    rows = [row for _entry, entry_rows in found.iterate_counted() for row in entry_rows]
    results = DiffResults(rows, _change_rows)
    results.bump = found.bump
    return results


def _change_rows(row: ChangeRow) -> Iterator[dict[str, Any]]:
    yield {**row._asdict(), "kind": str(row.kind)}
