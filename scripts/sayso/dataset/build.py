"""From the sources to ``corpus/data`` and the card: written aside, then put in place, the card last.

What a build makes depends on the sources, the schema and this code alone. What is on disk is compared by its bytes;
the state that a build leaves in ``.sayso/`` only spares work that would come to the same.

While files are put in place the card names none of them, so whoever loads meanwhile, or after an interrupted build,
gets an error and never the rows of two builds.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import msgspec
from msgspec import Struct

from sayso import rights
from sayso import schema as schemas
from sayso.dataset import agreement, card, features, parquet, quoting, tables
from sayso.dataset.answers import Answers
from sayso.dataset.card import Stale
from sayso.dataset.parquet import Footer
from sayso.dataset.sources import Batch, answer_files, batches, file_digest
from sayso.dataset.tables import Table
from sayso.errors import InputError
from sayso.files import explained, locked, write_if_changed
from sayso.settings import MARK, Instance
from sayso.store import Corpus

Progress = Callable[[int], None]
_CODE = Path(__file__).parents[1]
_OWN_CODE = ("dataset/*.py", "records.py", "schema.py", "store.py")
_LIBRARIES = ("msgspec", "numpy", "pyarrow", "sentencex")


class _Done(Struct, forbid_unknown_fields=True):
    """A batch as it was built: the digest of its sources, and of every file made from them."""

    sources: str
    files: dict[str, str]


class _Measured(Struct, frozen=True, forbid_unknown_fields=True):
    """Agreement as it was measured: a digest of what it depends on, and of its file; empty where there is none."""

    basis: str = ""
    file: str = ""


class _State(Struct, forbid_unknown_fields=True):
    """What a build remembers: made by what, from which files, and each batch; and what agreement was measured."""

    tool: str = ""
    sources: dict[str, str] = {}
    batches: dict[str, _Done] = {}
    agreement: _Measured = _Measured()


@dataclass(frozen=True)
class Outcome:
    """What a build found and did. Paths are relative to ``corpus/``.

    ``stale`` is what of the card, and of what lies beside it, was not what the sources give.
    """

    written: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int
    stale: tuple[Stale, ...]
    rows: dict[str, dict[str, int]]
    figures: dict[str, int] = field(default_factory=dict)

    @property
    def card_changed(self) -> bool:
        """Whether the card, or something beside it, differs from what the sources give."""
        return bool(self.stale)

    @property
    def changed(self) -> bool:
        """Whether anything on disk differs from what the sources give."""
        return bool(self.written or self.removed or self.card_changed)

    @property
    def empty(self) -> tuple[str, ...]:
        """Configurations without a row: they cannot be loaded, so the card leaves them out."""
        return tuple(name for name in features.CONFIGS if not self.rows.get(name))


def build(instance: Instance, *, write: bool = True, progress: Progress = lambda _documents: None) -> Outcome:
    """Make the dataset of an instance, or with ``write=False`` only tell what would change.

    Args:
        progress: called with the number of documents that were just worked on.

    Raises:
        InputError: a source is broken; nothing has changed.
        SpanError: an offset does not fit its text; nothing has changed.
        DiskError: the disk refused; what was there is still there.
    """
    with locked(instance.private / "build.lock", "sayso build"):
        return _Build(instance, progress).run(write)


class _Build:
    def __init__(self, instance: Instance, progress: Progress) -> None:
        self.instance, self.progress = instance, progress
        self.corpus = Corpus(instance.root)
        self.schema = schemas.load(instance.root / MARK)
        self.texts = rights.chosen(instance)
        self.aside = self.corpus.folder / ".next.partial"
        self.spool = instance.private / "build.partial"
        self.remembered = instance.private / "build.json"

    def run(self, write: bool) -> Outcome:
        if not self.corpus.batches():
            raise InputError("no articles", where=str(self.corpus.articles), remedy="run `sayso ingest FILE`")
        self._clear()
        try:
            known = self._recall()
            state = self._made(known)
            state.agreement, measured = self._agreement(known.agreement, state.sources)
            return self._settle(state, measured, write)
        finally:
            self._clear()

    def _clear(self) -> None:
        for folder in (self.aside, self.spool):
            with explained(folder):
                if folder.exists():
                    shutil.rmtree(folder)

    # --- what the files should be

    def _made(self, known: _State) -> _State:
        """What the sources give; files that are not yet in place lie under ``aside``."""
        tool, sources = self._tool(), self._sources()
        if (known.tool, known.sources) == (tool, sources) and self._all_there(known.batches.values()):
            return known
        done: dict[str, _Done] = {}
        for batch in batches(self.corpus, self.spool):
            old, digest = known.batches.get(batch.name), batch.digest()
            same = known.tool == tool and old is not None and old.sources == digest and self._all_there([old])
            done[batch.name] = old if same and old else _Done(digest, self._make(batch))
        return _State(tool, sources, done)

    def _agreement(self, known: _Measured, sources: dict[str, str]) -> tuple[_Measured, bytes | None]:
        """What ``agreement.json`` is to hold: what lies there, unless it depends on something that is another now."""
        basis, lying = agreement.basis(sources, self.schema), agreement.lying(self.corpus.folder)
        if known == _Measured(basis, _digest(lying)):
            return known, lying
        found = agreement.measured(self.corpus, self.schema)
        return _Measured(basis, _digest(found)), found

    def _recall(self) -> _State:
        try:
            return msgspec.json.decode(self.remembered.read_bytes(), type=_State)
        except (OSError, msgspec.MsgspecError):
            return _State()

    def _tool(self) -> str:
        """Everything but the sources that decides what is made."""
        code = sorted(path for pattern in _OWN_CODE for path in _CODE.glob(pattern))
        parts = [file_digest(path) for path in code] + [f"{name} {version(name)}" for name in _LIBRARIES]
        return " ".join([schemas.digest(self.schema)[:16], self.texts, *(part[:16] for part in parts)])

    def _sources(self) -> dict[str, str]:
        files = [*self.corpus.batches(), *(source.original for source in answer_files(self.corpus))]
        return {path.relative_to(self.instance.root).as_posix(): file_digest(path) for path in files}

    def _all_there(self, done: Iterable[_Done]) -> bool:
        return all(self._on_disk.get(name) == digest for each in done for name, digest in each.files.items())

    @cached_property
    def _on_disk(self) -> dict[str, str]:
        return {
            path.relative_to(self.corpus.folder).as_posix(): file_digest(path)
            for path in sorted(self.corpus.data.glob("*/*.parquet"))
        }

    def _make(self, batch: Batch) -> dict[str, str]:
        """Write the files of a batch aside; those that are in place already stay there. Name → digest."""
        writers: dict[str, parquet.Writer] = {}
        with ExitStack() as opened, parquet.Lane() as lane:
            for each in batch.slices():
                found = tables.tables(each.documents, Answers(each.lines, self.schema), each.document_of, self.schema)
                held = frozenset(d.doc_id for d in each.documents if rights.withheld(d.license, self.texts))
                for config, table in found.items():
                    if table.rows.num_rows:
                        name = f"data/{config}/{each.split}-{batch.name}.parquet"
                        if name not in writers:
                            writers[name] = parquet.Writer(self.aside / name, lane)
                            opened.callback(writers[name].abandon)
                        writers[name].add(_within_rights(config, table, held))
                self.progress(len(each.documents))
            for writer in writers.values():
                writer.close()
        return {name: self._compared(name) for name in sorted(writers)}

    def _compared(self, name: str) -> str:
        """The digest of a file; the one aside is dropped where the one in place is as good."""
        aside, digest = self.aside / name, file_digest(self.aside / name)
        present = self._on_disk.get(name)
        if present and (present == digest or self._as_good(self.corpus.folder / name, aside)):
            aside.unlink()
            return present
        return digest

    @staticmethod
    def _as_good(present: Path, aside: Path) -> bool:
        """Whether another release of pyarrow wrote the very same rows: other bytes, and no gain."""
        old, new = parquet.footer(present), parquet.footer(aside)
        return bool(old and new and old.made_by != new.made_by and parquet.same_rows(present, aside))

    # --- putting them in place

    def _settle(self, state: _State, measured: bytes | None, write: bool) -> Outcome:
        files = {name: digest for done in state.batches.values() for name, digest in done.files.items()}
        written = tuple(name for name in sorted(files) if (self.aside / name).exists())
        removed = tuple(name for name in self._on_disk if name not in files)
        footers = {name: self._footer(name) for name in sorted(files)}
        made = card.gathered(
            self.instance.root, self.schema, data_version(self.instance), footers, files, self._place, measured
        )  # fmt: skip
        beside = card.beside(self.corpus.folder, made)
        if write:
            self._put(written, removed, beside)
            write_if_changed(self.remembered, msgspec.json.encode(state, order="sorted"))
        kept = len(files) - len(written)
        return Outcome(written, removed, kept, beside.stale, made.rows, dict(made.figures))

    def _place(self, name: str) -> Path:
        aside = self.aside / name
        return aside if aside.exists() else self.corpus.folder / name

    def _footer(self, name: str) -> Footer:
        found = parquet.footer(self._place(name))
        if found is None:
            raise InputError("not a file that sayso wrote", where=str(self._place(name)), remedy="remove it")
        return found

    def _put(self, written: Iterable[str], removed: Iterable[str], beside: card.Beside) -> None:
        written, removed = tuple(written), tuple(removed)
        if written or removed:
            card.withdraw(self.corpus.card)
        for name in written:
            target = self.corpus.folder / name
            with explained(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                (self.aside / name).replace(target)
        for name in removed:
            with explained(self.corpus.folder / name):
                (self.corpus.folder / name).unlink(missing_ok=True)
        beside.put(self.corpus.folder)


def _digest(content: bytes | None) -> str:
    return "" if content is None else hashlib.sha256(content).hexdigest()


def _within_rights(config: str, table: Table, held: frozenset[str]) -> Table:
    """The rows without the words of the documents whose texts are held back; counted where the articles are."""
    if not held:
        return table
    counted = {"withheld": len(held)} if config == "articles" else {}
    return Table(quoting.without(table.rows, held), table.figures + Counter(counted))


def data_version(instance: Instance) -> str:
    """The version of the data, which is not the tool's: ``data_version`` in ``[tool.sayso]``.

    Raises:
        InputError: not three numbers, which is all that ``datasets`` takes.
    """
    setting = instance.setting("data_version")
    if setting is None:
        return "0.0.0"
    if not re.fullmatch(r"\d+\.\d+\.\d+", setting.value):
        raise InputError(f"data_version {setting.value!r} is not like 1.2.0", where=setting.source)
    return setting.value


def documents(instance: Instance) -> int:
    """How many documents there are, for a progress bar."""
    return sum(_lines(path) for path in Corpus(instance.root).batches())


def _lines(path: Path) -> int:
    with explained(path), path.open("rb") as file:
        return sum(line.endswith(b"\n") for line in file)
