"""Which process is ours: a number alone is not enough, since the system gives it to somebody else later."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")  # Linux; elsewhere `ps` tells
POLL_INTERVAL = 0.05  # seconds between two looks
_FIN_WAIT1, _CLOSE_WAIT = "04", "08"  # states of a connection, as Linux numbers them


@dataclass(frozen=True)
class ProcessIdentity:
    """One process and no later one with the same number.

    Attributes:
        pid: its number; it leads a process group of its own.
        started: when it started, as the system spells it, and in which boot.
        mark: words that stand in its command line.
    """

    pid: int
    started: str
    mark: str

    @property
    def is_alive(self) -> bool:
        """Whether it runs still; a zombie does not."""
        return self.started == _read_start_time(self.pid) != "" and self.mark in _read_command_line(
            self.pid
        )


def identify_process(pid: int, mark: str) -> ProcessIdentity:
    """Note what tells a running process from all others; one that was just made may take a moment to show its mark."""
    known = ProcessIdentity(pid, _read_start_time(pid), mark)
    end = time.monotonic() + 1.0
    while not known.is_alive and time.monotonic() < end:
        time.sleep(POLL_INTERVAL)
    return known


def has_abandoned_request(port: int) -> bool | None:
    """Whether a request of somebody who is gone waits or is being served on a port of ours; None: no way to tell.

    Whoever dies closes their end of the line. The other end stays half closed until the request is done, also while
    nobody has begun with it; and what was on its way when they died still arrives.
    """
    try:
        lines = (PROC / "net/tcp").read_text(encoding="ascii").splitlines()[1:]
    except FileNotFoundError:
        return None
    suffix = f":{port:04X}"
    for here, there, state in (line.split()[1:4] for line in lines):
        if (here.endswith(suffix) and state == _CLOSE_WAIT) or (
            there.endswith(suffix) and state == _FIN_WAIT1
        ):
            return True
    return False


def stop_process(process: ProcessIdentity, timeout: float) -> None:
    """Ask the process and its group to end, wait ``patience`` seconds, then end them; returns when all are gone."""
    if process.is_alive:
        _terminate_group(process.pid, timeout, lambda: process.is_alive)


def stop_child_process(leader: int, timeout: float) -> None:
    """The same for a child of ours that leads a group and that nobody has waited for, so that its number is its own.

    It may have just been made, and not show yet what it is.
    """
    _terminate_group(leader, timeout, lambda: False)


def _terminate_group(leader: int, timeout: float, is_alive: Callable[[], bool]) -> None:
    for number, seconds in ((signal.SIGTERM, timeout), (signal.SIGKILL, 10.0)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(leader, number)
        if _wait_until_gone(leader, seconds, is_alive):
            return


def _wait_until_gone(leader: int, timeout: float, is_alive: Callable[[], bool]) -> bool:
    """Wait until neither the leader nor anybody of its group runs; say whether that came about."""
    end = time.monotonic() + timeout
    while is_alive() or _has_group_members(leader):
        if time.monotonic() >= end:
            return False
        time.sleep(POLL_INTERVAL)
    return True


def _has_group_members(leader: int) -> bool:
    """Whether anybody of a process group runs still, its leader dead or not."""
    for status in PROC.glob("[0-9]*/stat"):
        try:
            fields = _read_stat_fields(status)
        except (FileNotFoundError, ProcessLookupError):
            continue
        if fields[2] == str(leader) and fields[0] not in "ZX":
            return True
    return False


def _read_stat_fields(status: Path) -> list[str]:
    # The second field is the program's name in brackets and may itself hold spaces and brackets.
    return status.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()


def _read_start_time(pid: int) -> str:
    """Clock ticks since boot and the boot's own name, or what ``ps`` says; empty for a zombie or no process."""
    if not (PROC / "self").exists():
        state, _, started = _run_ps(pid, "stat=,lstart=").partition(" ")
        return "" if state.startswith("Z") else started.strip()
    try:
        fields = _read_stat_fields(PROC / str(pid) / "stat")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    boot = (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return "" if fields[0] in "ZX" else f"{fields[19]} {boot}"


def _read_command_line(pid: int) -> str:
    if not (PROC / "self").exists():
        return _run_ps(pid, "args=")
    try:
        return (
            (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        )
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _run_ps(pid: int, columns: str) -> str:
    found = subprocess.run(  # noqa: S603 - fixed words and a number
        ["ps", "-ww", "-o", columns, "-p", str(pid)],  # noqa: S607 - wherever the system keeps it
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip()
