"""Writes whose answer got lost, by a broken line or a killed process: what was sent is written down before it goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from msgspec import Struct

from sayso.errors import PartialError, SaysoError
from sayso.labelstudio import server
from sayso.labelstudio.client import WRITE_TIMEOUT, LabelStudioClient, LostResponse
from sayso.labelstudio.sync_state import SyncState
from sayso.settings import Checkout

SETTLE_SECONDS = 30.0  # seconds within which a server elsewhere commits what it was sent
POLL_SECONDS = 0.1  # seconds between two looks


class OutOfSyncError(PartialError):
    """What the server holds is not what we last saw: look again, then go on."""


class PendingWrite(Struct, frozen=True, omit_defaults=True):
    """One write under way: new tasks above the number ``after``, or a prediction on ``task``."""

    sent: float
    after: int = 0
    task: int = 0


def record_write(state: SyncState, *, after: int = 0, task: int = 0) -> None:
    """Write down, on disk, that a write goes out now."""
    state.put("flight", msgspec.json.encode(PendingWrite(time.time(), after, task)).decode())
    state.connection.commit()


def clear_write(state: SyncState) -> None:
    """The answer is here; committed together with what it said."""
    state.put("flight", "")
    state.connection.commit()


def wait_for_pending_write(
    checkout: Checkout, client: LabelStudioClient, state: SyncState, project: int
) -> bool:
    """Wait until an earlier write, whose answer nobody heard, cannot change anything any more; was there one?

    The embedded server shows whether it is still at it. Of any other we can only see what has arrived, and wait for
    ``SETTLE_SECONDS`` seconds; what arrives later still is found by this push or the next, and what has doubled is removed.
    """
    noted = state.get("flight")
    if not noted:
        return False
    flight = msgspec.json.decode(noted, type=PendingWrite)
    while (left := _seconds_left(flight, checkout, client, project)) > 0:
        client.retry_policy.report_wait(
            "a push was cut off while it sent, and the server may still be at it", left
        )
        time.sleep(POLL_SECONDS)
    client.retry_policy.report_wait("", 0.0)
    clear_write(state)
    return True


def _seconds_left(
    pending: PendingWrite, checkout: Checkout, client: LabelStudioClient, project: int
) -> float:
    """For how many seconds more the write may be under way."""
    served = server.has_abandoned_request(checkout, client.url)
    over = _has_arrived(client, project, pending) if served is None else not served
    since = time.time() - pending.sent
    if over or since < 0:  # the clock was set back
        return 0.0
    return (SETTLE_SECONDS if served is None else WRITE_TIMEOUT) - since


def _has_arrived(client: LabelStudioClient, project: int, pending: PendingWrite) -> bool:
    if pending.task:
        return bool(client.fetch_predictions(project, [pending.task]))
    return client.fetch_bare_tasks(project, after=pending.after, since="", size=1).total > 0


@contextmanager
def confirm_write(state: SyncState) -> Iterator[None]:
    """Take the answer of a write that departed; a lost one ends the run, and the next looks before it sends again.

    Raises:
        Unsettled: the answer got lost.
    """
    try:
        yield
    except LostResponse as error:
        if error.server_failed:
            clear_write(state)  # it failed, and is not at it any more
        what = f"the answer to a write got lost ({error.what})"
        raise OutOfSyncError(what, where=error.where, remedy=error.remedy) from None
    except SaysoError:
        clear_write(state)  # refused: nothing was done
        raise
    clear_write(state)
