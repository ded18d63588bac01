"""A release goes to a dataset repository of Hugging Face: one commit, then its tag.

What is there already is not sent again, so a publication that broke off goes on; a tag, once there, never moves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from sayso.corpus.licences import allows_redistribution
from sayso.corpus.sources import CorpusFiles
from sayso.dataset.batches import file_digest
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
from sayso.files import convert_os_errors, hold_lock
from sayso.release import manifest as manifests
from sayso.release.leaks import Leak, find_leaks
from sayso.release.manifest import Manifest
from sayso.settings import Checkout

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_REPO_TYPE = "dataset"
_HUB_FILES = {".gitattributes"}  # the Hub's own
_SHA256_LENGTH = 64  # hexadecimal digits
_FILES_PER_REQUEST = 100  # files of one request of the Hub's

ReportProgress = Callable[[str, int], None]


@dataclass(frozen=True)
class PublishPlan:
    """What a publication does.

    Attributes:
        repository: its name at the Hub, and ``create`` whether it has to be made.
        tag: the version's.
        head: the commit that it is put upon; empty for a repository that is to be made.
        send, remove: paths of files; ``kept`` counts those that are there already.
        tagged: whether the tag is there already: then nothing is left to do.
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

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return self.tagged


class LeakError(FindingsError):
    """Something would leave that must not; ``found`` says what and where."""

    def __init__(self, found: list[Leak]) -> None:
        self.found = found
        super().__init__(
            f"{len(found)} things must not leave; nothing was sent",
            remedy="take them out of the sources, run `sayso release` again, then publish",
        )


def publish(
    checkout: Checkout,
    repository: str,
    *,
    public: bool = False,
    dry_run: bool = False,
    report_progress: ReportProgress = lambda _doing, _n: None,
) -> PublishPlan:
    """Bring the release under ``corpus/`` to a repository, or with ``dry_run`` only plan it.

    Raises:
        InputError: there is no release here.
        ConflictError: the files are not those of the manifest, the version is published with other files, or a text's
            licence lets nobody pass it on.
        LeakError: a secret or somebody's address would leave.
        AuthError, ServerError, PartialError: of the Hub.
    """
    folder = CorpusFiles(checkout.root).folder
    with hold_lock(checkout.private / "build.lock", "sayso publish"):
        stated = _read_checked_manifest(folder)
        _check_licences(checkout, folder)
        files = [*manifests.list_release_files(folder), folder / manifests.MANIFEST_FILE]
        if found := list(
            find_leaks(checkout, files, folder, lambda n: report_progress("looking for secrets", n))
        ):
            raise LeakError(found)
        with _translate_hub_errors(repository):
            api = _open_api()
            planned = _make_plan(api, repository, f"v{stated.data_version}", folder, files)
            if dry_run or planned.done:
                return planned
            _apply_plan(api, planned, folder, public, report_progress)
    return planned


def _read_checked_manifest(folder: Path) -> Manifest:
    path = folder / manifests.MANIFEST_FILE
    if not path.is_file():
        raise InputError(
            "there is no release here", where=str(path), remedy="run `sayso release VERSION`"
        )
    stated = manifests.read_manifest(path)
    for difference in manifests.find_differences(stated, folder):
        raise ConflictError(
            f"not what was released as {stated.data_version}: {difference}",
            where=str(path),
            remedy="run `sayso release VERSION` with a new version",
        )
    return stated


def _check_licences(checkout: Checkout, folder: Path) -> None:
    """Refuse texts that may not be passed on, unless the setting says that whoever publishes has the right to."""
    if checkout.find_setting("texts"):
        return
    held = [
        doc_id
        for path in sorted(folder.glob("data/articles/*.parquet"))
        for doc_id in _find_unlicensed_texts(path)
    ]
    if held:
        remedy = 'put texts = "licensed" into [tool.sayso] and release again, or texts = "all" if you hold the rights'
        what = f"{len(held)} articles such as {held[0]} carry texts that their licences let nobody pass on"
        raise ConflictError(what, where="corpus", remedy=remedy)


def _find_unlicensed_texts(path: Path) -> list[str]:
    with convert_os_errors(path):
        rows = pq.read_table(
            path, columns=["doc_id", "license"], filters=~pc.field("text").is_null()
        ).to_pylist()
    return [row["doc_id"] for row in rows if not allows_redistribution(row["license"])]


def _open_api() -> HfApi:
    from huggingface_hub import HfApi, get_token
    from huggingface_hub.utils import disable_progress_bars  # type: ignore[attr-defined]

    disable_progress_bars()  # there is one of ours
    if not get_token():
        raise AuthError("no token for the Hub", remedy="set HF_TOKEN, or run `hf auth login`")
    return HfApi(library_name="sayso")


def _make_plan(
    api: HfApi, repository: str, tag: str, folder: Path, files: list[Path]
) -> PublishPlan:
    from huggingface_hub.errors import RepositoryNotFoundError

    local = {path.relative_to(folder).as_posix(): path for path in files}
    try:
        head = str(api.repo_info(repository, repo_type=_REPO_TYPE).sha)
    except RepositoryNotFoundError:
        return PublishPlan(repository, api.endpoint, True, tag, "", tuple(sorted(local)), (), 0)
    tags = {
        each.name: each.target_commit
        for each in api.list_repo_refs(repository, repo_type=_REPO_TYPE).tags
    }
    there = _list_remote_files(api, repository, tags.get(tag, head))
    send = tuple(
        sorted(
            name
            for name, path in local.items()
            if there.get(name) != _file_digest_like(path, there.get(name, ""))
        )
    )
    remove = tuple(sorted(there.keys() - local.keys() - _HUB_FILES))
    if tag in tags and (send or remove):
        first = (*send, *remove)[0]
        raise ConflictError(
            f"{tag} is published with other files, such as {first}",
            where=repository,
            remedy="a published version never changes: release a new one",
        )
    return PublishPlan(
        repository,
        api.endpoint,
        False,
        tag,
        head,
        send,
        remove,
        len(local) - len(send),
        tag in tags,
    )


def _list_remote_files(api: HfApi, repository: str, revision: str) -> dict[str, str]:
    """The files of a revision, each with its digest: SHA-256 of a large one, git's own of any other."""
    from huggingface_hub import RepoFile

    found: dict[str, str] = {}
    for entry in api.list_repo_tree(
        repository, recursive=True, revision=revision, repo_type=_REPO_TYPE
    ):
        if isinstance(entry, RepoFile):
            found[entry.path] = entry.lfs.sha256 if entry.lfs else entry.blob_id
    return found


def _file_digest_like(path: Path, like: str) -> str:
    """The digest of a file here, made as ``like`` was."""
    return file_digest(path) if len(like) == _SHA256_LENGTH else blob_digest(path, "sha1")


def _apply_plan(
    api: HfApi, planned: PublishPlan, folder: Path, public: bool, watch: ReportProgress
) -> None:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    if planned.create:
        api.create_repo(planned.repository, repo_type=_REPO_TYPE, private=not public, exist_ok=True)
    adding = [CommitOperationAdd(name, str(folder / name)) for name in planned.send]
    for start in range(0, len(adding), _FILES_PER_REQUEST):
        some = adding[start : start + _FILES_PER_REQUEST]
        try:
            api.preupload_lfs_files(planned.repository, some, repo_type=_REPO_TYPE)
        except RuntimeError as error:  # the client's wrapping of what went wrong with one file
            raise error.__cause__ or error from None
        watch("uploading", len(some))
    operations: list[Any] = [*adding, *(CommitOperationDelete(name) for name in planned.remove)]
    revision = planned.head
    if operations:
        done: Any = api.create_commit(
            planned.repository,
            operations,
            commit_message=f"Release {planned.tag}",
            repo_type=_REPO_TYPE,
            parent_commit=planned.head or None,
        )
        revision = done.oid
    api.create_tag(planned.repository, tag=planned.tag, revision=revision, repo_type=_REPO_TYPE)


@contextmanager
def _translate_hub_errors(repository: str) -> Iterator[None]:
    """Turn what the Hub or the line to it refuses into one line, without the token."""
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, HTTPError  # type: ignore[attr-defined]

    again = "run `sayso publish` again: it goes on"
    try:
        yield
    except SaysoError:
        raise
    except HFValidationError as error:
        raise InputError(str(error), where=repository, remedy="name it as OWNER/NAME") from None
    except HfHubHTTPError as error:
        raise _hub_error(error, repository, again) from None
    except HTTPError as error:  # of whichever library the Hub's client takes
        raise ServerError(
            f"the Hub is out of reach ({type(error).__name__})", where=repository, remedy=again
        ) from None


def _hub_error(error: Any, repository: str, again: str) -> SaysoError:
    status = error.response.status_code if error.response is not None else 0
    if status in (401, 403):
        return AuthError(
            "the Hub refuses the token for this",
            where=repository,
            remedy="set HF_TOKEN to one that may write there",
        )
    if status in (409, 412):
        return PartialError(
            "somebody else changed the repository meanwhile", where=repository, remedy=again
        )
    return ServerError(f"the Hub answered {status}", where=repository, remedy=again)
