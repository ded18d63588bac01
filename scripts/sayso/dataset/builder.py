"""From the sources to ``corpus/data`` and the card: written aside, then put in place, the card last.

What a build makes depends on the sources, the schema and this code alone. What is on disk is compared by its bytes;
the state that a build leaves in ``.sayso/`` only spares work that would come to the same.

While files are put in place the card names none of them, so whoever loads meanwhile, or after an interrupted build,
gets an error and never the rows of two builds.
"""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import msgspec
from msgspec import Struct

from sayso.code_digest import library_versions, package_digest
from sayso.corpus import licences
from sayso.corpus.sources import CorpusFiles
from sayso.dataset import agreement_file, arrow_tables, card, features, parquet_files, text_columns
from sayso.dataset.annotation_table import AnnotationTable
from sayso.dataset.arrow_tables import ConfigTable
from sayso.dataset.batches import ArticleBatch, file_digest, list_annotation_sources, list_batches
from sayso.dataset.card import StalePart
from sayso.dataset.parquet_files import DatasetFileFooter
from sayso.errors import InputError
from sayso.files import convert_os_errors, hold_lock, write_if_changed
from sayso.schema import declarations as schemas
from sayso.settings import SCHEMA_FILE, Checkout
from sayso.versions import Version

Advance = Callable[[int], None]
_LIBRARIES = ("msgspec", "numpy", "pyarrow", "sentencex")


class _BatchState(Struct, forbid_unknown_fields=True):
    """A batch as it was built: the digest of its sources, and of every file made from them."""

    sources: str
    files: dict[str, str]


class _AgreementState(Struct, frozen=True, forbid_unknown_fields=True):
    """Agreement as it was measured: a digest of what it depends on, and of its file; empty where there is none."""

    basis: str = ""
    file: str = ""


class _BuildState(Struct, forbid_unknown_fields=True):
    """What a build remembers: made by what, from which files, and each batch; and what agreement was measured."""

    tool: str = ""
    sources: dict[str, str] = {}
    batches: dict[str, _BatchState] = {}
    agreement: _AgreementState = _AgreementState()


@dataclass(frozen=True)
class BuildResult:
    """What a build found and did. Paths are relative to ``corpus/``.

    ``stale`` is what of the card, and of what lies beside it, was not what the sources give.
    """

    written: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int
    stale: tuple[StalePart, ...]
    rows: dict[str, dict[str, int]]
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def card_changed(self) -> bool:
        """Whether the card, or something beside it, differs from what the sources give."""
        return bool(self.stale)

    @property
    def changed(self) -> bool:
        """Whether anything on disk differs from what the sources give."""
        return bool(self.written or self.removed or self.card_changed)

    @property
    def empty_configs(self) -> tuple[str, ...]:
        """Configurations without a row: they cannot be loaded, so the card leaves them out."""
        return tuple(name for name in features.CONFIGS if not self.rows.get(name))


def build(
    checkout: Checkout, *, write: bool = True, advance: Advance = lambda _documents: None
) -> BuildResult:
    """Make the dataset of an instance, or with ``write=False`` only tell what would change.

    Args:
        progress: called with the number of documents that were just worked on.

    Raises:
        InputError: a source is broken; nothing has changed.
        SpanError: an offset does not fit its text; nothing has changed.
        DiskError: the disk refused; what was there is still there.
    """
    with hold_lock(checkout.private / "build.lock", "sayso build"):
        return _DatasetBuilder(checkout, advance).run(write)


class _DatasetBuilder:
    def __init__(self, checkout: Checkout, progress: Advance) -> None:
        self.checkout, self.progress = checkout, progress
        self.corpus = CorpusFiles(checkout.root)
        self.schema = schemas.load_schema(checkout.root / SCHEMA_FILE)
        self.texts = licences.read_text_policy(checkout)
        self.aside = self.corpus.folder / ".next.partial"
        self.spool = checkout.private / "build.partial"
        self.remembered = checkout.private / "build.json"

    def run(self, write: bool) -> BuildResult:
        if not self.corpus.batch_files():
            raise InputError(
                "no articles",
                where=str(self.corpus.articles_folder),
                remedy="run `sayso ingest FILE`",
            )
        self._remove_temporary_files()
        try:
            known = self._read_state()
            state = self._build_batches(known)
            state.agreement, measured = self._measure_agreement(known.agreement, state.sources)
            return self._finish(state, measured, write)
        finally:
            self._remove_temporary_files()

    def _remove_temporary_files(self) -> None:
        for folder in (self.aside, self.spool):
            with convert_os_errors(folder):
                if folder.exists():
                    shutil.rmtree(folder)

    # --- what the files should be

    def _build_batches(self, known: _BuildState) -> _BuildState:
        """What the sources give; files that are not yet in place lie under ``aside``."""
        tool, sources = self._tool_digest(), self._digest_sources()
        if (known.tool, known.sources) == (tool, sources) and self._files_are_current(
            known.batches.values()
        ):
            return known
        done: dict[str, _BatchState] = {}
        for batch in list_batches(self.corpus, self.spool):
            old, digest = known.batches.get(batch.name), batch.digest()
            same = (
                known.tool == tool
                and old is not None
                and old.sources == digest
                and self._files_are_current([old])
            )
            done[batch.name] = (
                old if same and old else _BatchState(digest, self._write_batch(batch))
            )
        return _BuildState(tool, sources, done)

    def _measure_agreement(
        self, known: _AgreementState, sources: dict[str, str]
    ) -> tuple[_AgreementState, bytes | None]:
        """What ``agreement.json`` is to hold: what lies there, unless it depends on something that is another now."""
        basis, lying = (
            agreement_file.agreement_inputs_digest(sources, self.schema),
            agreement_file.read_agreement_file(self.corpus.folder),
        )
        if known == _AgreementState(basis, _digest_content(lying)):
            return known, lying
        found = agreement_file.measure_agreement(self.corpus, self.schema)
        return _AgreementState(basis, _digest_content(found)), found

    def _read_state(self) -> _BuildState:
        try:
            return msgspec.json.decode(self.remembered.read_bytes(), type=_BuildState)
        except (OSError, msgspec.MsgspecError):
            return _BuildState()

    def _tool_digest(self) -> str:
        """Everything but the sources that decides what is made."""
        schema = schemas.schema_digest(self.schema)
        return " ".join([schema, self.texts, package_digest(), library_versions(*_LIBRARIES)])

    def _digest_sources(self) -> dict[str, str]:
        files = [
            *self.corpus.batch_files(),
            *(source.original for source in list_annotation_sources(self.corpus)),
        ]
        return {
            path.relative_to(self.checkout.root).as_posix(): file_digest(path) for path in files
        }

    def _files_are_current(self, done: Iterable[_BatchState]) -> bool:
        return all(
            self._digests_on_disk.get(name) == digest
            for each in done
            for name, digest in each.files.items()
        )

    @cached_property
    def _digests_on_disk(self) -> dict[str, str]:
        return {
            path.relative_to(self.corpus.folder).as_posix(): file_digest(path)
            for path in sorted(self.corpus.data_folder.glob("*/*.parquet"))
        }

    def _write_batch(self, batch: ArticleBatch) -> dict[str, str]:
        """Write the files of a batch aside; those that are in place already stay there. Name → digest."""
        writers: dict[str, parquet_files.DatasetFileWriter] = {}
        with ExitStack() as opened, parquet_files.EncodingThread() as lane:
            for each in batch.iterate_chunks():
                found = arrow_tables.build_tables(
                    each.documents,
                    AnnotationTable(each.lines, self.schema),
                    each.document_of,
                    self.schema,
                )
                held = frozenset(
                    d.doc_id
                    for d in each.documents
                    if licences.withholds_text(d.license, self.texts)
                )
                for config, table in found.items():
                    if table.rows.num_rows:
                        name = f"data/{config}/{each.split}-{batch.name}.parquet"
                        if name not in writers:
                            writers[name] = parquet_files.DatasetFileWriter(self.aside / name, lane)
                            opened.callback(writers[name].discard)
                        writers[name].add(_remove_withheld_text(config, table, held))
                self.progress(len(each.documents))
            for writer in writers.values():
                writer.close()
        return {name: self._keep_equal_file(name) for name in sorted(writers)}

    def _keep_equal_file(self, name: str) -> str:
        """The digest of a file; the one aside is dropped where the one in place is as good."""
        aside, digest = self.aside / name, file_digest(self.aside / name)
        present = self._digests_on_disk.get(name)
        if present and (present == digest or self._has_same_rows(self.corpus.folder / name, aside)):
            aside.unlink()
            return present
        return digest

    @staticmethod
    def _has_same_rows(present: Path, aside: Path) -> bool:
        """Whether another release of pyarrow wrote the very same rows: other bytes, and no gain."""
        old, new = parquet_files.read_footer(present), parquet_files.read_footer(aside)
        return bool(
            old
            and new
            and old.created_by != new.created_by
            and parquet_files.have_equal_rows(present, aside)
        )

    # --- putting them in place

    def _finish(self, state: _BuildState, measured: bytes | None, write: bool) -> BuildResult:
        files = {
            name: digest for done in state.batches.values() for name, digest in done.files.items()
        }
        written = tuple(name for name in sorted(files) if (self.aside / name).exists())
        removed = tuple(name for name in self._digests_on_disk if name not in files)
        footers = {name: self._read_footer(name) for name in sorted(files)}
        made = card.collect_dataset(
            self.checkout.root,
            self.schema,
            read_data_version(self.checkout),
            footers,
            files,
            self._file_path,
            measured,
        )
        beside = card.build_card_files(self.corpus.folder, made)
        if write:
            self._publish_files(written, removed, beside)
            write_if_changed(self.remembered, msgspec.json.encode(state, order="sorted"))
        kept = len(files) - len(written)
        return BuildResult(written, removed, kept, beside.stale, made.rows, dict(made.counts))

    def _file_path(self, name: str) -> Path:
        aside = self.aside / name
        return aside if aside.exists() else self.corpus.folder / name

    def _read_footer(self, name: str) -> DatasetFileFooter:
        found = parquet_files.read_footer(self._file_path(name))
        if found is None:
            raise InputError(
                "not a file that sayso wrote", where=str(self._file_path(name)), remedy="remove it"
            )
        return found

    def _publish_files(
        self, written: Iterable[str], removed: Iterable[str], beside: card.CardFiles
    ) -> None:
        written, removed = tuple(written), tuple(removed)
        if written or removed:
            card.hide_data(self.corpus.card_file)
        for name in written:
            target = self.corpus.folder / name
            with convert_os_errors(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                (self.aside / name).replace(target)
        for name in removed:
            with convert_os_errors(self.corpus.folder / name):
                (self.corpus.folder / name).unlink(missing_ok=True)
        beside.write(self.corpus.folder)


def _digest_content(content: bytes | None) -> str:
    return "" if content is None else hashlib.sha256(content).hexdigest()


def _remove_withheld_text(config: str, table: ConfigTable, held: frozenset[str]) -> ConfigTable:
    """The rows without the words of the documents whose texts are held back; counted where the articles are."""
    if not held:
        return table
    counted = {"withheld": len(held)} if config == "articles" else {}
    return ConfigTable(text_columns.remove_texts(table.rows, held), table.counts + Counter(counted))


def read_data_version(checkout: Checkout) -> str:
    """The version of the data, which is not the tool's: ``data_version`` in ``[tool.sayso]``.

    Raises:
        InputError: not three numbers, which is all that ``datasets`` takes.
    """
    setting = checkout.find_setting("data_version")
    if setting is None:
        return "0.0.0"
    try:
        return str(Version.parse(setting.value))
    except ValueError as error:
        raise InputError(f"data_version {error}", where=setting.source) from None


def count_articles(checkout: Checkout) -> int:
    """How many documents there are, for a progress bar."""
    return sum(_count_lines(path) for path in CorpusFiles(checkout.root).batch_files())


def _count_lines(path: Path) -> int:
    with convert_os_errors(path), path.open("rb") as file:
        return sum(line.endswith(b"\n") for line in file)
