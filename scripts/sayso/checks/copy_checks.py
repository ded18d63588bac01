"""The check that copies of one text share a split.

Ingest gives them one, but two branches that each take in a copy do not know of each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from itertools import combinations, groupby, product
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory

from sayso.callbacks import Advance
from sayso.checks.check_registry import Finding, warning_check
from sayso.corpus.sources import CorpusFiles
from sayso.errors import ConflictError, InputError
from sayso.files import hold_lock, is_file
from sayso.ingest.article_index import INDEX_FILE, MAX_NEIGHBOURS, ArticleIndex, open_index
from sayso.ingest.copy_clusters import SPLITS
from sayso.ingest.near_duplicates import RunHashes, are_copies, hash_runs
from sayso.models import Split
from sayso.settings import Checkout

COPY_SPLIT = warning_check(
    "copy-split",
    "Texts that are copies of one another share a split.",
    "write the other's split into this line, unless a release has both, and run `sayso build`",
)
Holder = tuple[str, Split]


def check_copies(checkout: Checkout, advance: Advance = lambda _: None) -> Iterator[Finding]:
    """Check the splits of all documents, if these can be read.

    Raises:
        DiskError: the disk is full.
    """
    corpus = CorpusFiles(checkout.root)
    try:
        with _find_cache(checkout) as cache, open_index(cache, corpus, advance) as index:
            for (first, split), (doc_id, own_split) in _find_copies(index):
                message = f"a copy of {first}, which is in {split}, and this is in {own_split}"
                file, line = index.find_line(doc_id)
                place = file.relative_to(corpus.root).as_posix()
                yield COPY_SPLIT.finding(message, doc_id)._replace(file=place, line=line)
    except InputError:
        return  # the other checks name the line


@contextmanager
def _find_cache(checkout: Checkout) -> Iterator[Path]:
    """Yield the index that ingest keeps; where there is none, or ingest is at work, a new one."""
    cache = checkout.private / INDEX_FILE
    with ExitStack() as stack:
        try:
            if is_file(cache):
                stack.enter_context(hold_lock(checkout.private / "ingest.lock", "sayso check"))
            else:
                cache = Path(stack.enter_context(TemporaryDirectory())) / INDEX_FILE
        except ConflictError:
            cache = Path(stack.enter_context(TemporaryDirectory())) / INDEX_FILE
        yield cache


def _find_copies(index: ArticleIndex) -> Iterator[tuple[Holder, Holder]]:
    """Yield each document after a copy of it, where that has a split that comes before its own."""

    @lru_cache(maxsize=64)
    def hash_runs_of(doc_id: str) -> RunHashes:
        return hash_runs(index.read_document(doc_id).text)

    found: set[str] = set()
    compared: set[tuple[str, str]] = set()
    for one, other in _list_candidates(index):
        pair = (one[0], other[0])
        if other[0] not in found and pair not in compared:
            compared.add(pair)
            if are_copies(*map(hash_runs_of, pair)):
                found.add(other[0])
                yield one, other


def _list_candidates(index: ArticleIndex) -> Iterator[tuple[Holder, Holder]]:
    """Yield pairs of documents of different splits that share a band, the earlier split first."""
    for _key, rows in groupby(index.list_bands(), key=itemgetter(0)):
        holders: dict[Split, list[str]] = {split: [] for split in SPLITS}
        for _same, doc_id, split in rows:
            if len(holders[split]) < MAX_NEIGHBOURS:
                holders[split].append(doc_id)
        for one, other in combinations(SPLITS, 2):
            for first, second in product(holders[one], holders[other]):
                yield (first, one), (second, other)
