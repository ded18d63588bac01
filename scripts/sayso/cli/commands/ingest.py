"""``sayso ingest``: take articles into the corpus."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sayso.cli import terminal

if TYPE_CHECKING:
    from sayso.ingest import Report
    from sayso.ingest.replacing import Left

_SHOWN = 20
_CUT = 60  # code points of a mention that is quoted


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--format", type=click.Choice(["text", "jsonl"]), help="What the files are. [default: by suffix]")
@click.option("--field", "fields", multiple=True, metavar="OURS=THEIRS", help="Which field of a record holds ours.")
@click.option("--doc-id", metavar="ID", help="The name of the article, if there is one. [default: the file's stem]")
@click.option("--metadata", "side_table", type=click.Path(path_type=Path, dir_okay=False, exists=True),
              help="CSV or .jsonl with a row an article, keyed by doc_id or file.")  # fmt: skip
@click.option("--title", help="Its headline.")
@click.option("--outlet", help="Who published it.")
@click.option("--url", help="Where.")
@click.option("--published", metavar="DATE", help="When, in ISO 8601.")
@click.option("--language", metavar="TAG", help="BCP 47 tag. [default: und]")
@click.option("--license", metavar="SPDX", help="SPDX identifier. [default: unknown]")
@click.option("--source-name", metavar="NAME", help="What it was called as received. [default: the file's name]")
@click.option("--ingested", metavar="DAY", help="Day to record. [default: SOURCE_DATE_EPOCH's, or today's, in UTC]")
@click.option("--max-bytes", type=click.IntRange(min=1), help="Refuse longer articles. [default: 5,000,000]")
@click.option("--update-metadata", is_flag=True, help="Give known articles the metadata that came now.")
@click.option("--replace-text", is_flag=True, help="Let other words take the place of a known article's text.")
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
    from sayso.ingest import RefusedError, ingest
    from sayso.settings import find_instance

    try:
        with terminal.Bars() as watch:
            report = ingest(find_instance(root), _order(options), watch)
    except RefusedError as refused:
        for refusal in refused.refusals:
            terminal.say(str(refusal))
        raise
    if as_json:
        import msgspec

        terminal.emit(msgspec.to_builtins(report))
    else:
        _show(report)


def _order(options: dict[str, Any]) -> Any:
    from sayso.ingest import MAX_BYTES, Order, metadata

    named = {name: value for name in ("doc_id", *metadata.FIELDS) if (value := options.pop(name)) is not None}
    return Order(
        **{**options, "fields": metadata.mapping(options["fields"]), "max_bytes": options["max_bytes"] or MAX_BYTES},
        options=metadata.checked(named, "options"),
    )


def _show(report: Report) -> None:
    would = "would be " if report.dry_run else ""
    for what, doc_ids in (("new", report.new), ("replaced", report.replaced), ("updated", report.updated)):
        for doc_id in doc_ids[:_SHOWN]:
            click.echo(f"{what} {doc_id}")
        if len(doc_ids) > _SHOWN:
            click.echo(f"{what} ... and {len(doc_ids) - _SHOWN} more")
    _show_clusters(report)
    _show_answers(report)
    if report.differing:
        terminal.say(
            f"{len(report.differing)} known articles came with other metadata, which was left as it is"
            f" ({_listed(report.differing)}); --update-metadata changes it"
        )
    for row in report.unused_rows[:_SHOWN]:
        terminal.say(f"{row}: no such article came in; the row was not used")
    for what, count in report.noticed.items():
        terminal.say(f"{count} {what}")
    replaced = f" {len(report.replaced)} {would}replaced," if report.replaced else ""
    updated = f"{len(report.updated)} {would}updated"
    terminal.say(f"{len(report.new)} {would}new,{replaced} {updated}, {report.unchanged} unchanged")


def _show_answers(report: Report) -> None:
    """What becomes of the answers to replaced articles; every one that leaves is told."""
    for left in report.left:
        whose = "the adjudicated reading" if left.annotator == "gold" else f"{left.annotator}'s answer"
        leaves = "would leave" if report.dry_run else "left"
        terminal.say(f"{left.doc_id}: {whose} {leaves} corpus/{left.file} for the history: {_why(left)}")
    for file, count in sorted(report.strays.items()):
        terminal.say(
            f"corpus/{file}: {count} given to a text that neither corpus nor history holds, and left as they are"
        )
    carried, would = sum(report.carried.values()), "would be " if report.dry_run else ""
    if carried or report.left:
        aside = f"{len(report.left)} {would}kept in the history alone"
        terminal.say(f"{carried} answers {would}carried over to the new texts, {aside}")


def _why(left: Left) -> str:
    if not left.unproven:
        return "it marks nothing, so it was about every word"
    more = left.unproven - len(left.words)
    words = ", ".join(f"“{_shortened(words)}”" for words in left.words)
    return f"not proven to stand in the new text: {words}" + (f" and {more} more" if more else "")


def _shortened(words: str) -> str:
    line = " ".join(words.split())
    return line if len(line) <= _CUT else f"{line[:_CUT]}…"


def _show_clusters(report: Report) -> None:
    if not report.clusters:
        return
    rows = [
        (cluster.split, "same text" if cluster.same_text else "near copies", _listed(cluster.doc_ids))
        for cluster in report.clusters[:_SHOWN]
    ]
    terminal.table("Copies of one another", ("split", "how", "documents"), rows)
    kinds = Counter("same text" if cluster.same_text else "near copies" for cluster in report.clusters)
    terminal.say("clusters of copies: " + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items())))
    for cluster in report.clusters:
        if cluster.bridged:
            terminal.say(
                f"{_listed(cluster.new)}: a copy of documents in {' and '.join(cluster.bridged)}, which keep their"
                f" splits; it goes to {cluster.split}"
            )


def _listed(doc_ids: tuple[str, ...]) -> str:
    return ", ".join(doc_ids[:_SHOWN]) + (f" and {len(doc_ids) - _SHOWN} more" if len(doc_ids) > _SHOWN else "")
