"""Writes whose answer got lost, by a broken line or a killed process: what was sent is written down before it goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from msgspec import Struct

from sayso.errors import PartialError, SaysoError
from sayso.settings import Instance
from sayso.studio import server
from sayso.studio.client import WRITE_SECONDS, Client, LostAnswer
from sayso.studio.ledger import Ledger

SETTLE = 30.0  # seconds within which a server elsewhere commits what it was sent
PAUSE = 0.1  # seconds between two looks


class Unsettled(PartialError):
    """What the server holds is not what we last saw: look again, then go on."""


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


def settle(instance: Instance, client: Client, ledger: Ledger, project: int) -> bool:
    """Wait until an earlier write, whose answer nobody heard, cannot change anything any more; was there one?

    The embedded server shows whether it is still at it. Of any other we can only see what has arrived, and wait for
    ``SETTLE`` seconds; what arrives later still is found by this push or the next, and what has doubled is removed.
    """
    noted = ledger.get("flight")
    if not noted:
        return False
    flight = msgspec.json.decode(noted, type=Flight)
    while (left := _left(flight, instance, client, project)) > 0:
        client.patience.tell("a push was cut off while it sent, and the server may still be at it", left)
        time.sleep(PAUSE)
    client.patience.tell("", 0.0)
    arrived(ledger)
    return True


def _left(flight: Flight, instance: Instance, client: Client, project: int) -> float:
    """For how many seconds more the write may be under way."""
    served = server.forsaken(instance, client.url)
    over = _landed(client, project, flight) if served is None else not served
    since = time.time() - flight.sent
    if over or since < 0:  # the clock was set back
        return 0.0
    return (SETTLE if served is None else WRITE_SECONDS) - since


def _landed(client: Client, project: int, flight: Flight) -> bool:
    if flight.task:
        return bool(client.predictions(flight.task))
    return client.held(project, after=flight.after, since="", size=1).total > 0


@contextmanager
def answered(ledger: Ledger) -> Iterator[None]:
    """Take the answer of a write that departed; a lost one ends the run, and the next looks before it sends again.

    Raises:
        Unsettled: the answer got lost.
    """
    try:
        yield
    except LostAnswer as error:
        if error.ended:
            arrived(ledger)  # it failed, and is not at it any more
        what = f"the answer to a write got lost ({error.what})"
        raise Unsettled(what, where=error.where, remedy=error.remedy) from None
    except SaysoError:
        arrived(ledger)  # refused: nothing was done
        raise
    arrived(ledger)
