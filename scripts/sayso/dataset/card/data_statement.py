"""The computed parts of the data statement: the dataset and its annotators."""

from __future__ import annotations

from collections import defaultdict

from sayso.adjudication.deciders import describe_decisions
from sayso.dataset.build_counts import UNKNOWN, count_key
from sayso.dataset.card.built_dataset import KIND_NAMES, BuiltDataset
from sayso.dataset.card.markdown import format_code, format_code_list, format_table, join_paragraphs
from sayso.escaping import MarkdownText
from sayso.schema.declarations import schema_digest


def summary_section(dataset: BuiltDataset) -> str:
    """Describe size and origin of the corpus in two sentences."""
    counts = dataset.counts
    return (
        f"Version {dataset.version}: {counts['articles|documents']:,} documents of "
        f"{counts['articles|tokens']:,} tokens, {counts['annotations|answers']:,} annotations, "
        f"{counts['gold|adjudicated']:,} documents adjudicated. {describe_origin(dataset)}"
    )


def describe_origin(dataset: BuiltDataset) -> str:
    """Say who made the annotations."""
    kinds = {kind for kind in dataset.annotator_kinds if kind != "gold"}
    deciders = {kind for _method, decided_by in dataset.decisions for kind in decided_by}
    gold = describe_decisions(dataset.decisions)
    gold = f" Gold: {gold}." if gold else " None is gold."
    if not kinds:
        return f"**Nothing is annotated yet.{gold if deciders else ''}**"
    if kinds == {"program"}:
        checked = " No person has checked one." if deciders <= {"program"} else ""
        return f"**Every annotation here was made by a program.{checked}{gold}**"
    if "program" in kinds:
        return (
            "**Some annotations were made by people and some by programs: `annotator_kind` says "
            f"which.{gold}**"
        )
    return f"**Every annotation here was made by people.{gold}**"


def header_section(dataset: BuiltDataset, title: str) -> str:
    """List the versions of data, schema and guidelines."""
    schema, guidelines, code = dataset.schema, dataset.guidelines, format_code
    digest = schema_digest(schema)[:16]
    words = MarkdownText("none")
    if guidelines:
        words = MarkdownText(f"{code(guidelines.version)}, words sha256 {code(guidelines.digest)}")
    rows = [
        ["data version", code(dataset.version)],
        ["latest change in the sources", dataset.last_change or "not recorded"],
        ["schema", MarkdownText(f"{code(schema.version)}, sha256 {code(digest)}")],
        ["guidelines", words],
        ["statement", "this card, with the headings of Data Statements, version 3"],
    ]
    return format_table(["dataset", title], rows)


def annotators_section(dataset: BuiltDataset) -> str:
    """List annotators and adjudicators by pseudonym. Nothing else is known of persons."""
    passes, schemas, roles = defaultdict(set), defaultdict(set), defaultdict(set)
    for kind, name, role in dataset.counts_under("annotations|role"):
        roles[kind, name].add(role)
    for kind, name, pass_name, version, _status in dataset.counts_under("annotations|answer"):
        passes[kind, name].add(pass_name)
        schemas[kind, name].add(version)
    annotations = dataset.tabulate("annotations|answer", 0, 1)
    rows = [
        [
            format_code(name),
            kind,
            ", ".join(sorted(roles[kind, name])),
            format_code_list(sorted(passes[kind, name])),
            format_code_list(sorted(schemas[kind, name])),
            _guidelines_versions(dataset, kind, name),
            annotations[kind, name],
            "does not apply" if kind == "program" else "not recorded",
        ]
        for kind, name in sorted(passes, key=lambda key: (list(KIND_NAMES).index(key[0]), key[1]))
    ]
    header = ["annotator", "kind", "role", "passes", "schema", "guidelines", "annotations"]
    header.append("demographics")
    adjudicators = [
        [format_code(name), kind, count]
        for (kind, name), count in dataset.counts_under("gold|adjudicator").items()
    ]
    return join_paragraphs(
        describe_origin(dataset),
        format_table(header, rows),
        format_table(["adjudicator", "kind", "documents"], adjudicators) if adjudicators else "",
    )


def _guidelines_versions(dataset: BuiltDataset, kind: str, name: str) -> MarkdownText:
    if kind == "program":
        return MarkdownText("does not apply")
    versions = dataset.counts_under(f"annotations|{count_key('guidelines', kind, name)}")
    return MarkdownText(
        ", ".join(
            "not recorded" if version == UNKNOWN else format_code(version)
            for (version,) in versions
        )
    )
