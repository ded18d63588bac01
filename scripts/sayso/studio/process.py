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
PAUSE = 0.05  # seconds between two looks
_FIN_WAIT1, _CLOSE_WAIT = "04", "08"  # states of a connection, as Linux numbers them


@dataclass(frozen=True)
class Process:
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
    def alive(self) -> bool:
        """Whether it runs still; a zombie does not."""
        return self.started == _start_time(self.pid) != "" and self.mark in _command_line(self.pid)


def identify(pid: int, mark: str) -> Process:
    """Note what tells a running process from all others; one that was just made may take a moment to show its mark."""
    known = Process(pid, _start_time(pid), mark)
    end = time.monotonic() + 1.0
    while not known.alive and time.monotonic() < end:
        time.sleep(PAUSE)
    return known


def forsaken(port: int) -> bool | None:
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
        if (here.endswith(suffix) and state == _CLOSE_WAIT) or (there.endswith(suffix) and state == _FIN_WAIT1):
            return True
    return False


def stop(process: Process, patience: float) -> None:
    """Ask the process and its group to end, wait ``patience`` seconds, then end them; returns when all are gone."""
    if process.alive:
        _end(process.pid, patience, lambda: process.alive)


def stop_child(leader: int, patience: float) -> None:
    """The same for a child of ours that leads a group and that nobody has waited for, so that its number is its own.

    It may have just been made, and not show yet what it is.
    """
    _end(leader, patience, lambda: False)


def _end(leader: int, patience: float, alive: Callable[[], bool]) -> None:
    for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 10.0)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(leader, number)
        if _gone(leader, seconds, alive):
            return


def _gone(leader: int, seconds: float, alive: Callable[[], bool]) -> bool:
    """Wait until neither the leader nor anybody of its group runs; say whether that came about."""
    end = time.monotonic() + seconds
    while alive() or _led(leader):
        if time.monotonic() >= end:
            return False
        time.sleep(PAUSE)
    return True


def _led(leader: int) -> bool:
    """Whether anybody of a process group runs still, its leader dead or not."""
    for status in PROC.glob("[0-9]*/stat"):
        try:
            fields = _fields(status)
        except (FileNotFoundError, ProcessLookupError):
            continue
        if fields[2] == str(leader) and fields[0] not in "ZX":
            return True
    return False


def _fields(status: Path) -> list[str]:
    # The second field is the program's name in brackets and may itself hold spaces and brackets.
    return status.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()


def _start_time(pid: int) -> str:
    """Clock ticks since boot and the boot's own name, or what ``ps`` says; empty for a zombie or no process."""
    if not (PROC / "self").exists():
        state, _, started = _ps(pid, "stat=,lstart=").partition(" ")
        return "" if state.startswith("Z") else started.strip()
    try:
        fields = _fields(PROC / str(pid) / "stat")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    boot = (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return "" if fields[0] in "ZX" else f"{fields[19]} {boot}"


def _command_line(pid: int) -> str:
    if not (PROC / "self").exists():
        return _ps(pid, "args=")
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _ps(pid: int, columns: str) -> str:
    found = subprocess.run(  # noqa: S603 - fixed words and a number
        ["ps", "-ww", "-o", columns, "-p", str(pid)],  # noqa: S607 - wherever the system keeps it
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    return found.stdout.strip()
