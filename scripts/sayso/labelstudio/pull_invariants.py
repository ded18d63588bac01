"""Invariants of every pull, checked before it writes anything.

Every annotation on the server is a line of one file or in quarantine, no two accounts write to one
file, and no annotation stands twice in the files of a campaign.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sayso import jsonl
from sayso.callbacks import Advance
from sayso.corpus.sources import AnnotationHead
from sayso.errors import ConflictError
from sayso.files import exists
from sayso.labelstudio.fetched_annotations import FetchedAnnotations
from sayso.models import encode

_ATTEMPTS = 4  # with annotations that arrive or leave while they are counted


def require_complete(fetched: FetchedAnnotations, advance: Advance) -> None:
    """Compare the number of known annotations with the server's.

    Annotators go on while we count: what arrives meanwhile is fetched, and a number between the
    server's before and after a fetch is right.

    Raises:
        ConflictError: the numbers differ.
    """
    before = fetched.listed.annotation_count
    for attempt in range(_ATTEMPTS):
        if attempt:
            fetched.fetch_changes(advance)
        known = fetched.count_annotations()
        if known == before:
            return
        after = fetched.client.count_annotations(fetched.reader.project)
        if known == after or (attempt and min(before, after) <= known <= max(before, after)):
            return
        before = after
    raise ConflictError(
        f"the server counts {before} annotations and gives {known}; nothing was written",
        where=fetched.url,
        remedy="run `sayso pull --full`; if that says the same, look for them in Label Studio",
    )


def match_accounts(
    fetched: FetchedAnnotations, counts: Mapping[int, Counter[str]]
) -> dict[str, int]:
    """Return the account behind each annotator's file.

    Args:
        counts: storable annotations by account and status.

    Raises:
        ConflictError: two accounts would write to one file, or one has none.
    """
    accounts: dict[str, int] = {}
    for account, statuses in counts.items():
        annotator = fetched.annotators.get(account)
        if annotator is None:
            what = f"{statuses.total()} annotations of account {account} have no annotator"
        elif (other := accounts.setdefault(annotator.pseudonym, account)) != account:
            what = f"accounts {other} and {account} share the pseudonym {annotator.pseudonym}"
        else:
            continue
        remedy = "correct .sayso/annotators.jsonl, then run `sayso pull --full`"
        raise ConflictError(f"{what}; nothing was written", where=fetched.url, remedy=remedy)
    return accounts


def find_changed_files(
    fetched: FetchedAnnotations,
    files: Mapping[str, Path],
    stays: Callable[[AnnotationHead], bool],
    describe: Callable[[AnnotationHead, bytes], Sequence[object]],
) -> dict[str, Path]:
    """Return the files to write again; none of them may repeat an annotation, nor one of the rest.

    What the server has is written anew, each annotation once. Only other lines can repeat: those
    are remembered by file, so that files which have not changed need not be read.

    Args:
        files: all of the campaign, by annotator; some do not exist yet.
        stays: tells whether a line stays beside what the server has.
        describe: returns what is remembered of such a line.

    Raises:
        ConflictError: an annotation stands twice.
    """
    changed = {name: p for name, p in files.items() if not fetched.is_file_current(name, p)}
    fetched.forget_other_lines(files.keys() - changed.keys())
    for name, path in changed.items():
        heads = jsonl.read_lines(path, AnnotationHead) if exists(path) else ()
        for number, line, head in heads:
            origin = head.origin
            if origin is None or not stays(head):
                continue
            key = f"{head.interface} {encode(origin).decode()}"
            content = describe(head, line)
            if (other := fetched.add_other_line(key, name, content)) is not None:
                raise ConflictError(
                    f"annotation {origin.annotation} of project {origin.project} stands twice, here"
                    f" and in {files[other].name}; nothing was written",
                    where=f"{path}:{number}",
                    remedy="remove one of the lines or restore the files from git, then run"
                    " `sayso pull`",
                )
    return changed
