"""The parts of the card that are numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sayso.adjudication.deciders import describe_decision
from sayso.dataset.build_counts import UNKNOWN, list_counted_values
from sayso.dataset.card.built_dataset import KIND_NAMES, SPLITS, BuiltDataset, rank_counts
from sayso.dataset.card.markdown import (
    format_code,
    format_code_list,
    format_details,
    format_table,
    format_titled,
    join_paragraphs,
)
from sayso.escaping import MarkdownText
from sayso.schema.column_names import list_configs, pluralise
from sayso.schema.declarations import Attribute

_SHOWN_OUTLETS = 20
_CountTable = Mapping[tuple[str, ...], int]
_CountedAttribute = tuple[str, Attribute, str]
"""How the card calls an attribute or question, its declaration, and the prefix of its counts."""


def configurations_section(dataset: BuiltDataset) -> str:
    """Count the rows of each configuration by split."""
    rows = [
        [format_code(config), *(splits.get(split, 0) for split in SPLITS)]
        for config, splits in dataset.rows.items()
    ]
    empty = [config for config in list_configs(dataset.schema) if config not in dataset.rows]
    note = f"Without rows, and so not loadable yet: {format_code_list(empty)}." if empty else ""
    return join_paragraphs(format_table(["configuration", *SPLITS], rows), note)


def counts_section(dataset: BuiltDataset) -> str:
    """Tabulate everything that a build counts."""
    return join_paragraphs(
        "### Documents",
        _documents_table(dataset),
        "### Annotations",
        _annotations_table(dataset),
        *(_answer_tables(dataset) if dataset.schema.questions else ()),
        *(_mention_tables(dataset) if dataset.schema.labels else ()),
        "### What does not fit",
        _oddities_table(dataset),
    )


def _documents_table(dataset: BuiltDataset) -> str:
    keys = {
        "documents": "articles|documents",
        "adjudicated": "gold|adjudicated",
        "characters (code points)": "articles|characters",
        "sentences": "articles|sentences",
        "tokens": "articles|tokens",
    }
    by_split = [dataset.counts_by_split.get(split, Counter()) for split in SPLITS]
    rows = [
        [name, *(counts.get(key, 0) for counts in by_split), dataset.counts[key]]
        for name, key in keys.items()
    ]
    return format_table(["what", *SPLITS, "all"], rows)


def _annotations_table(dataset: BuiltDataset) -> str:
    by_status = dataset.tabulate("annotations|answer", 0, 4)
    started = dataset.counts_under("annotations|started_from")
    carried = {
        "annotations": dataset.counts["annotations|carried"],
        "adjudicated documents": dataset.counts["gold|carried"],
    }
    rows = [
        ["all annotations", dataset.counts["annotations|answers"]],
        *(
            [f"{status}, by {KIND_NAMES[kind]}", count]
            for (kind, status), count in sorted(by_status.items())
        ),
        *(
            [f"started from {source}, by {KIND_NAMES[kind]}", count]
            for (kind, source), count in started.items()
        ),
        *(
            [f"{name} carried over from an earlier text of their document", count]
            for name, count in carried.items()
            if count
        ),
        *(
            [f"documents of gold, {describe_decision(*key)}", count]
            for key, count in sorted(dataset.decisions.items())
        ),
        *(
            [f"{config}, all annotators together", dataset.counts[f"{config}|{config}"]]
            for config in map(pluralise, dataset.schema.frames)
        ),
    ]
    return format_table(["annotations", "how many"], rows)


def _answer_tables(dataset: BuiltDataset) -> Iterator[str]:
    yield "### Answers"
    questions = dataset.schema.questions
    yield _kind_table("question", dataset.tabulate("answers|given", 0, 1), list(questions), dataset)
    counted = ((name, each, f"answers|value.{name}") for name, each in questions.items())
    yield _values_table("question", counted, dataset)


def _mention_tables(dataset: BuiltDataset) -> Iterator[str]:
    yield "### Mentions"
    labels = list(dataset.schema.labels)
    yield "By label and annotator:"
    yield _annotator_table(dataset, labels)
    yield "By label and split, all annotators together:"
    by_split = [dataset.tabulate("mentions|label", 0, split=split) for split in SPLITS]
    rows = [[format_code(label), *(counts[label,] for counts in by_split)] for label in labels]
    yield format_table(["label", *SPLITS], rows)
    yield "Mentions inside another mention of the same annotator:"
    yield _kind_table("label", dataset.tabulate("mentions|nested", 0, 1), labels, dataset)
    yield "### Relations"
    relations = list(dataset.schema.relations)
    yield _kind_table("relation", dataset.count_relations(), relations, dataset)
    yield "### Values"
    counted = (
        (f"{label}.{name}", attribute, f"mentions|{label}.{name}")
        for label, declared in dataset.schema.labels.items()
        for name, attribute in declared.attributes.items()
    )
    yield _values_table("attribute", counted, dataset)


def _annotator_table(dataset: BuiltDataset, labels: Sequence[str]) -> str:
    counts = dataset.tabulate("mentions|label", 1, 2, 0)
    annotators = {(kind, name) for kind, name, _ in counts}
    kinds = list(KIND_NAMES)
    rows = [
        [format_code(name), KIND_NAMES[kind], *(counts[kind, name, label] for label in labels)]
        for kind, name in sorted(annotators, key=lambda key: (kinds.index(key[0]), key[1]))
    ]
    return format_table(["annotator", "by", *labels], rows)


def _kind_table(
    header: str, counts: _CountTable, names: Sequence[str], dataset: BuiltDataset
) -> str:
    """Tabulate counts by name and kind of annotator; the names of the schema come first."""
    kinds = dataset.annotator_kinds
    others = sorted({name for name, _ in counts} - set(names))
    rows = [
        [format_code(name), *(counts.get((name, kind), 0) for kind in kinds)]
        for name in [*names, *others]
    ]
    return format_table([header, *_kind_headings(dataset)], rows) if kinds else "None."


def _kind_headings(dataset: BuiltDataset) -> list[str]:
    return [
        KIND_NAMES[kind] if kind == "gold" else f"by {KIND_NAMES[kind]}"
        for kind in dataset.annotator_kinds
    ]


def _values_table(what: str, counted: Iterable[_CountedAttribute], dataset: BuiltDataset) -> str:
    rows = [
        [
            format_code(name),
            format_titled(value, title),
            *(counts.get((value, kind), 0) for kind in dataset.annotator_kinds),
        ]
        for name, attribute, key in counted
        if (counts := dataset.counts_under(key))
        for value, title in list_counted_values(attribute).items()
    ]
    table = format_table([what, "value", *_kind_headings(dataset)], rows)
    return format_details("How often each value was given", table) if rows else "None."


def _oddities_table(dataset: BuiltDataset) -> str:
    flags = dataset.counts_under("mentions|flag")
    misaligned = dataset.counts_under("tokens|misaligned")
    rows = [
        ["items kept that the schema does not know", dataset.counts["annotations|kept"]],
        [
            MarkdownText("relations between other labels than declared"),
            dataset.counts["relations|misdrawn"],
        ],
        *(
            [MarkdownText(f"mentions flagged {format_code(flag)}, by {KIND_NAMES[kind]}"), count]
            for (flag, kind), count in flags.items()
        ),
        *(
            [f"mentions that tags do not give exactly: {reason}", count]
            for (reason,), count in misaligned.items()
        ),
    ]
    return format_table(["what", "how many"], rows)


def licences_section(dataset: BuiltDataset) -> str:
    """Count articles by licence, and those whose text is left out because of it."""
    table = _ranked_table("licence of the article", dataset.counts_under("articles|license"))
    withheld = dataset.counts["articles|withheld"]
    if not withheld:
        return table
    return join_paragraphs(
        table,
        f"{withheld:,} articles are here without their text, which may not be redistributed. Every "
        "column that quotes them is null; offsets and `text_sha256` are not. Fill the texts in "
        "from your own copies: `sayso hydrate FOLDER COPIES`.",
    )


def sources_section(dataset: BuiltDataset) -> str:
    """Count articles by language, outlet and year."""
    outlets = rank_counts(dataset.counts_under("articles|outlet"))
    hidden = len(outlets) - _SHOWN_OUTLETS
    years = dataset.counts_under("articles|year").items()
    return join_paragraphs(
        _ranked_table("language, as BCP 47", dataset.counts_under("articles|language")),
        format_table(
            ["outlet", "documents"],
            [[_format_known(name), count] for (name,), count in outlets[:_SHOWN_OUTLETS]],
        ),
        f"And {hidden:,} more outlets." if hidden > 0 else "",
        format_table(
            ["year of publication", "documents"],
            [[_format_known(year), count] for (year,), count in years],
        ),
    )


def _ranked_table(header: str, counts: _CountTable) -> str:
    rows = [[format_code(name), count] for (name,), count in rank_counts(counts)]
    return format_table([header, "documents"], rows)


def _format_known(word: str) -> str:
    return "not recorded" if word == UNKNOWN else word
