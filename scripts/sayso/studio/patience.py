"""How long a command waits for a server that is away or busy, and who is told meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sayso.errors import InputError, PartialError, ServerError
from sayso.settings import Instance

PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds before a question is asked again; the last one repeats

Tell = Callable[[str, float], None]
"""Hears why we wait and for how many seconds more at most; nothing and 0 when the waiting is over."""


class Unready(ServerError):
    """The server is away, starting or busy; the same question may be answered later.

    Attributes:
        after: seconds that the server itself asks us to wait, or 0.
        unsent: whether it is certain that nothing was done.
    """

    def __init__(self, what: str, *, where: str, remedy: str, after: float = 0.0, unsent: bool = False) -> None:
        super().__init__(what, where=where, remedy=remedy)
        self.after = after
        self.unsent = unsent


def _unheard(_why: str, _left: float) -> None:
    pass


@dataclass(frozen=True)
class Patience:
    """What a command may spend on one outage.

    Attributes:
        seconds: how long it waits for one answer. With 0 it asks once after each pause and then gives up.
    """

    seconds: float = 0.0
    pauses: Sequence[float] = field(default_factory=lambda: PAUSES)
    tell: Tell = _unheard

    def sleep(self, seconds: float, why: str) -> None:
        """Wait so long, and say why."""
        _counted_down(seconds, why, seconds, self.tell)
        self.tell("", 0.0)


class Outage:
    """The waiting for one answer."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._tried = 0
        self._began = 0.0

    def wait(self, error: ServerError) -> None:
        """Wait until it is time to ask again.

        Raises:
            PartialError: patience is out; the next run goes on.
            ServerError: ``error`` itself, where waiting is of no use.
        """
        self._began = self._began or time.monotonic()
        left = self._began + self._patience.seconds - time.monotonic()
        pause = self._pause(error)
        if self._spent(error, pause, left):
            self.over()
            raise self._given_up(error) from None
        self._tried += 1
        _counted_down(pause, str(error.what), max(left, pause), self._patience.tell)

    def over(self) -> None:
        """The answer is here."""
        if self._tried:
            self._patience.tell("", 0.0)

    def _pause(self, error: ServerError) -> float:
        pauses = self._patience.pauses or (0.0,)
        asked = min(error.after, max(self._patience.seconds, 60.0)) if isinstance(error, Unready) else 0.0
        return max(asked, pauses[min(self._tried, len(pauses) - 1)])

    def _spent(self, error: ServerError, pause: float, left: float) -> bool:
        if isinstance(error, Unready) and self._patience.seconds:
            return pause > left
        return self._tried >= len(self._patience.pauses)  # a page of something else does not become Label Studio

    def _given_up(self, error: ServerError) -> ServerError | PartialError:
        if not (isinstance(error, Unready) and self._patience.seconds):
            return error
        waited = time.monotonic() - self._began
        return PartialError(f"{error.what}, {waited:.0f} s long", where=error.where,
                            remedy="run the command again when the server answers; it goes on from here")  # fmt: skip


def _counted_down(seconds: float, why: str, left: float, tell: Tell) -> None:
    end = time.monotonic() + seconds
    while (now := time.monotonic()) < end:
        tell(why, left - seconds + end - now)
        time.sleep(min(1.0, end - now))


def patience(instance: Instance, tell: Tell) -> Patience:
    """What the setting ``patience`` says, in seconds.

    Raises:
        InputError: it is not a number of seconds.
    """
    setting = instance.setting("patience")
    assert setting is not None, "it has a default"  # noqa: S101
    if not setting.value.isdecimal():
        raise InputError(f"{setting.value!r} is not a number of seconds", where=setting.source,
                         remedy="give patience as a whole number, such as 300")  # fmt: skip
    return Patience(float(setting.value), tell=tell)
