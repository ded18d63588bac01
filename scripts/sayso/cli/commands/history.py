"""Show what left the corpus, and bring pruned annotations back."""

from __future__ import annotations

import click

from sayso.cli.terminal import print_json, print_message, print_table
from sayso.settings import find_checkout


@click.command(short_help="Show superseded lines, and bring pruned annotations back.")
@click.option("--restore", is_flag=True, help="Bring pruned annotations back.")
@click.option(
    "--doc", "doc_ids", multiple=True, metavar="DOC_ID", help="Only of this document; repeatable."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(restore: bool, doc_ids: tuple[str, ...], as_json: bool) -> None:
    """Show what left the corpus, and bring pruned annotations back.

    Lines that leave the corpus are in corpus/history/, in a folder for each cause: `pruned` (the
    server no longer had them), `texts` (their text was replaced), `imported` (exported, imported
    and then changed in Label Studio), or the two versions of a migrated schema.

    --restore puts pruned annotations back into corpus/annotations/, those of the present text whose
    place is free. Later pulls keep them, unless they prune again. The history keeps its lines.

    \b
    Examples:
      sayso history
      sayso history --restore
      sayso history --restore --doc 000_e96899b9ca7628cc
      sayso history --json
    """
    from sayso.corpus.history import list_history, restore_pruned
    from sayso.corpus.sources import CorpusFiles

    checkout = find_checkout(click.get_current_context().obj)
    corpus = CorpusFiles(checkout.root)
    if not restore:
        entries = list_history(corpus, frozenset(doc_ids))
        if as_json:
            print_json({"history": entries})
        elif entries:
            rows = [[each.cause, each.file, str(each.lines)] for each in entries]
            print_table("History", ["cause", "file", "lines"], rows)
        else:
            print_message("the history is empty")
        return
    result = restore_pruned(checkout, corpus, frozenset(doc_ids))
    if as_json:
        print_json(vars(result))
        return
    for doc_id in result.outdated:
        print_message(f"{doc_id}: its text has changed since; left in the history")
    print_message(f"{result.restored} annotations restored, {result.present} are there already")
