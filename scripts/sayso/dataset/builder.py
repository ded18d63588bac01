"""Build ``corpus/data`` and the card from the sources: staged, then moved into place.

A build depends on the sources, the schema, the code and its libraries alone. Files on disk are
compared by their bytes; the state under ``.sayso/`` only saves work with the same result.

While files are moved into place the card names none of them. So whoever loads the dataset then, or
after an interrupted build, gets an error and never the rows of two builds.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import msgspec
from msgspec import Struct

from sayso.callbacks import Advance
from sayso.code_digest import library_versions, package_digest
from sayso.corpus.licences import read_text_policy, withholds_text
from sayso.corpus.sources import CorpusFiles
from sayso.dataset import agreement_file, card
from sayso.dataset.annotated_chunk import ConfigTable
from sayso.dataset.annotation_table import AnnotationTable
from sayso.dataset.arrow_tables import build_tables
from sayso.dataset.batches import ArticleBatch, list_annotation_sources, list_batches
from sayso.dataset.card import DatasetFile, StalePart
from sayso.dataset.parquet_files import DatasetFileWriter, EncodingThread, is_rewritten, read_footer
from sayso.dataset.text_columns import remove_texts
from sayso.errors import InputError
from sayso.files import (
    convert_os_errors,
    exists,
    file_digest,
    hold_lock,
    list_files,
    make_folder,
    open_file,
    read_file,
    remove,
    write_if_changed,
)
from sayso.schema.column_names import list_configs
from sayso.schema.declarations import load_schema, schema_digest
from sayso.settings import SCHEMA_FILE, Checkout

_LIBRARIES = ("msgspec", "numpy", "pyarrow", "sentencex")


class _BatchState(Struct, forbid_unknown_fields=True):
    """Digests of a batch's sources, and of each file built from them."""

    sources: str
    files: dict[str, str]


class _AgreementState(Struct, frozen=True, forbid_unknown_fields=True):
    """Digests of what agreement depends on, and of its file; empty without one."""

    inputs: str = ""
    file: str = ""


class _BuildState(Struct, forbid_unknown_fields=True):
    """The inputs and outputs of the last build, kept in ``.sayso/build.json``."""

    rules: str = ""
    sources: dict[str, str] = {}
    batches: dict[str, _BatchState] = {}
    agreement: _AgreementState = _AgreementState()


@dataclass(frozen=True)
class BuildResult:
    """Outcome of a build. Paths are relative to ``corpus/``.

    Attributes:
        stale: computed parts of the card, and files beside it, that were out of date.
        rows: configuration -> split -> number of rows.
        empty_configs: configurations without rows. They cannot be loaded, so the card leaves them
            out.
    """

    written: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int
    stale: tuple[StalePart, ...]
    rows: dict[str, dict[str, int]]
    empty_configs: tuple[str, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def card_changed(self) -> bool:
        """The card, or a file beside it, was out of date."""
        return bool(self.stale)

    @property
    def changed(self) -> bool:
        """Anything on disk was out of date."""
        return bool(self.written or self.removed or self.stale)


def build(
    checkout: Checkout, *, write: bool = True, advance: Advance = lambda _documents: None
) -> BuildResult:
    """Build the dataset, or with ``write=False`` find out what would change.

    Args:
        advance: called with the number of documents just processed.

    Raises:
        InputError: a source is broken; nothing has changed.
        SpanError: an offset does not fit its text; nothing has changed.
        DiskError: the disk refused; what was there is still there.
    """
    with hold_lock(checkout.private / "build.lock", "sayso build"):
        return _DatasetBuilder(checkout, advance).run(write)


def count_articles(checkout: Checkout) -> int:
    """Count the documents, for a progress bar."""
    return sum(map(_count_lines, CorpusFiles(checkout.root).batch_files()))


def _count_lines(path: Path) -> int:
    with convert_os_errors(path), open_file(path) as file:
        return sum(line.endswith(b"\n") for line in file)


class _DatasetBuilder:
    def __init__(self, checkout: Checkout, advance: Advance) -> None:
        self.checkout, self.advance = checkout, advance
        self.corpus = CorpusFiles(checkout.root)
        self.schema = load_schema(checkout.root / SCHEMA_FILE)
        self.text_policy = read_text_policy(checkout)
        self.staging = self.corpus.folder / ".next.partial"
        self.spool = checkout.private / "build.partial"
        self.state_path = checkout.private / "build.json"

    def run(self, write: bool) -> BuildResult:
        if not self.corpus.batch_files():
            where = str(self.corpus.articles_folder)
            raise InputError("no articles", where=where, remedy="run `sayso ingest FILE`")
        self._remove_temporary_files()
        try:
            last = self._read_state()
            state = self._build_batches(last)
            state.agreement, agreement = self._measure_agreement(last.agreement, state.sources)
            return self._finish(state, agreement, write)
        finally:
            self._remove_temporary_files()

    def _remove_temporary_files(self) -> None:
        for folder in (self.staging, self.spool):
            remove(folder)

    def _read_state(self) -> _BuildState:
        try:
            return msgspec.json.decode(read_file(self.state_path), type=_BuildState)
        except (OSError, msgspec.MsgspecError):
            return _BuildState()

    def _build_batches(self, last: _BuildState) -> _BuildState:
        """Build what changed since the last build into the staging folder."""
        rules, sources = self._digest_rules(), self._digest_sources()
        if last.rules != rules:
            last = _BuildState()
        if last.sources == sources and self._are_current(last.batches.values()):
            return last
        batches: dict[str, _BatchState] = {}
        for batch in list_batches(self.corpus, self.spool):
            old, digest = last.batches.get(batch.name), batch.digest()
            if old and old.sources == digest and self._are_current([old]):
                batches[batch.name] = old
            else:
                batches[batch.name] = _BatchState(digest, self._stage_batch(batch))
        return _BuildState(rules, sources, batches)

    def _digest_rules(self) -> str:
        schema = schema_digest(self.schema)
        return " ".join([schema, self.text_policy, package_digest(), library_versions(*_LIBRARIES)])

    def _digest_sources(self) -> dict[str, str]:
        annotations = [source.original for source in list_annotation_sources(self.corpus)]
        return {
            path.relative_to(self.checkout.root).as_posix(): file_digest(path)
            for path in [*self.corpus.batch_files(), *annotations]
        }

    def _measure_agreement(
        self, last: _AgreementState, sources: dict[str, str]
    ) -> tuple[_AgreementState, bytes | None]:
        """Return the content of ``agreement.json``, measured if what it depends on changed."""
        inputs = agreement_file.agreement_inputs_digest(sources, self.schema)
        content = agreement_file.read_agreement_file(self.corpus.folder)
        if last != _AgreementState(inputs, _digest_content(content)):
            content = agreement_file.measure_agreement(self.corpus, self.schema)
        return _AgreementState(inputs, _digest_content(content)), content

    def _are_current(self, batches: Iterable[_BatchState]) -> bool:
        return all(
            self._digests_on_disk.get(name) == digest
            for batch in batches
            for name, digest in batch.files.items()
        )

    @cached_property
    def _digests_on_disk(self) -> dict[str, str]:
        return {
            path.relative_to(self.corpus.folder).as_posix(): file_digest(path)
            for path in list_files(self.corpus.data_folder, "*/*.parquet")
        }

    def _stage_batch(self, batch: ArticleBatch) -> dict[str, str]:
        """Write the files of a batch to staging, except those equal on disk. Name -> digest."""
        writers: dict[str, DatasetFileWriter] = {}
        with ExitStack() as opened, EncodingThread() as thread:
            for chunk in batch.iterate_chunks():
                withheld = frozenset(
                    document.doc_id
                    for document in chunk.documents
                    if withholds_text(document.license, self.text_policy)
                )
                annotations = AnnotationTable(chunk.lines, self.schema)
                tables = build_tables(
                    chunk.documents, annotations, chunk.document_index, self.schema
                )
                for config, table in tables.items():
                    if not table.rows.num_rows:
                        continue
                    name = f"data/{config}/{chunk.split}-{batch.name}.parquet"
                    if name not in writers:
                        writers[name] = DatasetFileWriter(self.staging / name, thread)
                        opened.callback(writers[name].discard)
                    writers[name].add(_remove_withheld_text(config, table, withheld))
                self.advance(len(chunk.documents))
            for writer in writers.values():
                writer.close()
        return {name: self._keep_equal_file(name) for name in sorted(writers)}

    def _keep_equal_file(self, name: str) -> str:
        """Return the file's digest. Delete the staged copy if the file on disk is as good."""
        staged, digest = self.staging / name, file_digest(self.staging / name)
        on_disk = self._digests_on_disk.get(name)
        if on_disk and (on_disk == digest or is_rewritten(self.corpus.folder / name, staged)):
            staged.unlink()
            return on_disk
        return digest

    def _finish(self, state: _BuildState, agreement: bytes | None, write: bool) -> BuildResult:
        digests = {
            name: digest for batch in state.batches.values() for name, digest in batch.files.items()
        }
        files = {name: self._read_file(name, digests[name]) for name in sorted(digests)}
        written = [name for name in files if exists(self.staging / name)]
        removed = [name for name in self._digests_on_disk if name not in files]
        dataset = card.collect_dataset(self.checkout, self.schema, files, agreement)
        card_files = card.build_card_files(self.corpus.folder, dataset)
        if write:
            self._publish(written, removed, card_files)
            write_if_changed(self.state_path, msgspec.json.encode(state, order="sorted"))
        return BuildResult(
            tuple(written),
            tuple(removed),
            len(files) - len(written),
            card_files.stale,
            dataset.rows,
            tuple(name for name in list_configs(self.schema) if not dataset.rows.get(name)),
            dict(dataset.counts),
        )

    def _read_file(self, name: str, digest: str) -> DatasetFile:
        path = self.staging / name
        if not exists(path):
            path = self.corpus.folder / name
        footer = read_footer(path)
        if footer is None:
            raise InputError("not a file that sayso wrote", where=str(path), remedy="remove it")
        return DatasetFile(path, digest, footer)

    def _publish(
        self, written: Iterable[str], removed: Iterable[str], card_files: card.CardFiles
    ) -> None:
        if written or removed:
            card.hide_data(self.corpus.card_file)
        for name in written:
            target = self.corpus.folder / name
            with convert_os_errors(target):
                make_folder(target.parent)
                (self.staging / name).replace(target)
        for name in removed:
            with convert_os_errors(self.corpus.folder / name):
                (self.corpus.folder / name).unlink(missing_ok=True)
        card_files.write(self.corpus.folder)


def _digest_content(content: bytes | None) -> str:
    return "" if content is None else hashlib.sha256(content).hexdigest()


def _remove_withheld_text(config: str, table: ConfigTable, withheld: frozenset[str]) -> ConfigTable:
    if not withheld:
        return table
    counts = {"withheld": len(withheld)} if config == "articles" else {}
    return ConfigTable(remove_texts(table.rows, withheld), table.counts + Counter(counts))
