"""Waiting for a server that is away or busy, and reporting the wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sayso.errors import InputError, PartialError, ServerError
from sayso.settings import Checkout

PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds before each further attempt; the last one repeats

ReportWait = Callable[[str, float], None]
"""Takes the reason for a wait and the seconds left at most; "" and 0 when the wait is over."""


class ServerUnavailable(ServerError):
    """The server is away, starting or busy; the same request may succeed later.

    Attributes:
        retry_after: seconds that the server asks us to wait, or 0.
        unsent: it is certain that the server did nothing.
    """

    def __init__(
        self, what: str, *, where: str, remedy: str, retry_after: float = 0.0, unsent: bool = False
    ) -> None:
        super().__init__(what, where=where, remedy=remedy)
        self.retry_after = retry_after
        self.unsent = unsent


@dataclass(frozen=True)
class RetryPolicy:
    """The time that a command may wait for one response.

    Attributes:
        seconds: the longest wait. With 0 there is one attempt after each pause.
    """

    seconds: float = 0.0
    pauses: Sequence[float] = field(default_factory=lambda: PAUSES)
    report_wait: ReportWait = lambda _reason, _seconds: None

    def wait(self, seconds: float, reason: str, longest: float = 0.0) -> None:
        """Sleep, and report once a second why and for how long at most."""
        now = time.monotonic()
        end = now + seconds
        while now < end:
            self.report_wait(reason, max(longest - seconds, 0.0) + end - now)
            time.sleep(min(1.0, end - now))
            now = time.monotonic()


class RetryLoop:
    """The attempts to get one response."""

    def __init__(self, policy: RetryPolicy) -> None:
        self._policy = policy
        self._attempts = 0
        self._started = 0.0

    def wait(self, error: ServerError, pauses: Sequence[float] | None = None) -> None:
        """Wait until the next attempt is due.

        Args:
            pauses: all attempts to make, where patience is of little use; None for the policy's.

        Raises:
            PartialError: the policy allows no more attempts.
            ServerError: ``error`` itself, where waiting is of no use.
        """
        policy, brief = self._policy, pauses is not None
        self._started = self._started or time.monotonic()
        waited = time.monotonic() - self._started
        pauses = policy.pauses if pauses is None else pauses
        pause = pauses[min(self._attempts, len(pauses) - 1)] if pauses else 0.0
        # Somebody else's page does not become Label Studio: that gets the pauses and no more.
        patient = isinstance(error, ServerUnavailable) and policy.seconds > 0 and not brief
        if isinstance(error, ServerUnavailable):
            pause = max(pause, min(error.retry_after, max(policy.seconds, 60.0)))
        if waited + pause > policy.seconds if patient else self._attempts >= len(pauses):
            self.finish()
            if not patient:
                raise error from None
            remedy = "run the command again when the server responds; it continues from here"
            raise PartialError(
                f"{error.what}, for {waited:.0f} s", where=error.where, remedy=remedy
            ) from None
        self._attempts += 1
        policy.wait(pause, str(error.what), policy.seconds - waited)

    def finish(self) -> None:
        """Report that the wait is over."""
        if self._attempts:
            self._policy.report_wait("", 0.0)


def read_retry_policy(checkout: Checkout, report_wait: ReportWait) -> RetryPolicy:
    """Return the policy of the setting ``patience``, in seconds.

    Raises:
        InputError: it is not a number of seconds.
    """
    setting = checkout.find_setting("patience")
    assert setting is not None, "it has a default"  # noqa: S101
    if not setting.value.isdecimal():
        remedy = "give patience as a whole number, such as 300"
        raise InputError(
            f"{setting.value!r} is not a number of seconds", where=setting.source, remedy=remedy
        )
    return RetryPolicy(float(setting.value), report_wait=report_wait)
