"""The computed parts of the data statement: which data these are, who annotated them."""

from __future__ import annotations

from collections import defaultdict

from sayso.dataset.build_counts import UNKNOWN, count_key
from sayso.dataset.card.built_dataset import KIND_NAMES, BuiltDataset
from sayso.dataset.card.markdown import format_code, format_code_list, format_table, join_paragraphs
from sayso.schema import declarations as schemas


def summary_section(made: BuiltDataset) -> str:
    """The corpus in two sentences, and by whom it was annotated."""
    count = made.counts
    return (
        f"Version {made.version}: {count['articles|documents']:,} documents of {count['articles|tokens']:,} tokens, "
        f"{count['annotations|answers']:,} answers to them, {count['gold|adjudicated']:,} documents adjudicated. "
        f"{describe_origin(made)}"
    )


def describe_origin(made: BuiltDataset) -> str:
    """Who made the annotations, plainly."""
    kinds = {kind for kind in made.annotator_kinds if kind != "gold"}
    gold = "" if made.counts["gold|adjudicated"] else " None is gold."
    if not kinds:
        return "**Nothing is annotated yet.**"
    if kinds == {"program"}:
        return f"**Every annotation here was made by a program. No person has checked one.{gold}**"
    if "program" in kinds:
        return f"**Some annotations were made by people and some by programs: `annotator_kind` says which.{gold}**"
    return f"**Every annotation here was made by people.{gold}**"


def header_section(made: BuiltDataset) -> str:
    """Which data, schema and guidelines these are."""
    read = made.guidelines
    rows = [
        ["data version", format_code(made.version)],
        ["latest change in the sources", made.last_change or "not recorded"],
        [
            "schema",
            f"{format_code(made.schema.version)}, sha256 {format_code(schemas.schema_digest(made.schema)[:16])}",
        ],
        [
            "guidelines",
            f"{format_code(read.version)}, words sha256 {format_code(read.digest)}"
            if read
            else "none",
        ],
        ["statement", "this card, after the headings of Data Statements, version 3"],
    ]
    return format_table(["dataset", "Sayso: who says what happened where, and how many"], rows)


def annotators_section(made: BuiltDataset) -> str:
    """Every annotator by pseudonym: kind, passes, schema, guidelines, answers. Of persons nothing else is known."""
    found: dict[tuple[str, str], list[set[str]]] = defaultdict(lambda: [set(), set()])
    answers = made.tabulate("annotations|answer", 0, 1)
    for kind, name, asked, version, _status in made.counts_under("annotations|answer"):
        found[kind, name][0].add(asked)
        found[kind, name][1].add(version)
    rows = [
        [
            format_code(name),
            kind,
            format_code_list(sorted(passes)),
            format_code_list(sorted(versions)),
            _guidelines_versions(made, kind, name),
            answers[kind, name],
            "does not apply" if kind == "program" else "not recorded",
        ]
        for (kind, name), (passes, versions) in sorted(found.items(), key=_annotator_order)
    ]
    names = ["annotator", "kind", "passes", "schema", "guidelines", "answers", "demographics"]
    return join_paragraphs(describe_origin(made), format_table(names, rows))


def _guidelines_versions(made: BuiltDataset, kind: str, name: str) -> str:
    """The versions of the guidelines that an annotator had; answers of whom nobody knows are told so."""
    if kind == "program":
        return "does not apply"
    versions = [
        version
        for (version,) in made.counts_under(f"annotations|{count_key('guidelines', kind, name)}")
    ]
    return ", ".join(
        "not recorded" if version == UNKNOWN else format_code(version) for version in versions
    )


def _annotator_order(found: tuple[tuple[str, str], object]) -> tuple[int, str]:
    (kind, name), _told = found
    return list(KIND_NAMES).index(kind), name
