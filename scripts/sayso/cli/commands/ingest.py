"""``sayso ingest``: take articles into the corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sayso.cli.terminal import ProgressBars, print_json, print_line, print_message, print_table

if TYPE_CHECKING:
    from sayso.ingest import IngestRequest, IngestResult
    from sayso.ingest.text_replacement import WithdrawnAnnotation

_MAX_LISTED = 20
_MAX_QUOTE_LENGTH = 60  # code points


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--format",
    type=click.Choice(["text", "jsonl"]),
    help="Format of the files. [default: by suffix]",
)
@click.option(
    "--field",
    "fields",
    multiple=True,
    metavar="OURS=THEIRS",
    help="Field of a record that holds one of ours. May be repeated.",
)
@click.option(
    "--doc-id", metavar="ID", help="doc_id, for a single article. [default: the file's stem]"
)
@click.option(
    "--metadata",
    "metadata_table",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="CSV or .jsonl with a row for each article, keyed by doc_id or file.",
)
@click.option("--title", help="Headline.")
@click.option("--outlet", help="Publisher.")
@click.option("--url", help="Address.")
@click.option("--published", metavar="DATE", help="Date of publication, in ISO 8601.")
@click.option(
    "--language", metavar="TAG", help="BCP 47 tag. [default: SAYSO_LANGUAGE, [tool.sayso], und]"
)
@click.option("--license", metavar="SPDX", help="SPDX identifier. [default: unknown]")
@click.option(
    "--source-name", metavar="NAME", help="Name of the file as received. [default: the file's name]"
)
@click.option(
    "--ingested",
    metavar="DAY",
    help="Day to record. [default: SOURCE_DATE_EPOCH's, or today's, in UTC]",
)
@click.option(
    "--max-bytes",
    type=click.IntRange(1, 40_000_000),
    help="Refuse longer articles. [default: 5,000,000]",
)
@click.option("--update-metadata", is_flag=True, help="Update the metadata of known documents.")
@click.option("--replace-text", is_flag=True, help="Replace the text of known documents.")
@click.option("--dry-run", is_flag=True, help="Print what would be done, and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@click.pass_obj
def command(root: Path | None, /, as_json: bool, **options: Any) -> None:
    """Take articles into the corpus, text verbatim.

    PATH is a .txt, a .jsonl with an article on each line, a folder of these, or - for standard
    input. Options give metadata for all articles; an article's own record and the metadata table
    take precedence. If one article is refused, nothing is taken in. The same article again changes
    nothing. Copies of one another are reported and get the same split.

    Another text under a known doc_id is refused. With --replace-text it replaces the old text;
    doc_id, split and day stay. An annotation is carried over if every mention provably has the
    same text, and otherwise leaves corpus/annotations or corpus/gold and is listed. All replaced
    lines are kept in corpus/history/texts.

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
        with ProgressBars() as report_progress:
            result = ingest(find_checkout(root), _build_request(options), report_progress)
    except RefusedArticlesError as error:
        for refusal in error.refusals:
            print_message(str(refusal))
        raise
    if as_json:
        import msgspec

        print_json(msgspec.to_builtins(result))
    else:
        _print_result(result)


def _build_request(options: dict[str, Any]) -> IngestRequest:
    from sayso.ingest import MAX_BYTES, IngestRequest, article_metadata

    names = ("doc_id", *article_metadata.METADATA_FIELDS)
    given = {name: options.pop(name) for name in names}
    metadata = {name: value for name, value in given.items() if value is not None}
    options["fields"] = article_metadata.parse_field_mapping(options["fields"])
    options["max_bytes"] = options["max_bytes"] or MAX_BYTES
    return IngestRequest(
        **options, metadata=article_metadata.validate_metadata(metadata, "options")
    )


def _print_result(result: IngestResult) -> None:
    groups = (("new", result.new), ("replaced", result.replaced), ("updated", result.updated))
    for what, doc_ids in groups:
        for doc_id in doc_ids[:_MAX_LISTED]:
            print_line(f"{what} {doc_id}")
        if len(doc_ids) > _MAX_LISTED:
            print_line(f"{what} ... and {len(doc_ids) - _MAX_LISTED} more")
    _print_clusters(result)
    _print_replaced_annotations(result)
    if result.with_other_metadata:
        print_message(
            f"{len(result.with_other_metadata)} known documents came with other metadata, which was"
            f" ignored ({_format_list(result.with_other_metadata)}); --update-metadata changes it"
        )
    for row in result.unused_rows[:_MAX_LISTED]:
        print_message(f"{row}: no such article was given; the row was not used")
    for notice, count in result.notices.items():
        print_message(f"{count} {notice}")
    would = "would be " if result.dry_run else ""
    replaced = f" {len(result.replaced)} {would}replaced," if result.replaced else ""
    updated = f"{len(result.updated)} {would}updated"
    counts = f"{len(result.new)} {would}new,{replaced} {updated}, {result.unchanged} unchanged"
    print_message(counts)


def _print_replaced_annotations(result: IngestResult) -> None:
    """Print what becomes of the annotations of replaced texts; each that leaves is listed."""
    leaves, would = ("would leave", "would be ") if result.dry_run else ("left", "")
    for each in result.withdrawn:
        whose = "gold" if each.annotator == "gold" else f"{each.annotator}'s annotation"
        where = f"corpus/{each.file} for the history"
        print_message(f"{each.doc_id}: {whose} {leaves} {where}: {_explain_withdrawal(each)}")
    for file, count in sorted(result.unknown_texts.items()):
        print_message(
            f"corpus/{file}: {count} made for a text that neither corpus nor history has,"
            " and left as they are"
        )
    carried = sum(result.carried_over.values())
    if carried or result.withdrawn:
        kept = f"{len(result.withdrawn)} {would}kept only in the history"
        print_message(f"{carried} annotations {would}carried over to the new texts, {kept}")


def _explain_withdrawal(withdrawn: WithdrawnAnnotation) -> str:
    if not withdrawn.unproven_count:
        return "it has no mention, so it was about the whole text"
    more = withdrawn.unproven_count - len(withdrawn.unproven_texts)
    texts = ", ".join(f"“{_shorten(text)}”" for text in withdrawn.unproven_texts)
    return f"not proven to be in the new text: {texts}" + (f" and {more} more" if more else "")


def _shorten(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _MAX_QUOTE_LENGTH else f"{line[:_MAX_QUOTE_LENGTH]}…"


def _print_clusters(result: IngestResult) -> None:
    if not result.clusters:
        return
    kinds = ["same text" if each.same_text else "near copies" for each in result.clusters]
    rows = [
        (cluster.split, kind, _format_list(cluster.doc_ids))
        for cluster, kind in zip(result.clusters[:_MAX_LISTED], kinds, strict=False)
    ]
    print_table("Copies of one another", ("split", "kind", "documents"), rows)
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(Counter(kinds).items()))
    print_message(f"clusters of copies: {counts}")
    for cluster in result.clusters:
        if cluster.kept_splits:
            splits = " and ".join(cluster.kept_splits)
            print_message(
                f"{_format_list(cluster.new)}: a copy of documents in {splits}, which keep their"
                f" splits; it goes to {cluster.split}"
            )


def _format_list(doc_ids: Sequence[str]) -> str:
    more = f" and {len(doc_ids) - _MAX_LISTED} more" if len(doc_ids) > _MAX_LISTED else ""
    return ", ".join(doc_ids[:_MAX_LISTED]) + more
