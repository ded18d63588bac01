"""How long a command waits for a server that is away or busy, and who is told meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sayso.errors import InputError, PartialError, ServerError
from sayso.settings import Checkout

PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds before a question is asked again; the last one repeats

ReportWait = Callable[[str, float], None]
"""Hears why we wait and for how many seconds more at most; nothing and 0 when the waiting is over."""


class ServerUnavailable(ServerError):
    """The server is away, starting or busy; the same question may be answered later.

    Attributes:
        after: seconds that the server itself asks us to wait, or 0.
        unsent: whether it is certain that nothing was done.
    """

    def __init__(
        self, what: str, *, where: str, remedy: str, retry_after: float = 0.0, unsent: bool = False
    ) -> None:
        super().__init__(what, where=where, remedy=remedy)
        self.retry_after = retry_after
        self.unsent = unsent


def _ignore_report(_why: str, _left: float) -> None:
    pass


@dataclass(frozen=True)
class RetryPolicy:
    """What a command may spend on one outage.

    Attributes:
        seconds: how long it waits for one answer. With 0 it asks once after each pause and then gives up.
    """

    seconds: float = 0.0
    pauses: Sequence[float] = field(default_factory=lambda: PAUSES)
    report_wait: ReportWait = _ignore_report

    def wait(self, seconds: float, reason: str) -> None:
        """Wait so long, and say why."""
        _count_down(seconds, reason, seconds, self.report_wait)
        self.report_wait("", 0.0)


class RetryLoop:
    """The waiting for one answer."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._attempts = 0
        self._started = 0.0

    def wait(self, error: ServerError) -> None:
        """Wait until it is time to ask again.

        Raises:
            PartialError: patience is out; the next run goes on.
            ServerError: ``error`` itself, where waiting is of no use.
        """
        self._started = self._started or time.monotonic()
        left = self._started + self._policy.seconds - time.monotonic()
        pause = self._next_pause(error)
        if self._is_exhausted(error, pause, left):
            self.finish()
            raise self._build_final_error(error) from None
        self._attempts += 1
        _count_down(pause, str(error.what), max(left, pause), self._policy.report_wait)

    def finish(self) -> None:
        """The answer is here."""
        if self._attempts:
            self._policy.report_wait("", 0.0)

    def _next_pause(self, error: ServerError) -> float:
        pauses = self._policy.pauses or (0.0,)
        asked = (
            min(error.retry_after, max(self._policy.seconds, 60.0))
            if isinstance(error, ServerUnavailable)
            else 0.0
        )
        return max(asked, pauses[min(self._attempts, len(pauses) - 1)])

    def _is_exhausted(self, error: ServerError, pause: float, left: float) -> bool:
        if isinstance(error, ServerUnavailable) and self._policy.seconds:
            return pause > left
        return self._attempts >= len(
            self._policy.pauses
        )  # a page of something else does not become Label Studio

    def _build_final_error(self, error: ServerError) -> ServerError | PartialError:
        if not (isinstance(error, ServerUnavailable) and self._policy.seconds):
            return error
        waited = time.monotonic() - self._started
        return PartialError(
            f"{error.what}, {waited:.0f} s long",
            where=error.where,
            remedy="run the command again when the server answers; it goes on from here",
        )


def _count_down(seconds: float, reason: str, seconds_left: float, report_wait: ReportWait) -> None:
    end = time.monotonic() + seconds
    while (now := time.monotonic()) < end:
        report_wait(reason, seconds_left - seconds + end - now)
        time.sleep(min(1.0, end - now))


def read_retry_policy(checkout: Checkout, report_wait: ReportWait) -> RetryPolicy:
    """What the setting ``read_retry_policy`` says, in seconds.

    Raises:
        InputError: it is not a number of seconds.
    """
    setting = checkout.find_setting("patience")
    assert setting is not None, "it has a default"  # noqa: S101
    if not setting.value.isdecimal():
        raise InputError(
            f"{setting.value!r} is not a number of seconds",
            where=setting.source,
            remedy="give patience as a whole number, such as 300",
        )
    return RetryPolicy(float(setting.value), report_wait=report_wait)
