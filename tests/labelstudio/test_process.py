"""A process is known by more than its number, with and without /proc."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sayso.labelstudio import process


@pytest.fixture(params=["/proc", "/nowhere"], ids=["proc", "ps"])
def sleeper(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[subprocess.Popen[bytes]]:
    monkeypatch.setattr(process, "PROC", Path(request.param))
    with subprocess.Popen(
        ["sh", "-c", "trap '' TERM; while :; do sleep 60; done"], start_new_session=True
    ) as running:
        yield running
        running.kill()


def test_it_is_alive_until_it_is_stopped(sleeper: subprocess.Popen[bytes]) -> None:
    known = process.identify_process(sleeper.pid, "sleep 60")
    assert known.is_alive
    process.stop_process(known, 0.2)  # it ignores the request, and is ended
    assert not known.is_alive
    process.stop_process(known, 0.2)  # nothing left to do


def test_another_start_or_another_command_is_another_process(
    sleeper: subprocess.Popen[bytes],
) -> None:
    known = process.identify_process(sleeper.pid, "sleep 60")
    assert not process.ProcessIdentity(known.pid, "at another time", known.mark).is_alive
    assert not process.ProcessIdentity(known.pid, known.started, "gunicorn").is_alive
    assert not process.ProcessIdentity(1 << 22, "", "").is_alive


def test_stop_returns_when_the_whole_group_is_gone() -> None:
    words = "(trap '' TERM; while :; do sleep 60; done) & exec sleep 61"
    with subprocess.Popen(["sh", "-c", words], start_new_session=True) as leader:
        known = process.identify_process(leader.pid, "sleep 61")
        while (
            len(list_group(leader.pid)) < 3
        ):  # the leader, the one in brackets, which ignores the request, and its sleep
            pass
        process.stop_process(known, 0.2)
        leader.wait()
        assert list_group(leader.pid) == []


def test_a_child_that_does_not_show_yet_what_it_is_is_stopped_all_the_same() -> None:
    with subprocess.Popen(
        ["sh", "-c", "trap '' TERM; while :; do sleep 60; done"], start_new_session=True
    ) as child:
        assert not process.ProcessIdentity(child.pid, "", "not there yet").is_alive
        process.stop_child_process(child.pid, 0.2)
        assert list_group(child.pid) == []


def list_group(leader: int) -> list[str]:
    """Return the running processes of a group, without zombies."""
    told = subprocess.run(
        ["ps", "-eo", "pgid=,stat=,pid="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split() for line in told.splitlines()]
    return [pid for group, state, pid in rows if group == str(leader) and not state.startswith("Z")]
