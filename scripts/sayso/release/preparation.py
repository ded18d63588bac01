"""A release: check, difference, version, build, changelog, manifest. It leaves a tree to commit and the tag's name.

Every step comes to the same however often it is done, so a release that was interrupted is finished by running it
again; a release that is done says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sayso.checks.corpus_checks import check_sources
from sayso.corpus.sources import CorpusFiles
from sayso.dataset.builder import build
from sayso.diff import Bump, CorpusDiff, diff_versions, open_version
from sayso.errors import ConflictError, FindingsError, InputError
from sayso.files import convert_os_errors, write_if_changed
from sayso.release import changelog
from sayso.release import manifest as manifests
from sayso.release.release_versions import Version, list_released_versions
from sayso.schema import declarations as schemas
from sayso.schema import derived_files
from sayso.settings import SCHEMA_FILE, Checkout, current_time

CHANGELOG_FILE = "CHANGELOG.md"
FIRST_ENTRY = "The first version."
_DATA_VERSION_LINE = re.compile(r'(?m)^(data_version\s*=\s*)"[^"]*"')

ReportProgress = Callable[[str, int], None]


@dataclass(frozen=True)
class ReleaseResult:
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
    required_bump: Bump | None
    reasons: tuple[str, ...]
    entry: str
    written: tuple[str, ...]


def prepare_release(
    checkout: Checkout,
    version_text: str,
    *,
    dry_run: bool = False,
    report_progress: ReportProgress = lambda _doing, _n: None,
) -> ReleaseResult:
    """Make the release of a version, or with ``dry_run`` tell what it would come to.

    Raises:
        UsageError: it is no version.
        FindingsError: a check found errors.
        ConflictError: the version is released, or lower than the difference asks for.
        InputError, DiskError: of what is read and written.
    """
    version = Version.parse(version_text)
    _check_corpus(checkout, report_progress)
    before = _find_previous(checkout, version)
    difference = _compare_with_previous(checkout, before, report_progress)
    asked, reasons = (difference.bump, difference.counts.reasons) if difference else (None, [])
    _check_version(version, before, asked, [str(kind) for kind in reasons])
    entry = difference.markdown() if difference else FIRST_ENTRY
    written = tuple(_apply_steps(checkout, version, entry, not dry_run, report_progress))
    return ReleaseResult(
        str(version),
        version.tag,
        str(before) if before else None,
        asked,
        tuple(str(kind) for kind in reasons),
        entry,
        written,
    )


def _check_corpus(checkout: Checkout, watch: ReportProgress) -> None:
    schema = schemas.load_schema(checkout.root / SCHEMA_FILE)
    findings = check_sources(CorpusFiles(checkout.root), schema, lambda n: watch("checking", n))
    errors = sum(finding.severity == "error" for finding in findings)
    if errors:
        raise FindingsError(
            f"{errors} errors in the corpus", remedy="`sayso check` lists them; mend them first"
        )


def _find_previous(checkout: Checkout, version: Version) -> Version | None:
    """The version that was released last.

    Raises:
        ConflictError: it is this one, or a later one.
    """
    earlier = list_released_versions(checkout.root)
    if version in earlier:
        raise ConflictError(
            f"{version} is released", where=f"tag {version.tag}", remedy="name the next version"
        )
    if earlier and earlier[-1] > version:
        raise ConflictError(
            f"{earlier[-1]} is released, which is later than {version}",
            where=f"tag {earlier[-1].tag}",
            remedy="name a later version",
        )
    return earlier[-1] if earlier else None


def _compare_with_previous(
    checkout: Checkout, before: Version | None, watch: ReportProgress
) -> CorpusDiff | None:
    if before is None:
        return None
    sides = open_version(before.tag, checkout.root), open_version(str(checkout.root), checkout.root)
    return diff_versions(*sides, advance=lambda n: watch("comparing", n))


def _check_version(
    version: Version, before: Version | None, asked: Bump | None, reasons: list[str]
) -> None:
    """Refuse a version that is lower than the difference asks for."""
    least = before.bump(asked) if before and asked else None
    if least and version < least:
        why = ", ".join(reasons)
        raise ConflictError(
            f"{version} is too low after {before}: there are changes that ask for {asked} ({why})",
            remedy=f"release {least}, or look at `sayso diff v{before}`",
        )


def _apply_steps(
    checkout: Checkout, version: Version, entry: str, write: bool, watch: ReportProgress
) -> Iterator[str]:
    """Do, or foresee, what makes the tree that of the version; yields the files that change."""
    yield from _write_data_version(checkout, version, write)
    declared = replace(checkout, tool_table=checkout.tool_table | {"data_version": str(version)})
    yield from _write_schema_files(checkout, write)
    corpus = CorpusFiles(checkout.root)
    yield from _write_changelog(corpus.folder / CHANGELOG_FILE, version, entry, write, checkout)
    built = build(declared, write=write, advance=lambda n: watch("building", n))
    yield from (f"corpus/{name}" for name in (*built.written, *built.removed))
    yield from dict.fromkeys(f"corpus/{stale.file}" for stale in built.stale)
    path = corpus.folder / manifests.MANIFEST_FILE
    if not write:
        yield from (
            ["corpus/" + manifests.MANIFEST_FILE] if built.changed or not path.is_file() else []
        )
    elif write_if_changed(path, manifests.encode_manifest(manifests.build_manifest(declared))):
        yield "corpus/" + manifests.MANIFEST_FILE


def _write_data_version(checkout: Checkout, version: Version, write: bool) -> Iterator[str]:
    path = checkout.root / "pyproject.toml"
    with convert_os_errors(path):
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
    changed, count = _DATA_VERSION_LINE.subn(rf'\g<1>"{version}"', text)
    if count != 1:
        raise InputError(
            "no line data_version under [tool.sayso]",
            where=str(path),
            remedy='add data_version = "0.0.0" there',
        )
    if changed != text:
        if write:
            write_if_changed(path, changed.encode())
        yield path.name


def _write_schema_files(checkout: Checkout, write: bool) -> Iterator[str]:
    folder = (checkout.root / SCHEMA_FILE).parent
    schema = schemas.load_schema(checkout.root / SCHEMA_FILE)
    stale = (
        derived_files.write_derived_files(folder, schema)
        if write
        else derived_files.find_stale_files(folder, schema)
    )
    yield from (f"{folder.name}/{path}" for path in stale)


def _write_changelog(
    path: Path, version: Version, entry: str, write: bool, checkout: Checkout
) -> Iterator[str]:
    with convert_os_errors(path):
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
    changed = changelog.insert_entry(text, str(version), current_time().date().isoformat(), entry)
    if changed != text:
        if write:
            write_if_changed(path, changed.encode())
        yield path.relative_to(checkout.root).as_posix()
