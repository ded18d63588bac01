"""Writes whose response is unknown, through a broken connection or a killed process.

A write is recorded before it is sent, so that the next run knows that it may still arrive.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from msgspec import Struct

from sayso.errors import PartialError, SaysoError
from sayso.labelstudio import server
from sayso.labelstudio.client import LabelStudioClient
from sayso.labelstudio.sync_state import SyncState
from sayso.labelstudio.transport import WRITE_TIMEOUT, LostResponse
from sayso.settings import Checkout

SETTLE_SECONDS = 30.0  # within which a server elsewhere commits what it was sent
POLL_SECONDS = 0.1


class OutOfSyncError(PartialError):
    """The server does not hold what was last seen: look again, then go on."""


class PendingWrite(Struct, frozen=True, omit_defaults=True):
    """A write under way: new tasks above the number ``after``, or a prediction on ``task``."""

    sent: float
    after: int = 0
    task: int = 0


def record_write(state: SyncState, *, after: int = 0, task: int = 0) -> None:
    """Record on disk that a write is being sent."""
    pending = PendingWrite(time.time(), after, task)
    state.put("pending_write", msgspec.json.encode(pending).decode())
    state.connection.commit()


def clear_write(state: SyncState) -> None:
    """Record that the response is here; commits it with what the response said."""
    state.put("pending_write", "")
    state.connection.commit()


def wait_for_pending_write(
    checkout: Checkout, client: LabelStudioClient, state: SyncState, project: int
) -> bool:
    """Wait until an earlier write can no longer change anything; return whether there was one.

    The embedded server shows whether it still works on it. Of any other server only what arrived is
    visible, so wait for ``SETTLE_SECONDS``. What arrives later still is found by this push or the
    next, and duplicates are removed.
    """
    stored = state.get("pending_write")
    if not stored:
        return False
    pending = msgspec.json.decode(stored, type=PendingWrite)
    while (left := _seconds_left(pending, checkout, client, project)) > 0:
        client.retry_policy.report_wait("the server may still work on an interrupted push", left)
        time.sleep(POLL_SECONDS)
    client.retry_policy.report_wait("", 0.0)
    clear_write(state)
    return True


def _seconds_left(
    pending: PendingWrite, checkout: Checkout, client: LabelStudioClient, project: int
) -> float:
    abandoned = server.has_abandoned_request(checkout, client.url)
    finished = _has_arrived(client, project, pending) if abandoned is None else not abandoned
    elapsed = time.time() - pending.sent
    if finished or elapsed < 0:  # the clock was set back
        return 0.0
    return (SETTLE_SECONDS if abandoned is None else WRITE_TIMEOUT) - elapsed


def _has_arrived(client: LabelStudioClient, project: int, pending: PendingWrite) -> bool:
    if pending.task:
        return bool(client.fetch_predictions(project, [pending.task]))
    return client.fetch_bare_tasks(project, after=pending.after, since="", size=1).total > 0


@contextmanager
def confirm_write(state: SyncState) -> Iterator[None]:
    """Clear the recorded write once its response is here.

    Raises:
        OutOfSyncError: the response was lost; the next run looks before it sends again.
    """
    try:
        yield
    except LostResponse as error:
        if error.server_failed:
            clear_write(state)
        what = f"the response to a write was lost ({error.what})"
        raise OutOfSyncError(what, where=error.where, remedy=error.remedy) from None
    except SaysoError:
        clear_write(state)  # refused: nothing was done
        raise
    clear_write(state)
