"""Prepare a release: check, compare, set the version, build, write changelog and manifest.

It leaves a working tree to commit and the name of the tag. Every step may be repeated, so running
an interrupted release again finishes it, and running a finished one again changes nothing. Where
git does not hold what is built, a release is repeated on its tag to build the same.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sayso.callbacks import ReportProgress
from sayso.checks.corpus_checks import check_sources
from sayso.corpus.sources import CorpusFiles
from sayso.dataset.builder import build
from sayso.diff import CorpusDiff, diff_versions, open_version
from sayso.errors import ConflictError, FindingsError, InputError, UsageError
from sayso.files import convert_os_errors, is_file, read_text, write_if_changed
from sayso.release.changelog import insert_entry
from sayso.release.manifest import MANIFEST_FILE, build_manifest, encode_manifest
from sayso.schema import derived_files
from sayso.schema.declarations import load_schema
from sayso.settings import SCHEMA_FILE, Checkout, current_time
from sayso.versions import Bump, Version

CHANGELOG_FILE = "CHANGELOG.md"
FIRST_ENTRY = "The first version."
_DATA_VERSION_LINE = re.compile(r'(?m)^(data_version\s*=\s*)"[^"]*"')


@dataclass(frozen=True)
class ReleaseResult:
    """The outcome of a release.

    Attributes:
        previous: the version it was compared with; None for the first.
        required_bump: the smallest bump that the changes allow; None without changes.
        reasons: the kinds of changes that require it.
        entry: the text of the changelog entry.
        written: changed files, relative to the checkout.
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
    report_progress: ReportProgress = lambda _task, _count: None,
) -> ReleaseResult:
    """Prepare a release, or with ``dry_run`` list the files that would change.

    Raises:
        UsageError: ``version_text`` is not a version.
        FindingsError: a check found errors in the corpus.
        ConflictError: the version exists, or is lower than the changes require.
    """
    try:
        version = Version.parse(version_text.removeprefix("v"))
    except ValueError as error:
        raise UsageError(str(error), remedy="write it as 1.2.0") from None
    _check_corpus(checkout, report_progress)
    previous = _find_previous(checkout, version, report_progress)
    diff = _compare_with_previous(checkout, previous, report_progress) if previous else None
    reasons = tuple(str(kind) for kind in diff.counts.reasons) if diff else ()
    if previous and diff and diff.bump:
        _check_bump(version, previous, diff.bump, reasons)
    entry = diff.markdown() if diff else FIRST_ENTRY
    return ReleaseResult(
        str(version),
        version.tag,
        str(previous) if previous else None,
        diff.bump if diff else None,
        reasons,
        entry,
        tuple(_apply_steps(checkout, version, entry, not dry_run, report_progress)),
    )


def list_released_versions(folder: Path) -> list[Version]:
    """Return the versions whose tags are ancestors of HEAD, in order; none without a repository."""
    command = ["git", "tag", "--list", "v*", "--merged", "HEAD"]
    try:
        listed = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    except FileNotFoundError:
        return []
    versions = []
    for tag in listed.stdout.split():
        try:
            versions.append(Version.parse(tag.removeprefix("v")))
        except ValueError:
            continue  # a tag of something else
    return sorted(versions)


def _check_corpus(checkout: Checkout, report_progress: ReportProgress) -> None:
    schema = load_schema(checkout.root / SCHEMA_FILE)
    findings = check_sources(
        CorpusFiles(checkout.root), schema, lambda count: report_progress("checking", count)
    )
    errors = sum(finding.severity == "error" for finding in findings)
    if errors:
        raise FindingsError(
            f"{errors} errors in the corpus", remedy="run `sayso check` and fix them first"
        )


def _find_previous(
    checkout: Checkout, version: Version, report_progress: ReportProgress
) -> Version | None:
    """Return the latest version before this one, which may be tagged, and is unchanged then."""
    earlier = list_released_versions(checkout.root)
    if version in earlier:
        if _compare_with_previous(checkout, version, report_progress).bump:
            what = f"{version} is released, with other contents"
            remedy = "name the next version"
            raise ConflictError(what, where=f"tag {version.tag}", remedy=remedy)
        earlier.remove(version)
    if earlier and earlier[-1] > version:
        raise ConflictError(
            f"{earlier[-1]} is released, which is later than {version}",
            where=f"tag {earlier[-1].tag}",
            remedy="name a later version",
        )
    return earlier[-1] if earlier else None


def _compare_with_previous(
    checkout: Checkout, previous: Version, report_progress: ReportProgress
) -> CorpusDiff:
    return diff_versions(
        open_version(previous.tag, checkout.root),
        open_version(str(checkout.root), checkout.root),
        advance=lambda count: report_progress("comparing", count),
    )


def _check_bump(version: Version, previous: Version, bump: Bump, reasons: tuple[str, ...]) -> None:
    least = previous.bump(bump)
    if version < least:
        raise ConflictError(
            f"{version} is too low after {previous}: "
            f"the changes require a {bump} bump ({', '.join(reasons)})",
            remedy=f"release {least}, or look at `sayso diff v{previous}`",
        )


def _apply_steps(
    checkout: Checkout, version: Version, entry: str, write: bool, report_progress: ReportProgress
) -> Iterator[str]:
    """Apply the release steps, or list them on a dry run. Yields each file that changes."""
    corpus = CorpusFiles(checkout.root)
    checkout = replace(checkout, tool_table=checkout.tool_table | {"data_version": str(version)})
    today = current_time().date().isoformat()
    if _rewrite(
        checkout.root / "pyproject.toml", lambda text: _set_data_version(text, version), write
    ):
        yield "pyproject.toml"
    schema_folder = (checkout.root / SCHEMA_FILE).parent
    update = derived_files.write_derived_files if write else derived_files.find_stale_files
    for name in update(schema_folder, load_schema(checkout.root / SCHEMA_FILE)):
        yield f"{schema_folder.name}/{name}"
    if _rewrite(
        corpus.folder / CHANGELOG_FILE,
        lambda text: insert_entry(text, str(version), today, entry),
        write,
    ):
        yield f"corpus/{CHANGELOG_FILE}"
    result = build(checkout, write=write, advance=lambda count: report_progress("building", count))
    yield from (f"corpus/{name}" for name in (*result.written, *result.removed))
    yield from dict.fromkeys(f"corpus/{stale.file}" for stale in result.stale)
    path = corpus.folder / MANIFEST_FILE
    if write:
        changed = write_if_changed(path, encode_manifest(build_manifest(checkout)))
    else:
        changed = result.changed or not is_file(path)
    if changed:
        yield f"corpus/{MANIFEST_FILE}"


def _set_data_version(text: str, version: Version) -> str:
    changed, count = _DATA_VERSION_LINE.subn(rf'\g<1>"{version}"', text)
    if count != 1:
        raise InputError(
            "no line data_version under [tool.sayso]",
            where="pyproject.toml",
            remedy='add data_version = "0.0.0" there',
        )
    return changed


def _rewrite(path: Path, change: Callable[[str], str], write: bool) -> bool:
    """Change the text of a file, or of none yet; return whether anything differs."""
    with convert_os_errors(path):
        text = read_text(path) if is_file(path) else ""
    changed = change(text)
    if changed != text and write:
        write_if_changed(path, changed.encode())
    return changed != text
