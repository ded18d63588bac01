"""A release: check, difference, version, build, changelog, manifest. It leaves a tree to commit and the tag's name.

Every step comes to the same however often it is done, so a release that was interrupted is finished by running it
again; a release that is done says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sayso import derived
from sayso import schema as schemas
from sayso.checks.corpus import corpus_findings
from sayso.dataset.build import build
from sayso.difference import Bump, Difference, between, side
from sayso.errors import ConflictError, FindingsError, InputError
from sayso.files import explained, write_if_changed
from sayso.release import changelog
from sayso.release import manifest as manifests
from sayso.release.version import Version, released
from sayso.settings import MARK, Instance, now
from sayso.store import Corpus

CHANGELOG = "CHANGELOG.md"
FIRST = "The first version."
_LINE = re.compile(r'(?m)^(data_version\s*=\s*)"[^"]*"')

Watch = Callable[[str, int], None]


@dataclass(frozen=True)
class Release:
    """What a release comes to.

    Attributes:
        version, tag: of the release.
        previous: the version that it is compared with; None for the first.
        asked: the least bump that the difference asks for; None where nothing differs.
        reasons: the kinds of changes that ask for it.
        entry: what the changelog says.
        written: files that changed, or would; paths are relative to the checkout.
    """

    version: str
    tag: str
    previous: str | None
    asked: Bump | None
    reasons: tuple[str, ...]
    entry: str
    written: tuple[str, ...]


def release(instance: Instance, words: str, *, dry_run: bool = False,
            watch: Watch = lambda _doing, _n: None) -> Release:  # fmt: skip
    """Make the release of a version, or with ``dry_run`` tell what it would come to.

    Raises:
        UsageError: it is no version.
        FindingsError: a check found errors.
        ConflictError: the version is released, or lower than the difference asks for.
        InputError, DiskError: of what is read and written.
    """
    version = Version.read(words)
    _check(instance, watch)
    before = _before(instance, version)
    difference = _difference(instance, before, watch)
    asked, reasons = (difference.bump, difference.tally.reasons) if difference else (None, [])
    _allow(version, before, asked, [str(kind) for kind in reasons])
    entry = difference.markdown() if difference else FIRST
    written = tuple(_steps(instance, version, entry, not dry_run, watch))
    return Release(str(version), version.tag, str(before) if before else None, asked,
                   tuple(str(kind) for kind in reasons), entry, written)  # fmt: skip


def _check(instance: Instance, watch: Watch) -> None:
    schema = schemas.load(instance.root / MARK)
    findings = corpus_findings(Corpus(instance.root), schema, lambda n: watch("checking", n))
    errors = sum(finding.severity == "error" for finding in findings)
    if errors:
        raise FindingsError(f"{errors} errors in the corpus", remedy="`sayso check` lists them; mend them first")


def _before(instance: Instance, version: Version) -> Version | None:
    """The version that was released last.

    Raises:
        ConflictError: it is this one, or a later one.
    """
    earlier = released(instance.root)
    if version in earlier:
        raise ConflictError(f"{version} is released", where=f"tag {version.tag}", remedy="name the next version")
    if earlier and earlier[-1] > version:
        raise ConflictError(f"{earlier[-1]} is released, which is later than {version}",
                            where=f"tag {earlier[-1].tag}", remedy="name a later version")  # fmt: skip
    return earlier[-1] if earlier else None


def _difference(instance: Instance, before: Version | None, watch: Watch) -> Difference | None:
    if before is None:
        return None
    sides = side(before.tag, instance.root), side(str(instance.root), instance.root)
    return between(*sides, watch=lambda n: watch("comparing", n))


def _allow(version: Version, before: Version | None, asked: Bump | None, reasons: list[str]) -> None:
    """Refuse a version that is lower than the difference asks for."""
    least = before.after(asked) if before and asked else None
    if least and version < least:
        why = ", ".join(reasons)
        raise ConflictError(f"{version} is too low after {before}: there are changes that ask for {asked} ({why})",
                            remedy=f"release {least}, or look at `sayso diff v{before}`")  # fmt: skip


def _steps(instance: Instance, version: Version, entry: str, write: bool, watch: Watch) -> Iterator[str]:
    """Do, or foresee, what makes the tree that of the version; yields the files that change."""
    yield from _versioned(instance, version, write)
    declared = replace(instance, declared=instance.declared | {"data_version": str(version)})
    yield from _schema(instance, write)
    corpus = Corpus(instance.root)
    yield from _logged(corpus.folder / CHANGELOG, version, entry, write, instance)
    built = build(declared, write=write, progress=lambda n: watch("building", n))
    yield from (f"corpus/{name}" for name in (*built.written, *built.removed))
    yield from dict.fromkeys(f"corpus/{stale.file}" for stale in built.stale)
    path = corpus.folder / manifests.NAME
    if not write:
        yield from ["corpus/" + manifests.NAME] if built.changed or not path.is_file() else []
    elif write_if_changed(path, manifests.encoded(manifests.manifest(declared))):
        yield "corpus/" + manifests.NAME


def _versioned(instance: Instance, version: Version, write: bool) -> Iterator[str]:
    path = instance.root / "pyproject.toml"
    with explained(path):
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
    changed, count = _LINE.subn(rf'\g<1>"{version}"', text)
    if count != 1:
        raise InputError("no line data_version under [tool.sayso]", where=str(path),
                         remedy='add data_version = "0.0.0" there')  # fmt: skip
    if changed != text:
        if write:
            write_if_changed(path, changed.encode())
        yield path.name


def _schema(instance: Instance, write: bool) -> Iterator[str]:
    folder = (instance.root / MARK).parent
    schema = schemas.load(instance.root / MARK)
    stale = derived.build(folder, schema) if write else derived.stale(folder, schema)
    yield from (f"{folder.name}/{path}" for path in stale)


def _logged(path: Path, version: Version, entry: str, write: bool, instance: Instance) -> Iterator[str]:
    with explained(path):
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
    changed = changelog.entered(text, str(version), now().date().isoformat(), entry)
    if changed != text:
        if write:
            write_if_changed(path, changed.encode())
        yield path.relative_to(instance.root).as_posix()
