"""Processes that we know again: by more than their number, which the system reuses."""

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
POLL_INTERVAL = 0.05  # seconds
_FIN_WAIT1, _CLOSE_WAIT = "04", "08"  # states of a connection, as Linux numbers them


@dataclass(frozen=True)
class ProcessIdentity:
    """One process, and no later one with the same number.

    Attributes:
        pid: its number; it leads a process group of its own.
        started: its start time as the system spells it, with the name of the boot.
        mark: text in its command line.
    """

    pid: int
    started: str
    mark: str

    @property
    def is_alive(self) -> bool:
        """Test whether it still runs; a zombie does not."""
        if not self.started or self.started != _read_start_time(self.pid):
            return False
        return self.mark in _read_command_line(self.pid)


def identify_process(pid: int, mark: str) -> ProcessIdentity:
    """Return the identity of a running process; a new one may take a moment to show its mark."""
    known = ProcessIdentity(pid, _read_start_time(pid), mark)
    end = time.monotonic() + 1.0
    while not known.is_alive and time.monotonic() < end:
        time.sleep(POLL_INTERVAL)
    return known


def has_abandoned_request(port: int) -> bool | None:
    """Test whether a local server still works on a request of a client that has died.

    Whoever dies closes their end of the connection. The other end stays half closed until the
    request is done, even one that is still waiting. None where the system does not tell.
    """
    try:
        lines = (PROC / "net/tcp").read_text(encoding="ascii").splitlines()[1:]
    except FileNotFoundError:
        return None
    suffix = f":{port:04X}"
    states = [line.split()[1:4] for line in lines]
    return any(
        (here.endswith(suffix) and state == _CLOSE_WAIT)
        or (there.endswith(suffix) and state == _FIN_WAIT1)
        for here, there, state in states
    )


def stop_process(process: ProcessIdentity, timeout: float) -> None:
    """Terminate a process and its group; kill what is left after ``timeout`` seconds."""
    if process.is_alive:
        _terminate_group(process.pid, timeout, lambda: process.is_alive)


def stop_child_process(leader: int, timeout: float) -> None:
    """Do the same for a child of ours that leads a group and is not waited for.

    It may have just been made, and not show its mark yet; its number cannot be anybody else's.
    """
    _terminate_group(leader, timeout, lambda: False)


def _terminate_group(leader: int, timeout: float, is_alive: Callable[[], bool]) -> None:
    for number, seconds in ((signal.SIGTERM, timeout), (signal.SIGKILL, 10.0)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(leader, number)
        end = time.monotonic() + seconds
        while (running := is_alive() or _has_group_members(leader)) and time.monotonic() < end:
            time.sleep(POLL_INTERVAL)
        if not running:
            return


def _has_group_members(leader: int) -> bool:
    for status in PROC.glob("[0-9]*/stat"):
        fields = _read_stat_fields(status)
        if fields and fields[2] == str(leader) and fields[0] not in "ZX":
            return True
    return False


def _read_stat_fields(status: Path) -> list[str]:
    """Return the fields after the program's name, or nothing where the process is gone."""
    try:
        content = status.read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return content.rpartition(")")[2].split()  # the name may hold spaces and brackets


def _read_start_time(pid: int) -> str:
    """Return the clock ticks since boot and the boot's name, or what ``ps`` says.

    Empty for a zombie or where there is no process.
    """
    if not (PROC / "self").exists():
        state, _, started = _run_ps(pid, "stat=,lstart=").partition(" ")
        return "" if state.startswith("Z") else started.strip()
    fields = _read_stat_fields(PROC / str(pid) / "stat")
    boot = (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{fields[19]} {boot}" if fields and fields[0] not in "ZX" else ""


def _read_command_line(pid: int) -> str:
    if not (PROC / "self").exists():
        return _run_ps(pid, "args=")
    try:
        content = (PROC / str(pid) / "cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return content.replace(b"\0", b" ").decode(errors="replace")


def _run_ps(pid: int, columns: str) -> str:
    command = ["ps", "-ww", "-o", columns, "-p", str(pid)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return found.stdout.strip()
