"""What is wrong with the card that lies there, seen from the data beside it; no row is read for that."""

from __future__ import annotations

from collections.abc import Iterator

from sayso import schema as schemas
from sayso.checks import CARD_WORD, STALE_CARD, Finding
from sayso.dataset import agreement, card, parquet
from sayso.dataset.build import data_version
from sayso.dataset.card import head
from sayso.dataset.card.vocabulary import unknown_words
from sayso.dataset.sources import file_digest
from sayso.settings import MARK, Instance
from sayso.store import Corpus


def card_findings(instance: Instance) -> Iterator[Finding]:
    """Yield each computed part that does not tell of the data that lie there, and each word that the hub refuses.

    Where there is no card yet, nothing is found. Whether the data are what the sources give, the build says.

    Raises:
        InputError: the card's marks or head are wrong.
    """
    corpus = Corpus(instance.root)
    if not corpus.card.is_file():
        return
    for stale in card.beside(corpus.folder, _made(instance, corpus)).stale:
        yield STALE_CARD.found(stale.what)._replace(file=f"corpus/{stale.file}", line=stale.line or 1)
    keys, _body = head.parted(corpus.card.read_text(encoding="utf-8"), corpus.card)
    for key, word in unknown_words(head.read(keys, corpus.card)):
        yield CARD_WORD.found(f"{key}: {word}")._replace(file=f"corpus/{card.CARD}", line=1)


def _made(instance: Instance, corpus: Corpus) -> card.Made:
    files = {path.relative_to(corpus.folder).as_posix(): path for path in sorted(corpus.data.glob("*/*.parquet"))}
    footers = {name: found for name, path in files.items() if (found := parquet.footer(path))}
    digests = {name: file_digest(files[name]) for name in footers}
    schema = schemas.load(instance.root / MARK)
    return card.gathered(
        instance.root,
        schema,
        data_version(instance),
        footers,
        digests,
        files.__getitem__,
        agreement.lying(corpus.folder),
    )
