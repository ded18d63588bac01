"""``sayso ingest``: take articles into the corpus."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sayso.cli import terminal

if TYPE_CHECKING:
    from sayso.ingest import IngestResult
    from sayso.ingest.text_replacement import WithdrawnAnnotation

_MAX_LISTED = 20
_MAX_QUOTE_LENGTH = 60  # code points of a mention that is quoted


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--format",
    type=click.Choice(["text", "jsonl"]),
    help="What the files are. [default: by suffix]",
)
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="OURS=THEIRS",
    help="Which field of a record holds ours.",
)
@click.option(
    "--doc-id",
    metavar="ID",
    help="The name of the article, if there is one. [default: the file's stem]",
)
@click.option(
    "--metadata",
    "side_table",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="CSV or .jsonl with a row an article, keyed by doc_id or file.",
)
@click.option("--title", help="Its headline.")
@click.option("--outlet", help="Who published it.")
@click.option("--url", help="Where.")
@click.option("--published", metavar="DATE", help="When, in ISO 8601.")
@click.option("--language", metavar="TAG", help="BCP 47 tag. [default: und]")
@click.option("--license", metavar="SPDX", help="SPDX identifier. [default: unknown]")
@click.option(
    "--source-name",
    metavar="NAME",
    help="What it was called as received. [default: the file's name]",
)
@click.option(
    "--ingested",
    metavar="DAY",
    help="Day to record. [default: SOURCE_DATE_EPOCH's, or today's, in UTC]",
)
@click.option(
    "--max-bytes", type=click.IntRange(min=1), help="Refuse longer articles. [default: 5,000,000]"
)
@click.option(
    "--update-metadata", is_flag=True, help="Give known articles the metadata that came now."
)
@click.option(
    "--replace-text", is_flag=True, help="Let other words take the place of a known article's text."
)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.pass_obj
def command(root: Path | None, /, as_json: bool, **options: Any) -> None:
    """Take articles into the corpus, text verbatim.

    PATH is a .txt, a .jsonl with an article a line, a folder of these, or - for standard input. Metadata given by
    option is for all articles; a record's own and the side table's come before it. One article that is wrong, and
    nothing of the whole command is taken in. The same article again is no news. Copies of one another are reported
    and get one split.

    Other words under a known doc_id are refused, or with --replace-text take the old text's place; doc_id, split and
    day stay. An answer is carried over where every mention provably stands on the same words, and otherwise leaves
    corpus/annotations, or corpus/gold, and is listed. Every line that gives way stands in corpus/history/texts.

    \b
    Examples:
      sayso ingest article.txt --language en
      sayso ingest news/ --outlet "Example Gazette" --license CC-BY-4.0
      sayso ingest dump.jsonl --field text=body --field doc_id=id --field title=headline
      sayso ingest news/ --metadata news.csv --dry-run
      sayso ingest corrected/ --replace-text --dry-run
      sayso ingest corrected/ --replace-text
      curl -s https://example.org/a.txt | sayso ingest - --doc-id example-a
    """
    from sayso.ingest import RefusedArticlesError, ingest
    from sayso.settings import find_checkout

    try:
        with terminal.ProgressBars() as watch:
            report = ingest(find_checkout(root), _build_request(options), watch)
    except RefusedArticlesError as refused:
        for refusal in refused.refusals:
            terminal.print_message(str(refusal))
        raise
    if as_json:
        import msgspec

        terminal.print_json(msgspec.to_builtins(report))
    else:
        _print_report(report)


def _build_request(options: dict[str, Any]) -> Any:
    from sayso.ingest import MAX_BYTES, IngestRequest, article_metadata

    named = {
        name: value
        for name in ("doc_id", *article_metadata.METADATA_FIELDS)
        if (value := options.pop(name)) is not None
    }
    return IngestRequest(
        **{
            **options,
            "fields": article_metadata.parse_field_mapping(options["fields"]),
            "max_bytes": options["max_bytes"] or MAX_BYTES,
        },
        metadata=article_metadata.validate_metadata(named, "options"),
    )


def _print_report(report: IngestResult) -> None:
    would = "would be " if report.dry_run else ""
    for what, doc_ids in (
        ("new", report.new),
        ("replaced", report.replaced),
        ("updated", report.updated),
    ):
        for doc_id in doc_ids[:_MAX_LISTED]:
            click.echo(f"{what} {doc_id}")
        if len(doc_ids) > _MAX_LISTED:
            click.echo(f"{what} ... and {len(doc_ids) - _MAX_LISTED} more")
    _print_clusters(report)
    _print_replaced_annotations(report)
    if report.with_other_metadata:
        terminal.print_message(
            f"{len(report.with_other_metadata)} known articles came with other metadata, which was left as it is"
            f" ({_format_doc_ids(report.with_other_metadata)}); --update-metadata changes it"
        )
    for row in report.unused_rows[:_MAX_LISTED]:
        terminal.print_message(f"{row}: no such article came in; the row was not used")
    for what, count in report.notices.items():
        terminal.print_message(f"{count} {what}")
    replaced = f" {len(report.replaced)} {would}replaced," if report.replaced else ""
    updated = f"{len(report.updated)} {would}updated"
    terminal.print_message(
        f"{len(report.new)} {would}new,{replaced} {updated}, {report.unchanged} unchanged"
    )


def _print_replaced_annotations(report: IngestResult) -> None:
    """What becomes of the answers to replaced articles; every one that leaves is told."""
    for left in report.withdrawn:
        whose = (
            "the adjudicated reading" if left.annotator == "gold" else f"{left.annotator}'s answer"
        )
        leaves = "would leave" if report.dry_run else "left"
        terminal.print_message(
            f"{left.doc_id}: {whose} {leaves} corpus/{left.file} for the history: {_explain_withdrawal(left)}"
        )
    for file, count in sorted(report.unknown_texts.items()):
        terminal.print_message(
            f"corpus/{file}: {count} given to a text that neither corpus nor history holds, and left as they are"
        )
    carried, would = sum(report.carried_over.values()), "would be " if report.dry_run else ""
    if carried or report.withdrawn:
        aside = f"{len(report.withdrawn)} {would}kept in the history alone"
        terminal.print_message(f"{carried} answers {would}carried over to the new texts, {aside}")


def _explain_withdrawal(left: WithdrawnAnnotation) -> str:
    if not left.unproven_count:
        return "it marks nothing, so it was about every word"
    more = left.unproven_count - len(left.unproven_texts)
    words = ", ".join(f"“{_shorten(words)}”" for words in left.unproven_texts)
    return f"not proven to stand in the new text: {words}" + (f" and {more} more" if more else "")


def _shorten(words: str) -> str:
    line = " ".join(words.split())
    return line if len(line) <= _MAX_QUOTE_LENGTH else f"{line[:_MAX_QUOTE_LENGTH]}…"


def _print_clusters(report: IngestResult) -> None:
    if not report.clusters:
        return
    rows = [
        (
            cluster.split,
            "same text" if cluster.same_text else "near copies",
            _format_doc_ids(cluster.doc_ids),
        )
        for cluster in report.clusters[:_MAX_LISTED]
    ]
    terminal.print_table("Copies of one another", ("split", "how", "documents"), rows)
    kinds = Counter(
        "same text" if cluster.same_text else "near copies" for cluster in report.clusters
    )
    terminal.print_message(
        "clusters of copies: "
        + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    )
    for cluster in report.clusters:
        if cluster.kept_splits:
            terminal.print_message(
                f"{_format_doc_ids(cluster.new)}: a copy of documents in {' and '.join(cluster.kept_splits)}, which keep their"
                f" splits; it goes to {cluster.split}"
            )


def _format_doc_ids(doc_ids: tuple[str, ...]) -> str:
    return ", ".join(doc_ids[:_MAX_LISTED]) + (
        f" and {len(doc_ids) - _MAX_LISTED} more" if len(doc_ids) > _MAX_LISTED else ""
    )
