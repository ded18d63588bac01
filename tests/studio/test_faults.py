"""Killed at any moment, or disturbed by the network at any request, and run again: the end is that of a quiet run."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import product
from typing import TypeVar

import pytest

from tests.studio.rehearsals import CHANGE, KILLS, NETWORK, SCENARIOS, Rehearsal
from tests.studio.stage import Stage

pytestmark = [pytest.mark.server, pytest.mark.slow]

EVERY = int(os.environ.get("SAYSO_FAULTS_EVERY", "31"))  # `python -m tests.studio.sweep` takes every moment, with a log
T = TypeVar("T")


def chosen(moments: Iterable[T]) -> list[T]:
    """Every moment where all are asked for, else a share that is spread over them."""
    return list(moments)[::-EVERY]


@pytest.fixture(params=[name for name in SCENARIOS if name != "full-pull" or EVERY == 1])
def rehearsal(request: pytest.FixtureRequest, stage: Stage) -> Rehearsal:
    """A command that has run once, undisturbed."""
    return SCENARIOS[request.param](stage)


def test_killed_at_any_request(rehearsal: Rehearsal) -> None:
    for number, kind in chosen(product(range(1, len(rehearsal.asked) + 1), KILLS)):
        rehearsal.disturbed(kind, number)


def test_killed_at_any_change_of_a_file(rehearsal: Rehearsal) -> None:
    for number in range(1, 100, min(EVERY, 5)):
        if rehearsal.disturbed(CHANGE, number).code == 0:
            break
    assert number > 5


def test_over_a_bad_network(rehearsal: Rehearsal) -> None:
    for number, kind in chosen(product(range(1, len(rehearsal.asked) + 1), NETWORK)):
        rehearsal.disturbed(kind, number)
