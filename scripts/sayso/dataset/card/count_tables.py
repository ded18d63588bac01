"""The parts of the card that are numbers: rows, documents, mentions, relations and values, by split and by reading."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sayso.dataset import features
from sayso.dataset.card.built_dataset import KIND_NAMES, SPLITS, BuiltDataset, rank_counts
from sayso.dataset.card.markdown import (
    format_code,
    format_code_list,
    format_details,
    format_table,
    join_paragraphs,
)

_SHOWN_OUTLETS = 20  # outlets; the rest are told by their number


def configurations_section(made: BuiltDataset) -> str:
    """How many rows each configuration has in each split."""
    rows = [
        [format_code(config), *(made.rows[config].get(split, 0) for split in SPLITS)]
        for config in features.CONFIGS
        if config in made.rows
    ]
    empty = [config for config in features.CONFIGS if config not in made.rows]
    missing = f"No rows yet, and so not loadable: {format_code_list(empty)}." if empty else ""
    return join_paragraphs(format_table(["configuration", *SPLITS], rows), missing)


def counts_section(made: BuiltDataset) -> str:
    """Everything that is counted."""
    return join_paragraphs(
        "### Documents",
        _documents_table(made),
        "### Answers and readings",
        _annotations_table(made),
        "### Mentions",
        *_mention_tables(made),
        "### Relations",
        _kind_table(
            "relation", _count_relations(made), list(made.schema.relations), made.annotator_kinds
        ),
        "### Values",
        _values_table(made),
        "### What does not fit",
        _oddities_table(made),
    )


def _documents_table(made: BuiltDataset) -> str:
    rows = [
        [
            what,
            *(
                made.counts_by_split[split][name] if split in made.counts_by_split else 0
                for split in SPLITS
            ),
            made.counts[name],
        ]
        for what, name in {
            "documents": "articles|documents",
            "adjudicated": "gold|adjudicated",
            "characters (code points)": "articles|characters",
            "sentences": "articles|sentences",
            "tokens": "articles|tokens",
        }.items()
    ]
    return format_table(["what", *SPLITS, "all"], rows)


def _annotations_table(made: BuiltDataset) -> str:
    found = made.tabulate("annotations|answer", 0, 4)
    rows = [
        [f"{status}, by {KIND_NAMES[kind]}", count]
        for (kind, status), count in sorted(found.items())
    ]
    started = [
        [f"begun with {word}, by {KIND_NAMES[kind]}", count]
        for (kind, word), count in made.counts_under("annotations|started_from").items()
    ]
    carried = [
        [f"{what}, carried over from an earlier text of their document", made.counts[name]]
        for what, name in {
            "answers": "annotations|carried",
            "adjudicated documents": "gold|carried",
        }.items()
        if made.counts[name]
    ]
    general = [["all answers", made.counts["annotations|answers"]], *rows, *started, *carried]
    return format_table(
        ["answers", "how many"],
        [*general, ["claims, all readings together", made.counts["claims|claims"]]],
    )


def _mention_tables(made: BuiltDataset) -> Iterable[str]:
    labels = list(made.schema.labels)
    yield "By label and by whose reading it is:"
    yield _annotator_table(made, labels)
    yield "By label and split, all readings together:"
    by_split = {split: made.tabulate("mentions|label", 0, split=split) for split in SPLITS}
    yield format_table(
        ["label", *SPLITS],
        [[format_code(name), *(by_split[split][name,] for split in SPLITS)] for name in labels],
    )
    yield "Mentions that lie inside another mention of the same reading:"
    yield _kind_table("label", made.tabulate("mentions|nested", 0, 1), labels, made.annotator_kinds)


def _annotator_table(made: BuiltDataset, labels: Sequence[str]) -> str:
    found = made.tabulate("mentions|label", 1, 2, 0)
    readings = {(kind, name) for kind, name, _label in found}
    rows = [
        [format_code(name), KIND_NAMES[kind], *(found[kind, name, label] for label in labels)]
        for kind, name in sorted(
            readings, key=lambda each: (list(KIND_NAMES).index(each[0]), each[1])
        )
    ]
    return format_table(["reading", "by", *labels], rows)


def _count_relations(made: BuiltDataset) -> Mapping[tuple[str, ...], int]:
    return made.tabulate("annotations|relation", 0, 1) + made.tabulate("gold|relation", 0, 1)


def _kind_table(
    what: str, found: Mapping[tuple[str, ...], int], names: Sequence[str], kinds: Sequence[str]
) -> str:
    others = sorted({name for name, _kind in found} - set(names))
    rows = [
        [format_code(name), *(found.get((name, kind), 0) for kind in kinds)]
        for name in [*names, *others]
    ]
    return format_table([what, *_kind_headings(kinds)], rows) if kinds else "None."


def _kind_headings(kinds: Iterable[str]) -> list[str]:
    return [KIND_NAMES[kind] if kind == "gold" else f"by {KIND_NAMES[kind]}" for kind in kinds]


def _values_table(made: BuiltDataset) -> str:
    rows = [
        [
            format_code(f"{label}.{name}"),
            format_code(value),
            *(found.get((value, kind), 0) for kind in made.annotator_kinds),
        ]
        for label, declared in made.schema.labels.items()
        for name, attribute in declared.attributes.items()
        if attribute.is_closed and (found := made.counts_under(f"mentions|{label}.{name}"))
        for value in attribute.values
    ]
    shown = format_table(["attribute", "value", *_kind_headings(made.annotator_kinds)], rows)
    return format_details("How often each value was given", shown) if rows else "None."


def _oddities_table(made: BuiltDataset) -> str:
    rows = [
        ["items kept that the schema does not know", made.counts["annotations|kept"]],
        [
            "relations that join other labels than declared, in no row of `claims`",
            made.counts["claims|misdrawn"],
        ],
        *(
            [f"mentions flagged {format_code(flag)}, by {KIND_NAMES[kind]}", count]
            for (flag, kind), count in made.counts_under("mentions|flag").items()
        ),
        *(
            [f"mentions that tags do not give exactly: {reason}", count]
            for (reason,), count in made.counts_under("tokens|misaligned").items()
        ),
    ]
    return format_table(["what", "how many"], rows)


def licences_section(made: BuiltDataset) -> str:
    """How many articles are under which licence, and how many came without their text for it."""
    rows = [
        [format_code(name), count]
        for (name,), count in rank_counts(made.counts_under("articles|license"))
    ]
    told = format_table(["licence of the article", "documents"], rows)
    held = made.counts["articles|withheld"]
    if not held:
        return told
    return (
        f"{told}\n\n{held:,} articles are here without their text, which may not be passed on: every column that quotes"
        " them is null, offsets and `text_sha256` are not. Your own copies fill them in: `sayso hydrate FOLDER COPIES`."
    )


def sources_section(made: BuiltDataset) -> str:
    """Which languages, outlets and years the articles are from, as far as it was recorded."""
    outlets = rank_counts(made.counts_under("articles|outlet"))
    more = (
        f"And {len(outlets) - _SHOWN_OUTLETS:,} more outlets."
        if len(outlets) > _SHOWN_OUTLETS
        else ""
    )
    years = [
        [_format_known(year), count]
        for (year,), count in made.counts_under("articles|year").items()
    ]
    return join_paragraphs(
        _ranked_table("language, as BCP 47", made.counts_under("articles|language")),
        format_table(
            ["outlet", "documents"],
            [[_format_known(name), count] for (name,), count in outlets[:_SHOWN_OUTLETS]],
        ),
        more,
        format_table(["year of publication", "documents"], years),
    )


def _ranked_table(what: str, counts: Mapping[tuple[str, ...], int]) -> str:
    return format_table(
        [what, "documents"], [[format_code(name), count] for (name,), count in rank_counts(counts)]
    )


def _format_known(word: str) -> str:
    return "not recorded" if word == "unknown" else word
