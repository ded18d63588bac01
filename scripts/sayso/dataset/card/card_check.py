"""What is wrong with the card that lies there, seen from the data beside it; no row is read for that."""

from __future__ import annotations

from collections.abc import Iterator

from sayso.checks import CARD_WORD, STALE_CARD, Finding
from sayso.corpus.sources import CorpusFiles
from sayso.dataset import agreement_file, card, parquet_files
from sayso.dataset.batches import file_digest
from sayso.dataset.builder import read_data_version
from sayso.dataset.card import yaml_header
from sayso.dataset.card.hub_vocabulary import find_unknown_values
from sayso.schema import declarations as schemas
from sayso.settings import SCHEMA_FILE, Checkout


def card_findings(checkout: Checkout) -> Iterator[Finding]:
    """Yield each computed part that does not tell of the data that lie there, and each word that the hub refuses.

    Where there is no card yet, nothing is found. Whether the data are what the sources give, the build says.

    Raises:
        InputError: the card's marks or head are wrong.
    """
    corpus = CorpusFiles(checkout.root)
    if not corpus.card_file.is_file():
        return
    for stale in card.build_card_files(corpus.folder, _read_dataset(checkout, corpus)).stale:
        yield STALE_CARD.finding(stale.reason)._replace(
            file=f"corpus/{stale.file}", line=stale.line or 1
        )
    keys, _body = yaml_header.split_card(
        corpus.card_file.read_text(encoding="utf-8"), corpus.card_file
    )
    for key, word in find_unknown_values(yaml_header.parse_header(keys, corpus.card_file)):
        yield CARD_WORD.finding(f"{key}: {word}")._replace(file=f"corpus/{card.CARD_FILE}", line=1)


def _read_dataset(checkout: Checkout, corpus: CorpusFiles) -> card.BuiltDataset:
    files = {
        path.relative_to(corpus.folder).as_posix(): path
        for path in sorted(corpus.data_folder.glob("*/*.parquet"))
    }
    footers = {
        name: found for name, path in files.items() if (found := parquet_files.read_footer(path))
    }
    digests = {name: file_digest(files[name]) for name in footers}
    schema = schemas.load_schema(checkout.root / SCHEMA_FILE)
    return card.collect_dataset(
        checkout.root,
        schema,
        read_data_version(checkout),
        footers,
        digests,
        files.__getitem__,
        agreement_file.read_agreement_file(corpus.folder),
    )
