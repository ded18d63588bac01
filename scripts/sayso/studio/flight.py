"""Writes whose answer got lost, by a broken line or a killed process: what was sent is written down before it goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from msgspec import Struct

from sayso.errors import PartialError, SaysoError
from sayso.studio.client import Client, LostAnswer
from sayso.studio.ledger import Ledger

SETTLE = 30.0  # seconds within which a server commits what it was sent
PAUSE = 0.5


class Flight(Struct, frozen=True, omit_defaults=True):
    """One write under way: new tasks above the number ``after``, or a prediction on ``task``."""

    sent: float
    after: int = 0
    task: int = 0


def depart(ledger: Ledger, *, after: int = 0, task: int = 0) -> None:
    """Write down, on disk, that a write goes out now."""
    ledger.put("flight", msgspec.json.encode(Flight(time.time(), after, task)).decode())
    ledger.connection.commit()


def arrived(ledger: Ledger) -> None:
    """The answer is here; committed together with what it said."""
    ledger.put("flight", "")
    ledger.connection.commit()


def settle(client: Client, ledger: Ledger, project: int) -> bool:
    """Wait until the server has done what an earlier write asked for, or can be taken to never do it; was there one?"""
    noted = ledger.get("flight")
    if not noted:
        return False
    flight = msgspec.json.decode(noted, type=Flight)
    while not _landed(client, project, flight) and 0 <= time.time() - flight.sent < SETTLE:
        time.sleep(PAUSE)
    arrived(ledger)
    return True


def _landed(client: Client, project: int, flight: Flight) -> bool:
    if flight.task:
        return bool(client.predictions(flight.task))
    return client.held(project, after=flight.after, since="", size=1).total > 0


@contextmanager
def answered(ledger: Ledger) -> Iterator[None]:
    """Take the answer of a write that departed; a lost one ends the run, and the next looks before it sends again.

    Raises:
        PartialError: the answer got lost.
    """
    try:
        yield
    except LostAnswer as error:
        what = f"the answer to a write got lost ({error.what})"
        raise PartialError(what, where=error.where, remedy=error.remedy) from None
    except SaysoError:
        arrived(ledger)  # refused: nothing was done
        raise
    arrived(ledger)
