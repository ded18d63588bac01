"""Publish a release to a dataset repository of the Hugging Face Hub: one commit, then its tag.

Files that are there already are not sent again, so an interrupted publication goes on. A tag never
moves.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from sayso.callbacks import ReportProgress
from sayso.corpus.licences import allows_redistribution
from sayso.corpus.sources import CorpusFiles
from sayso.diff.git_objects import blob_digest
from sayso.errors import (
    AuthError,
    ConflictError,
    FindingsError,
    InputError,
    PartialError,
    SaysoError,
    ServerError,
)
from sayso.files import convert_os_errors, file_digest, hold_lock, is_file, list_files
from sayso.network import check_network_variables
from sayso.release.leaks import Leak, find_leaks
from sayso.release.manifest import (
    MANIFEST_FILE,
    Manifest,
    find_differences,
    list_release_files,
    read_manifest,
)
from sayso.settings import Checkout

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_REPO_TYPE = "dataset"
_HUB_FILES = {".gitattributes"}  # written by the Hub itself
_SHA256_LENGTH = 64  # hexadecimal digits
_FILES_PER_REQUEST = 100


@dataclass(frozen=True)
class PublishPlan:
    """The steps of a publication.

    Attributes:
        create: the repository does not exist yet.
        head: the commit that the new one follows; empty for a new repository.
        send, remove: paths of files.
        kept: number of files that are there already.
        tagged: the tag exists with the same files, so nothing is left to do.
        unasked: why the Hub was not asked, so that every file counts as one to send; else empty.
    """

    repository: str
    endpoint: str
    create: bool
    tag: str
    head: str
    send: tuple[str, ...]
    remove: tuple[str, ...]
    kept: int
    tagged: bool = False
    unasked: str = ""


class LeakError(FindingsError):
    """Something would be published that must not be."""

    def __init__(self, leaks: list[Leak]) -> None:
        self.leaks = leaks
        super().__init__(
            f"{len(leaks)} secrets or personal data in the files; nothing was sent",
            remedy="take them out of the sources, run `sayso release` again, then publish",
        )


class NoTokenError(AuthError):
    """There is no token, so the Hub was not asked."""


def publish(
    checkout: Checkout,
    repository: str,
    *,
    public: bool = False,
    dry_run: bool = False,
    report_progress: ReportProgress = lambda _task, _count: None,
) -> PublishPlan:
    """Publish the release under ``corpus/``, or with ``dry_run`` plan it.

    A dry run needs neither a token nor the Hub; without them it plans for an empty repository.

    Raises:
        InputError: there is no release.
        ConflictError: the files are not those of the manifest, the version is published with other
            files, or a text may not be redistributed.
        LeakError: a secret or somebody's address would be published.
        AuthError, ServerError, PartialError: from the Hub.
    """
    folder = CorpusFiles(checkout.root).folder
    with hold_lock(checkout.private / "build.lock", "sayso publish"):
        manifest = _read_checked_manifest(folder)
        _check_licences(checkout, folder)
        files = [*list_release_files(folder), folder / MANIFEST_FILE]
        leaks = find_leaks(
            checkout, files, folder, lambda count: report_progress("looking for secrets", count)
        )
        if found := list(leaks):
            raise LeakError(found)
        try:
            with _convert_hub_errors(repository):
                api = _open_api()
                plan = _make_plan(api, repository, f"v{manifest.data_version}", folder, files)
                if not (dry_run or plan.tagged):
                    _apply_plan(api, plan, folder, public, report_progress)
        except (NoTokenError, ServerError) as error:
            if not dry_run:
                raise
            plan = _plan_without_hub(repository, manifest, folder, files, error.what)
    return plan


def _read_checked_manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST_FILE
    if not is_file(path):
        remedy = "run `sayso release VERSION`"
        raise InputError("there is no release here", where=str(path), remedy=remedy)
    manifest = read_manifest(path)
    for difference in find_differences(manifest, folder):
        raise ConflictError(
            f"not what was released as {manifest.data_version}: {difference}",
            where=str(path),
            remedy="run `sayso release VERSION` with a new version",
        )
    return manifest


def _check_licences(checkout: Checkout, folder: Path) -> None:
    """Refuse texts that may not be redistributed, unless the setting ``texts`` decides."""
    if checkout.find_setting("texts"):
        return
    doc_ids = [
        row["doc_id"]
        for path in list_files(folder, "data/articles/*.parquet")
        for row in _read_licences_of_texts(path)
        if not allows_redistribution(row["license"])
    ]
    if doc_ids:
        raise ConflictError(
            f"the licences of {len(doc_ids)} articles, such as {doc_ids[0]}, "
            "do not allow redistributing their texts",
            where="corpus",
            remedy='put texts = "licensed" into [tool.sayso] and release again, '
            'or texts = "all" if you hold the rights',
        )


def _read_licences_of_texts(path: Path) -> list[dict[str, Any]]:
    with convert_os_errors(path):
        has_text = ~pc.field("text").is_null()
        table = pq.read_table(path, columns=["doc_id", "license"], filters=has_text)
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def _open_api() -> HfApi:
    from huggingface_hub import HfApi, get_token
    from huggingface_hub.utils import disable_progress_bars, get_session  # type: ignore[attr-defined]

    try:
        get_session()
    except Exception:
        check_network_variables()
        raise
    disable_progress_bars()  # there is our own
    if not get_token():
        raise NoTokenError("no token for the Hub", remedy="set HF_TOKEN, or run `hf auth login`")
    return HfApi(library_name="sayso")


def _plan_without_hub(
    repository: str, manifest: Manifest, folder: Path, files: list[Path], reason: str
) -> PublishPlan:
    from huggingface_hub.constants import ENDPOINT
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    with _convert_hub_errors(repository):
        validate_repo_id(repository)
    names = tuple(sorted(path.relative_to(folder).as_posix() for path in files))
    tag = f"v{manifest.data_version}"
    return PublishPlan(repository, ENDPOINT, False, tag, "", names, (), 0, unasked=reason)


def _make_plan(
    api: HfApi, repository: str, tag: str, folder: Path, files: list[Path]
) -> PublishPlan:
    from huggingface_hub.errors import RepositoryNotFoundError

    local = {path.relative_to(folder).as_posix(): path for path in files}
    try:
        head = str(api.repo_info(repository, repo_type=_REPO_TYPE).sha)
    except RepositoryNotFoundError:
        return PublishPlan(repository, api.endpoint, True, tag, "", tuple(sorted(local)), (), 0)
    refs = api.list_repo_refs(repository, repo_type=_REPO_TYPE)
    tags = {each.name: each.target_commit for each in refs.tags}
    remote = _list_remote_files(api, repository, tags.get(tag, head))
    send = tuple(
        name for name, path in sorted(local.items()) if not _is_equal(path, remote.get(name, ""))
    )
    remove = tuple(sorted(remote.keys() - local.keys() - _HUB_FILES))
    if tag in tags and (send or remove):
        raise ConflictError(
            f"{tag} is published with other files, such as {(*send, *remove)[0]}",
            where=repository,
            remedy="a published version never changes: release a new one",
        )
    kept = len(local) - len(send)
    return PublishPlan(repository, api.endpoint, False, tag, head, send, remove, kept, tag in tags)


def _list_remote_files(api: HfApi, repository: str, revision: str) -> dict[str, str]:
    """Return the files of a revision with their digests: SHA-256 for LFS files, else git's."""
    from huggingface_hub import RepoFile

    tree = api.list_repo_tree(repository, recursive=True, revision=revision, repo_type=_REPO_TYPE)
    return {
        entry.path: entry.lfs.sha256 if entry.lfs else entry.blob_id
        for entry in tree
        if isinstance(entry, RepoFile)
    }


def _is_equal(path: Path, digest: str) -> bool:
    return digest == (
        file_digest(path) if len(digest) == _SHA256_LENGTH else blob_digest(path, "sha1")
    )


def _apply_plan(
    api: HfApi, plan: PublishPlan, folder: Path, public: bool, report_progress: ReportProgress
) -> None:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    if plan.create:
        api.create_repo(plan.repository, repo_type=_REPO_TYPE, private=not public, exist_ok=True)
    additions = [CommitOperationAdd(name, str(folder / name)) for name in plan.send]
    for start in range(0, len(additions), _FILES_PER_REQUEST):
        some = additions[start : start + _FILES_PER_REQUEST]
        try:
            api.preupload_lfs_files(plan.repository, some, repo_type=_REPO_TYPE)
        except RuntimeError as error:  # the client wraps what went wrong with one file
            raise error.__cause__ or error from None
        report_progress("uploading", len(some))
    operations: list[Any] = [*additions, *map(CommitOperationDelete, plan.remove)]
    revision = plan.head
    if operations:
        commit: Any = api.create_commit(
            plan.repository,
            operations,
            commit_message=f"Release {plan.tag}",
            repo_type=_REPO_TYPE,
            parent_commit=plan.head or None,  # refused if somebody else commits meanwhile
        )
        revision = commit.oid
    api.create_tag(plan.repository, tag=plan.tag, revision=revision, repo_type=_REPO_TYPE)


@contextmanager
def _convert_hub_errors(repository: str) -> Iterator[None]:
    """Turn errors of the Hub and of the connection into one line without the token."""
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, HTTPError  # type: ignore[attr-defined]

    try:
        yield
    except HFValidationError as error:
        raise InputError(str(error), where=repository, remedy="name it as OWNER/NAME") from None
    except HfHubHTTPError as error:
        raise _hub_error(error, repository) from None
    except HTTPError as error:  # of whichever library the Hub's client uses
        message = f"the Hub is out of reach ({type(error).__name__})"
        raise ServerError(message, where=repository, remedy=_AGAIN) from None


_AGAIN = "run `sayso publish` again to continue"


def _hub_error(error: Any, repository: str) -> SaysoError:
    status = error.response.status_code if error.response is not None else 0
    if status in (401, 403):
        remedy = "set HF_TOKEN to one that may write there"
        return AuthError("the Hub refuses the token", where=repository, remedy=remedy)
    if status in (409, 412):
        message = "somebody else changed the repository meanwhile"
        return PartialError(message, where=repository, remedy=_AGAIN)
    return ServerError(f"the Hub answered {status}", where=repository, remedy=_AGAIN)
