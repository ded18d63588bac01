"""Check that the card on disk fits the data beside it, without reading a row."""

from __future__ import annotations

from collections.abc import Iterator

from sayso.checks import CARD_WORD, STALE_CARD, Finding
from sayso.corpus.sources import CorpusFiles
from sayso.dataset import card
from sayso.dataset.agreement_file import read_agreement_file
from sayso.dataset.card import yaml_header
from sayso.dataset.card.hub_vocabulary import find_unknown_values
from sayso.dataset.parquet_files import read_footer
from sayso.files import file_digest, is_file, list_files, read_text
from sayso.schema.declarations import load_schema
from sayso.settings import SCHEMA_FILE, Checkout


def card_findings(checkout: Checkout) -> Iterator[Finding]:
    """Yield each computed part that is out of date, and each value that the Hub would refuse.

    Without a card nothing is found, and nothing is out of date before the first build, as in a
    clone of a repository that does not hold what is built. Whether the data fit the sources,
    `sayso build --check` says.

    Raises:
        InputError: the card's markers or head are wrong.
    """
    corpus = CorpusFiles(checkout.root)
    if not is_file(corpus.card_file):
        return
    dataset = _read_dataset(checkout, corpus)
    for stale in card.build_card_files(corpus.folder, dataset).stale if dataset.files else ():
        finding = STALE_CARD.finding(stale.reason)
        yield finding._replace(file=f"corpus/{stale.file}", line=stale.line or 1)
    head, _ = yaml_header.split_card(read_text(corpus.card_file), corpus.card_file)
    for key, value in find_unknown_values(yaml_header.parse_header(head, corpus.card_file)):
        finding = CARD_WORD.finding(f"{key}: {value}")
        yield finding._replace(file=f"corpus/{card.CARD_FILE}", line=1)


def _read_dataset(checkout: Checkout, corpus: CorpusFiles) -> card.BuiltDataset:
    files = {
        path.relative_to(corpus.folder).as_posix(): card.DatasetFile(
            path, file_digest(path), footer
        )
        for path in list_files(corpus.data_folder, "*/*.parquet")
        if (footer := read_footer(path))
    }
    schema = load_schema(checkout.root / SCHEMA_FILE)
    return card.collect_dataset(checkout, schema, files, read_agreement_file(corpus.folder))
